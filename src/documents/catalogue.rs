//! What the catalogue's rows say of documents and versions, remembered as it is stored: sealed, and only while it is what
//! the document's revision names.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use lru::LruCache;
use sqlx::Row as _;

use crate::{
    database,
    documents::{Documents, Error, VersionRecord},
    id::{DocumentId, VersionId},
    mission::{DocumentRevision, VersionEntry},
    vault::payload::sha256,
};

/// Rows of each kind that are remembered: some megabytes.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(8_192).expect("it is not zero");

/// A version's row, compared with the document's revision.
#[derive(Debug)]
pub(super) struct Catalogued {
    pub record: Arc<VersionRecord>,
    pub media_type_sealed: Vec<u8>,
    /// SHA-256 of the stored record, hex: by it the revision names the record.
    digest: String,
}

/// A sealed title, and its digest by which the revision names it.
#[derive(Debug)]
struct SealedTitle {
    sealed: Arc<[u8]>,
    digest: String,
}

/// The rows that were asked for lately.
#[derive(Debug)]
pub(super) struct Catalogue {
    versions: Mutex<LruCache<VersionId, Arc<Catalogued>>>,
    titles: Mutex<LruCache<DocumentId, SealedTitle>>,
}

impl Default for Catalogue {
    fn default() -> Self {
        Self {
            versions: Mutex::new(LruCache::new(REMEMBERED)),
            titles: Mutex::new(LruCache::new(REMEMBERED)),
        }
    }
}

impl Documents {
    /// The row of a version, if it is the one that the document's revision names.
    pub(super) async fn catalogued(
        &self,
        document: DocumentId,
        entry: &VersionEntry,
    ) -> Result<Arc<Catalogued>, Error> {
        let held = lock(&self.inner.catalogue.versions).get(&entry.version).cloned();
        if let Some(row) = held.filter(|row| row.names(document, entry)) {
            return Ok(row);
        }
        fail::fail_point!("database::read", |_| Err(database::Error::from(
            sqlx::Error::PoolTimedOut
        )
        .into()));
        let row = sqlx::query("select record, media_type_sealed from version where id = $1")
            .bind(entry.version.as_bytes().to_vec())
            .fetch_optional(self.inner.registry.database().pool())
            .await
            .map_err(database::Error::from)?;
        let row = row.ok_or(Error::Integrity(entry.version))?;
        let text: String = row.try_get(0).map_err(database::Error::from)?;
        let record = VersionRecord::read(&text, &entry.record);
        let record = Arc::new(record.ok_or(Error::Integrity(entry.version))?);
        let media_type_sealed = row.try_get(1).map_err(database::Error::from)?;
        let row = Catalogued { record, media_type_sealed, digest: entry.record.clone() };
        if !row.names(document, entry) {
            return Err(Error::Integrity(entry.version));
        }
        let row = Arc::new(row);
        lock(&self.inner.catalogue.versions).put(entry.version, Arc::clone(&row));
        Ok(row)
    }

    /// The document's title, opened; nothing if its key is erased, or the row is not what the revision names.
    pub(super) async fn title_of(
        &self,
        document: &DocumentRevision,
    ) -> Result<Option<String>, Error> {
        let Some(sealed) = self.sealed_title(document).await? else { return Ok(None) };
        self.open_title(document.document, &sealed, &document.title).await
    }

    async fn sealed_title(&self, document: &DocumentRevision) -> Result<Option<Arc<[u8]>>, Error> {
        let (id, titles) = (document.document, &self.inner.catalogue.titles);
        if let Some(held) = lock(titles).get(&id).filter(|held| held.digest == document.title) {
            return Ok(Some(Arc::clone(&held.sealed)));
        }
        let row = sqlx::query("select title_sealed from document where id = $1")
            .bind(id.as_bytes().to_vec())
            .fetch_optional(self.inner.registry.database().pool())
            .await
            .map_err(database::Error::from)?;
        let Some(row) = row else { return Ok(None) };
        let sealed: Vec<u8> = row.try_get(0).map_err(database::Error::from)?;
        let sealed: Arc<[u8]> = sealed.into();
        if hex::encode(sha256(&sealed)) == document.title {
            let held = SealedTitle { sealed: Arc::clone(&sealed), digest: document.title.clone() };
            lock(titles).put(id, held);
        }
        Ok(Some(sealed))
    }
}

impl Catalogued {
    /// Whether it is the row of this version of this document.
    fn names(&self, document: DocumentId, entry: &VersionEntry) -> bool {
        self.digest == entry.record
            && self.record.document == document
            && self.record.version == entry.version
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
