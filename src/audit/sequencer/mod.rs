//! Sequencing: whatever arrives while one commit is in flight forms the next.

mod postgres;
mod sqlite;

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use ring::hmac;
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    audit::{
        Change, Draft, Error, Keyring, Stopped, Unsigned,
        change::Left,
        keyring::EntryKeys,
        merkle::{Hash, leaf_hash},
        sealing, written,
    },
    database::{Appended, Batch, Database, Engine, Item, Revisions},
    id::{BatchId, EntryId},
    time::{Clock, Instant},
};

/// Why the log has ended for good, in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The instance was closed.
    Closed,
    /// Whether the last commit is durable is not known; a start finds out.
    Uncertain,
    /// What it holds contradicts what is known: somebody has to look.
    Contradiction,
}

/// Jobs that wait while one commit is in flight.
const QUEUE: usize = 8_192;
/// Outcomes of open readings, each with its place reserved.
const OUTCOMES: usize = 65_536;
/// How far the clock may be set forward while the service runs.
const LEAP: Duration = Duration::from_secs(60);
/// Most jobs in one transaction.
const MOST: usize = 1_024;

/// What every part of the sequencer shares.
#[derive(Debug)]
pub(super) struct Shared {
    pub database: Database,
    pub keyring: Keyring,
    pub append_key: hmac::Key,
    pub clock: Clock,
    pub unsigned: Unsigned,
    pub ended: watch::Sender<Option<Ended>>,
    pub grown: watch::Sender<()>,
}

/// The entry of a change, before it is made.
#[derive(Debug)]
pub(super) struct Request {
    pub draft: Draft,
    pub revisions: Option<Revisions>,
    pub keys: EntryKeys,
}

/// One thing to be done in the next transaction.
pub(super) enum Job {
    Transaction(Box<dyn Transact>),
    Entry(Box<Entry>),
}

/// An entry without a change: an intent, a refusal or an outcome.
pub(super) struct Entry {
    pub item: Item,
    /// On what it was decided; compared in the transaction. An outcome has none.
    pub revisions: Option<Revisions>,
    pub reply: Option<oneshot::Sender<Result<Appended, Error>>>,
}

impl Entry {
    fn answer(self, answer: Result<Appended, Error>) {
        if let Some(reply) = self.reply {
            // Whoever asked may be gone; the entry stands all the same.
            let _ = reply.send(answer);
        }
    }
}

pub(super) type SharedWork<T> =
    Arc<dyn for<'c, 't> Fn(&'c mut Change<'t>) -> BoxFuture<'c, Result<T, Stopped>> + Send + Sync>;

/// A change with its result's type erased.
pub(super) trait Transact: Send {
    fn request(&self) -> Option<&Request>;
    fn run<'c>(&'c mut self, change: &'c mut Change<'_>) -> BoxFuture<'c, Result<(), Stopped>>;
    fn answer(self: Box<Self>, answer: Result<(), Error>);
}

/// A change, its result while the commit is waited for, and who waits.
pub(super) struct Transaction<T> {
    request: Option<Request>,
    work: SharedWork<T>,
    result: Option<T>,
    reply: oneshot::Sender<Result<(T, EntryId), Error>>,
}

impl<T: Send + 'static> Transaction<T> {
    pub(super) fn boxed(
        request: Option<Request>,
        work: SharedWork<T>,
        reply: oneshot::Sender<Result<(T, EntryId), Error>>,
    ) -> Box<dyn Transact> {
        Box::new(Self { request, work, result: None, reply })
    }
}

impl<T: Send + 'static> Transact for Transaction<T> {
    fn request(&self) -> Option<&Request> {
        self.request.as_ref()
    }

    fn run<'c>(&'c mut self, change: &'c mut Change<'_>) -> BoxFuture<'c, Result<(), Stopped>> {
        Box::pin(async move {
            self.result = Some((self.work)(change).await?);
            Ok(())
        })
    }

    fn answer(self: Box<Self>, answer: Result<(), Error>) {
        let Self { request, result, reply, .. } = *self;
        // A change without an entry has no id to give.
        let entry = request.map_or_else(EntryId::random, |request| request.draft.id);
        let answer =
            answer.map(|()| (result.expect("a change that is answered well has run"), entry));
        // Whoever asked may be gone; the change stands all the same.
        let _ = reply.send(answer);
    }
}

pub(super) async fn start(
    shared: &Arc<Shared>,
) -> Result<(mpsc::Sender<Job>, mpsc::Sender<Job>), Error> {
    let (jobs, queue) = mpsc::channel(QUEUE);
    let (outcomes, ended) = mpsc::channel(OUTCOMES);
    let queue = Queue { jobs: queue, outcomes: ended };
    let connection = shared.database.connection().await?;
    match shared.database.engine() {
        Engine::Sqlite => tokio::spawn(sqlite::run(Arc::clone(shared), connection, queue)),
        Engine::Postgres => tokio::spawn(postgres::run(Arc::clone(shared), connection, queue)),
    };
    Ok((jobs, outcomes))
}

/// What waits to be done.
struct Queue {
    jobs: mpsc::Receiver<Job>,
    outcomes: mpsc::Receiver<Job>,
}

impl Queue {
    /// Everything that has arrived, at least one; none when nobody is left to send, or the log has failed.
    async fn next(&mut self, ended: &mut watch::Receiver<Option<Ended>>) -> Option<Vec<Job>> {
        let first = tokio::select! {
            biased;
            _ = ended.wait_for(Option::is_some) => return None,
            Some(job) = self.jobs.recv() => job,
            Some(job) = self.outcomes.recv() => job,
            else => return None,
        };
        let mut taken = vec![first];
        for channel in [&mut self.jobs, &mut self.outcomes] {
            while taken.len() < MOST
                && let Ok(job) = channel.try_recv()
            {
                taken.push(job);
            }
        }
        Some(taken)
    }
}

impl Shared {
    /// Whether entries may be dated by the clock.
    ///
    /// # Errors
    ///
    /// [`Error::ClockLeapt`] if it was set forward; a start takes the time as it finds it, and its entry says so.
    pub(super) fn timely(&self) -> Result<(), Error> {
        match self.clock.leapt() {
            leap if leap > LEAP => Err(Error::ClockLeapt { seconds: leap.as_secs() }),
            _ => Ok(()),
        }
    }

    /// The jobs, if entries may be dated by the clock; else whoever waits for them is told that they may not.
    fn in_time(&self, jobs: Vec<Job>) -> Vec<Job> {
        let seconds = self.clock.leapt().as_secs();
        let Err(error) = self.timely() else { return jobs };
        tracing::error!(%error, "nothing is recorded");
        for job in jobs {
            match job {
                Job::Transaction(change) => change.answer(Err(Error::ClockLeapt { seconds })),
                Job::Entry(entry) => entry.answer(Err(Error::ClockLeapt { seconds })),
            }
        }
        Vec::new()
    }

    /// Seals the entry of a change that was made.
    fn seal(&self, request: &Request, left: &mut Left, at: Instant) -> Item {
        let mut draft = request.draft.clone();
        draft.detail.append(&mut left.detail);
        let written: Vec<_> = left.written().map(|written| written.fact()).collect();
        if !written.is_empty() {
            draft.detail.insert(written::FACT.to_owned(), written.into());
        }
        draft.texts.append(&mut left.texts);
        sealing::seal(&draft, request.revisions.as_ref(), &request.keys, at)
    }

    /// A batch of sealed entries, and the leaf hash of each.
    fn batch(&self, items: Vec<Item>) -> (Batch, Vec<Hash>) {
        let id = BatchId::random();
        let mut payload = Vec::with_capacity(items.iter().map(|item| item.leaf.len() + 2).sum());
        let mut hashes = Vec::with_capacity(items.len());
        let mut rows = Vec::with_capacity(items.len());
        for Item { leaf, row } in items {
            let length = u16::try_from(leaf.len()).expect("a leaf is at most 1 KiB");
            payload.extend_from_slice(&length.to_be_bytes());
            payload.extend_from_slice(&leaf);
            hashes.push(leaf_hash(&leaf));
            rows.push(row);
        }
        let mac = batch_mac(&self.append_key, id, &payload);
        (Batch { id, payload, mac, rows }, hashes)
    }

    /// Takes note of a commit: what is unsigned, what heads are.
    fn committed(
        &self,
        appended: Option<Appended>,
        hashes: &[Hash],
        heads: Vec<crate::database::Head>,
    ) {
        if let Some(Appended { start, at }) = appended {
            self.unsigned.appended(start, at, hashes);
        }
        for head in heads {
            if let Err(error) = self.database.heads().witness(head.subject, Some(head)) {
                tracing::error!(%error, "a head went back as it was written");
                self.end(Ended::Contradiction);
            }
        }
        if appended.is_some() {
            self.grown.send_replace(());
        }
    }

    /// Ends the log; the first reason stays.
    pub(super) fn end(&self, why: Ended) {
        self.ended.send_if_modified(|ended| {
            let first = ended.is_none();
            *ended = ended.or(Some(why));
            first
        });
    }
}

/// HMAC(append key, batch id ‖ payload), each preceded by its length.
pub(super) fn batch_mac(key: &hmac::Key, id: BatchId, payload: &[u8]) -> Vec<u8> {
    let mut context = hmac::Context::with_key(key);
    for part in [id.as_bytes(), payload] {
        let length = u32::try_from(part.len()).expect("a batch is short");
        context.update(&length.to_be_bytes());
        context.update(part);
    }
    context.sign().as_ref().to_vec()
}
