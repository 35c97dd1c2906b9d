//! The mission's revision: parties, people, conflicts, kinds of document, places of storage.

use serde::{Deserialize, Serialize};

use crate::{
    database::{Kind, Subject},
    id::{DocumentId, EntryId, PartyId, PersonId},
    mission::revision::{Placement, Revision, Words},
    storage::Facts,
    time::Instant,
};

/// The mission: who takes part, which workstreams, which conflicts, where bytes may rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MissionRevision {
    /// Format version: 1.
    pub v: u8,
    /// The handle of the mission file, e.g. `mission-numerique`.
    pub slug: String,
    /// Its title.
    pub title: Words,
    /// Languages of its pages and mails, the first by default: `fr`, `en`.
    pub languages: Vec<String>,
    /// Deadlines are read in it.
    pub time_zone: String,
    /// The mission as a party.
    pub party: PartyId,
    /// The State's body that supports the mission.
    pub secretariat: PartyId,
    /// Who runs the service.
    pub operator: PartyId,
    /// Where anything of the mission may rest.
    pub placement: Placement,
    /// Every party, the mission and the workstreams among them.
    pub parties: Vec<PartyEntry>,
    /// Every person's handle.
    pub people: Vec<PersonEntry>,
    /// What moves through a workstream, in order.
    pub kinds: Vec<DocumentKind>,
    /// Who must see nothing of whom.
    pub conflicts: Vec<Conflict>,
    /// Places of storage in use.
    pub locations: Vec<LocationEntry>,
    /// Moves from one place to another that are not finished.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<MoveEntry>,
    /// SHA-256, in hex, of the baseline policies.
    pub baseline: String,
}

/// Copies that are to rest elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoveEntry {
    /// The entry that began it, by which it is named.
    pub entry: EntryId,
    /// Whose copies.
    pub scope: MoveScope,
    /// From which location.
    pub from: String,
    /// To which.
    pub to: String,
    /// When it was begun.
    pub begun_at: Instant,
}

/// Whose copies are moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MoveScope {
    /// Everybody's.
    Everything,
    /// A party's.
    Party(PartyId),
    /// A document's.
    Document(DocumentId),
}

/// A party as the mission knows it; its handle is what people write (`company:rhein-energie`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartyEntry {
    /// Which.
    pub party: PartyId,
    /// `company:SLUG`, `workstream:SLUG`, or `mission`.
    pub handle: String,
    /// What it is.
    pub kind: PartyKind,
    /// Its name or title.
    pub name: Words,
    /// For a workstream, what it is for; else empty.
    pub aim: Words,
    /// ISO 3166-1 alpha-2; empty for a workstream.
    pub country: String,
    /// Whether the mission file no longer has it. Nobody acts for it, and it is kept: the log's
    /// entries are still its own.
    pub closed: bool,
}

/// What a party is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartyKind {
    /// The mission itself.
    Mission,
    /// A workstream.
    Workstream,
    /// A large company.
    LargeCompany,
    /// A startup.
    Startup,
    /// A body of the State.
    State,
    /// Whoever runs the service.
    Operator,
    /// Whoever audits it.
    Auditor,
}

/// A person's handle in the mission file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonEntry {
    /// Which.
    pub person: PersonId,
    /// E.g. `pilot-ia`.
    pub slug: String,
    /// Whether the mission file no longer has them. They act no more, and what they did keeps
    /// their handle.
    pub left: bool,
}

/// A kind of document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentKind {
    /// E.g. `diagnostic`.
    pub id: String,
    /// Its label.
    pub title: Words,
    /// What it is.
    pub says: String,
}

/// A declared conflict: the person sees nothing of the party, in any capacity, or in the one named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conflict {
    /// Who.
    pub person: PersonId,
    /// With whom.
    pub with: PartyId,
    /// Only in this capacity; in all if none.
    pub capacity: Option<PartyId>,
    /// Why, as the mission file says.
    pub says: String,
}

/// A place of storage in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationEntry {
    /// Its name in the configuration.
    pub id: String,
    /// What is known of it.
    pub facts: Facts,
}

impl Revision for MissionRevision {
    const KIND: Kind = Kind::Mission;

    fn subject(&self) -> Subject {
        Subject::MISSION
    }

    fn format(&self) -> u8 {
        self.v
    }
}

impl MissionRevision {
    /// The party that people call `handle`.
    #[must_use]
    pub fn party_named(&self, handle: &str) -> Option<&PartyEntry> {
        self.parties.iter().find(|party| party.handle == handle)
    }

    /// How people call `party`.
    #[must_use]
    pub fn party(&self, party: PartyId) -> Option<&PartyEntry> {
        self.parties.iter().find(|entry| entry.party == party)
    }

    /// The person whom the mission file calls `slug`.
    #[must_use]
    pub fn person_named(&self, slug: &str) -> Option<PersonId> {
        self.people.iter().find(|entry| entry.slug == slug).map(|entry| entry.person)
    }

    /// What the mission file calls `person`.
    #[must_use]
    pub fn slug_of(&self, person: PersonId) -> Option<&str> {
        self.people.iter().find(|entry| entry.person == person).map(|entry| entry.slug.as_str())
    }
}
