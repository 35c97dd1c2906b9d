//! What an act is asked about.

use crate::id::{DocumentId, PartyId, PersonId};

/// What an act is asked about, and how the caller named it.
#[derive(Clone, Debug)]
pub struct Resource {
    pub(super) what: What,
    /// In the caller's words, for what a refused caller may see.
    pub(super) named: String,
}

/// Kinds of resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Document(DocumentId),
    NewDocument { owner: PartyId, workstream: PartyId },
    Party(PartyId),
    Person(PersonId),
    Service,
}

impl Resource {
    /// A document that `owner` would create for `workstream`.
    #[must_use]
    pub fn new_document(owner: PartyId, workstream: PartyId) -> Self {
        Self { what: What::NewDocument { owner, workstream }, named: owner.to_string() }
    }

    /// The service's technical settings.
    #[must_use]
    pub fn service() -> Self {
        Self { what: What::Service, named: "service".into() }
    }

    /// This resource, as the caller named it: a reference, a handle.
    #[must_use]
    pub fn called(self, named: &str) -> Self {
        Self { named: named.chars().take(200).collect(), ..self }
    }
}

impl From<DocumentId> for Resource {
    fn from(id: DocumentId) -> Self {
        Self { what: What::Document(id), named: id.to_string() }
    }
}

impl From<PartyId> for Resource {
    fn from(id: PartyId) -> Self {
        Self { what: What::Party(id), named: id.to_string() }
    }
}

impl From<PersonId> for Resource {
    fn from(id: PersonId) -> Self {
        Self { what: What::Person(id), named: id.to_string() }
    }
}
