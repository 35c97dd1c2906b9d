//! Grants: on a document, or standing on whatever matches.

use serde::{Deserialize, Serialize};

use crate::{
    id::{GrantId, PartyId, PersonId},
    mission::revision::{Role, Sensitivity},
    time::Instant,
};

/// Most grants on one document.
pub const MOST_GRANTS: usize = 500;
/// Most standing grants of one party.
pub const MOST_STANDING_GRANTS: usize = 1_000;

/// A permission that the owner gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Which.
    pub id: GrantId,
    /// To whom.
    pub to: Grantee,
    /// Until when; without end if none.
    pub until: Option<Instant>,
    /// Base64 of the purpose, sealed under the document's key (the party's for a standing grant);
    /// empty if none.
    pub purpose_sealed: String,
    /// When it was given.
    pub given_at: Instant,
    /// By whom.
    pub given_by: PersonId,
}

/// To whom a grant is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grantee {
    /// Everyone who acts for a party.
    Party(PartyId),
    /// One person, in whatever capacity.
    Person(PersonId),
    /// Whoever holds a role in a party.
    Role(PartyId, Role),
}

/// A grant on whatever matches, present and future.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandingGrant {
    /// The grant.
    pub grant: Grant,
    /// Only this kind; any if none.
    pub kind: Option<String>,
    /// Only of this workstream; any if none.
    pub workstream: Option<PartyId>,
    /// Only up to this sensitivity.
    pub sensitivity: Sensitivity,
}
