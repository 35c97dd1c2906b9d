//! Names of entities as the policies write them, with their types parsed once.

use std::sync::LazyLock;

use cedar_policy::{EntityId, EntityTypeName, EntityUid};

use crate::{
    audit::{ActName, Method},
    id::{PartyId, PersonId},
    mission::{MissionRevision, PartyEntry, PartyKind, Protection, Role, Sensitivity, Stage},
};

/// The entity types of the schema.
pub(super) struct Types {
    act: EntityTypeName,
    document: EntityTypeName,
    location: EntityTypeName,
    method: EntityTypeName,
    party: EntityTypeName,
    party_kind: EntityTypeName,
    person: EntityTypeName,
    protection: EntityTypeName,
    role: EntityTypeName,
    sensitivity: EntityTypeName,
    service: EntityTypeName,
    stage: EntityTypeName,
}

static TYPES: LazyLock<Types> = LazyLock::new(|| Types {
    act: kind("Action"),
    document: kind("Document"),
    location: kind("Location"),
    method: kind("Method"),
    party: kind("Party"),
    party_kind: kind("PartyKind"),
    person: kind("Person"),
    protection: kind("Protection"),
    role: kind("Role"),
    sensitivity: kind("Sensitivity"),
    service: kind("Service"),
    stage: kind("Stage"),
});

fn kind(name: &str) -> EntityTypeName {
    name.parse().expect("the names of entity types are identifiers")
}

fn uid(kind: &EntityTypeName, name: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(name))
}

/// The act, as a policy's scope names it.
pub(super) fn act(act: ActName) -> EntityUid {
    uid(&TYPES.act, act.as_str())
}

/// A party, by its handle; by its id if the mission does not know it, which no text can name by accident.
pub(super) fn party(mission: &MissionRevision, party: PartyId) -> EntityUid {
    match mission.party(party) {
        Some(entry) => party_entry(entry),
        None => uid(&TYPES.party, &party.to_string()),
    }
}

/// A party of which the mission's entry is at hand.
pub(super) fn party_entry(entry: &PartyEntry) -> EntityUid {
    uid(&TYPES.party, &entry.handle)
}

/// A person, by the mission file's handle; by their id if it has none.
pub(super) fn person(mission: &MissionRevision, person: PersonId) -> EntityUid {
    match mission.slug_of(person) {
        Some(slug) => uid(&TYPES.person, slug),
        None => uid(&TYPES.person, &person.to_string()),
    }
}

/// A document, by its reference.
pub(super) fn document(reference: &str) -> EntityUid {
    uid(&TYPES.document, reference)
}

/// A place of storage.
pub(super) fn location(id: &str) -> EntityUid {
    uid(&TYPES.location, id)
}

/// The service itself.
pub(super) fn service() -> EntityUid {
    uid(&TYPES.service, "greffe")
}

/// How someone authenticated.
pub(super) fn method(method: Method) -> EntityUid {
    uid(
        &TYPES.method,
        match method {
            Method::Token => "token",
            Method::Certificate => "certificate",
        },
    )
}

/// A role, as the schema's list has it.
pub(super) fn role(role: Role) -> EntityUid {
    uid(&TYPES.role, role_word(role))
}

/// A role's word in policies, grounds and tables.
pub(super) fn role_word(role: Role) -> &'static str {
    match role {
        Role::Contributor => "contributor",
        Role::AccessManager => "access-manager",
        Role::Pilot => "pilot",
        Role::Coordinator => "coordinator",
        Role::Committee => "committee",
        Role::Auditor => "auditor",
        Role::Operator => "operator",
        Role::Secretariat => "secretariat",
    }
}

/// What a party is, as the schema's list has it.
pub(super) fn party_kind(kind: PartyKind) -> EntityUid {
    uid(
        &TYPES.party_kind,
        match kind {
            PartyKind::Mission => "mission",
            PartyKind::Workstream => "workstream",
            PartyKind::LargeCompany => "large-company",
            PartyKind::Startup => "startup",
            PartyKind::State => "state",
            PartyKind::Operator => "operator",
            PartyKind::Auditor => "auditor",
        },
    )
}

/// A sensitivity, as the schema's list has it.
pub(super) fn sensitivity(sensitivity: Sensitivity) -> EntityUid {
    uid(
        &TYPES.sensitivity,
        match sensitivity {
            Sensitivity::Ordinary => "ordinary",
            Sensitivity::Confidential => "confidential",
            Sensitivity::BusinessSecret => "business-secret",
        },
    )
}

/// A stage, as the schema's list has it.
pub(super) fn stage(stage: Stage) -> EntityUid {
    uid(
        &TYPES.stage,
        match stage {
            Stage::Empty => "empty",
            Stage::Working => "working",
            Stage::Final => "final",
            Stage::Shredding => "shredding",
            Stage::Shredded => "shredded",
        },
    )
}

/// A protection, as the schema's list has it.
pub(super) fn protection(protection: Protection) -> EntityUid {
    uid(
        &TYPES.protection,
        match protection {
            Protection::Managed => "managed",
            Protection::EndToEnd => "end-to-end",
        },
    )
}
