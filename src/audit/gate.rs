//! Disclosures: nothing leaves before its entry is durable.
//!
//! One group commit serves all that arrived meanwhile. A refusal takes the same path. A reading owns the place of its outcome
//! before it starts, since `Drop` cannot wait; a lost outcome counts as everything read.

use std::time::{Duration, Instant as Moment};

use serde_json::{Map, Value, json};
use tokio::sync::{mpsc::OwnedPermit, oneshot};

use crate::{
    audit::{
        Denial, Draft, Error, Warrant, What, Writer,
        keyring::EntryKeys,
        sealing,
        sequencer::{Entry, Job},
        writer::TRIES,
    },
    database::{Appended, Revisions},
    id::EntryId,
    time::{Clock, Instant},
};

/// How long a recorded right waits to be used.
const OPENED_WITHIN: Duration = Duration::from_secs(5);

/// Records intents and refusals. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Gate {
    writer: Writer,
}

/// Proof that the intent is durable. Only the gate makes one, and only a reading consumes it, within five seconds.
#[derive(Debug)]
#[must_use = "what is recorded and never used stands in the log as an intent without outcome"]
pub struct Recorded<W> {
    warrant: W,
    at: Instant,
    since: Moment,
    outcome: Outcome,
}

impl Gate {
    pub(super) fn new(writer: Writer) -> Self {
        Self { writer }
    }

    /// The clock of entries.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        self.writer.clock()
    }

    /// Makes the intent durable; `detail` says what exactly is to be disclosed.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if, decided again, it is no longer permitted (that is recorded);
    /// any other error means that nothing is recorded and nothing may leave.
    pub async fn record<W: Warrant>(
        &self,
        mut warrant: W,
        detail: Map<String, Value>,
    ) -> Result<Recorded<W>, Error> {
        for _ in 0..TRIES {
            let mut draft = Draft { what: What::Intent, ..warrant.draft() };
            draft.detail.extend(detail.clone());
            let outcome = self.reserve(&draft).await?;
            let revisions = warrant.revisions().clone();
            match self.append(&draft, &outcome.keys, Some(revisions)).await {
                Ok(Appended { at, .. }) => {
                    return Ok(Recorded { warrant, at, since: Moment::now(), outcome });
                }
                Err(Error::Moved) => {
                    outcome.forget();
                    warrant = self.writer.again(warrant).await?;
                }
                Err(error) => {
                    outcome.forget();
                    return Err(error);
                }
            }
        }
        Err(Error::Unsettled)
    }

    /// Makes the intent of something that has no outcome durable: `HEAD`, a list, an empty answer.
    ///
    /// # Errors
    ///
    /// As [`Gate::record`].
    pub async fn note<W: Warrant>(
        &self,
        mut warrant: W,
        detail: Map<String, Value>,
    ) -> Result<(W, EntryId), Error> {
        for _ in 0..TRIES {
            let mut draft = Draft { what: What::Intent, ..warrant.draft() };
            draft.detail.extend(detail.clone());
            let keys = self.writer.keyring().keys(&draft, self.clock().now()).await?;
            match self.append(&draft, &keys, Some(warrant.revisions().clone())).await {
                Ok(_) => return Ok((warrant, draft.id)),
                Err(Error::Moved) => warrant = self.writer.again(warrant).await?,
                Err(error) => return Err(error),
            }
        }
        Err(Error::Unsettled)
    }

    /// Makes several entries durable in one batch, or none: a list writes one intent for each owner shown.
    ///
    /// # Errors
    ///
    /// [`Error::Moved`] if a head moved: nothing may be shown, and it is to be decided again.
    pub async fn together(&self, drafts: Vec<(Draft, Revisions)>) -> Result<(), Error> {
        let mut answers = Vec::with_capacity(drafts.len());
        for (draft, revisions) in drafts {
            let keys = self.writer.keyring().keys(&draft, self.clock().now()).await?;
            answers.push(self.send(&draft, &keys, Some(revisions)).await?);
        }
        for answer in answers {
            answer.await.map_err(|_| Error::Stopped)??;
        }
        Ok(())
    }

    /// Makes a refusal durable.
    ///
    /// # Errors
    ///
    /// [`Error::Moved`] if what it was decided on has moved: it may be permitted by now.
    pub async fn refuse(&self, denial: Denial) -> Result<(), Error> {
        let draft = Draft { what: What::Refusal, ..denial.draft };
        let keys = self.writer.keyring().keys(&draft, self.clock().now()).await?;
        self.append(&draft, &keys, Some(denial.revisions)).await?;
        Ok(())
    }

    async fn append(
        &self,
        draft: &Draft,
        keys: &EntryKeys,
        revisions: Option<Revisions>,
    ) -> Result<Appended, Error> {
        self.send(draft, keys, revisions).await?.await.map_err(|_| Error::Stopped)?
    }

    async fn send(
        &self,
        draft: &Draft,
        keys: &EntryKeys,
        revisions: Option<Revisions>,
    ) -> Result<oneshot::Receiver<Result<Appended, Error>>, Error> {
        let now = self.clock().now();
        if !self.writer.unsigned().young(now) {
            return Err(Error::Unsigned);
        }
        let item = sealing::seal(draft, revisions.as_ref(), keys, now);
        let (reply, answer) = oneshot::channel();
        let entry = Box::new(Entry { item, revisions, reply: Some(reply) });
        self.writer.jobs.send(Job::Entry(entry)).await.map_err(|_| Error::Stopped)?;
        Ok(answer)
    }

    /// Reserves the place of the outcome of `intent`, and fetches its keys.
    async fn reserve(&self, intent: &Draft) -> Result<Outcome, Error> {
        let keys = self.writer.keyring().keys(intent, self.clock().now()).await?;
        let place = self.writer.outcomes.clone().reserve_owned().await;
        let place = Some(place.map_err(|_| Error::Stopped)?);
        let draft = Draft {
            id: EntryId::random(),
            what: What::Outcome,
            grounds: Vec::new(),
            texts: Vec::new(),
            detail: Map::from_iter([("intent".to_owned(), json!(intent.id))]),
            ..intent.clone()
        };
        let clock = self.clock().clone();
        Ok(Outcome { intent: intent.id, keys, draft, place, clock })
    }
}

impl<W> Recorded<W> {
    /// Consumes the record: the right, the outcome's place, and when it was recorded.
    ///
    /// # Errors
    ///
    /// [`Error::Stale`] if more than five seconds have passed; the outcome then says that nothing was sent.
    pub fn begin(self) -> Result<(W, Outcome, Instant), Error> {
        if self.since.elapsed() > OPENED_WITHIN {
            self.outcome.finish(Map::from_iter([("sent".to_owned(), json!("none"))]));
            return Err(Error::Stale);
        }
        Ok((self.warrant, self.outcome, self.at))
    }
}

/// The reserved place of an outcome: what was really sent. Dropped, it says that nobody knows, so all counts.
#[derive(Debug)]
pub struct Outcome {
    intent: EntryId,
    keys: EntryKeys,
    draft: Draft,
    place: Option<OwnedPermit<Job>>,
    clock: Clock,
}

impl Outcome {
    /// The entry that it completes.
    #[must_use]
    pub fn intent(&self) -> EntryId {
        self.intent
    }

    /// Says what was sent.
    pub fn finish(mut self, sent: Map<String, Value>) {
        self.send(sent);
    }

    /// The intent was not recorded, so there is nothing to complete.
    fn forget(mut self) {
        self.place = None;
    }

    fn send(&mut self, sent: Map<String, Value>) {
        let Some(place) = self.place.take() else { return };
        self.draft.detail.extend(sent);
        let item = sealing::seal(&self.draft, None, &self.keys, self.clock.now());
        place.send(Job::Entry(Box::new(Entry { item, revisions: None, reply: None })));
    }
}

impl Drop for Outcome {
    fn drop(&mut self) {
        self.send(Map::from_iter([("sent".to_owned(), json!("unknown"))]));
    }
}
