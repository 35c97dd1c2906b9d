//! Parties, people, roles, conflicts: authority, as revisions.

mod revision;
mod text;
mod network;
mod file;

pub use file::{
    Difference, FileConflict, FileParty, FilePerson, MissionFile, Problem, Problems, differences,
};
pub use network::{NotAPrefix, Prefix, network_of};
pub use revision::{
    Conflict, Credential, CredentialKind, DocumentKind, DocumentRevision, FORMAT, Grant, Grantee,
    LONGEST_BYTES, LocationEntry, MOST_CREDENTIALS, MOST_GRANTS, MOST_STANDING_GRANTS,
    MissionRevision, Network, PartyEntry, PartyKind, PartyRevision, PersonEntry, PersonRevision,
    Placement, Protection, Recipient, Revision, Role, RoleHeld, Sensitivity, Stage, StandingGrant,
    TagKey, Unknown, VersionEntry, Words,
};
pub use text::{NotPlain, plain};
