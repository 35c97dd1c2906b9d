//! One document's evidence is put together: its revision, its sealed objects, their copies, its destruction.

use std::collections::BTreeSet;

use crate::{
    audit::{
        Audit,
        tree::{Attested, Found, Tree},
    },
    database::Subject,
    documents::{
        Documents, Error, Place, VersionRecord,
        openers::{PLACES_CAN, holders},
        residency::{
            Created, Destruction, Entered, Made, Residency, Rested, Sealed, Sight,
            erased::Erasures,
            fault::Fault,
            stood::{Look, Stood},
        },
    },
    id::DocumentId,
    mission::{DocumentRevision, MissionRevision, Past, Stage, VersionEntry},
    policy::Permit,
    time::Instant,
};

impl Sight {
    fn document(&self) -> Option<DocumentId> {
        let document = match self {
            Self::Knows(permit) => permit.document(),
            Self::Audits(permit) => permit.document(),
        };
        document.map(|document| document.document)
    }
}

impl Documents {
    /// Where a document rested at an instant, as `tree` bears it out.
    ///
    /// # Errors
    ///
    /// Only if something cannot be read: what contradicts is in the answer.
    pub async fn residency(
        &self,
        sight: &Sight,
        tree: &Tree,
        at: Instant,
    ) -> Result<Residency, Error> {
        let document = sight.document().ok_or(Error::NoVersion)?;
        let look = Look { documents: self, tree, at };
        look.residency(&[document], Vec::new(), None).await
    }

    /// Where the documents of a page rested at an instant, as `tree` bears it out.
    ///
    /// # Errors
    ///
    /// Only if something cannot be read: what contradicts is in the answer.
    pub async fn residency_of(
        &self,
        _permit: &Permit<Audit>,
        tree: &Tree,
        at: Instant,
        page: Created,
    ) -> Result<Residency, Error> {
        let look = Look { documents: self, tree, at };
        let documents: Vec<_> = page.documents.iter().map(|(document, _)| *document).collect();
        look.residency(&documents, page.found, page.next).await
    }
}

impl Look<'_> {
    async fn residency(
        &self,
        documents: &[DocumentId],
        mut found: Vec<Found>,
        next: Option<i64>,
    ) -> Result<Residency, Error> {
        let stood = Fault::noted(self.stood::<MissionRevision>(Subject::MISSION).await, &mut found);
        let (mission, made) = match stood? {
            Some(Stood::At(past, made)) => (Some(past.revision), Some(made)),
            Some(Stood::NotYet(..)) | None => (None, None),
        };
        let mut rested = Vec::with_capacity(documents.len());
        for document in documents {
            rested.push(self.rested(*document, mission.as_ref()).await?);
        }
        let copies = rested.iter().flat_map(|one| &one.versions).flat_map(|one| &one.copies);
        let named: BTreeSet<_> = copies.map(|copy| copy.location.clone()).collect();
        let facts = |id: &str| {
            let mut known = mission.iter().flat_map(|mission| &mission.locations);
            known.find(|known| known.id == id).map(|known| known.facts.clone())
        };
        let place = |location: String| Place { facts: facts(&location), location, can: PLACES_CAN };
        let places = named.into_iter().map(place).collect();
        Ok(Residency { at: self.at, mission: made, places, documents: rested, next, found })
    }

    async fn rested(
        &self,
        document: DocumentId,
        mission: Option<&MissionRevision>,
    ) -> Result<Rested, Error> {
        let mut rested = Rested { document: Some(document), ..Rested::default() };
        let outcome = self.fill(&mut rested, mission).await;
        Fault::noted(outcome, &mut rested.found)?;
        Ok(rested)
    }

    async fn fill(
        &self,
        rested: &mut Rested,
        mission: Option<&MissionRevision>,
    ) -> Result<(), Fault> {
        let document = rested.document.ok_or(Error::NoVersion)?;
        let (past, made) = match self.stood::<DocumentRevision>(document.into()).await? {
            Stood::At(past, made) => (past, made),
            Stood::NotYet(first, made) => {
                rested.name(&first.revision, mission);
                rested.created = Some(made);
                return Ok(());
            }
        };
        rested.name(&past.revision, mission);
        rested.revision = Some(made);
        rested.created = Some(self.numbered::<DocumentRevision>(document.into(), 1).await?.1);
        rested.stage = Some(past.revision.stage);
        rested.protection = Some(past.revision.protection);
        rested.quarantined = past.revision.quarantined;
        rested.destruction = self.destruction(&past).await?;
        let moved = past.revision.versions.iter().any(|version| !version.moved.is_empty());
        let erasures = match moved || rested.destruction.is_some() {
            true => Fault::noted(self.erasures(document).await, &mut rested.found)?,
            false => None,
        };
        let erasures = erasures.unwrap_or_default();
        if rested.destruction.is_none_or(|destruction| destruction.done.is_none()) {
            let held = mission.map(|mission| holders(past.revision.protection, mission));
            rested.holders = held.unwrap_or_default();
        }
        for entry in &past.revision.versions {
            let sealed = self.sealed(&past, entry, &erasures).await;
            let sealed = Fault::noted(sealed, &mut rested.found)?;
            rested.versions.extend(sealed);
        }
        Ok(())
    }

    async fn sealed(
        &self,
        past: &Past<DocumentRevision>,
        entry: &VersionEntry,
        erasures: &Erasures,
    ) -> Result<Sealed, Fault> {
        let deposit = self.attested(entry.entry).await?;
        let record = self.record(&past.revision, entry, &deposit).await?;
        let deposited = Entered::from(&deposit);
        let copies = self.copies(past, entry, &record, deposited, erasures).await?;
        let (number, version) = (entry.number, entry.version);
        let VersionRecord { sealed_len, sealed_sha256, .. } = record;
        Ok(Sealed { version, number, sealed_len, sealed_sha256, deposited, copies })
    }

    /// The version record as its deposit's entry states it; once that has run out, the row that has the digest.
    async fn record(
        &self,
        document: &DocumentRevision,
        entry: &VersionEntry,
        deposit: &Attested,
    ) -> Result<VersionRecord, Fault> {
        let named = || format!("{} v{}", document.reference, entry.number);
        let Some(facts) = deposit.facts() else {
            let row = self.documents.catalogued(document.document, entry).await;
            return match row {
                Ok(row) => Ok(VersionRecord::clone(&row.record)),
                Err(Error::Integrity(_)) => Err(Fault::found("found-record", named())),
                Err(error) => Err(error.into()),
            };
        };
        let stated = facts.get("record").cloned().unwrap_or_default();
        let stated = serde_json::from_value::<VersionRecord>(stated).ok();
        let stated = stated.filter(|record| {
            VersionRecord::read(&record.to_text(), &entry.record).is_some()
                && record.document == document.document
                && record.version == entry.version
        });
        stated.ok_or_else(|| Fault::found("found-record", named()))
    }

    async fn destruction(
        &self,
        past: &Past<DocumentRevision>,
    ) -> Result<Option<Destruction>, Fault> {
        if past.revision.is_kept() {
            return Ok(None);
        }
        let (subject, number) = (past.head.subject, past.head.number);
        let begun = |revision: &DocumentRevision| !revision.is_kept();
        let begun = self.first(subject, number, begun).await?.entered;
        if past.revision.stage != Stage::Shredded {
            return Ok(Some(Destruction { begun, done: None }));
        }
        let done = |revision: &DocumentRevision| revision.stage == Stage::Shredded;
        let Made { entered, .. } = self.first(subject, number, done).await?;
        Ok(Some(Destruction { begun, done: Some(entered) }))
    }
}

impl Rested {
    fn name(&mut self, revision: &DocumentRevision, mission: Option<&MissionRevision>) {
        self.reference.clone_from(&revision.reference);
        let owner = mission.and_then(|mission| mission.party(revision.owner));
        self.owner = owner.map_or_else(|| revision.owner.to_string(), |owner| owner.handle.clone());
    }
}
