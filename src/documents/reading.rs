//! A reading: the streaming body of what was recorded, opened chunk by chunk, decided again each minute.

use std::{
    ops::Range,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures::{FutureExt as _, Stream, StreamExt as _, future::BoxFuture, stream::BoxStream};
use serde_json::{Map, json};
use tokio::time::Instant as Moment;

use crate::{
    audit::{Again, Outcome, Read, Recorded, Warrant},
    documents::{Content, Documents, Error, copies::Transfer},
    policy::Permit,
};

/// How often a long reading is decided again.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// The body of an answer. An error ends it without a clean end, so that a client sees that something is missing.
///
/// It owns the place of its outcome, and writes it when it ends, is dropped, or is cut.
pub struct Reading {
    bytes: BoxStream<'static, Result<Bytes, Error>>,
    right: Right,
    outcome: Option<Outcome>,
    _transfer: Transfer,
    sent: u64,
    wanted: Range<u64>,
    again_at: Moment,
}

/// The right on which a reading goes on.
enum Right {
    Held(Box<dyn Renew>),
    Asked(BoxFuture<'static, Result<Box<dyn Renew>, Error>>),
    Gone,
}

/// A right that can be decided again, whatever its act.
pub(super) trait Renew: Send {
    fn renew(self: Box<Self>) -> BoxFuture<'static, Result<Box<dyn Renew>, Error>>;
}

/// A warrant, and the documents whose gate records that it ended.
pub(super) struct Renewed<W: Warrant> {
    pub warrant: W,
    pub documents: Documents,
}

impl<W: Warrant> Renew for Renewed<W> {
    fn renew(self: Box<Self>) -> BoxFuture<'static, Result<Box<dyn Renew>, Error>> {
        let Self { warrant, documents } = *self;
        Box::pin(async move {
            match warrant.again().await {
                Ok(warrant) => Ok(Box::new(Self { warrant, documents }) as Box<dyn Renew>),
                Err(Again::Refused(denial)) => {
                    let verdict = denial.verdict;
                    documents.inner.gate.refuse(*denial).await?;
                    Err(crate::audit::Error::Refused(verdict).into())
                }
                Err(Again::Undecided(cause)) => Err(crate::audit::Error::Undecided(cause).into()),
            }
        })
    }
}

impl Reading {
    pub(super) fn new(
        bytes: BoxStream<'static, Result<Bytes, Error>>,
        right: Box<dyn Renew>,
        outcome: Outcome,
        transfer: Transfer,
        wanted: Range<u64>,
    ) -> Self {
        let again_at = Moment::now() + AGAIN_AFTER;
        let right = Right::Held(right);
        let outcome = Some(outcome);
        Self { bytes, right, outcome, _transfer: transfer, sent: 0, wanted, again_at }
    }

    fn end(&mut self, complete: bool) {
        let Some(outcome) = self.outcome.take() else { return };
        let sent = json!({ "from": self.wanted.start, "bytes": self.sent, "complete": complete });
        outcome.finish(Map::from_iter([("sent".to_owned(), sent)]));
    }

    /// Decides again when it is time; ready with an error when the right is gone.
    fn poll_right(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if matches!(self.right, Right::Held(_)) && Moment::now() < self.again_at {
            return Poll::Ready(Ok(()));
        }
        loop {
            match std::mem::replace(&mut self.right, Right::Gone) {
                Right::Held(right) => self.right = Right::Asked(right.renew()),
                Right::Asked(mut asked) => match asked.poll_unpin(context) {
                    Poll::Pending => {
                        self.right = Right::Asked(asked);
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok(right)) => {
                        self.right = Right::Held(right);
                        self.again_at = Moment::now() + AGAIN_AFTER;
                        return Poll::Ready(Ok(()));
                    }
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                },
                Right::Gone => {
                    return Poll::Ready(Err(Error::Stage("no longer readable to them")));
                }
            }
        }
    }
}

impl Stream for Reading {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.outcome.is_none() {
            return Poll::Ready(None);
        }
        match self.poll_right(context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(error)) => {
                self.end(false);
                return Poll::Ready(Some(Err(error)));
            }
            Poll::Ready(Ok(())) => {}
        }
        match self.bytes.poll_next_unpin(context) {
            Poll::Ready(Some(Ok(bytes))) => {
                self.sent += bytes.len() as u64;
                Poll::Ready(Some(Ok(bytes)))
            }
            Poll::Ready(Some(Err(error))) => {
                self.end(false);
                Poll::Ready(Some(Err(error)))
            }
            Poll::Ready(None) => {
                self.end(true);
                Poll::Ready(None)
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        let complete = self.sent == self.wanted.end - self.wanted.start;
        self.end(complete);
    }
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reading({:?})", self.wanted)
    }
}

impl Documents {
    /// Opens a version for streaming; the intent is durable already.
    ///
    /// # Errors
    ///
    /// [`Error::Integrity`] if key, length or first chunk contradict the version record; the document is then quarantined.
    pub async fn open(
        &self,
        recorded: Recorded<Permit<Read>>,
        content: &Content,
        range: Range<u64>,
    ) -> Result<Reading, Error> {
        let (warrant, outcome, _) = recorded.begin()?;
        let transfer = self.inner.traffic.begin();
        let bytes = self.bytes(content, range.clone()).await?;
        let right = Box::new(Renewed { warrant, documents: self.clone() });
        Ok(Reading::new(bytes, right, outcome, transfer, range))
    }
}
