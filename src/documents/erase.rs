//! Destruction: reads refused, keys gone with their path re-keyed, then said, then objects erased by name.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Map, json};
use sqlx::Row as _;

use crate::{
    audit::{self, Draft, Shred, Stopped, Written},
    database::{self, Kind, Revisions},
    documents::{Documents, Error, grants, grants::project, unwrapped},
    id::{DocumentId, EntryId},
    mission::{DocumentRevision, PartyRevision, Stage},
    policy::Permit,
    vault::{self, keyset::Slot},
};

/// How often a destruction is said anew while somebody else changes the document.
const TRIES: u32 = 3;

/// What became of a request to destroy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shredded {
    /// It is destroyed.
    Done {
        /// The entry that began it.
        entry: EntryId,
        /// Locations that have not yet erased its bytes, which open with no key: they are asked again.
        unanswered: Vec<String>,
    },
    /// Its party asks for two people, and this was the first.
    Asked(EntryId),
}

/// Destructions that were begun and are not known to be finished: no row is asked, since a row can be changed by SQL.
#[derive(Debug, Default)]
pub(super) struct Begun(Mutex<BTreeSet<DocumentId>>);

impl Begun {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<DocumentId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Documents {
    /// Destroys a document: against today's custody together with any older copy of key set, database or store.
    ///
    /// # Errors
    ///
    /// [`Error::Stage`] if it is held or being destroyed; [`Error::Keys`] if the key set's second place is away: then it
    /// is *shredding*, nothing reads it, and it is finished within a minute of the place's return, or at the next start.
    pub async fn shred(&self, permit: Permit<Shred>, reason: String) -> Result<Shredded, Error> {
        grants::check_text(Some(&reason))?;
        let document = permit.document().ok_or(Error::NoVersion)?.document;
        let (registry, person) = (self.inner.registry.clone(), permit.actor().person);
        self.note_begun(document);
        let changed = self.inner.writer.change(permit, move |change| {
            let (registry, reason) = (registry.clone(), reason.clone());
            Box::pin(async move {
                change.text("reason", reason);
                let (_, mut revision) =
                    registry.current::<DocumentRevision>(change, document).await?;
                if revision.hold {
                    return Err(Stopped::failed(Error::Stage("held: it may not be destroyed")));
                }
                if matches!(revision.stage, Stage::Shredding | Stage::Shredded) {
                    return Err(Stopped::failed(Error::Stage("being destroyed already")));
                }
                let (_, owner) = registry.current::<PartyRevision>(change, revision.owner).await?;
                let first = owner.two_to_shred
                    && revision.shred_asked_by.is_none_or(|asked| asked == person);
                if first {
                    revision.shred_asked_by = Some(person);
                    change.detail("step", "ask for a second person");
                } else {
                    revision.stage = Stage::Shredding;
                    change.detail("step", "shredding");
                }
                let head = registry.write(change, &revision).await?;
                project(change.sql(), &revision, head.number).await?;
                Ok(first)
            })
        });
        let changed = changed.await;
        if !matches!(changed, Ok((false, _))) {
            self.forget_if_not_begun(document).await;
        }
        let (first, entry) = changed.map_err(unwrapped)?;
        if first {
            return Ok(Shredded::Asked(entry));
        }
        let unanswered = self.finish_one(document).await?;
        Ok(Shredded::Done { entry, unanswered })
    }

    /// Takes note of the destructions that the log says were begun since the kept root of authority: that root moves only
    /// while none is unfinished, so none can be older.
    ///
    /// # Errors
    ///
    /// If the revision of a document that was written is not to be had: then nobody knows.
    pub async fn take_up(&self, written: &[Written]) -> Result<(), Error> {
        let documents = written.iter().filter(|one| one.head.subject.kind == Kind::Document);
        let documents: BTreeSet<_> = documents.map(|one| DocumentId(one.head.subject.id)).collect();
        for document in documents {
            if self.revision(document).await?.stage == Stage::Shredding {
                self.inner.begun.lock().insert(document);
            }
        }
        Ok(())
    }

    /// Whether a destruction was begun that is not known to be finished.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        !self.inner.begun.lock().is_empty()
    }

    /// Finishes every destruction that was begun.
    pub(super) async fn finish_shredding(&self) -> Result<(), Error> {
        let begun = self.inner.begun.lock().clone();
        for document in begun {
            self.finish_one(document).await?;
        }
        let sql = "select id from document where stage = 'shredding'";
        let rows = sqlx::query(sql).fetch_all(self.inner.registry.database().pool()).await;
        for row in rows.map_err(database::Error::from)? {
            let id: Vec<u8> = row.try_get(0).map_err(database::Error::from)?;
            let id = DocumentId::from_slice(&id).map_err(|_| database::Error::Row("document"))?;
            self.finish_one(id).await?;
        }
        Ok(())
    }

    /// Takes note that a destruction is to be begun; [`Self::forget_if_not_begun`] if it was not.
    pub(super) fn note_begun(&self, document: DocumentId) {
        self.inner.begun.lock().insert(document);
    }

    /// Forgets what was to be begun and was not, as far as anybody can tell.
    pub(super) async fn forget_if_not_begun(&self, document: DocumentId) {
        let stage = self.revision(document).await.map(|revision| revision.stage);
        if !matches!(stage, Ok(Stage::Shredding) | Err(_)) {
            self.inner.begun.lock().remove(&document);
        }
    }

    /// Finishes one, if its revision says that it was begun: a row alone destroys nothing. Gives the locations that have not
    /// yet erased its bytes.
    pub(super) async fn finish_one(&self, document: DocumentId) -> Result<Vec<String>, Error> {
        let known = self.inner.begun.lock().contains(&document);
        let unanswered = match self.revision(document).await?.stage {
            Stage::Shredding => self.destroy(document).await?,
            // Its objects may be left.
            Stage::Shredded if known => self.erase_objects(document).await?,
            // Somebody is about to begin it.
            _ if known => return Ok(Vec::new()),
            _ => {
                tracing::error!(%document, "a row says that a document is being destroyed, its revision does not");
                return Ok(Vec::new());
            }
        };
        // What has not answered has rows that say so.
        self.inner.begun.lock().remove(&document);
        Ok(unanswered)
    }

    async fn destroy(&self, document: DocumentId) -> Result<Vec<String>, Error> {
        match self.inner.keyset.erase(&[Slot::Document(document)]).await {
            Ok(()) | Err(vault::keyset::Error::Missing(_)) => {}
            Err(error) => return Err(error.into()),
        }
        fail::fail_point!("documents::erased", |_| Err(Error::Stage("stopped by a test")));
        for _ in 0..TRIES {
            match self.say_shredded(document).await {
                // Or somebody else finished it in between.
                Ok(()) | Err(Error::Stage(_)) => return self.erase_objects(document).await,
                Err(Error::Audit(audit::Error::Moved)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(audit::Error::Unsettled.into())
    }

    async fn say_shredded(&self, document: DocumentId) -> Result<(), Error> {
        let (registry, generation) = (self.inner.registry.clone(), self.inner.keyset.generation());
        let detail = Map::from_iter([
            ("system".to_owned(), json!("shredded")),
            ("generation".to_owned(), json!(generation)),
        ]);
        let mut draft = Draft::system(detail);
        draft.document = Some(document);
        draft.owner = Some(self.revision(document).await?.owner);
        let changed = self.inner.writer.system(draft, move |change| {
            let registry = registry.clone();
            Box::pin(async move {
                let (_, mut revision) =
                    registry.current::<DocumentRevision>(change, document).await?;
                if revision.stage != Stage::Shredding {
                    return Err(Stopped::failed(Error::Stage("destroyed already")));
                }
                revision.stage = Stage::Shredded;
                revision.grants.clear();
                let head = registry.write(change, &revision).await?;
                let id = document.as_bytes().to_vec();
                // Bound, since an empty literal is no binary value in SQLite.
                sqlx::query("update document set title_sealed = $1 where id = $2")
                    .bind(Vec::<u8>::new())
                    .bind(id.clone())
                    .execute(&mut *change.sql())
                    .await?;
                sqlx::query("delete from document_grant where document = $1")
                    .bind(id)
                    .execute(&mut *change.sql())
                    .await?;
                super::sweep::record_generation(change.sql(), generation).await?;
                project(change.sql(), &revision, head.number).await
            })
        });
        changed.await.map_err(unwrapped)?;
        Ok(())
    }

    /// The document as its latest revision says.
    pub(super) async fn revision(
        &self,
        document: DocumentId,
    ) -> Result<Arc<DocumentRevision>, Error> {
        let mut revisions = Revisions::new(self.inner.writer.clock().now());
        Ok(self.inner.registry.read(document, &mut revisions).await?)
    }
}
