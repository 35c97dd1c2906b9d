//! PostgreSQL: changes run beside each other, each in its own transaction; everything else forms one batch at a time.
//!
//! The sequence row is the last lock of each, so none waits for another in a circle.

use std::sync::Arc;

use sqlx::{AnyConnection, Connection as _, Executor as _, Row as _};
use tokio::sync::Semaphore;

use crate::{
    audit::{
        Change, Error, Stopped,
        merkle::Hash,
        sequencer::{Entry, Job, Queue, Shared, Transact},
    },
    database::{self, Appended, Batch, Engine, Head},
    id::EntryId,
};

/// Changes in flight from one server; the mission's changes a second are bound by the sequence row, not by this.
const CHANGES: usize = 4;

pub(super) async fn run(shared: Arc<Shared>, mut connection: AnyConnection, mut queue: Queue) {
    let mut ended = shared.ended.subscribe();
    let changes = Arc::new(Semaphore::new(CHANGES));
    while let Some(jobs) = queue.next(&mut ended).await {
        let mut entries = Vec::new();
        for job in shared.in_time(jobs) {
            match job {
                Job::Entry(entry) => entries.push(*entry),
                Job::Transaction(job) => {
                    let permit = Arc::clone(&changes).acquire_owned().await;
                    let permit = permit.expect("the semaphore is never closed");
                    let shared = Arc::clone(&shared);
                    tokio::spawn(async move {
                        change(&shared, job).await;
                        drop(permit);
                    });
                }
            }
        }
        if !entries.is_empty() && batch(&shared, &mut connection, entries).await.is_err() {
            connection = again(&shared, connection).await;
        }
    }
}

/// A new connection after one failed; waits as long as it takes, since nothing is recorded meanwhile.
async fn again(shared: &Shared, failed: AnyConnection) -> AnyConnection {
    drop(failed);
    loop {
        match shared.database.connection().await {
            Ok(connection) => return connection,
            Err(error) => {
                tracing::warn!(%error, "the log waits for the database");
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            }
        }
    }
}

/// One group commit of intents, refusals and outcomes.
async fn batch(
    shared: &Shared,
    connection: &mut AnyConnection,
    entries: Vec<Entry>,
) -> Result<(), database::Error> {
    let wanted: Vec<_> = entries.iter().filter_map(|entry| entry.revisions.clone()).collect();
    let outcome = attempt(shared, connection, &entries, &wanted).await;
    let (stands, appended, hashes) = match outcome {
        Ok(done) => done,
        Err(failed) => {
            for entry in entries {
                entry.answer(Err(failed.error()));
            }
            return Err(failed.cause());
        }
    };
    shared.committed(appended, &hashes, Vec::new());
    let (mut start, at) =
        appended.map_or((0, crate::time::Instant(0)), |appended| (appended.start, appended.at));
    for (entry, stands) in entries.into_iter().zip(stands) {
        if stands {
            entry.answer(Ok(Appended { start, at }));
            start += 1;
        } else {
            entry.answer(Err(Error::Moved));
        }
    }
    Ok(())
}

type Done = (Vec<bool>, Option<Appended>, Vec<Hash>);

async fn attempt(
    shared: &Shared,
    connection: &mut AnyConnection,
    entries: &[Entry],
    wanted: &[crate::database::Revisions],
) -> Result<Done, Failed> {
    let mut transaction = connection.begin().await?;
    let references: Vec<_> = wanted.iter().collect();
    let (now, engine) = (shared.clock.now(), Engine::Postgres);
    let (at, compared) = database::compare(&mut transaction, engine, now, &references, &[]).await?;
    fail::fail_point!("audit::locked");
    let mut compared = compared.into_iter();
    let stands: Vec<bool> = entries
        .iter()
        .map(|entry| entry.revisions.is_none() || compared.next() == Some(true))
        .collect();
    let standing = entries.iter().zip(&stands).filter(|(_, stands)| **stands);
    let items: Vec<_> = standing.map(|(entry, _)| entry.item.clone()).collect();
    if items.is_empty() {
        return Ok((stands, None, Vec::new()));
    }
    let (batch, hashes) = shared.batch(items);
    let appended = database::append(&mut transaction, at, &batch).await?;
    let appended = commit(shared, transaction, &batch, appended).await?;
    Ok((stands, Some(appended), hashes))
}

/// One change in its own transaction.
async fn change(shared: &Shared, mut job: Box<dyn Transact>) {
    match transact(shared, job.as_mut()).await {
        Ok((appended, hashes, heads)) => {
            shared.committed(appended, &hashes, heads);
            job.answer(Ok(()));
        }
        Err(error) => job.answer(Err(error)),
    }
}

async fn transact(
    shared: &Shared,
    job: &mut dyn Transact,
) -> Result<(Option<Appended>, Vec<Hash>, Vec<Head>), Error> {
    let mut pooled = shared.database.pool().acquire().await.map_err(database::Error::from)?;
    let mut transaction = pooled.begin().await.map_err(database::Error::from)?;
    let now = shared.clock.now();
    let entry = job.request().map_or_else(EntryId::random, |request| request.draft.id);
    let mut change = Change::new(entry, now, &mut transaction);
    job.run(&mut change).await.map_err(|stopped| match stopped {
        Stopped::Moved => Error::Moved,
        Stopped::Failed(cause) => Error::Work(cause),
    })?;
    let mut left = change.leave();
    let Some(request) = job.request() else {
        transaction.commit().await.map_err(|_| Error::Unknown)?;
        return Ok((None, Vec::new(), left.heads));
    };
    let wanted: Vec<_> = request.revisions.iter().collect();
    let engine = Engine::Postgres;
    let (at, stands) =
        database::compare(&mut transaction, engine, now, &wanted, &left.written).await?;
    fail::fail_point!("audit::locked");
    if stands.contains(&false) {
        return Err(Error::Moved);
    }
    let (batch, hashes) = shared.batch(vec![shared.seal(request, &mut left, at)]);
    let appended = database::append(&mut transaction, at, &batch).await?;
    let appended = commit(shared, transaction, &batch, appended).await.map_err(|f| f.error())?;
    Ok((Some(appended), hashes, left.heads))
}

/// Why nothing, or nothing known, was recorded.
enum Failed {
    Before(database::Error),
    Unknown(sqlx::Error),
}

impl Failed {
    fn error(&self) -> Error {
        match self {
            Self::Before(_) => Error::Unavailable(database::Error::Row("log")),
            Self::Unknown(_) => Error::Unknown,
        }
    }

    fn cause(self) -> database::Error {
        match self {
            Self::Before(cause) => cause,
            Self::Unknown(cause) => cause.into(),
        }
    }
}

impl From<database::Error> for Failed {
    fn from(cause: database::Error) -> Self {
        Self::Before(cause)
    }
}

impl From<sqlx::Error> for Failed {
    fn from(cause: sqlx::Error) -> Self {
        Self::Before(cause.into())
    }
}

/// Commits; where the answer was lost, the batch's own id tells whether it stands.
async fn commit(
    shared: &Shared,
    transaction: sqlx::Transaction<'_, sqlx::Any>,
    batch: &Batch,
    appended: Appended,
) -> Result<Appended, Failed> {
    let committed = transaction.commit().await;
    fail::fail_point!("audit::committed");
    let Err(lost) = committed else { return Ok(appended) };
    let found = async {
        let mut connection = shared.database.connection().await?;
        // A backend that still holds the row would commit later: taking the lock waits for its end.
        connection.execute("begin").await?;
        sqlx::query("select next from sequence where id = 0 for update")
            .fetch_one(&mut connection)
            .await?;
        let row = sqlx::query("select start from batch where batch_id = $1")
            .bind(batch.id.as_bytes().to_vec())
            .fetch_optional(&mut connection)
            .await?;
        connection.execute("rollback").await?;
        Ok::<_, database::Error>(row.map(|row| row.try_get::<i64, _>(0)).transpose()?)
    };
    match found.await {
        Ok(Some(start)) if start == appended.start => Ok(appended),
        Ok(_) | Err(_) => Err(Failed::Unknown(lost)),
    }
}
