//! The authority root: one digest over every head, by which a database put back as a whole is seen.

use ring::digest::{Context, SHA256};
use sqlx::Row as _;

use crate::{
    database::{self, Database, Head, Subject},
    mission::Error,
};

/// The root over all heads, and up to where in the log it was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthorityRoot {
    /// RFC 6962 section 2.1 over the heads in the order of subjects, SHA-256; each leaf is the
    /// subject's 17 bytes, the number (u64, big-endian) and the digest.
    pub root: [u8; 32],
    /// How many heads.
    pub heads: u64,
    /// The log's length in the same snapshot: every change before it is in the root.
    pub position: i64,
}

/// A Merkle tree that grows leaf by leaf and keeps no more than its frontier.
#[derive(Default)]
struct Growing {
    /// Roots of full subtrees, largest first, one for each bit set in `leaves`.
    frontier: Vec<[u8; 32]>,
    leaves: u64,
}

impl Growing {
    fn push(&mut self, head: &Head) {
        let mut context = Context::new(&SHA256);
        context.update(&[0]);
        context.update(&head.subject.key());
        context.update(&head.number.to_be_bytes());
        context.update(&head.digest);
        self.frontier.push(finish(context));
        self.leaves += 1;
        for _ in 0..self.leaves.trailing_zeros() {
            self.fold();
        }
    }

    fn fold(&mut self) {
        let right = self.frontier.pop().expect("a tree that folds has two subtrees");
        let left = self.frontier.pop().expect("a tree that folds has two subtrees");
        let mut context = Context::new(&SHA256);
        context.update(&[1]);
        context.update(&left);
        context.update(&right);
        self.frontier.push(finish(context));
    }

    fn root(mut self) -> [u8; 32] {
        while self.frontier.len() > 1 {
            self.fold();
        }
        self.frontier.pop().unwrap_or_else(|| finish(Context::new(&SHA256)))
    }
}

fn finish(context: Context) -> [u8; 32] {
    context.finish().as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// The root of the heads as they stand, from one scan: one statement, so one snapshot on either
/// engine.
///
/// # Errors
///
/// [`Error::Database`] if the database does not answer.
pub async fn authority_root(database: &Database) -> Result<AuthorityRoot, Error> {
    let mut tree = Growing::default();
    let position = database.scan(|head| tree.push(&head)).await?;
    Ok(AuthorityRoot { heads: tree.leaves, root: tree.root(), position })
}

/// Compares the heads as they stand with `kept`, a root kept outside the database, and with
/// `written`: the heads that the log says were written from `kept.position` on, in the log's order.
///
/// # Errors
///
/// [`database::Error::PutBack`], within [`Error::Database`], if a head is not the last one written;
/// [`Error::RootDiffers`] if what was not written since is not what it was.
pub async fn compare(
    database: &Database,
    kept: &AuthorityRoot,
    written: &[Head],
) -> Result<(), Error> {
    let mut since = Since::new(written);
    since.find_previous(database).await?;
    let mut tree = Growing::default();
    let mut wrong = None;
    let scanned = database.scan(|head| match since.subjects.get_mut(&head.subject) {
        None => tree.push(&head),
        Some(touched) => {
            touched.seen = true;
            if touched.last != head {
                wrong = wrong.or(Some(head.subject));
            }
            if let Some(before) = &touched.before {
                tree.push(before);
            }
        }
    });
    scanned.await?;
    let gone = since.subjects.iter().find(|(_, touched)| !touched.seen);
    if let Some(subject) = wrong.or(gone.map(|(subject, _)| *subject)) {
        return Err(database::Error::PutBack(subject).into());
    }
    let same = tree.leaves == kept.heads && tree.root() == kept.root;
    if same { Ok(()) } else { Err(Error::RootDiffers) }
}

/// One subject that was written since.
struct Touched {
    first_number: i64,
    last: Head,
    /// Its head when the root was kept; none if it is newer.
    before: Option<Head>,
    seen: bool,
}

struct Since {
    subjects: std::collections::BTreeMap<Subject, Touched>,
}

impl Since {
    fn new(written: &[Head]) -> Self {
        let mut subjects = std::collections::BTreeMap::new();
        for head in written {
            let touched = subjects.entry(head.subject).or_insert(Touched {
                first_number: head.number,
                last: *head,
                before: None,
                seen: false,
            });
            touched.last = *head;
        }
        Self { subjects }
    }

    async fn find_previous(&mut self, database: &Database) -> Result<(), Error> {
        for (subject, touched) in &mut self.subjects {
            if touched.first_number == 1 {
                continue;
            }
            let number = touched.first_number - 1;
            let row = sqlx::query("select digest from revision where subject = $1 and number = $2")
                .bind(subject.key())
                .bind(number)
                .fetch_optional(database.pool())
                .await?;
            let row = row.ok_or(Error::Forged(*subject))?;
            touched.before = Some(Head { subject: *subject, number, digest: digest(&row, 0)? });
        }
        Ok(())
    }
}

fn digest(row: &sqlx::any::AnyRow, column: usize) -> Result<[u8; 32], Error> {
    let bytes: Vec<u8> = row.try_get(column)?;
    bytes.try_into().map_err(|_| database::Error::Row("head").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mission::{TagKey, tests::World};

    /// What the log says was written from the entry at `position` on, as rows have it.
    async fn written_since(world: &World, position: i64) -> Vec<Head> {
        let rows = sqlx::query(
            "select revision.subject, revision.number, revision.digest from entry \
             join revision on revision.entry = entry.id where position >= $1 order by position",
        )
        .bind(position)
        .fetch_all(world.database.pool())
        .await
        .unwrap();
        let head = |row: &sqlx::any::AnyRow| {
            let subject: Vec<u8> = row.get(0);
            let subject = Subject::from_key(&subject).unwrap();
            Head { subject, number: row.get(1), digest: digest(row, 2).unwrap() }
        };
        rows.iter().map(head).collect()
    }

    async fn further(world: &World, handle: &str, turn: u32) {
        let party = world.party_id(handle).await;
        let key = TagKey { year: 2026, turn, commitment: String::new() };
        world.authority.commit_tag_key(party, key).await.unwrap();
    }

    #[test]
    fn the_root_is_that_of_rfc_6962() {
        let leaf = |n: u8| {
            let subject = Subject::from(crate::id::PersonId(crate::id::Id([n; 16])));
            Head { subject, number: i64::from(n), digest: [n; 32] }
        };
        let hash = |parts: &[&[u8]]| {
            let mut context = Context::new(&SHA256);
            parts.iter().for_each(|part| context.update(part));
            finish(context)
        };
        let leaves: Vec<_> = (0..5)
            .map(|n| {
                let Head { subject, number, digest } = leaf(n);
                hash(&[&[0], &subject.key(), &number.to_be_bytes(), &digest])
            })
            .collect();
        let pair = |left: [u8; 32], right: [u8; 32]| hash(&[&[1], &left, &right]);
        let four = pair(pair(leaves[0], leaves[1]), pair(leaves[2], leaves[3]));
        let mut tree = Growing::default();

        (0..5).for_each(|n| tree.push(&leaf(n)));

        assert_eq!(tree.root(), pair(four, leaves[4]));
        assert_eq!(Growing::default().root(), hash(&[]));
    }

    #[tokio::test]
    async fn a_kept_root_and_the_log_since_give_the_present_heads() {
        let world = World::start().await;
        let kept = authority_root(&world.database).await.unwrap();
        further(&world, "company:rhein-energie", 0).await;
        further(&world, "company:rhein-energie", 1).await;
        further(&world, "mission", 0).await;
        let import = world.count("select count(*) from head").await;

        compare(&world.database, &kept, &written_since(&world, kept.position).await).await.unwrap();

        assert_eq!((kept.heads, kept.position), (u64::try_from(import).unwrap(), 25));
        assert_ne!(authority_root(&world.database).await.unwrap().root, kept.root);
    }

    #[tokio::test]
    async fn what_was_put_back_inserted_or_deleted_behind_the_logs_back_is_found() {
        let put_back = "update head set number = 1, digest = (select digest from revision \
                        where revision.subject = head.subject and revision.number = 1) \
                        where number = 2";
        let cases = [
            (put_back, true),
            ("delete from head where number = 2", true),
            ("delete from head where subject = (select max(subject) from head)", false),
            (
                "insert into head (subject, number, digest) select cast(x'75' || randomblob(16) as blob), 1, digest \
              from head limit 1",
                false,
            ),
            (
                "update head set digest = randomblob(32) \
              where subject = (select max(subject) from head)",
                false,
            ),
        ];
        for (sql, is_put_back) in cases {
            let world = World::start().await;
            let kept = authority_root(&world.database).await.unwrap();
            further(&world, "company:rhein-energie", 0).await;
            let written = written_since(&world, kept.position).await;
            assert_eq!(world.by_sql(sql).await, 1, "{sql}");

            let compared = compare(&world.database, &kept, &written).await;

            match compared {
                Err(Error::Database(database::Error::PutBack(_))) => assert!(is_put_back, "{sql}"),
                Err(Error::RootDiffers) => assert!(!is_put_back, "{sql}"),
                other => panic!("{sql}: {other:?}"),
            }
        }
    }
}
