//! What a caller names: ids, before anything is read.

use std::fmt;

use crate::id::{DocumentId, PartyId, PersonId};

/// What an act is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum About {
    /// A document; a new version of it, if the act is a deposit.
    Document(DocumentId),
    /// A document that does not exist yet: only a deposit asks about one.
    NewDocument {
        /// Whose it would be.
        owner: PartyId,
        /// For which workstream.
        workstream: PartyId,
    },
    /// A company, a workstream, or the mission as a party.
    Party(PartyId),
    /// The mission.
    Mission,
    /// A person; oneself among them.
    Person(PersonId),
    /// The service's technical settings.
    Service,
}

impl From<DocumentId> for About {
    fn from(document: DocumentId) -> Self {
        Self::Document(document)
    }
}

impl From<PartyId> for About {
    fn from(party: PartyId) -> Self {
        Self::Party(party)
    }
}

impl From<PersonId> for About {
    fn from(person: PersonId) -> Self {
        Self::Person(person)
    }
}

/// As the caller of a refused act may see it again.
impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document(document) => write!(f, "document {document}"),
            Self::NewDocument { owner, workstream } => {
                write!(f, "new document of {owner} for {workstream}")
            }
            Self::Party(party) => write!(f, "party {party}"),
            Self::Mission => f.write_str("mission"),
            Self::Person(person) => write!(f, "person {person}"),
            Self::Service => f.write_str("service"),
        }
    }
}
