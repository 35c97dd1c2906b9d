//! What runs out: openings are taken from the rows of entries. Their leaves stay, so every proof and receipt holds.

use std::{collections::HashSet, sync::Arc};

use sqlx::{AssertSqlSafe, Row as _};

use crate::{
    audit::{Error, Stopped, Writer, entries::people::Index},
    database::{self, Database},
    id::DocumentId,
    time::Instant,
};

/// Positions that one change looks at: others write between two of them.
const SLICE: i64 = 1_000;

/// The first position whose entry is not before `at`; the log's end if all are. The log's time never goes back.
///
/// # Errors
///
/// [`database::Error`] if the database does not answer.
pub async fn first_from(database: &Database, at: Instant) -> Result<i64, database::Error> {
    let (mut low, mut high) =
        (0, database.count("select coalesce(max(position) + 1, 0) from entry").await?);
    while low < high {
        let middle = low + (high - low) / 2;
        let sql = "select at from entry where position >= $1 order by position limit 1";
        let row = sqlx::query(sql).bind(middle).fetch_one(database.pool()).await?;
        if Instant(row.try_get(0)?) < at { low = middle + 1 } else { high = middle }
    }
    Ok(low)
}

/// Whom the entries before `to` about a document name: each document, with each index once.
///
/// # Errors
///
/// [`database::Error`] if the database does not answer.
pub async fn named_about_documents(
    database: &Database,
    to: i64,
) -> Result<Vec<(DocumentId, Index)>, database::Error> {
    let sql = "select distinct document, person_index from entry \
               where position < $1 and document <> $2 and person_index <> $2";
    let rows = sqlx::query(sql).bind(to).bind(Vec::<u8>::new()).fetch_all(database.pool()).await?;
    rows.iter()
        .map(|row| {
            let broken = || database::Error::Row("entry");
            let document = DocumentId::from_slice(&row.try_get::<Vec<u8>, _>(0)?);
            let index = Index::try_from(row.try_get::<Vec<u8>, _>(1)?).map_err(|_| broken())?;
            Ok((document.map_err(|_| broken())?, index))
        })
        .collect()
}

/// How many entries before `to` still say their facts.
///
/// # Errors
///
/// [`database::Error`] if the database does not answer.
pub async fn with_facts(database: &Database, to: i64) -> Result<u64, database::Error> {
    let sql = "select count(*) from entry where position < $1 and facts <> ''";
    let row = sqlx::query(sql).bind(to).fetch_one(database.pool()).await?;
    Ok(row.try_get::<i64, _>(0)?.unsigned_abs())
}

/// Takes what is sealed for the people of these indexes from the entries before `to`.
///
/// # Errors
///
/// Why it could not be written; what was not taken is taken by the next call.
pub async fn forget_personal(
    writer: &Writer,
    to: i64,
    indexes: &HashSet<Index>,
) -> Result<(), Error> {
    for from in (0..to).step_by(usize::try_from(SLICE).expect("it is small")) {
        let sql = "select position, person_index from entry \
                   where position >= $1 and position < $2 and person_index <> $3";
        let rows = sqlx::query(sql)
            .bind(from)
            .bind(to.min(from + SLICE))
            .bind(Vec::<u8>::new())
            .fetch_all(writer.database().pool())
            .await
            .map_err(database::Error::from)?;
        let mut positions = Vec::new();
        for row in rows {
            let index: Vec<u8> = row.try_get(1).map_err(database::Error::from)?;
            if Index::try_from(index).is_ok_and(|index| indexes.contains(&index)) {
                let position: i64 = row.try_get(0).map_err(database::Error::from)?;
                positions.push(position.to_string());
            }
        }
        if positions.is_empty() {
            continue;
        }
        let sql = format!(
            "update entry set personal_sealed = $1, asked_sealed = $1, person_index = $1 \
             where position in ({})",
            positions.join(", ")
        );
        let sql: Arc<str> = sql.into();
        let forgotten = writer.upkeep(move |change| {
            let sql = Arc::clone(&sql);
            Box::pin(async move {
                let query = sqlx::query(AssertSqlSafe(sql.to_string()));
                query.bind(Vec::<u8>::new()).execute(change.sql()).await?;
                Ok::<_, Stopped>(())
            })
        });
        forgotten.await?;
    }
    Ok(())
}

/// Takes the facts, the texts and the document from the entries before `to`. What stays is when, whose, and which act.
///
/// # Errors
///
/// Why it could not be written; what was not taken is taken by the next call.
pub async fn forget_facts(writer: &Writer, to: i64) -> Result<(), Error> {
    for from in (0..to).step_by(usize::try_from(SLICE).expect("it is small")) {
        let forgotten = writer.upkeep(move |change| {
            Box::pin(async move {
                sqlx::query(
                    "update entry set facts = '', texts_sealed = $1, document = $1 \
                     where position >= $2 and position < $3 and facts <> ''",
                )
                .bind(Vec::<u8>::new())
                .bind(from)
                .bind(to.min(from + SLICE))
                .execute(change.sql())
                .await?;
                Ok::<_, Stopped>(())
            })
        });
        forgotten.await?;
    }
    Ok(())
}
