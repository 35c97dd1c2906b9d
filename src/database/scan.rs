//! Every head in one statement, so in one snapshot, thousands to a row: a row apiece costs several
//! times as much.

use futures::TryStreamExt as _;
use sqlx::Row as _;

use crate::database::{Database, Engine, Error, Head, Subject};

/// A row for the heads of each kind whose id begins with the same byte, in any order: the engine
/// would look each up by itself if it had to sort them. Beside `append` the only statement that
/// differs: neither engine knows the other's `hex`.
const SQLITE: &str = "select (select next from sequence where id = 0), \
     string_agg(hex(subject) || ' ' || number || ' ' || hex(digest), ',') \
     from head group by substr(subject, 1, 2) order by substr(subject, 1, 2)";
const POSTGRES: &str = "select (select next from sequence where id = 0), \
     string_agg(encode(subject, 'hex') || ' ' || number || ' ' || encode(digest, 'hex'), ',') \
     from head group by substr(subject, 1, 2) order by substr(subject, 1, 2)";

impl Database {
    /// Hands every head to `each`, in the order of subjects; the log's length in the same snapshot.
    ///
    /// # Errors
    ///
    /// [`Error::Sql`] if the database does not answer; [`Error::Row`] for a row of another form.
    pub async fn scan(&self, mut each: impl FnMut(Head)) -> Result<i64, Error> {
        let sql = match self.engine() {
            Engine::Sqlite => SQLITE,
            Engine::Postgres => POSTGRES,
        };
        let mut position = None;
        let mut slices = sqlx::query(sql).fetch(self.pool());
        while let Some(slice) = slices.try_next().await? {
            position.get_or_insert(slice.try_get(0)?);
            let text: String = slice.try_get(1).map_err(|_| Error::Row("head"))?;
            let heads: Option<Vec<_>> = text.split(',').map(read).collect();
            let mut heads = heads.ok_or(Error::Row("head"))?;
            heads.sort_unstable_by_key(|head| head.subject);
            heads.into_iter().for_each(&mut each);
        }
        drop(slices);
        match position {
            Some(position) => Ok(position),
            None => self.count("select next from sequence where id = 0").await,
        }
    }
}

fn read(head: &str) -> Option<Head> {
    let (subject, rest) = head.split_once(' ')?;
    let (number, digest) = rest.split_once(' ')?;
    let (mut key, mut bytes) = ([0; 17], [0; 32]);
    hex::decode_to_slice(subject, &mut key).ok()?;
    hex::decode_to_slice(digest, &mut bytes).ok()?;
    Some(Head {
        subject: Subject::from_key(&key).ok()?,
        number: number.parse().ok()?,
        digest: bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        database::Address,
        id::{DocumentId, PersonId},
    };

    #[tokio::test]
    async fn every_head_comes_once_in_the_order_of_subjects() {
        let folder = tempfile::tempdir().unwrap();
        let address = Address::Sqlite(folder.path().join("greffe.sqlite"));
        let database = Database::create(&address).await.unwrap();
        let people = (0..300).map(|_| Subject::from(PersonId::random()));
        let documents = (0..300).map(|_| Subject::from(DocumentId::random()));
        let mut wanted: Vec<_> = people.chain(documents).chain([Subject::MISSION]).collect();
        for subject in &wanted {
            sqlx::query("insert into head (subject, number, digest) values ($1, 7, $2)")
                .bind(subject.key())
                .bind(subject.key().repeat(2)[..32].to_vec())
                .execute(database.pool())
                .await
                .unwrap();
        }
        wanted.sort_unstable_by_key(Subject::key);

        let mut found = Vec::new();
        let position = database.scan(|head| found.push(head)).await.unwrap();

        assert_eq!(position, 0);
        assert_eq!(found.iter().map(|head| head.subject).collect::<Vec<_>>(), wanted);
        assert!(found.iter().all(|head| head.number == 7));
        assert_eq!(found[0].digest.to_vec(), wanted[0].key().repeat(2)[..32].to_vec());
    }

    #[tokio::test]
    async fn a_row_of_another_form_is_an_error_not_a_head() {
        let folder = tempfile::tempdir().unwrap();
        let address = Address::Sqlite(folder.path().join("greffe.sqlite"));
        let database = Database::create(&address).await.unwrap();
        sqlx::query("insert into head (subject, number, digest) values (x'7500', 1, x'00')")
            .execute(database.pool())
            .await
            .unwrap();

        let scanned = database.scan(|head| panic!("{head:?}")).await;

        assert!(matches!(scanned, Err(Error::Row("head"))));
    }
}
