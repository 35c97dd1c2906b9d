//! What an act is asked about.

use crate::id::{DocumentId, PartyId, PersonId};

/// What an act is asked about, and how the caller named it.
#[derive(Clone, Debug)]
pub struct Resource {
    pub(super) what: What,
    /// In the caller's words, for what a refused caller may see.
    pub(super) named: String,
    /// The reference that its revision must bear: by it a row, which SQL can change, led to the document.
    pub(super) reference: Option<String>,
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
    fn of(what: What, named: String) -> Self {
        Self { what, named, reference: None }
    }

    /// A document; one that was found by `reference` only if its revision bears that.
    #[must_use]
    pub fn document(id: DocumentId, reference: Option<String>) -> Self {
        Self { reference, ..id.into() }
    }

    /// A document that `owner` would create for `workstream`.
    #[must_use]
    pub fn new_document(owner: PartyId, workstream: PartyId) -> Self {
        Self::of(What::NewDocument { owner, workstream }, owner.to_string())
    }

    /// The service's technical settings.
    #[must_use]
    pub fn service() -> Self {
        Self::of(What::Service, "service".into())
    }

    /// This resource, as the caller named it: a reference, a handle.
    #[must_use]
    pub fn called(self, named: &str) -> Self {
        Self { named: named.chars().take(200).collect(), ..self }
    }
}

impl From<DocumentId> for Resource {
    fn from(id: DocumentId) -> Self {
        Self::of(What::Document(id), id.to_string())
    }
}

impl From<PartyId> for Resource {
    fn from(id: PartyId) -> Self {
        Self::of(What::Party(id), id.to_string())
    }
}

impl From<PersonId> for Resource {
    fn from(id: PersonId) -> Self {
        Self::of(What::Person(id), id.to_string())
    }
}
