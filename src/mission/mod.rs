//! Parties, people, roles, conflicts: authority, as revisions.

mod revision;

pub use revision::{
    Conflict, Credential, CredentialKind, DocumentKind, DocumentRevision, Grant, Grantee,
    LONGEST_BYTES, LocationEntry, MOST_CREDENTIALS, MOST_GRANTS, MOST_STANDING_GRANTS,
    MissionRevision, Network, PartyEntry, PartyKind, PartyRevision, PersonEntry, PersonRevision,
    Placement, Protection, Recipient, Revision, Role, RoleHeld, Sensitivity, Stage, StandingGrant,
    TagKey, Unknown, VersionEntry, Words,
};
