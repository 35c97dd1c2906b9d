//! A small mission, with one person for each role, to ask decisions about.

use std::{collections::BTreeMap, net::Ipv4Addr};

use crate::{
    audit::Method,
    id::{DocumentId, GrantId, Id, PartyId, PersonId},
    mission::{
        Conflict, DocumentRevision, Grant, Grantee, MissionRevision, PartyEntry, PartyKind,
        PartyRevision, PersonEntry, PersonRevision, Placement, Protection, Role, RoleHeld,
        Sensitivity, Stage, Words,
    },
    policy::{Case, Circumstances, Restriction, Target},
    time::Instant,
};

/// When the world's questions are asked.
pub(crate) const NOW: Instant = Instant(1_790_000_000_000_000);

/// Revisions by name.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) mission: MissionRevision,
    pub(crate) parties: BTreeMap<&'static str, PartyRevision>,
    pub(crate) people: BTreeMap<&'static str, PersonRevision>,
}

const PARTIES: [(&str, PartyKind, &str); 9] = [
    ("mission", PartyKind::Mission, "FR"),
    ("workstream:ai", PartyKind::Workstream, ""),
    ("workstream:data", PartyKind::Workstream, ""),
    ("company:alpha", PartyKind::LargeCompany, "FR"),
    ("company:beta", PartyKind::LargeCompany, "DE"),
    ("company:gamma", PartyKind::Startup, "IT"),
    ("company:state", PartyKind::State, "FR"),
    ("company:host", PartyKind::Operator, "FR"),
    ("company:audit", PartyKind::Auditor, "BE"),
];

/// Who, employed by whom, in which capacity, with which role.
const PEOPLE: [(&str, &str, &str, Role); 14] = [
    ("contributor", "company:alpha", "company:alpha", Role::Contributor),
    ("access", "company:alpha", "company:alpha", Role::AccessManager),
    ("company-auditor", "company:alpha", "company:alpha", Role::Auditor),
    ("beta-contributor", "company:beta", "company:beta", Role::Contributor),
    ("beta-access", "company:beta", "company:beta", Role::AccessManager),
    ("gamma-access", "company:gamma", "company:gamma", Role::AccessManager),
    ("pilot", "company:gamma", "workstream:ai", Role::Pilot),
    ("neutral", "company:state", "workstream:ai", Role::AccessManager),
    ("data-pilot", "company:beta", "workstream:data", Role::Pilot),
    ("coordinator", "company:beta", "mission", Role::Coordinator),
    ("committee", "company:state", "mission", Role::Committee),
    ("secretariat", "company:state", "mission", Role::Secretariat),
    ("auditor", "company:audit", "mission", Role::Auditor),
    ("operator", "company:host", "mission", Role::Operator),
];

impl World {
    pub(crate) fn new() -> Self {
        let mut world =
            Self { mission: mission(), parties: BTreeMap::new(), people: BTreeMap::new() };
        for (handle, ..) in PARTIES {
            world.parties.insert(handle, party_without_roles(party(handle)));
        }
        for (slug, employer, capacity, role) in PEOPLE {
            world.people.insert(slug, person_of(person(slug), party(employer)));
            world.hold(slug, capacity, role);
        }
        world
    }

    /// Gives a role.
    pub(crate) fn hold(&mut self, slug: &str, capacity: &str, role: Role) {
        let held = RoleHeld { person: person(slug), role };
        self.parties.get_mut(capacity).expect("a party of the world").roles.push(held);
    }

    /// Declares a conflict.
    pub(crate) fn conflict(&mut self, slug: &str, with: &str, capacity: Option<&str>) {
        self.mission.conflicts.push(Conflict {
            person: person(slug),
            with: party(with),
            capacity: capacity.map(party),
            says: String::new(),
        });
    }

    /// Saves a restriction for a party.
    pub(crate) fn restrict(&mut self, handle: &str, restriction: &Restriction) {
        let party = self.parties.get_mut(handle).expect("a party of the world");
        party.restriction = restriction.digest().to_owned();
    }

    /// Saves a restriction for the owner of `document`.
    pub(crate) fn restrict_owner_of(
        &mut self,
        document: &DocumentRevision,
        restriction: &Restriction,
    ) {
        let mut parties = self.parties.values_mut();
        let owner = parties.find(|party| party.party == document.owner);
        owner.expect("a party of the world").restriction = restriction.digest().to_owned();
    }

    /// What `slug`, acting for `capacity`, asks about `target`.
    pub(crate) fn case<'a>(
        &'a self,
        slug: &str,
        capacity: &str,
        target: Target<'a>,
        circumstances: &'a Circumstances,
    ) -> Case<'a> {
        Case {
            mission: &self.mission,
            person: &self.people[slug],
            acting: &self.parties[capacity],
            target,
            restriction: None,
            circumstances,
        }
    }

    /// A document as a target.
    pub(crate) fn target<'a>(&'a self, document: &'a DocumentRevision) -> Target<'a> {
        Target::Document {
            document,
            owner: self.party(document.owner),
            workstream: Some(self.party(document.workstream)),
        }
    }

    /// A party by its id.
    pub(crate) fn party(&self, id: PartyId) -> &PartyRevision {
        self.parties.values().find(|party| party.party == id).expect("a party of the world")
    }
}

/// The id that the world gives a party.
pub(crate) fn party(handle: &str) -> PartyId {
    PartyId(id(handle))
}

/// The id that the world gives a person.
pub(crate) fn person(slug: &str) -> PersonId {
    PersonId(id(slug))
}

fn id(name: &str) -> Id {
    let digest = ring::digest::digest(&ring::digest::SHA256, name.as_bytes());
    Id::from_slice(&digest.as_ref()[..16]).expect("16 bytes")
}

/// By token, an hour after sign-in, from nowhere in particular.
pub(crate) fn plainly() -> Circumstances {
    Circumstances {
        now: NOW,
        method: Method::Token,
        authenticated_at: Instant(NOW.0 - 3_600_000_000),
        certificate: false,
        network: None,
        address: Ipv4Addr::new(198, 51, 100, 7).into(),
        purpose: None,
    }
}

/// A final recommendation of confidential sensitivity, granted to nobody.
pub(crate) fn document(owner: &str, workstream: &str) -> DocumentRevision {
    DocumentRevision {
        v: 1,
        document: DocumentId(id(&format!("{owner} {workstream}"))),
        owner: party(owner),
        workstream: party(workstream),
        kind: "recommendation".into(),
        reference: "K3T-7KQ4-2M".into(),
        protection: Protection::Managed,
        sensitivity: Sensitivity::Confidential,
        stage: Stage::Final,
        locations: vec!["folder".into()],
        title: String::new(),
        grants: Vec::new(),
        hold: false,
        quarantined: false,
        versions: Vec::new(),
        created_by: person("contributor"),
        created_at: NOW,
        shred_asked_by: None,
    }
}

/// A grant, without a purpose.
pub(crate) fn grant(to: Grantee, until: Option<Instant>) -> Grant {
    Grant {
        id: GrantId::random(),
        to,
        until,
        purpose_sealed: String::new(),
        given_at: NOW,
        given_by: person("access"),
    }
}

fn mission() -> MissionRevision {
    let words = || Words { fr: String::new(), en: String::new() };
    let entry = |(handle, kind, country): &(&str, PartyKind, &str)| PartyEntry {
        party: party(handle),
        handle: (*handle).into(),
        kind: *kind,
        name: words(),
        aim: words(),
        country: (*country).into(),
        closed: false,
    };
    let people = PEOPLE.iter();
    MissionRevision {
        v: 1,
        slug: "world".into(),
        title: words(),
        languages: vec!["fr".into(), "en".into()],
        time_zone: "Europe/Paris".into(),
        party: party("mission"),
        secretariat: party("company:state"),
        operator: party("company:host"),
        placement: Placement::default(),
        parties: PARTIES.iter().map(entry).collect(),
        people: people
            .map(|(slug, ..)| PersonEntry {
                person: person(slug),
                slug: (*slug).into(),
                left: false,
            })
            .collect(),
        kinds: Vec::new(),
        conflicts: Vec::new(),
        locations: Vec::new(),
        moves: Vec::new(),
        baseline: String::new(),
    }
}

fn party_without_roles(party: PartyId) -> PartyRevision {
    PartyRevision {
        v: 1,
        party,
        roles: Vec::new(),
        recipients: Vec::new(),
        standing: Vec::new(),
        restriction: String::new(),
        placement: None,
        networks: Vec::new(),
        two_to_shred: false,
        tag_keys: Vec::new(),
    }
}

fn person_of(person: PersonId, employer: PartyId) -> PersonRevision {
    PersonRevision {
        v: 1,
        person,
        employer,
        disabled: false,
        erased: false,
        generation: 1,
        credentials: Vec::new(),
        named_in: 0,
        name_sealed: String::new(),
        address_sealed: String::new(),
    }
}
