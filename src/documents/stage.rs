//! Small changes of a document: finalised, held, renamed, quarantined.

use serde_json::{Map, json};

use crate::{
    audit::{Deposit, Draft, Finalise, Hold, Stopped, Warrant},
    documents::{Documents, Error, grants::project, texts, unwrapped},
    id::{DocumentId, EntryId, VersionId},
    mission::{DocumentRevision, Stage},
    policy::Permit,
};

impl Documents {
    /// Declares the latest version final.
    ///
    /// # Errors
    ///
    /// [`Error::Stage`] if there is nothing to finalise.
    pub async fn finalise(&self, permit: Permit<Finalise>) -> Result<EntryId, Error> {
        let document = permit.document().ok_or(Error::NoVersion)?.document;
        self.edit(permit, document, "finalise", |revision| {
            if revision.stage != Stage::Working {
                return Err(Error::Stage("not a working version"));
            }
            revision.stage = Stage::Final;
            Ok(())
        })
        .await
    }

    /// Forbids destruction, or permits it again.
    ///
    /// # Errors
    ///
    /// [`Error::Stage`] if it is being destroyed.
    pub async fn hold(&self, permit: Permit<Hold>, held: bool) -> Result<EntryId, Error> {
        let document = permit.document().ok_or(Error::NoVersion)?.document;
        let step = if held { "hold" } else { "release" };
        self.edit(permit, document, step, move |revision| {
            if matches!(revision.stage, Stage::Shredding | Stage::Shredded) {
                return Err(Error::Stage("being destroyed"));
            }
            revision.hold = held;
            Ok(())
        })
        .await
    }

    /// Gives the document another title.
    ///
    /// # Errors
    ///
    /// [`Error::Unusable`] if the title cannot be taken.
    pub async fn rename(&self, permit: Permit<Deposit>, title: String) -> Result<EntryId, Error> {
        texts::check_title(&title)?;
        let document = permit.document().ok_or(Error::NoVersion)?.document;
        let (sealed, digest) = self.seal_title(document, &title).await?;
        let registry = self.inner.registry.clone();
        let changed = self.inner.writer.change(permit, move |change| {
            let (registry, sealed, digest) = (registry.clone(), sealed.clone(), digest.clone());
            Box::pin(async move {
                change.detail("step", "rename");
                let (_, mut revision) =
                    registry.current::<DocumentRevision>(change, document).await?;
                revision.title = digest;
                let head = registry.write(change, &revision).await?;
                sqlx::query("update document set title_sealed = $1 where id = $2")
                    .bind(sealed)
                    .bind(document.as_bytes().to_vec())
                    .execute(&mut *change.sql())
                    .await?;
                project(change.sql(), &revision, head.number).await
            })
        });
        Ok(changed.await.map_err(unwrapped)?.1)
    }

    async fn edit<W: Warrant>(
        &self,
        warrant: W,
        document: DocumentId,
        step: &'static str,
        edit: impl Fn(&mut DocumentRevision) -> Result<(), Error> + Clone + Send + Sync + 'static,
    ) -> Result<EntryId, Error> {
        let registry = self.inner.registry.clone();
        let changed = self.inner.writer.change(warrant, move |change| {
            let (registry, edit) = (registry.clone(), edit.clone());
            Box::pin(async move {
                change.detail("step", step);
                let (_, mut revision) =
                    registry.current::<DocumentRevision>(change, document).await?;
                edit(&mut revision).map_err(Stopped::failed)?;
                let head = registry.write(change, &revision).await?;
                project(change.sql(), &revision, head.number).await
            })
        });
        Ok(changed.await.map_err(unwrapped)?.1)
    }

    /// Takes note that the bytes of a version contradict its record: nothing reads the document until someone looked.
    ///
    /// A failure to record it is logged; the reading was cut already.
    pub(super) async fn quarantine(&self, document: DocumentId, version: VersionId) {
        let registry = self.inner.registry.clone();
        let detail = Map::from_iter([
            ("system".to_owned(), json!("integrity")),
            ("version".to_owned(), json!(version)),
        ]);
        let mut draft = Draft::system(detail);
        draft.document = Some(document);
        let revisions = &mut crate::database::Revisions::new(self.inner.writer.clock().now());
        if let Ok(revision) = registry.read::<DocumentRevision>(document, revisions).await {
            draft.owner = Some(revision.owner);
        }
        let recorded = self.inner.writer.system(draft, move |change| {
            let registry = registry.clone();
            Box::pin(async move {
                let (_, mut revision) =
                    registry.current::<DocumentRevision>(change, document).await?;
                revision.quarantined = true;
                let head = registry.write(change, &revision).await?;
                project(change.sql(), &revision, head.number).await
            })
        });
        metrics::counter!("greffe_integrity_failures_total").increment(1);
        match recorded.await {
            Ok(_) => tracing::error!(%document, %version, "bytes contradict their record"),
            Err(error) => tracing::error!(%document, %version, %error, "could not quarantine"),
        }
    }
}
