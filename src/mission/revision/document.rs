//! A document's revision: owner, kind, stage, grants, versions.

use serde::{Deserialize, Serialize};

use crate::{
    database::{Kind, Subject},
    id::{DocumentId, EntryId, PartyId, PersonId, VersionId},
    mission::revision::{Grant, Revision},
    storage::Name,
    time::Instant,
};

/// A document: whose, of what kind and stage, granted to whom, at which version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentRevision {
    /// Format version: 1.
    pub v: u8,
    /// Which.
    pub document: DocumentId,
    /// Whose.
    pub owner: PartyId,
    /// For which workstream.
    pub workstream: PartyId,
    /// E.g. `diagnostic`.
    pub kind: String,
    /// Speakable and meaningless, e.g. `K3T-7KQ4-2M`.
    pub reference: String,
    /// Who can technically open it.
    pub protection: Protection,
    /// How far disclosure would harm.
    pub sensitivity: Sensitivity,
    /// Where it is in its life.
    pub stage: Stage,
    /// Ids of the locations where its bytes rest.
    pub locations: Vec<String>,
    /// SHA-256, in hex, of the sealed title.
    pub title: String,
    /// At most `MOST_GRANTS`.
    pub grants: Vec<Grant>,
    /// Whether it may not be destroyed.
    pub hold: bool,
    /// Whether its bytes contradicted its record.
    pub quarantined: bool,
    /// Its versions, oldest first: the latest is the last.
    pub versions: Vec<VersionEntry>,
    /// Who created it.
    pub created_by: PersonId,
    /// When.
    pub created_at: Instant,
    /// The first of two who ask for its destruction.
    pub shred_asked_by: Option<PersonId>,
}

/// A version, as its document's revision names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionEntry {
    /// Which.
    pub version: VersionId,
    /// Counted from 1.
    pub number: i64,
    /// The entry of its deposit, which holds its record.
    pub entry: EntryId,
    /// SHA-256, in hex, of its record's bytes.
    pub record: String,
    /// Where its copies rest, if that is no longer where its record says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<CopyEntry>,
}

/// A copy of a version: its sealed object at one location.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopyEntry {
    /// The location's id.
    pub location: String,
    /// The object's name there; the sealed record stands beside it.
    pub object: Name,
}

/// How far a document's disclosure would harm, in order.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Sensitivity {
    /// Little.
    Ordinary,
    /// Enough to be confided only.
    #[default]
    Confidential,
    /// A business secret in the law's sense.
    BusinessSecret,
}

/// Who can technically open a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protection {
    /// Sealed by the service, which can open it.
    #[default]
    Managed,
    /// Sealed by the depositor: the content is an `.age` file.
    EndToEnd,
}

/// Where a document is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Created, without content.
    Empty,
    /// Being worked on.
    Working,
    /// Finalised.
    Final,
    /// Being destroyed: nothing reads it.
    Shredding,
    /// Destroyed.
    Shredded,
}

impl Revision for DocumentRevision {
    const KIND: Kind = Kind::Document;

    fn subject(&self) -> Subject {
        self.document.into()
    }

    fn format(&self) -> u8 {
        self.v
    }
}

impl DocumentRevision {
    /// The latest version, if any was deposited.
    #[must_use]
    pub fn latest(&self) -> Option<&VersionEntry> {
        self.versions.last()
    }

    /// Whether its content is kept: it is neither destroyed nor being destroyed.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        !matches!(self.stage, Stage::Shredding | Stage::Shredded)
    }
}
