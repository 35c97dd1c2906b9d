//! Changes: one transaction each, that ends in its entry.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    audit::{
        Change, Denial, Draft, Gate, Keyring, Stopped, Unsigned, Verdict, Warrant, What,
        sequencer::{self, Ended, Job, Request, Shared, Transaction},
        warrant::Again,
    },
    database::{self, Database},
    id::EntryId,
    time::Clock,
    vault,
};

/// How often a right is decided again before the service says that it is too busy.
pub(super) const TRIES: usize = 3;

/// Why an act was not recorded, so not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log did not take it.
    #[error("the log could not be written")]
    Unavailable(#[from] database::Error),
    /// The sequencer has stopped.
    #[error("the log has stopped: the service must be started again")]
    Stopped,
    /// Entries are not being signed.
    #[error("the oldest unsigned entry is too old: the service waits for the log to be signed")]
    Unsigned,
    /// The clock was set forward while the service ran: what it would record is dated by nobody's decision.
    #[error("the clock was set {seconds} s forward: set it right, or start the service again")]
    ClockLeapt {
        /// How far.
        seconds: u64,
    },
    /// Whether the transaction was committed is not known.
    #[error("whether the act was recorded is not known")]
    Unknown,
    /// It was refused; the refusal is recorded.
    #[error("refused")]
    Refused(Verdict),
    /// A head that the decision read has moved.
    #[error("what the decision was made on has moved")]
    Moved,
    /// It kept moving.
    #[error("what the decision was made on kept moving")]
    Unsettled,
    /// The right was not used in time.
    #[error("the right was not used within five seconds")]
    Stale,
    /// It could not be decided again.
    #[error("the act could not be decided again")]
    Undecided(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The keys of its openings are not to be had.
    #[error("the keys of the entry could not be read")]
    Keys(#[from] vault::keyset::Error),
    /// The change itself failed, and nothing of it stands.
    #[error("the change could not be made")]
    Work(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Makes changes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Writer {
    pub(super) jobs: mpsc::Sender<Job>,
    pub(super) outcomes: mpsc::Sender<Job>,
    pub(super) shared: Arc<Shared>,
}

impl Writer {
    /// Starts the sequencer of `database`, which ends when the last writer and gate are dropped.
    ///
    /// `append_key` is the key of the batches' HMAC, from custody.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the database does not answer.
    pub async fn start(
        database: Database,
        keyring: Keyring,
        append_key: ring::hmac::Key,
        clock: Clock,
    ) -> Result<(Self, Gate), Error> {
        let (ended, _) = watch::channel(None);
        let (grown, _) = watch::channel(());
        let unsigned = Unsigned::default();
        let shared = Shared { database, keyring, append_key, clock, unsigned, ended, grown };
        let shared = Arc::new(shared);
        let (jobs, outcomes) = sequencer::start(&shared).await?;
        let writer = Self { jobs, outcomes, shared };
        Ok((writer.clone(), Gate::new(writer)))
    }

    /// The database that this writes.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.shared.database
    }

    /// The keys of openings and tags.
    #[must_use]
    pub fn keyring(&self) -> &Keyring {
        &self.shared.keyring
    }

    /// The clock of entries.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// What was appended here and is not yet signed.
    #[must_use]
    pub fn unsigned(&self) -> &Unsigned {
        &self.shared.unsigned
    }

    /// Whether entries may be dated by the clock, so that anything can be recorded.
    ///
    /// # Errors
    ///
    /// [`Error::ClockLeapt`] if it was set forward while the service ran.
    pub fn timely(&self) -> Result<(), Error> {
        self.shared.timely()
    }

    /// Changes when entries were appended.
    #[must_use]
    pub fn grown(&self) -> watch::Receiver<()> {
        self.shared.grown.subscribe()
    }

    /// Says why, once the log has ended for good: the process must end.
    #[must_use]
    pub fn ended(&self) -> watch::Receiver<Option<Ended>> {
        self.shared.ended.subscribe()
    }

    /// Ends the log for good; the first reason stays.
    pub fn end(&self, why: Ended) {
        self.shared.end(why);
    }

    /// Makes one change and its entry, or neither.
    ///
    /// `work` may run again, if a head that the warrant was decided on has moved and it is decided again.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if, decided again, it is no longer permitted; [`Error::Work`] if `work` failed.
    pub async fn change<W: Warrant, T: Send + 'static>(
        &self,
        mut warrant: W,
        work: impl for<'c, 't> Fn(&'c mut Change<'t>) -> BoxFuture<'c, Result<T, Stopped>>
        + Send
        + Sync
        + 'static,
    ) -> Result<(T, EntryId), Error> {
        // What would stay unsigned could be taken back unseen; the service's own changes finish what has begun.
        if !self.unsigned().young(self.clock().now()) {
            return Err(Error::Unsigned);
        }
        let work: sequencer::SharedWork<T> = Arc::new(work);
        for _ in 0..TRIES {
            let draft = Draft { what: What::Change, ..warrant.draft() };
            let revisions = Some(warrant.revisions().clone());
            match self.transact(Some((draft, revisions)), Arc::clone(&work)).await {
                Err(Error::Moved) => warrant = self.again(warrant).await?,
                answer => return answer,
            }
        }
        Err(Error::Unsettled)
    }

    /// Makes a change of the service itself, and its entry.
    ///
    /// # Errors
    ///
    /// [`Error::Work`] if `work` failed; [`Error::Moved`] if a head that it replaces has moved.
    pub async fn system<T: Send + 'static>(
        &self,
        draft: Draft,
        work: impl for<'c, 't> Fn(&'c mut Change<'t>) -> BoxFuture<'c, Result<T, Stopped>>
        + Send
        + Sync
        + 'static,
    ) -> Result<(T, EntryId), Error> {
        self.transact(Some((draft, None)), Arc::new(work)).await
    }

    /// Enters what the service did or found, and changes nothing else.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`], [`Error::Stopped`]: then it is not in the log.
    pub async fn enter(&self, draft: Draft) -> Result<EntryId, Error> {
        Ok(self.system(draft, |_| Box::pin(async { Ok(()) })).await?.1)
    }

    /// Writes to tables that bear no authority; no entry.
    ///
    /// # Errors
    ///
    /// [`Error::Work`] if `work` failed.
    pub async fn upkeep<T: Send + 'static>(
        &self,
        work: impl for<'c, 't> Fn(&'c mut Change<'t>) -> BoxFuture<'c, Result<T, Stopped>>
        + Send
        + Sync
        + 'static,
    ) -> Result<T, Error> {
        Ok(self.transact(None, Arc::new(work)).await?.0)
    }

    async fn transact<T: Send + 'static>(
        &self,
        entry: Option<(Draft, Option<database::Revisions>)>,
        work: sequencer::SharedWork<T>,
    ) -> Result<(T, EntryId), Error> {
        let request = match entry {
            None => None,
            Some((draft, revisions)) => {
                let keys = self.shared.keyring.keys(&draft, self.shared.clock.now()).await?;
                Some(Request { draft, revisions, keys })
            }
        };
        let (reply, answer) = oneshot::channel();
        let job = Job::Transaction(Transaction::boxed(request, work, reply));
        self.jobs.send(job).await.map_err(|_| Error::Stopped)?;
        answer.await.map_err(|_| Error::Stopped)?
    }

    /// Decides anew; a refusal is recorded.
    pub(super) async fn again<W: Warrant>(&self, warrant: W) -> Result<W, Error> {
        let subjects: Vec<_> =
            warrant.revisions().heads().iter().map(|head| head.subject).collect();
        self.shared.database.refresh(&subjects).await?;
        match warrant.again().await {
            Ok(warrant) => Ok(warrant),
            Err(Again::Undecided(cause)) => Err(Error::Undecided(cause)),
            Err(Again::Refused(denial)) => Err(self.refused(*denial).await),
        }
    }

    async fn refused(&self, denial: Denial) -> Error {
        let verdict = denial.verdict;
        match Gate::new(self.clone()).refuse(denial).await {
            Ok(()) => Error::Refused(verdict),
            Err(error) => error,
        }
    }
}
