//! A person's revision: employer, credentials, sealed name and address.

use serde::{Deserialize, Serialize};

use crate::{
    database::{Kind, Subject},
    id::{CredentialId, PartyId, PersonId},
    mission::revision::{FORMAT, Revision},
    time::Instant,
};

/// Most live credentials of one person.
pub const MOST_CREDENTIALS: usize = 32;

/// A person: employer, credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonRevision {
    /// Format version: 1.
    pub v: u8,
    /// Who.
    pub person: PersonId,
    /// Whose employee.
    pub employer: PartyId,
    /// Whether they may no longer act.
    pub disabled: bool,
    /// Whether they were erased: name, address and keys are gone, or go at the next start.
    pub erased: bool,
    /// Raised to end every session at once.
    pub generation: u32,
    /// At most [`MOST_CREDENTIALS`].
    pub credentials: Vec<Credential>,
    /// The number of the revision as which name and address were sealed.
    pub named_in: u64,
    /// Base64 of the name, sealed under the person's key; empty if there is none.
    pub name_sealed: String,
    /// Base64 of the address, sealed under the person's key; empty if there is none.
    pub address_sealed: String,
}

/// A live credential. What is not listed here does not authenticate, whatever the tables say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// Which.
    pub id: CredentialId,
    /// What it is.
    pub kind: CredentialKind,
    /// The one capacity in which it acts.
    pub capacity: PartyId,
    /// When it ends.
    pub expires_at: Instant,
    /// The generation of sessions in which it was issued.
    pub generation: u32,
    /// How its person calls it.
    pub label: String,
    /// When it was issued.
    pub issued_at: Instant,
    /// For a certificate, SHA-256 of its DER in hex; else empty.
    pub certificate: String,
}

/// How a person may authenticate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialKind {
    /// An opaque bearer token.
    Token,
    /// A TLS client certificate, by the SHA-256 of its DER.
    Certificate,
    /// A single-use sign-in link for the command line.
    Link,
}

impl Revision for PersonRevision {
    const KIND: Kind = Kind::Person;

    fn subject(&self) -> Subject {
        self.person.into()
    }

    fn format(&self) -> u8 {
        self.v
    }

    fn credentials(&self) -> Option<Vec<CredentialId>> {
        Some(self.credentials.iter().map(|credential| credential.id).collect())
    }
}

impl PersonRevision {
    /// Someone without credentials, whose name is not known.
    #[must_use]
    pub fn new(person: PersonId, employer: PartyId) -> Self {
        Self {
            v: FORMAT,
            person,
            employer,
            disabled: false,
            erased: false,
            generation: 0,
            credentials: Vec::new(),
            named_in: 0,
            name_sealed: String::new(),
            address_sealed: String::new(),
        }
    }

    /// The credential `id`, if it is listed.
    #[must_use]
    pub fn credential(&self, id: CredentialId) -> Option<&Credential> {
        self.credentials.iter().find(|credential| credential.id == id)
    }
}
