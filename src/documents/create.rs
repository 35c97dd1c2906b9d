//! A document is created empty: owner, workstream, kind, title.

use serde::Serialize;

use crate::{
    audit::Deposit,
    documents::{Documents, Error, reference, texts, unwrapped},
    id::{DocumentId, EntryId, PartyId},
    mission::{DocumentRevision, PartyKind, Protection, Sensitivity, Stage},
    policy::Permit,
};

/// What a new document is.
#[derive(Clone, Debug)]
pub struct New {
    /// Whose.
    pub owner: PartyId,
    /// For which workstream.
    pub workstream: PartyId,
    /// E.g. `diagnostic`.
    pub kind: String,
    /// Its title, sealed at once.
    pub title: String,
    /// How far disclosure would harm.
    pub sensitivity: Sensitivity,
    /// Who can technically open it.
    pub protection: Protection,
}

/// A document that was created.
#[derive(Clone, Debug, Serialize)]
pub struct Created {
    /// Its id.
    pub id: DocumentId,
    /// Its reference.
    pub reference: String,
    /// The entry of its creation.
    pub entry: EntryId,
}

impl Documents {
    /// Creates a document without content; it is seen by its own party, and swept after a day if nothing is deposited.
    ///
    /// # Errors
    ///
    /// [`Error::Unusable`] for a title, kind or workstream that cannot be taken; then nothing is left.
    pub async fn create(&self, permit: Permit<Deposit>, new: New) -> Result<Created, Error> {
        texts::check_title(&new.title)?;
        self.check_kind(&new).await?;
        let document = DocumentId::random();
        let reference = reference::draw();
        self.inner.keyset.add_document(new.owner, document).await?;
        let made = self.insert(permit, document, &reference, new).await;
        if made.is_err() {
            self.forget(document).await;
        }
        Ok(Created { id: document, reference, entry: made? })
    }

    async fn check_kind(&self, new: &New) -> Result<(), Error> {
        let now = self.inner.writer.clock().now();
        let mission =
            self.inner.registry.mission(&mut crate::database::Revisions::new(now)).await?;
        let workstream = mission.party(new.workstream);
        if !workstream.is_some_and(|party| party.kind == PartyKind::Workstream) {
            return Err(Error::Unusable("the mission has no such workstream"));
        }
        if !mission.kinds.iter().any(|kind| kind.id == new.kind) {
            return Err(Error::Unusable("the mission has no such kind of document"));
        }
        Ok(())
    }

    async fn insert(
        &self,
        permit: Permit<Deposit>,
        document: DocumentId,
        reference: &str,
        new: New,
    ) -> Result<EntryId, Error> {
        let (title_sealed, title) = self.seal_title(document, &new.title).await?;
        let revision = DocumentRevision {
            v: 1,
            document,
            owner: new.owner,
            workstream: new.workstream,
            kind: new.kind,
            reference: reference.to_owned(),
            protection: new.protection,
            sensitivity: new.sensitivity,
            stage: Stage::Empty,
            locations: Vec::new(),
            title,
            grants: Vec::new(),
            hold: false,
            quarantined: false,
            versions: Vec::new(),
            created_by: permit.actor().person,
            created_at: self.inner.writer.clock().now(),
            shred_asked_by: None,
        };
        let (registry, generation) = (self.inner.registry.clone(), self.inner.keyset.generation());
        let changed = self.inner.writer.change(permit, move |change| {
            let (registry, mut revision) = (registry.clone(), revision.clone());
            let title_sealed = title_sealed.clone();
            Box::pin(async move {
                revision.created_at = change.now;
                change.detail("step", "create");
                change.detail("creates", document);
                change.detail("reference", &revision.reference);
                registry.create(change, &revision).await?;
                super::sweep::record_generation(change.sql(), generation).await?;
                sqlx::query(
                    "insert into document (id, number, owner, workstream, kind, sensitivity, \
                     stage, reference, created_at, title_sealed) \
                     values ($1, 1, $2, $3, $4, $5, 'empty', $6, $7, $8)",
                )
                .bind(document.as_bytes().to_vec())
                .bind(revision.owner.as_bytes().to_vec())
                .bind(revision.workstream.as_bytes().to_vec())
                .bind(revision.kind.clone())
                .bind(revision.sensitivity as i64)
                .bind(revision.reference.clone())
                .bind(revision.created_at.0)
                .bind(title_sealed)
                .execute(change.sql())
                .await?;
                Ok(())
            })
        });
        Ok(changed.await.map_err(unwrapped)?.1)
    }
}
