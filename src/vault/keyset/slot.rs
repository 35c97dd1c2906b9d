//! What a key is for.

use std::fmt;

use crate::id::{DocumentId, PartyId, PersonId, VersionId};

/// A leaf of the tree, or one version's key in a document's leaf.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Slot {
    /// A document's key and the file keys of its versions.
    Document(DocumentId),
    /// One version's file key.
    Version(DocumentId, VersionId),
    /// A person's key; erasing it erases the person's months too.
    Person(PersonId),
    /// A person's key of one month, e.g. `2026-11`.
    Month(PersonId, String),
    /// A party's key.
    Party(PartyId),
    /// The key for looking up addresses; erasing it makes a new one, under which the caller computes all look-ups anew.
    Address,
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document(id) => write!(f, "document {id}"),
            Self::Version(document, id) => write!(f, "version {id} of document {document}"),
            Self::Person(id) => write!(f, "person {id}"),
            Self::Month(id, month) => write!(f, "month {month} of person {id}"),
            Self::Party(id) => write!(f, "party {id}"),
            Self::Address => write!(f, "look-ups by address"),
        }
    }
}

/// A slot whose entry is not signed yet: sweepers touch these and no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pending {
    /// The document.
    pub document: DocumentId,
    /// The version; none for the document itself.
    pub version: Option<VersionId>,
}

/// Whose tag key is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TagSubject {
    /// A document.
    Document(DocumentId),
    /// An owner or an acting party.
    Party(PartyId),
    /// A person.
    Person(PersonId),
}

impl From<TagSubject> for Slot {
    fn from(subject: TagSubject) -> Self {
        match subject {
            TagSubject::Document(id) => Self::Document(id),
            TagSubject::Party(id) => Self::Party(id),
            TagSubject::Person(id) => Self::Person(id),
        }
    }
}
