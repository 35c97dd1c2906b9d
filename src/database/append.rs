//! The one function that sequences entries: locks the sequence row, compares heads, inserts.
//!
//! The comparison is a statement later than the lock: in one statement it would be made on a snapshot from before the
//! lock was had, and intents would stand after the change that outdated them.

use std::collections::HashMap;

use sqlx::{AnyConnection, AssertSqlSafe, Row, any::AnyRow};

use crate::{
    database::{Engine, Error, Head, Revisions, Subject},
    id::BatchId,
    time::Instant,
};

/// Longest a right is good for, since grants end and clocks move without a revision moving.
const GOOD_FOR: std::time::Duration = std::time::Duration::from_secs(5);
/// Parameters in one statement, well under either engine's limit.
const MOST_PARAMETERS: usize = 14 * 60;

/// An entry's openings, as the table `entry` keeps them.
#[derive(Clone, Debug)]
pub struct EntryRow {
    /// The entry's random id.
    pub id: [u8; 16],
    /// Its own instant.
    pub at: Instant,
    /// The disclosure of the facts.
    pub facts: String,
    /// The disclosure of what a refused caller may see; empty if none.
    pub asked: String,
    /// The caller's words, sealed.
    pub asked_sealed: Vec<u8>,
    /// Free texts, sealed.
    pub texts_sealed: Vec<u8>,
    /// Person, address, device, sealed.
    pub personal_sealed: Vec<u8>,
    /// By which the person's entries are found, under a key of the person.
    pub person_index: Vec<u8>,
    /// Document, or empty.
    pub document: Vec<u8>,
    /// Owner, or empty.
    pub owner: Vec<u8>,
    /// The acting party, or empty.
    pub capacity: Vec<u8>,
    /// Name of the act.
    pub act: &'static str,
    /// `change`, `intent`, `outcome`, `refusal` or `system`.
    pub decision: &'static str,
}

/// One entry to be appended.
#[derive(Clone, Debug)]
pub struct Item {
    /// The leaf's bytes.
    pub leaf: Vec<u8>,
    /// Its openings.
    pub row: EntryRow,
}

/// A batch ready to be appended: the entries' bundle encoding and its HMAC are the caller's.
#[derive(Debug)]
pub struct Batch {
    /// Chosen before, so that an unknown outcome can be looked up.
    pub id: BatchId,
    /// The bundle encoding of every leaf.
    pub payload: Vec<u8>,
    /// HMAC(append key, batch id ‖ payload).
    pub mac: Vec<u8>,
    /// The entries, in order.
    pub rows: Vec<EntryRow>,
}

/// Where a batch came to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Position of its first entry.
    pub start: i64,
    /// When, never before the previous batch.
    pub at: Instant,
}

/// Locks the sequence row (the last lock ever) and tells which of `wanted` have moved.
///
/// Returns the instant under the lock and, for each of `wanted`, whether it still stands: every head equal, decided at most
/// five seconds ago, and no `until` passed. `written` are heads that this transaction itself replaced: for these the
/// previous one is compared.
///
/// # Errors
///
/// [`Error::Sql`] if the database did not answer, or the lock was not had in time.
pub async fn compare(
    connection: &mut AnyConnection,
    engine: Engine,
    now: Instant,
    wanted: &[&Revisions],
    written: &[(Subject, Option<Head>)],
) -> Result<(Instant, Vec<bool>), Error> {
    let now = lock(connection, engine, now).await?;
    let mut subjects: Vec<Subject> =
        wanted.iter().flat_map(|wanted| wanted.heads()).map(|head| head.subject).collect();
    subjects.sort_unstable();
    subjects.dedup();
    let mut found = heads_of(connection, &subjects).await?;
    for (subject, previous) in written {
        match previous {
            Some(previous) => found.insert(*subject, *previous),
            None => found.remove(subject),
        };
    }
    let stands = |wanted: &&Revisions| {
        wanted.heads().iter().all(|head| found.get(&head.subject) == Some(head))
            && now.since(wanted.decided_at) <= GOOD_FOR
            && wanted.until.is_none_or(|until| now < until)
    };
    Ok((now, wanted.iter().map(stands).collect()))
}

async fn lock(
    connection: &mut AnyConnection,
    engine: Engine,
    now: Instant,
) -> Result<Instant, Error> {
    let sql = match engine {
        // The whole database is locked by BEGIN IMMEDIATE already.
        Engine::Sqlite => "select appended_at from sequence where id = 0",
        Engine::Postgres => "select appended_at from sequence where id = 0 for update",
    };
    let row = sqlx::query(sql).fetch_one(connection).await?;
    Ok(now.max(Instant(row.try_get(0)?)))
}

/// Inserts a batch and its openings at the end. [`compare`] came before, in the same transaction.
///
/// # Errors
///
/// [`Error::Sql`] if the database did not answer; the transaction must then be given up.
pub async fn append(
    connection: &mut AnyConnection,
    at: Instant,
    batch: &Batch,
) -> Result<Appended, Error> {
    let n = i64::try_from(batch.rows.len()).expect("a batch is short");
    let row = sqlx::query(
        "update sequence set next = next + $1, appended_at = $2 where id = 0 returning next",
    )
    .bind(n)
    .bind(at.0)
    .fetch_one(&mut *connection)
    .await?;
    let start = row.try_get::<i64, _>(0)? - n;
    sqlx::query(
        "insert into batch (start, n, batch_id, appended_at, payload, mac) \
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(start)
    .bind(n)
    .bind(batch.id.as_bytes().to_vec())
    .bind(at.0)
    .bind(batch.payload.clone())
    .bind(batch.mac.clone())
    .execute(&mut *connection)
    .await?;
    let mut position = start;
    for rows in batch.rows.chunks(MOST_PARAMETERS / 14) {
        position = insert(connection, position, rows).await?;
    }
    Ok(Appended { start, at })
}

async fn insert(
    connection: &mut AnyConnection,
    start: i64,
    rows: &[EntryRow],
) -> Result<i64, Error> {
    let mut sql = String::from(
        "insert into entry (position, id, at, facts, asked, asked_sealed, texts_sealed, \
         personal_sealed, person_index, document, owner, capacity, act, decision) values ",
    );
    let numbered = connection.backend_name() == "PostgreSQL";
    tuples(&mut sql, rows.len(), 14, numbered);
    let mut query = sqlx::query(AssertSqlSafe(sql));
    let mut position = start;
    for row in rows {
        query = query
            .bind(position)
            .bind(row.id.to_vec())
            .bind(row.at.0)
            .bind(row.facts.as_str())
            .bind(row.asked.as_str())
            .bind(row.asked_sealed.as_slice())
            .bind(row.texts_sealed.as_slice())
            .bind(row.personal_sealed.as_slice())
            .bind(row.person_index.as_slice())
            .bind(row.document.as_slice())
            .bind(row.owner.as_slice())
            .bind(row.capacity.as_slice())
            .bind(row.act)
            .bind(row.decision);
        position += 1;
    }
    query.execute(connection).await?;
    Ok(position)
}

/// Writes `($1, $2), ($3, $4)` and so on; `(?, ?), (?, ?)` where SQLite would look each number up among all the others.
fn tuples(sql: &mut String, rows: usize, columns: usize, numbered: bool) {
    use std::fmt::Write as _;

    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            sql.push_str(if column == 0 { "" } else { ", " });
            match numbered {
                true => write!(sql, "${}", row * columns + column + 1).expect("a string grows"),
                false => sql.push('?'),
            }
        }
        sql.push(')');
    }
}

/// The rows of `subjects` in the table of heads.
pub(super) async fn heads_of(
    connection: &mut AnyConnection,
    subjects: &[Subject],
) -> Result<HashMap<Subject, Head>, Error> {
    let mut found = HashMap::with_capacity(subjects.len());
    for subjects in subjects.chunks(MOST_PARAMETERS) {
        let mut sql = String::from("select subject, number, digest from head where subject in ");
        tuples(&mut sql, 1, subjects.len(), connection.backend_name() == "PostgreSQL");
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for subject in subjects {
            query = query.bind(subject.key());
        }
        for row in query.fetch_all(&mut *connection).await? {
            let head = head_of(&row)?;
            found.insert(head.subject, head);
        }
    }
    Ok(found)
}

pub(super) fn head_of(row: &AnyRow) -> Result<Head, Error> {
    let subject: Vec<u8> = row.try_get(0)?;
    let digest: Vec<u8> = row.try_get(2)?;
    Ok(Head {
        subject: Subject::from_key(&subject).map_err(|_| Error::Row("head"))?,
        number: row.try_get(1)?,
        digest: digest.try_into().map_err(|_| Error::Row("head"))?,
    })
}
