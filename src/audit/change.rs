//! What a change sees while its transaction is open.

use serde::Serialize;
use serde_json::{Map, Value};
use sqlx::{AnyConnection, Row as _};

use crate::{
    audit::Written,
    database::{Head, Subject},
    id::EntryId,
    time::Instant,
};

/// Why a change stopped before its entry; its transaction is rolled back.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// A head that it replaces is no longer the one it read: it is decided again.
    #[error("what it changes has moved")]
    Moved,
    /// It cannot be done.
    #[error("the change could not be made")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Stopped {
    /// A change that cannot be done, and why.
    pub fn failed(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Failed(Box::new(cause))
    }
}

impl From<sqlx::Error> for Stopped {
    fn from(cause: sqlx::Error) -> Self {
        Self::failed(cause)
    }
}

/// One transaction that ends in its entry.
#[derive(Debug)]
pub struct Change<'t> {
    /// The entry's id, chosen before, so that rows can name it.
    pub entry: EntryId,
    /// The instant of the change.
    pub now: Instant,
    connection: &'t mut AnyConnection,
    written: Vec<(Subject, Option<Head>)>,
    heads: Vec<Head>,
    detail: Map<String, Value>,
    texts: Vec<(&'static str, String)>,
}

/// What a change leaves for its entry and for memory.
#[derive(Debug, Default)]
pub(super) struct Left {
    pub written: Vec<(Subject, Option<Head>)>,
    pub heads: Vec<Head>,
    pub detail: Map<String, Value>,
    pub texts: Vec<(&'static str, String)>,
}

impl Left {
    /// The heads that it wrote, with those that stood before.
    pub fn written(&self) -> impl Iterator<Item = Written> {
        self.heads.iter().map(|head| {
            let before = self.written.iter().find(|(subject, _)| *subject == head.subject);
            Written { previous: before.and_then(|(_, previous)| *previous), head: *head }
        })
    }
}

impl<'t> Change<'t> {
    pub(super) fn new(entry: EntryId, now: Instant, connection: &'t mut AnyConnection) -> Self {
        let (written, heads, texts) = (Vec::new(), Vec::new(), Vec::new());
        Self { entry, now, connection, written, heads, detail: Map::new(), texts }
    }

    /// The transaction's connection. Nothing but SQL is awaited inside.
    pub fn sql(&mut self) -> &mut AnyConnection {
        self.connection
    }

    /// Replaces the head `previous` (none for a new subject) by `head`, if `previous` is what stands.
    ///
    /// # Errors
    ///
    /// [`Stopped::Moved`] if another head stands.
    pub async fn replace(&mut self, previous: Option<Head>, head: Head) -> Result<(), Stopped> {
        let replaced = match previous {
            None => {
                sqlx::query(
                    "insert into head (subject, number, digest) values ($1, $2, $3) \
                     on conflict do nothing returning number",
                )
                .bind(head.subject.key())
                .bind(head.number)
                .bind(head.digest.to_vec())
                .fetch_optional(&mut *self.connection)
                .await?
            }
            Some(previous) => {
                sqlx::query(
                    "update head set number = $1, digest = $2 \
                     where subject = $3 and number = $4 and digest = $5 returning number",
                )
                .bind(head.number)
                .bind(head.digest.to_vec())
                .bind(head.subject.key())
                .bind(previous.number)
                .bind(previous.digest.to_vec())
                .fetch_optional(&mut *self.connection)
                .await?
            }
        };
        let Some(row) = replaced else { return Err(Stopped::Moved) };
        row.try_get::<i64, _>(0)?;
        // Of two replacements in one change, the first knows what stood before it.
        if !self.written.iter().any(|(subject, _)| *subject == head.subject) {
            self.written.push((head.subject, previous));
        }
        self.heads.retain(|written| written.subject != head.subject);
        self.heads.push(head);
        Ok(())
    }

    /// The head that this change has written for `subject`, if it has.
    #[must_use]
    pub fn written(&self, subject: Subject) -> Option<Head> {
        self.heads.iter().copied().find(|head| head.subject == subject)
    }

    /// Adds a fact to the entry: opaque ids, numbers, digests; never a name or free text.
    pub fn detail(&mut self, name: &str, value: impl Serialize) {
        let value = serde_json::to_value(value).expect("a fact is plain JSON");
        self.detail.insert(name.to_owned(), value);
    }

    /// Adds a free text to the entry, as an opening of its own under the document's key.
    pub fn text(&mut self, name: &'static str, text: String) {
        self.texts.push((name, text));
    }

    pub(super) fn leave(self) -> Left {
        let Self { written, heads, detail, texts, .. } = self;
        Left { written, heads, detail, texts }
    }
}
