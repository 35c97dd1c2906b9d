//! Copies that are not what their record says: entered once, then written anew from another.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::{Map, Value, json};

use crate::{
    audit::Draft,
    documents::{Documents, Error, VersionRecord, pending::Place},
    id::{DocumentId, VersionId},
    mission::{CopyEntry, DocumentRevision},
};

/// Doubted copies, by version and location. What a stop forgets is found again by the next reading or scrub.
#[derive(Debug, Default)]
pub(in crate::documents) struct Doubts(Mutex<BTreeMap<(VersionId, String), DocumentId>>);

impl Doubts {
    /// Whether a copy is known to be wrong already.
    pub(super) fn holds(&self, version: VersionId, copy: &CopyEntry) -> bool {
        self.lock().contains_key(&(version, copy.location.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(VersionId, String), DocumentId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Documents {
    /// Takes note that a copy is not what its record says, `as_found`; it stands in the log the first time.
    pub(super) async fn doubt(
        &self,
        document: &DocumentRevision,
        version: VersionId,
        copy: &CopyEntry,
        as_found: &str,
    ) {
        let key = (version, copy.location.clone());
        if self.inner.doubts.lock().insert(key, document.document).is_some() {
            return;
        }
        metrics::counter!("greffe_copies_altered_total").increment(1);
        let location = &copy.location;
        tracing::error!(%version, location, as_found, "a copy is not what its record says");
        let details = [("as_found", json!(as_found)), ("copy", json!(copy))];
        if let Err(error) = self.enter_copy(document, version, "copy altered", details).await {
            tracing::error!(%version, %error, "an altered copy could not be entered");
        }
    }

    /// An entry of what became of a copy.
    pub(in crate::documents) async fn enter_copy<const N: usize>(
        &self,
        document: &DocumentRevision,
        version: VersionId,
        what: &str,
        details: [(&str, Value); N],
    ) -> Result<(), Error> {
        self.inner.writer.enter(of_copies(document, version, what, details)).await?;
        Ok(())
    }

    /// Writes every doubted copy anew from another. What cannot be yet is tried again.
    pub(in crate::documents) async fn mend(&self) {
        let doubted = self.inner.doubts.lock().clone();
        for ((version, location), document) in doubted {
            match self.mend_one(document, version, &location).await {
                // Where no copy is right there is nothing to write it from.
                Ok(()) | Err(Error::Integrity(_)) => {
                    self.inner.doubts.lock().remove(&(version, location));
                }
                Err(error) => {
                    tracing::warn!(%version, location, %error, "an altered copy is mended later");
                }
            }
        }
    }

    async fn mend_one(
        &self,
        document: DocumentId,
        version: VersionId,
        location: &str,
    ) -> Result<(), Error> {
        let revision = self.revision(document).await?;
        let entry = revision.versions.iter().find(|entry| entry.version == version);
        // Of a document in doubt no copy is known to be right, until someone looked.
        let is_sound = revision.is_kept() && !revision.quarantined;
        let Some(entry) = entry.filter(|_| is_sound) else { return Ok(()) };
        let row = self.catalogued(document, entry).await?;
        let copies = row.record.copies(entry);
        // It may have been moved away.
        let Some(bad) = copies.iter().find(|copy| copy.location == location) else { return Ok(()) };
        self.writable(&self.at(bad)?.id)?;
        self.written_from_another(&revision, &row.record, copies, bad).await?;
        // What was destroyed or moved away meanwhile is erased by whoever writes last.
        let place = Place { document, version, copies: vec![bad.clone()] };
        let lives = self.living(&place).await?.is_some_and(|living| living.contains(bad));
        if !lives || !self.revision(document).await?.is_kept() {
            return self.erase_copy(bad).await;
        }
        self.scrubbed(version, bad).await?;
        self.enter_copy(&revision, version, "copy mended", [("copy", json!(bad))]).await
    }

    /// Writes `to` from the first of `copies` that is what the record says; if none is, the document is quarantined.
    pub(in crate::documents) async fn written_from_another(
        &self,
        document: &DocumentRevision,
        record: &VersionRecord,
        copies: &[CopyEntry],
        to: &CopyEntry,
    ) -> Result<(), Error> {
        let mut away = None;
        for from in copies.iter().filter(|copy| copy.object != to.object) {
            match self.transfer(record, from, to).await {
                Ok(()) => return Ok(()),
                Err(Error::Altered) => {
                    self.doubt(document, record.version, from, "other bytes").await;
                }
                Err(error) => away = Some(error),
            }
        }
        match away {
            Some(error) => Err(error),
            None => {
                if !document.quarantined {
                    self.quarantine(document.document, record.version).await;
                }
                Err(Error::Integrity(record.version))
            }
        }
    }
}

/// The draft of an entry of what became of copies of a version.
pub(in crate::documents) fn of_copies<const N: usize>(
    document: &DocumentRevision,
    version: VersionId,
    what: &str,
    details: [(&str, Value); N],
) -> Draft {
    let mut detail = Map::from_iter([
        ("system".to_owned(), json!(what)),
        ("version".to_owned(), json!(version)),
    ]);
    detail.extend(details.map(|(name, value)| (name.to_owned(), value)));
    let mut draft = Draft::system(detail);
    draft.document = Some(document.document);
    draft.owner = Some(document.owner);
    draft
}
