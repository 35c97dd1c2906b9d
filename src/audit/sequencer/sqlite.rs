//! SQLite: one task drains its queue into one transaction; each change in a savepoint of its own.

use std::sync::Arc;

use sqlx::{AnyConnection, AssertSqlSafe, Executor as _};

use crate::{
    audit::{
        Change, Error, Stopped,
        change::Left,
        sequencer::{Ended, Entry, Job, Queue, Shared, Transact},
    },
    causes::causes,
    database::{self, Appended, Engine, Head, Item},
    time::Instant,
};

pub(super) async fn run(shared: Arc<Shared>, mut connection: AnyConnection, mut queue: Queue) {
    let mut ended = shared.ended.subscribe();
    while let Some(jobs) = queue.next(&mut ended).await {
        let (mut changes, mut entries) = (Vec::new(), Vec::new());
        for job in shared.in_time(jobs) {
            match job {
                Job::Transaction(change) => changes.push(change),
                Job::Entry(entry) => entries.push(*entry),
            }
        }
        if changes.is_empty() && entries.is_empty() {
            continue;
        }
        if let Err(error) = Round::new(&shared, &mut connection).run(changes, entries).await {
            // After a failed COMMIT the page cache may show what never reached the disk.
            tracing::error!(error = %causes(&error), "the log has stopped");
            shared.end(Ended::Uncertain);
            break;
        }
    }
}

/// One transaction.
struct Round<'r> {
    shared: &'r Shared,
    connection: &'r mut AnyConnection,
    items: Vec<Item>,
    heads: Vec<Head>,
    done: Vec<Box<dyn Transact>>,
    stood: Vec<(Entry, usize)>,
    moved: Vec<Entry>,
}

impl<'r> Round<'r> {
    fn new(shared: &'r Shared, connection: &'r mut AnyConnection) -> Self {
        let (items, heads) = (Vec::new(), Vec::new());
        let (done, stood, moved) = (Vec::new(), Vec::new(), Vec::new());
        Self { shared, connection, items, heads, done, stood, moved }
    }

    /// Fails only if whether the commit is durable is not known.
    async fn run(
        mut self,
        changes: Vec<Box<dyn Transact>>,
        entries: Vec<Entry>,
    ) -> Result<(), database::Error> {
        if let Err(error) = self.connection.execute("begin immediate").await {
            tracing::error!(%error, "the log cannot be written");
            for change in changes {
                change.answer(Err(Error::Stopped));
            }
            for entry in entries {
                entry.answer(Err(Error::Stopped));
            }
            return Ok(());
        }
        for change in changes {
            self.change(change).await?;
        }
        let appended = match self.entries(entries).await {
            Ok(appended) => appended,
            Err(error) => return self.give_up(error).await,
        };
        fail::fail_point!("audit::before_commit", |_| Err(database::Error::Row("fail point")));
        self.connection.execute("commit").await?;
        fail::fail_point!("audit::after_commit", |_| Err(database::Error::Row("fail point")));
        self.answer(appended);
        Ok(())
    }

    async fn change(&mut self, mut job: Box<dyn Transact>) -> Result<(), database::Error> {
        self.connection.execute("savepoint change").await?;
        match self.attempt(job.as_mut()).await {
            Ok(left) => {
                self.connection.execute("release change").await?;
                self.heads.extend(left.heads);
                self.done.push(job);
            }
            Err(error) => {
                self.connection.execute("rollback to change").await?;
                self.connection.execute("release change").await?;
                job.answer(Err(error));
            }
        }
        Ok(())
    }

    /// Runs one change, compares what it was decided on, seals its entry.
    async fn attempt(&mut self, job: &mut dyn Transact) -> Result<Left, Error> {
        let now = self.shared.clock.now();
        let entry =
            job.request().map_or_else(crate::id::EntryId::random, |request| request.draft.id);
        let mut change = Change::new(entry, now, self.connection);
        fail::fail_point!("audit::change", |_| Err(database::Error::Row("fail point").into()));
        job.run(&mut change).await.map_err(|stopped| match stopped {
            Stopped::Moved => Error::Moved,
            Stopped::Failed(cause) => Error::Work(cause),
        })?;
        fail::fail_point!("audit::changed", |_| Err(database::Error::Row("fail point").into()));
        let mut left = change.leave();
        let Some(request) = job.request() else { return Ok(left) };
        let wanted: Vec<_> = request.revisions.iter().collect();
        let (connection, engine) = (&mut *self.connection, Engine::Sqlite);
        let (at, stands) =
            database::compare(connection, engine, now, &wanted, &left.written).await?;
        if stands.contains(&false) {
            return Err(Error::Moved);
        }
        self.items.push(self.shared.seal(request, &mut left, at));
        Ok(left)
    }

    /// Compares what entries without a change were decided on, and appends everything.
    async fn entries(
        &mut self,
        entries: Vec<Entry>,
    ) -> Result<Option<(Appended, Vec<crate::audit::merkle::Hash>)>, database::Error> {
        fail::fail_point!("audit::append", |_| Err(database::Error::Row("fail point")));
        let wanted: Vec<_> = entries.iter().filter_map(|entry| entry.revisions.as_ref()).collect();
        let (now, engine) = (self.shared.clock.now(), Engine::Sqlite);
        let (at, stands) = database::compare(self.connection, engine, now, &wanted, &[]).await?;
        let mut stands = stands.into_iter();
        for entry in entries {
            if entry.revisions.is_none() || stands.next() == Some(true) {
                self.items.push(entry.item.clone());
                self.stood.push((entry, self.items.len() - 1));
            } else {
                self.moved.push(entry);
            }
        }
        if self.items.is_empty() {
            return Ok(None);
        }
        let (batch, hashes) = self.shared.batch(std::mem::take(&mut self.items));
        let appended = database::append(self.connection, at, &batch).await?;
        Ok(Some((appended, hashes)))
    }

    fn answer(self, appended: Option<(Appended, Vec<crate::audit::merkle::Hash>)>) {
        let (appended, hashes) = appended.unzip();
        self.shared.committed(appended, hashes.as_deref().unwrap_or_default(), self.heads);
        for change in self.done {
            change.answer(Ok(()));
        }
        let (start, at) =
            appended.map_or((0, Instant(0)), |appended| (appended.start, appended.at));
        for (entry, place) in self.stood {
            let start = start + i64::try_from(place).expect("a batch is short");
            entry.answer(Ok(Appended { start, at }));
        }
        for entry in self.moved {
            entry.answer(Err(Error::Moved));
        }
    }

    /// Rolls back: nobody's act is recorded, so nobody's is done.
    async fn give_up(self, error: database::Error) -> Result<(), database::Error> {
        tracing::error!(%error, "the log could not be written");
        self.connection.execute(sqlx::query(AssertSqlSafe("rollback".to_owned()))).await?;
        for change in self.done {
            change.answer(Err(Error::Unavailable(database::Error::Row("log"))));
        }
        let stood = self.stood.into_iter().map(|(entry, _)| entry);
        for entry in stood.chain(self.moved) {
            entry.answer(Err(Error::Unavailable(database::Error::Row("log"))));
        }
        Ok(())
    }
}
