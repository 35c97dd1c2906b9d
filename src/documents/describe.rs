//! What may be said of a document to whom it may be discovered by.

use std::sync::Arc;

use serde::Serialize;
use sqlx::Row as _;

use crate::{
    audit::{Discover, Read},
    database::{self, Revisions},
    documents::{Documents, Error, VersionRecord},
    id::{DocumentId, EntryId, GrantId, PartyId, PersonId, VersionId},
    mission::{
        CopyEntry, DocumentRevision, Grant, Grantee, MissionRevision, PartyRevision, Protection,
        Role, Sensitivity, Stage, VersionEntry,
    },
    policy::Permit,
    time::Instant,
};

/// One version, as it is read.
#[derive(Clone, Debug)]
pub struct Content {
    /// Which version; also its entity tag.
    pub version: VersionId,
    /// Counted from 1.
    pub number: i64,
    /// Bytes of plaintext.
    pub size: u64,
    /// As declared by the depositor.
    pub media_type: String,
    /// The document's title; nothing if it cannot be opened.
    pub title: String,
    /// The document's reference.
    pub reference: String,
    /// What its deposit recorded.
    pub record: Arc<VersionRecord>,
    /// Where its copies rest, if that is no longer where the record says.
    moved: Vec<CopyEntry>,
}

impl Content {
    /// Where its copies rest.
    #[must_use]
    pub fn copies(&self) -> &[CopyEntry] {
        if self.moved.is_empty() { &self.record.copies } else { &self.moved }
    }
}

/// A document, as its JSON says it.
#[derive(Clone, Debug, Serialize)]
pub struct Description {
    /// Its id.
    pub id: DocumentId,
    /// Its reference.
    pub reference: String,
    /// Its title; nothing once destroyed.
    pub title: Option<String>,
    /// The owner's handle.
    pub owner: String,
    /// The workstream's handle.
    pub workstream: String,
    /// E.g. `diagnostic`.
    pub kind: String,
    /// How far disclosure would harm.
    pub sensitivity: Sensitivity,
    /// Who can technically open it.
    pub protection: Protection,
    /// Where it is in its life.
    pub stage: Stage,
    /// The latest version.
    pub version: Option<VersionId>,
    /// Its number.
    pub number: Option<i64>,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// Where its bytes rest.
    pub locations: Vec<String>,
    /// Whether it may not be destroyed.
    pub hold: bool,
    /// Whether its bytes contradicted their record.
    pub quarantined: bool,
    /// When it was created.
    pub created_at: Instant,
}

/// A version, as its JSON says it.
#[derive(Clone, Debug, Serialize)]
pub struct VersionDescription {
    /// Which.
    pub version: VersionId,
    /// Counted from 1.
    pub number: i64,
    /// Bytes of plaintext.
    pub size: Option<u64>,
    /// As declared.
    pub media_type: String,
    /// The entry of its deposit.
    pub entry: EntryId,
    /// Where its copies rest, and when each was last written or read whole.
    pub copies: Vec<CopyDescription>,
    /// Length of the sealed object.
    pub sealed_size: u64,
    /// SHA-256 of the sealed object, base64url.
    pub sealed_sha256: String,
    /// When it was deposited.
    pub created_at: Instant,
}

/// A copy of a version, as its JSON says it.
#[derive(Clone, Debug, Serialize)]
pub struct CopyDescription {
    /// Where.
    pub location: String,
    /// When it was last written or read whole and found right; nothing if nobody knows.
    pub scrubbed_at: Option<Instant>,
}

/// A grant, as its JSON says it.
#[derive(Clone, Debug, Serialize)]
pub struct GrantDescription {
    /// Which.
    pub id: GrantId,
    /// To whom: `company:ID`, `person:SLUG` or `role:HANDLE:ROLE`.
    pub to: String,
    /// Until when.
    pub until: Option<Instant>,
    /// What for.
    pub purpose: Option<String>,
    /// When it was given.
    pub given_at: Instant,
}

impl Documents {
    /// The version that is to be read: the latest, or the one named.
    ///
    /// # Errors
    ///
    /// [`Error::NoVersion`] if there is none; [`Error::Integrity`] if its record is not the one that the revision names.
    pub async fn content(
        &self,
        permit: &Permit<Read>,
        version: Option<VersionId>,
    ) -> Result<Content, Error> {
        let document = permit.document().ok_or(Error::NoVersion)?;
        self.content_of(document, version).await
    }

    pub(super) async fn content_of(
        &self,
        document: &DocumentRevision,
        version: Option<VersionId>,
    ) -> Result<Content, Error> {
        let entry = match version {
            None => document.latest(),
            Some(version) => document.versions.iter().find(|entry| entry.version == version),
        };
        let entry = entry.ok_or(Error::NoVersion)?;
        let row = self.catalogued(document.document, entry).await?;
        let (record, sealed) = (Arc::clone(&row.record), &row.media_type_sealed);
        let title = self.title_of(document).await?.unwrap_or_default();
        let media_type = self.open_media_type(document.document, entry.version, sealed).await?;
        let size = record.size().ok_or(Error::Integrity(entry.version))?;
        let (version, number) = (entry.version, entry.number);
        let reference = document.reference.clone();
        let moved = entry.moved.clone();
        Ok(Content { version, number, size, media_type, title, reference, record, moved })
    }

    /// The document's description.
    ///
    /// # Errors
    ///
    /// A failure of catalogue or key set.
    pub async fn describe(&self, permit: &Permit<Discover>) -> Result<Description, Error> {
        let document = permit.document().ok_or(Error::NoVersion)?;
        let title = self.title_of(document).await?;
        self.described(&*self.mission().await?, document, title).await
    }

    pub(super) async fn mission(&self) -> Result<Arc<MissionRevision>, Error> {
        let now = self.inner.writer.clock().now();
        Ok(self.inner.registry.mission(&mut Revisions::new(now)).await?)
    }

    pub(super) async fn party(&self, party: PartyId) -> Result<Arc<PartyRevision>, Error> {
        let now = self.inner.writer.clock().now();
        Ok(self.inner.registry.read(party, &mut Revisions::new(now)).await?)
    }

    pub(super) async fn described(
        &self,
        mission: &MissionRevision,
        document: &DocumentRevision,
        title: Option<String>,
    ) -> Result<Description, Error> {
        let latest = document.latest();
        let size = match latest {
            Some(entry) => self.catalogued(document.document, entry).await?.record.size(),
            None => None,
        };
        let handle = |party| mission.party(party).map(|party| party.handle.clone());
        Ok(Description {
            id: document.document,
            reference: document.reference.clone(),
            title,
            owner: handle(document.owner).unwrap_or_default(),
            workstream: handle(document.workstream).unwrap_or_default(),
            kind: document.kind.clone(),
            sensitivity: document.sensitivity,
            protection: document.protection,
            stage: document.stage,
            version: latest.map(|entry| entry.version),
            number: latest.map(|entry| entry.number),
            size,
            locations: document.locations.clone(),
            hold: document.hold,
            quarantined: document.quarantined,
            created_at: document.created_at,
        })
    }

    /// Every version, oldest first.
    ///
    /// # Errors
    ///
    /// [`Error::Integrity`] if a record is not the one that the revision names.
    pub async fn versions(
        &self,
        permit: &Permit<Discover>,
    ) -> Result<Vec<VersionDescription>, Error> {
        let document = permit.document().ok_or(Error::NoVersion)?;
        let mut versions = Vec::with_capacity(document.versions.len());
        for entry in &document.versions {
            versions.push(self.version(document, entry).await?);
        }
        Ok(versions)
    }

    async fn version(
        &self,
        document: &DocumentRevision,
        entry: &VersionEntry,
    ) -> Result<VersionDescription, Error> {
        let catalogued = self.catalogued(document.document, entry).await?;
        let record = &catalogued.record;
        let row = sqlx::query("select created_at from version where id = $1")
            .bind(entry.version.as_bytes().to_vec())
            .fetch_one(self.inner.registry.database().pool())
            .await
            .map_err(database::Error::from)?;
        Ok(VersionDescription {
            version: entry.version,
            number: entry.number,
            size: record.size(),
            media_type: self
                .open_media_type(document.document, entry.version, &catalogued.media_type_sealed)
                .await
                .unwrap_or_default(),
            entry: entry.entry,
            copies: self.copies_of(entry.version, record.copies(entry)).await?,
            sealed_size: record.sealed_len,
            sealed_sha256: record.sealed_sha256.clone(),
            created_at: Instant(row.try_get(0).map_err(database::Error::from)?),
        })
    }

    /// A grant in the handles that people use; its purpose opened.
    pub(super) async fn granted(
        &self,
        mission: &MissionRevision,
        document: DocumentId,
        grant: &Grant,
    ) -> Result<GrantDescription, Error> {
        Ok(GrantDescription {
            id: grant.id,
            to: grantee(mission, grant.to),
            until: grant.until,
            purpose: self.open_purpose(document, grant).await?,
            given_at: grant.given_at,
        })
    }
}

/// A grantee as people write it.
pub(super) fn grantee(mission: &MissionRevision, grantee: Grantee) -> String {
    let handle = |party| {
        mission.party(party).map_or_else(|| "unknown".to_owned(), |party| party.handle.clone())
    };
    match grantee {
        Grantee::Party(party) => handle(party),
        Grantee::Person(person) => format!("person:{}", slug(mission, person)),
        Grantee::Role(party, role) => format!("role:{}:{}", handle(party), role_word(role)),
    }
}

pub(super) fn slug(mission: &MissionRevision, person: PersonId) -> String {
    mission.slug_of(person).map_or_else(|| person.to_string(), str::to_owned)
}

fn role_word(role: Role) -> String {
    serde_json::to_value(role)
        .ok()
        .and_then(|word| word.as_str().map(str::to_owned))
        .unwrap_or_default()
}
