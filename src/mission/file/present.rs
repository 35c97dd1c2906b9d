//! The present revisions as a mission file, to be shown and compared.

use std::{ops::Deref, str::FromStr};

use toml::Spanned;

use crate::{
    id::{PartyId, PersonId},
    mission::{
        MissionRevision, PartyKind, PartyRevision, PersonRevision, Role,
        file::{
            FileConflict, FileParty, FilePerson, MissionFile, Problems,
            raw::{
                RawCompany, RawConflict, RawFile, RawKind, RawMission, RawPerson, RawWorkstream,
            },
        },
    },
};

impl MissionFile {
    /// What stands in the present revisions. Names and addresses, which are sealed, are left out.
    pub fn of(
        mission: &MissionRevision,
        parties: &[impl Deref<Target = PartyRevision>],
        people: &[impl Deref<Target = PersonRevision>],
    ) -> Self {
        let handle = |party: PartyId| {
            mission.party(party).map_or_else(|| party.to_string(), |entry| entry.handle.clone())
        };
        let slug = |person: PersonId| {
            mission.slug_of(person).map_or_else(|| person.to_string(), str::to_owned)
        };
        let here = |person: PersonId| {
            !mission.people.iter().any(|entry| entry.person == person && entry.left)
        };
        let person = |revision: &PersonRevision| {
            let held = parties.iter().flat_map(|party| {
                let here = party.roles.iter().filter(|held| held.person == revision.person);
                here.map(|held| (handle(party.party), held.role))
            });
            let mut roles: Vec<_> = held.collect();
            roles.sort();
            FilePerson {
                slug: slug(revision.person),
                employer: handle(revision.employer),
                roles,
                name: None,
                address: None,
            }
        };
        Self {
            slug: mission.slug.clone(),
            title: mission.title.clone(),
            languages: mission.languages.clone(),
            time_zone: mission.time_zone.clone(),
            secretariat: handle(mission.secretariat),
            operator: handle(mission.operator),
            placement: mission.placement.clone(),
            parties: mission
                .parties
                .iter()
                .filter(|entry| !entry.closed)
                .map(FileParty::from)
                .collect(),
            kinds: mission.kinds.clone(),
            people: people
                .iter()
                .filter(|revision| here(revision.person))
                .map(|revision| person(revision))
                .collect(),
            conflicts: mission
                .conflicts
                .iter()
                .map(|conflict| FileConflict {
                    person: slug(conflict.person),
                    with: handle(conflict.with),
                    capacity: conflict.capacity.map(handle),
                    says: conflict.says.clone(),
                })
                .collect(),
        }
    }

    /// As a mission file is written; reading it gives the same.
    #[must_use]
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(&self.raw()).expect("strings, lists and tables are always TOML")
    }

    fn raw(&self) -> RawFile {
        let companies = self.parties.iter().filter(|party| party.handle.starts_with("company:"));
        let workstreams = self.parties.iter().filter(|party| party.kind == PartyKind::Workstream);
        RawFile {
            mission: RawMission {
                id: written(&self.slug),
                title: Spanned::new(0..0, self.title.clone()),
                secretariat: written(after_colon(&self.secretariat)),
                operator: written(after_colon(&self.operator)),
                languages: Spanned::new(0..0, self.languages.clone()),
                time_zone: written(&self.time_zone),
                placement: Spanned::new(0..0, self.placement.clone()),
            },
            workstream: workstreams
                .map(|party| RawWorkstream {
                    id: written(after_colon(&party.handle)),
                    title: Spanned::new(0..0, party.name.clone()),
                    aim: Spanned::new(0..0, party.aim.clone()),
                })
                .collect(),
            document_kind: self
                .kinds
                .iter()
                .map(|kind| RawKind {
                    id: written(&kind.id),
                    title: Spanned::new(0..0, kind.title.clone()),
                    says: written(&kind.says),
                })
                .collect(),
            company: companies
                .map(|party| RawCompany {
                    id: written(after_colon(&party.handle)),
                    name: written(&party.name.fr),
                    kind: Spanned::new(0..0, party.kind),
                    country: written(&party.country),
                })
                .collect(),
            person: self.people.iter().map(RawPerson::from).collect(),
            conflict: self
                .conflicts
                .iter()
                .map(|conflict| RawConflict {
                    person: written(&conflict.person),
                    with: written(&conflict.with),
                    capacity: conflict.capacity.as_deref().map(written),
                    says: written(&conflict.says),
                })
                .collect(),
        }
    }
}

impl FromStr for MissionFile {
    type Err = Problems;

    fn from_str(text: &str) -> Result<Self, Problems> {
        Self::parse(text)
    }
}

impl From<&crate::mission::PartyEntry> for FileParty {
    fn from(entry: &crate::mission::PartyEntry) -> Self {
        Self {
            handle: entry.handle.clone(),
            kind: entry.kind,
            name: entry.name.clone(),
            aim: entry.aim.clone(),
            country: entry.country.clone(),
        }
    }
}

impl From<&FilePerson> for RawPerson {
    fn from(person: &FilePerson) -> Self {
        Self {
            id: written(&person.slug),
            company: written(after_colon(&person.employer)),
            roles: person
                .roles
                .iter()
                .map(|(party, role)| written(&role_text(party, *role)))
                .collect(),
            name: person.name.as_deref().map(written),
            address: person.address.as_deref().map(written),
        }
    }
}

/// As the mission file writes that `role` is held in the party called `handle`.
pub(super) fn role_text(handle: &str, role: Role) -> String {
    match role {
        Role::Contributor => "contributor".to_owned(),
        Role::AccessManager if handle.starts_with("company:") => "access-manager".to_owned(),
        Role::AccessManager => format!("access-manager:{handle}"),
        Role::Pilot => format!("pilot:{}", after_colon(handle)),
        Role::Coordinator => "coordinator".to_owned(),
        Role::Committee => "committee".to_owned(),
        Role::Operator => "operator".to_owned(),
        Role::Secretariat => "secretariat".to_owned(),
        Role::Auditor if handle == "mission" => "auditor".to_owned(),
        Role::Auditor => format!("auditor:{handle}"),
    }
}

fn written(text: &str) -> Spanned<String> {
    Spanned::new(0..0, text.to_owned())
}

fn after_colon(handle: &str) -> &str {
    handle.split_once(':').map_or(handle, |(_, slug)| slug)
}
