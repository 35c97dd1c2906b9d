//! Parties, people, roles, conflicts: authority, as revisions.

use crate::{
    audit,
    database::{self, Subject},
    vault,
};

mod revision;
mod text;
mod network;
mod file;
mod import;
mod names;
mod registry;
mod root;
mod authority;
mod apply;

#[cfg(test)]
pub(crate) mod tests;

pub use apply::Application;
pub use authority::Authority;
pub(crate) use authority::{facts, person_of, self_of};
pub use file::{
    Difference, FileConflict, FileParty, FilePerson, MissionFile, Problem, Problems, differences,
};
pub use import::{Import, Setting};
pub use names::Named;
pub use network::{NotAPrefix, Prefix, network_of};
pub use registry::{Capacity, Past, Registry, joined};
pub use revision::{
    Conflict, CopyEntry, Credential, CredentialKind, DocumentKind, DocumentRevision, FORMAT, Grant,
    Grantee, LONGEST_BYTES, LocationEntry, MOST_CREDENTIALS, MOST_GRANTS, MOST_STANDING_GRANTS,
    MissionRevision, MoveEntry, MoveScope, Network, PartyEntry, PartyKind, PartyRevision,
    PersonEntry, PersonRevision, Placement, Protection, Recipient, Revision, Role, RoleHeld,
    Sensitivity, Stage, StandingGrant, TagKey, Unknown, VersionEntry, Words,
};
pub use root::{AuthorityRoot, Scanned};
pub use text::{NotPlain, is_invisible, plain};

/// What went wrong with authority.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database did not answer, or contradicts what was seen before.
    #[error("could not read who may what")]
    Database(#[from] database::Error),
    /// There is no such subject.
    #[error("there is no subject {0}")]
    Missing(Subject),
    /// There is one already.
    #[error("there is a subject {0} already")]
    Exists(Subject),
    /// A revision is not what this service wrote: its bytes, code or entry do not fit.
    #[error("the revision of {0} was not written by this service: someone wrote behind its back")]
    Forged(Subject),
    /// A revision was written by this service, yet its bytes do not read.
    #[error("the revision of {subject} cannot be read")]
    Unreadable {
        /// Whose.
        subject: Subject,
        /// Why not.
        #[source]
        cause: serde_json::Error,
    },
    /// Heads were changed, added or taken away without an entry in the log.
    #[error("the heads in the database are not those that the kept root and the log give")]
    RootDiffers,
    /// It cannot be done, and what to do instead.
    #[error("{0}")]
    Refused(String),
    /// The right is over another party, or over none.
    #[error("the right is not one over this party")]
    NotTheirs,
    /// The keys of a party or person are not to be had.
    #[error("could not use the keys of a party or person")]
    Keys(#[source] vault::keyset::Error),
    /// The change was not recorded, so not made.
    #[error("the change could not be recorded")]
    Audit(#[source] audit::Error),
    /// A revision would be longer than one may be.
    #[error(
        "{subject} would take {bytes} bytes, more than {LONGEST_BYTES}: take away what is no longer needed"
    )]
    TooLong {
        /// Whose.
        subject: Subject,
        /// How long it would be.
        bytes: usize,
    },
}

impl From<sqlx::Error> for Error {
    fn from(cause: sqlx::Error) -> Self {
        Self::Database(cause.into())
    }
}

impl From<audit::Error> for Error {
    /// What a change failed with, where it is an error of this room.
    fn from(error: audit::Error) -> Self {
        match error {
            audit::Error::Work(cause) => match cause.downcast::<Self>() {
                Ok(own) => *own,
                Err(cause) => Self::Audit(audit::Error::Work(cause)),
            },
            error => Self::Audit(error),
        }
    }
}
