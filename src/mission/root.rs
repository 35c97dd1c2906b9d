//! The authority root: one digest over every head, by which a database put back as a whole is seen.

use std::collections::BTreeMap;

use crate::{
    audit::{
        Written,
        merkle::{Frontier, leaf_hash},
    },
    database::{self, Database, Head, Subject},
    mission::Error,
};

/// The root over all heads, and up to where in the log it was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthorityRoot {
    /// RFC 6962 section 2.1 over the heads in the order of their subjects' 17 bytes, SHA-256; each
    /// leaf is those bytes, the number (u64, big-endian) and the digest.
    pub root: [u8; 32],
    /// The log's length in the same snapshot: every change before it is in the root.
    pub position: u64,
}

/// Every head as the database had it in one snapshot. A million take 64 MB.
#[derive(Clone, Debug)]
pub struct Scanned {
    heads: Vec<Head>,
    position: u64,
}

impl Scanned {
    /// Reads every head.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] if the database does not answer.
    pub async fn of(database: &Database) -> Result<Self, Error> {
        let mut heads = Vec::new();
        let position = database.scan(|head| heads.push(head)).await?;
        Ok(Self { heads, position: position.unsigned_abs() })
    }

    /// The log's length in the same snapshot.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The root over these heads.
    #[must_use]
    pub fn root(&self) -> AuthorityRoot {
        AuthorityRoot { root: root_of(self.heads.iter().copied()), position: self.position }
    }

    /// Whether these heads are those of `kept`, a root kept outside the database, changed by
    /// `written`: what the log says was written from `kept.position` to this position, in order.
    ///
    /// # Errors
    ///
    /// [`database::Error::PutBack`], within [`Error::Database`], if a head is not the last one that
    /// was written; [`Error::RootDiffers`] if what was not written is not what it was.
    pub fn follows(&self, kept: &AuthorityRoot, written: &[Written]) -> Result<(), Error> {
        let mut since: BTreeMap<Subject, Written> = BTreeMap::new();
        for one in written {
            // Of several, the first knows what stood when the root was kept, the last what stands.
            let known = since.entry(one.head.subject).or_insert(*one);
            known.head = one.head;
        }
        let mut before = Vec::with_capacity(self.heads.len());
        for head in &self.heads {
            match since.remove(&head.subject) {
                None => before.push(*head),
                Some(last) if last.head == *head => before.extend(last.previous),
                Some(_) => return Err(database::Error::PutBack(head.subject).into()),
            }
        }
        if let Some((gone, _)) = since.pop_first() {
            return Err(database::Error::PutBack(gone).into());
        }
        // At the log's beginning nothing stood.
        let nothing = kept.position == 0 && before.is_empty();
        let same = nothing || (kept.position > 0 && root_of(before) == kept.root);
        if same { Ok(()) } else { Err(Error::RootDiffers) }
    }
}

fn root_of(heads: impl IntoIterator<Item = Head>) -> [u8; 32] {
    let mut tree = Frontier::default();
    let mut leaf = Vec::new();
    for Head { subject, number, digest } in heads {
        leaf.clear();
        leaf.extend_from_slice(&subject.key());
        leaf.extend_from_slice(&number.to_be_bytes());
        leaf.extend_from_slice(&digest);
        tree.append(leaf_hash(&leaf));
    }
    tree.root().0
}

#[cfg(test)]
mod tests {
    use ring::digest::{Context, SHA256};
    use sqlx::Row as _;

    use super::*;
    use crate::{
        id::{Id, PersonId},
        mission::{TagKey, tests::World},
    };

    /// What was written from the entry at `position` on, as rows have it.
    async fn written_since(world: &World, position: u64) -> Vec<Written> {
        let rows = sqlx::query(
            "select revision.subject, revision.number, revision.digest, revision.previous \
             from entry join revision on revision.entry = entry.id \
             where position >= $1 order by position",
        )
        .bind(i64::try_from(position).unwrap())
        .fetch_all(world.database.pool())
        .await
        .unwrap();
        let written = |row: &sqlx::any::AnyRow| {
            let subject = Subject::from_key(&row.get::<Vec<u8>, _>(0)).unwrap();
            let number: i64 = row.get(1);
            let digest = |column| row.get::<Vec<u8>, _>(column).try_into().unwrap();
            let previous = Head { subject, number: number - 1, digest: digest(3) };
            Written {
                previous: (number > 1).then_some(previous),
                head: Head { subject, number, digest: digest(2) },
            }
        };
        rows.iter().map(written).collect()
    }

    async fn further(world: &World, handle: &str, turn: u32) {
        let party = world.party_id(handle).await;
        let key = TagKey { year: 2100, turn, commitment: String::new() };
        world.authority.commit_tag_key(party, key).await.unwrap();
    }

    #[test]
    fn the_root_is_that_of_rfc_6962() {
        let head = |n: u8| {
            let subject = Subject::from(PersonId(Id([n; 16])));
            Head { subject, number: i64::from(n), digest: [n; 32] }
        };
        let hash = |parts: &[&[u8]]| -> [u8; 32] {
            let mut context = Context::new(&SHA256);
            parts.iter().for_each(|part| context.update(part));
            context.finish().as_ref().try_into().unwrap()
        };
        let leaves: Vec<_> = (0..5)
            .map(|n| {
                let Head { subject, number, digest } = head(n);
                hash(&[&[0], &subject.key(), &number.to_be_bytes(), &digest])
            })
            .collect();
        let pair = |left: [u8; 32], right: [u8; 32]| hash(&[&[1], &left, &right]);
        let four = pair(pair(leaves[0], leaves[1]), pair(leaves[2], leaves[3]));

        assert_eq!(root_of((0..5).map(head)), pair(four, leaves[4]));
        assert_eq!(root_of([]), hash(&[]));
    }

    #[tokio::test]
    async fn a_kept_root_and_the_log_since_give_the_present_heads() {
        let world = World::start().await;
        let kept = Scanned::of(&world.database).await.unwrap().root();
        further(&world, "company:rhein-energie", 0).await;
        further(&world, "company:rhein-energie", 1).await;
        further(&world, "mission", 0).await;

        let scanned = Scanned::of(&world.database).await.unwrap();

        scanned.follows(&kept, &written_since(&world, kept.position).await).unwrap();
        let none = AuthorityRoot { root: [0; 32], position: 0 };
        scanned.follows(&none, &written_since(&world, 0).await).unwrap();
        assert_eq!((kept.position, scanned.position()), (25, 28));
        assert_ne!(scanned.root().root, kept.root);
        let unsaid = written_since(&world, kept.position + 1).await;
        assert!(matches!(scanned.follows(&kept, &unsaid), Err(Error::RootDiffers)));
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
                "insert into head (subject, number, digest) \
                 select cast(x'75' || randomblob(16) as blob), 1, digest from head limit 1",
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
            let kept = Scanned::of(&world.database).await.unwrap().root();
            further(&world, "company:rhein-energie", 0).await;
            let written = written_since(&world, kept.position).await;
            assert_eq!(world.by_sql(sql).await, 1, "{sql}");

            let compared = Scanned::of(&world.database).await.unwrap().follows(&kept, &written);

            match compared {
                Err(Error::Database(database::Error::PutBack(_))) => assert!(is_put_back, "{sql}"),
                Err(Error::RootDiffers) => assert!(!is_put_back, "{sql}"),
                other => panic!("{sql}: {other:?}"),
            }
        }
    }
}
