//! Who could read a document, and why: finite, since every permit comes from a row.
//!
//! Whoever the baseline permits is named by a row: a role in the owner or in the mission, or a grant. Each of them is
//! decided in each of their capacities. A rule of the owner's text that asks for circumstances (an hour, a network, a
//! certificate, a purpose) makes them a reader on a condition; any other rule decides for good.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
    sync::Arc,
};

use crate::{
    audit::{Act, ActName, Method},
    database::Revisions,
    id::{PartyId, PersonId},
    mission::{DocumentRevision, Grantee, MissionRevision, PartyRevision, PersonRevision},
    policy::{
        Case, Circumstances, Decider, Decision, Error, Permit, Policy, Restriction, Rule, Target,
        grants,
    },
    time::Instant,
};

/// Someone who could read a document, in one capacity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// Who.
    pub person: PersonId,
    /// Acting for which party.
    pub capacity: PartyId,
    /// Why: `@id`s of the baseline, and a grant's id.
    pub grounds: Vec<String>,
    /// Until when, if it is by a grant that ends.
    pub until: Option<Instant>,
    /// Which rules of the owner's text they must satisfy by how they ask; none if they may in any case. For the owner.
    pub conditions: Vec<Rule>,
}

/// What it takes to tell the readers of one document.
#[derive(Clone, Debug)]
pub struct Roll<'a> {
    /// The mission.
    pub mission: &'a MissionRevision,
    /// The document.
    pub document: &'a DocumentRevision,
    /// Its owner.
    pub owner: &'a PartyRevision,
    /// The owner's text, if it has one.
    pub restriction: Option<&'a Restriction>,
    /// Every party in which someone could be a reader: see [`capacities`].
    pub parties: BTreeMap<PartyId, Arc<PartyRevision>>,
    /// Whoever holds a role in one of them.
    pub people: BTreeMap<PersonId, Arc<PersonRevision>>,
}

/// Where a row could make someone a reader.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capacities {
    /// Whoever holds a role in these parties.
    pub parties: BTreeSet<PartyId>,
    /// These people, in whatever capacity.
    pub people: BTreeSet<PersonId>,
}

/// The rows that could permit someone to read `document`: roles in its owner and in the mission, and living grants.
#[must_use]
pub fn capacities(
    mission: &MissionRevision,
    document: &DocumentRevision,
    owner: &PartyRevision,
    now: Instant,
) -> Capacities {
    let parties = BTreeSet::from([owner.party, mission.party]);
    let mut capacities = Capacities { parties, people: BTreeSet::new() };
    let standing = owner.standing.iter().filter(|standing| grants::covers(standing, document));
    let given = document.grants.iter().chain(standing.map(|standing| &standing.grant));
    for grant in given.filter(|grant| grants::lasts(grant, now)) {
        match grant.to {
            Grantee::Party(party) | Grantee::Role(party, _) => capacities.parties.insert(party),
            Grantee::Person(person) => capacities.people.insert(person),
        };
    }
    capacities
}

/// Whoever could read the document at `now`, by capacity and person.
#[must_use]
pub fn readers(roll: &Roll<'_>, now: Instant) -> Vec<Reader> {
    let circumstances = Circumstances {
        now,
        method: Method::Token,
        authenticated_at: now,
        certificate: false,
        network: None,
        address: Ipv4Addr::UNSPECIFIED.into(),
        purpose: None,
    };
    let mut readers = Vec::new();
    for acting in roll.parties.values() {
        let members: BTreeSet<_> = acting.roles.iter().map(|held| held.person).collect();
        for person in members.iter().filter_map(|member| roll.people.get(member)) {
            let (document, owner) = (roll.document, roll.owner);
            let case = Case {
                mission: roll.mission,
                person,
                acting,
                target: Target::Document { document, owner, workstream: None },
                restriction: roll.restriction,
                circumstances: &circumstances,
            };
            let decision = Decider::new(case).decide_under_conditions(ActName::Read);
            readers.extend(reader(person.person, acting.party, decision));
        }
    }
    readers
}

fn reader(person: PersonId, capacity: PartyId, decision: Decision) -> Option<Reader> {
    let Decision { permitted, grounds, rules: conditions, until, .. } = decision;
    permitted.then_some(Reader { person, capacity, grounds, until, conditions })
}

impl Policy {
    /// Whoever could read the document that `permit` is about, in each of their capacities, and why.
    ///
    /// Which rules of its text the owner makes them satisfy is told to whoever acts for the owner.
    ///
    /// # Errors
    ///
    /// [`Error::Hidden`] if the right is over no document; [`Error::Authority`] if a revision could not be read.
    pub async fn readers<A: Act>(&self, permit: &Permit<A>) -> Result<Vec<Reader>, Error> {
        let now = self.inner.gate.clock().now();
        let mut revisions = Revisions::new(now);
        let (Some(document), Some(owner)) = (permit.document(), permit.owner()) else {
            return Err(Error::Hidden);
        };
        let restriction = self.restriction_of(owner).await?;
        let mut found = capacities(permit.mission(), document, owner, now);
        for person in &found.people {
            let capacities = self.inner.registry.capacities(*person, &mut revisions).await?;
            found.parties.extend(capacities.into_iter().map(|capacity| capacity.party));
        }
        let mut roll = Roll {
            mission: permit.mission(),
            document,
            owner,
            restriction: restriction.as_deref(),
            parties: BTreeMap::new(),
            people: BTreeMap::new(),
        };
        for party in found.parties {
            let party: Arc<PartyRevision> = self.inner.registry.read(party, &mut revisions).await?;
            for held in &party.roles {
                let person = self.inner.registry.read(held.person, &mut revisions).await?;
                roll.people.insert(held.person, person);
            }
            roll.parties.insert(party.party, party);
        }
        let mut readers = readers(&roll, now);
        if permit.party().party != owner.party {
            readers.iter_mut().for_each(|reader| reader.conditions.clear());
        }
        Ok(readers)
    }
}
