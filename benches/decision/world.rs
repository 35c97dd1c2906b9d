//! A mission of realistic size: 60 parties, 300 people, a document with 20 grants.

use std::{fmt::Write as _, net::Ipv4Addr};

use greffe::{
    audit::{ActName, Method},
    id::{DocumentId, GrantId, PartyId, PersonId},
    mission::{
        DocumentRevision, Grant, Grantee, MissionRevision, PartyEntry, PartyKind, PartyRevision,
        PersonEntry, PersonRevision, Placement, Protection, Role, RoleHeld, Sensitivity, Stage,
        Words,
    },
    policy::{Case, Circumstances, Decider, Decision, Restriction, Target},
    time::Instant,
};

/// What a decision reads.
#[derive(Clone)]
pub struct World {
    pub mission: MissionRevision,
    pub owner: PartyRevision,
    acting: PartyRevision,
    workstream: PartyRevision,
    person: PersonRevision,
    document: DocumentRevision,
    circumstances: Circumstances,
}

/// Rules that concern every request, and let it through.
pub fn broad(rules: usize) -> String {
    let rule = |n| {
        format!(
            "forbid (principal, action, resource) unless {{ context.capacity.party in \
             [Party::\"company:{n}\", Party::\"company:1\"] || resource.stage == Stage::\"empty\" }};\n"
        )
    };
    (0..rules).map(rule).collect()
}

/// Rules about one document each; `matching` of them about ours, which they let through.
pub fn scoped(rules: usize, matching: usize) -> String {
    let mut text = String::new();
    for n in 0..rules {
        let reference = if n < matching { "K3T-7KQ4-2M".into() } else { format!("K3T-{n:04}-2M") };
        writeln!(
            text,
            "forbid (principal, action == Action::\"read\", resource == Document::\"{reference}\") \
             unless {{ context.capacity.party == Party::\"company:1\" }};"
        )
        .unwrap();
    }
    text
}

impl World {
    pub fn new() -> Self {
        let parties: Vec<_> = (0..60).map(entry).collect();
        let people: Vec<_> = (0..300)
            .map(|n| PersonEntry {
                person: PersonId::random(),
                slug: format!("person-{n}"),
                left: false,
            })
            .collect();
        let (owner, acting, workstream) = (parties[57].party, parties[1].party, parties[58].party);
        let person = people[250].person;
        let grants = (0..20).map(|n| grant(if n == 19 { acting } else { PartyId::random() }));
        let document = DocumentRevision {
            v: 1,
            document: DocumentId::random(),
            owner,
            workstream,
            kind: "diagnostic".into(),
            reference: "K3T-7KQ4-2M".into(),
            protection: Protection::Managed,
            sensitivity: Sensitivity::Confidential,
            stage: Stage::Working,
            locations: vec!["folder".into()],
            title: String::new(),
            grants: grants.collect(),
            hold: false,
            quarantined: false,
            versions: Vec::new(),
            created_by: person,
            created_at: Instant(0),
            shred_asked_by: None,
        };
        Self {
            mission: mission(parties, people, owner),
            owner: party(owner, person, Role::AccessManager),
            acting: party(acting, person, Role::Contributor),
            workstream: party(workstream, person, Role::Pilot),
            person: PersonRevision {
                v: 1,
                person,
                employer: acting,
                disabled: false,
                erased: false,
                generation: 1,
                credentials: Vec::new(),
                named_in: 0,
                name_sealed: String::new(),
                address_sealed: String::new(),
            },
            document,
            circumstances: Circumstances {
                now: Instant(1_790_000_000_000_000),
                method: Method::Token,
                authenticated_at: Instant(1_789_999_000_000_000),
                certificate: true,
                network: Some("office".into()),
                address: Ipv4Addr::LOCALHOST.into(),
                purpose: None,
            },
        }
    }

    /// Everything that a request costs, entities and grants among it.
    pub fn decide(&self, restriction: Option<&Restriction>) -> Decision {
        let case = Case {
            mission: &self.mission,
            person: &self.person,
            acting: &self.acting,
            target: Target::Document {
                document: &self.document,
                owner: &self.owner,
                workstream: Some(&self.workstream),
            },
            restriction,
            circumstances: &self.circumstances,
        };
        Decider::new(case).decide(ActName::Read)
    }
}

fn words() -> Words {
    Words { fr: String::new(), en: String::new() }
}

fn entry(n: usize) -> PartyEntry {
    PartyEntry {
        party: PartyId::random(),
        handle: format!("company:{n}"),
        kind: if n == 58 { PartyKind::Workstream } else { PartyKind::LargeCompany },
        name: words(),
        aim: words(),
        country: "FR".into(),
        closed: false,
    }
}

fn mission(
    parties: Vec<PartyEntry>,
    people: Vec<PersonEntry>,
    operator: PartyId,
) -> MissionRevision {
    MissionRevision {
        v: 1,
        slug: "bench".into(),
        title: words(),
        languages: vec!["fr".into()],
        time_zone: "Europe/Paris".into(),
        party: parties[0].party,
        secretariat: operator,
        operator,
        placement: Placement::default(),
        parties,
        people,
        kinds: Vec::new(),
        conflicts: Vec::new(),
        locations: Vec::new(),
        moves: Vec::new(),
        baseline: String::new(),
    }
}

fn party(party: PartyId, person: PersonId, role: Role) -> PartyRevision {
    PartyRevision {
        v: 1,
        party,
        roles: vec![RoleHeld { person, role }],
        recipients: Vec::new(),
        standing: Vec::new(),
        restriction: String::new(),
        placement: None,
        networks: Vec::new(),
        two_to_shred: false,
        tag_keys: Vec::new(),
    }
}

fn grant(to: PartyId) -> Grant {
    Grant {
        id: GrantId::random(),
        to: Grantee::Party(to),
        until: None,
        purpose_sealed: String::new(),
        given_at: Instant(0),
        given_by: PersonId::random(),
    }
}
