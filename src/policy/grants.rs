//! Which grant of the owner reaches a caller.

use crate::{
    id::{GrantId, PartyId, PersonId},
    mission::{DocumentRevision, Grant, Grantee, PartyRevision, Role, StandingGrant},
    policy::names::role_word,
    time::Instant,
};

/// A grant on which a decision leans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reach {
    pub(super) grant: GrantId,
    /// Until when; without end if none.
    pub(super) until: Option<Instant>,
}

/// Who is asked about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Who<'a> {
    pub(super) person: PersonId,
    pub(super) acting: PartyId,
    pub(super) roles: &'a [Role],
}

/// The grant that reaches `who` for the longest time, on the document or standing.
pub(super) fn reaching(
    who: Who<'_>,
    document: &DocumentRevision,
    owner: &PartyRevision,
    now: Instant,
) -> Option<Reach> {
    if who.roles.is_empty() {
        return None;
    }
    let standing = owner.standing.iter().filter(|standing| covers(standing, document));
    let grants = document.grants.iter().chain(standing.map(|standing| &standing.grant));
    grants
        .filter(|grant| lasts(grant, now) && names(grant.to, who))
        .map(|grant| Reach { grant: grant.id, until: grant.until })
        .max_by_key(|reach| reach.until.map_or(i64::MAX, |until| until.0))
}

/// Whether a standing grant covers `document`.
pub(super) fn covers(standing: &StandingGrant, document: &DocumentRevision) -> bool {
    standing.kind.as_ref().is_none_or(|kind| *kind == document.kind)
        && standing.workstream.is_none_or(|workstream| workstream == document.workstream)
        && document.sensitivity <= standing.sensitivity
}

/// Whether a grant has not ended at `now`: it ends *at* its `until`.
pub(super) fn lasts(grant: &Grant, now: Instant) -> bool {
    grant.until.is_none_or(|until| now < until)
}

fn names(to: Grantee, who: Who<'_>) -> bool {
    match to {
        Grantee::Party(party) => party == who.acting,
        Grantee::Person(person) => person == who.person,
        Grantee::Role(party, role) => party == who.acting && who.roles.contains(&role),
    }
}

/// A grantee as the projections of grants write it: `party:ID`, `person:ID`, `role:ID:ROLE`.
#[must_use]
pub fn grantee_key(to: Grantee) -> String {
    match to {
        Grantee::Party(party) => format!("party:{party}"),
        Grantee::Person(person) => format!("person:{person}"),
        Grantee::Role(party, role) => format!("role:{party}:{}", role_word(role)),
    }
}
