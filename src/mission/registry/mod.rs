//! The registry: the latest revision of every subject, read checked, written inside a change.

mod code;
mod stored;
mod cache;
mod write;
mod members;
mod past;

use std::{fmt, sync::Arc};

use ring::hmac;

use crate::{
    database::{Database, Head, Revisions, Subject},
    mission::{Error, MissionRevision, Revision},
};

use cache::Cache;
use code::Code;

pub use code::joined;
pub use members::Capacity;
pub use past::Past;

/// Most bytes of revisions, as stored, that are held in memory parsed.
const CACHE_BYTES: usize = 64 * 1024 * 1024;

/// The revisions of one database. Cheap to clone.
///
/// A revision counts only if its bytes have the digest that the head names, its code fits under the
/// authority key, and the log has the entry that made it: a row that SQL alone wrote counts for
/// nothing, nor does one of a transaction that was rolled back.
#[derive(Clone)]
pub struct Registry {
    database: Database,
    code: Code,
    cache: Arc<Cache>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("database", &self.database).finish_non_exhaustive()
    }
}

impl Registry {
    /// The registry of `database`; the key comes from custody, under the label
    /// `greffe/authority/v1`.
    #[must_use]
    pub fn new(database: Database, authority_key: hmac::Key) -> Self {
        let cache = Arc::new(Cache::new(CACHE_BYTES));
        Self { database, code: Code::new(authority_key), cache }
    }

    /// The database whose revisions these are.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The latest revision of `subject`; notes its head in `revisions`.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if there is no such subject; [`Error::Forged`] if its row does not count;
    /// [`crate::database::Error::PutBack`], within [`Error::Database`], if its head contradicts
    /// what was seen before.
    pub async fn read<R: Revision>(
        &self,
        subject: impl Into<Subject>,
        revisions: &mut Revisions,
    ) -> Result<Arc<R>, Error> {
        let subject = subject.into();
        let head = self.database.head(subject).await?.ok_or(Error::Missing(subject))?;
        let revision = self.at(head).await?;
        revisions.read(head);
        Ok(revision)
    }

    /// The mission's latest revision; notes its head in `revisions`.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if no mission was imported; else as [`Registry::read`].
    pub async fn mission(&self, revisions: &mut Revisions) -> Result<Arc<MissionRevision>, Error> {
        self.read(Subject::MISSION, revisions).await
    }

    /// The revision that `head` names, though it may no longer be the latest.
    ///
    /// # Errors
    ///
    /// [`Error::Forged`] if its row does not count.
    pub async fn at<R: Revision>(&self, head: Head) -> Result<Arc<R>, Error> {
        if head.subject.kind != R::KIND {
            return Err(Error::Missing(head.subject));
        }
        if let Some(held) = self.cache.at(head) {
            return Ok(held);
        }
        let stored = stored::load(self.database.pool(), head.subject, head.number).await?;
        if !stored.entered || !stored.is_authentic(&self.code, head) {
            return Err(Error::Forged(head.subject));
        }
        let revision = Arc::new(stored.parse::<R>()?);
        self.cache.keep(head, Arc::clone(&revision) as _, stored.bytes.len());
        Ok(revision)
    }
}

#[cfg(test)]
mod tests;
