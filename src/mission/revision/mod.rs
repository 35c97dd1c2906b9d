//! The four kinds of revision, as the bytes that are stored: JSON in a fixed field order, with a
//! format version.
//!
//! A revision is never serialised again: its digest and its MAC are over the stored bytes.

mod mission;
mod party;
mod person;
mod grant;
mod document;
mod placement;

use serde::{Deserialize, Serialize};

use crate::{
    database::{Kind, Subject},
    id::{CredentialId, PersonId},
};

pub use document::{CopyEntry, DocumentRevision, Protection, Sensitivity, Stage, VersionEntry};
pub use grant::{Grant, Grantee, MOST_GRANTS, MOST_STANDING_GRANTS, StandingGrant};
pub use mission::{
    Conflict, DocumentKind, LocationEntry, MissionRevision, MoveEntry, MoveScope, PartyEntry,
    PartyKind, PersonEntry,
};
pub use party::{Network, PartyRevision, Recipient, Role, RoleHeld, TagKey};
pub use person::{Credential, CredentialKind, MOST_CREDENTIALS, PersonRevision};
pub use placement::{Placement, Unknown};

/// The format version of revisions.
pub const FORMAT: u8 = 1;
/// Longest a revision may be, in bytes.
pub const LONGEST_BYTES: usize = 256 * 1024;

/// What a revision is about, and how its bytes are read.
pub trait Revision: Serialize + for<'de> Deserialize<'de> + Send + Sync + 'static {
    /// The kind of subject.
    const KIND: Kind;

    /// Whose revision it is.
    fn subject(&self) -> Subject;

    /// The version of its format: [`FORMAT`] is the one that is read and written.
    fn format(&self) -> u8;

    /// Whoever holds a role in it, each once; `None` for what is no party.
    fn members(&self) -> Option<Vec<PersonId>> {
        None
    }

    /// The credentials that it lists; `None` for what is no person.
    fn credentials(&self) -> Option<Vec<CredentialId>> {
        None
    }
}

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// French.
    pub fr: String,
    /// English.
    pub en: String,
}
