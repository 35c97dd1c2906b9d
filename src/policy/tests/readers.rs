//! Who could read equals who, asked one by one in every way, is permitted.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    audit::ActName,
    id::{PartyId, PersonId},
    mission::DocumentRevision,
    policy::{
        Case, Decider, Reader, Restriction, Roll, capacities, readers,
        tests::{
            grid::{Dice, any_document, ways, world},
            world::{NOW, World},
        },
    },
};

/// Texts that refuse some in any case and others by how they ask.
const TEXTS: [&str; 7] = [
    "",
    "forbid (principal, action == Action::\"read\", resource) unless { context.certificate };",
    "forbid (principal, action, resource) unless { principal in Party::\"company:beta\" };",
    "forbid (principal, action, resource) when { principal in Role::\"pilot\" && !(context has network) };",
    "forbid (principal, action, resource) unless { context has purpose && context.purpose == \"audit\" };
     forbid (principal, action, resource) when { principal.employer.kind == PartyKind::\"startup\" };",
    "forbid (principal, action == Action::\"read\", resource) when { context.certificate };",
    "forbid (principal, action == Action::\"read\", resource)
     when { resource.sensitivity == Sensitivity::\"business-secret\" };",
];

/// What `readers` says, from no more than the rows that `capacities` names.
fn told(
    world: &World,
    document: &DocumentRevision,
    restriction: Option<&Restriction>,
) -> Vec<Reader> {
    let owner = world.party(document.owner);
    let named = capacities(&world.mission, document, owner, NOW);
    let member = |person: &PersonId, party: PartyId| world.party(party).includes(*person);
    let mut parties = BTreeMap::new();
    for party in world.parties.values() {
        let by_person = named.people.iter().any(|person| member(person, party.party));
        if named.parties.contains(&party.party) || by_person {
            parties.insert(party.party, Arc::new(party.clone()));
        }
    }
    let people = world.people.values();
    let people = people.map(|person| (person.person, Arc::new(person.clone()))).collect();
    let mission = &world.mission;
    readers(&Roll { mission, document, owner, restriction, parties, people }, NOW)
}

/// Everyone in every party, asked in every way: in how many of the ways they are permitted.
fn asked_one_by_one(
    world: &World,
    document: &DocumentRevision,
    restriction: Option<&Restriction>,
) -> BTreeMap<(PersonId, PartyId), usize> {
    let mut permitted = BTreeMap::new();
    for person in world.people.values() {
        for acting in world.parties.values() {
            for circumstances in ways() {
                let target = world.target(document);
                let (mission, circumstances) = (&world.mission, &circumstances);
                let case = Case { mission, person, acting, target, restriction, circumstances };
                if Decider::new(case).decide(ActName::Read).permitted {
                    *permitted.entry((person.person, acting.party)).or_default() += 1;
                }
            }
        }
    }
    permitted
}

#[test]
fn readers_are_exactly_those_who_may_when_everyone_is_asked() {
    let mut dice = Dice(3);
    let (mut free, mut conditional) = (0, 0);
    for turn in 0..49 {
        let mut world = world(&mut dice);
        let document = any_document(&mut dice);
        let restriction = Restriction::check(TEXTS[turn % TEXTS.len()], &world.mission).unwrap();
        world.restrict_owner_of(&document, &restriction);

        let told = told(&world, &document, Some(&restriction));
        let asked = asked_one_by_one(&world, &document, Some(&restriction));

        let who: BTreeSet<_> = told.iter().map(|reader| (reader.person, reader.capacity)).collect();
        assert_eq!(who, asked.keys().copied().collect(), "turn {turn}");
        for reader in &told {
            let always = asked[&(reader.person, reader.capacity)] == ways().len();
            assert!(!always || reader.conditions.is_empty(), "turn {turn}: {reader:?}");
            assert!(!reader.grounds.is_empty());
            free += usize::from(reader.conditions.is_empty());
            conditional += usize::from(!reader.conditions.is_empty());
        }
    }
    assert!(free > 15 && conditional > 15, "the grid has both: {free}, {conditional}");
}
