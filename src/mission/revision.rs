//! The four kinds of revision, as the bytes that are stored: JSON in a fixed field order, with a format version.
//!
//! A revision is never serialised again: its digest and its MAC are over the stored bytes.

use serde::{Deserialize, Serialize};

use crate::{
    database::{Kind, Subject},
    id::{CredentialId, DocumentId, EntryId, GrantId, PartyId, PersonId, VersionId},
    storage::Facts,
    time::Instant,
};

/// Longest a revision may be, in bytes.
pub const LONGEST_BYTES: usize = 256 * 1024;
/// Most grants on one document.
pub const MOST_GRANTS: usize = 500;
/// Most standing grants of one party.
pub const MOST_STANDING_GRANTS: usize = 1_000;
/// Most live credentials of one person.
pub const MOST_CREDENTIALS: usize = 32;

/// What a revision is about, and how its bytes are read.
pub trait Revision: Serialize + for<'de> Deserialize<'de> + Send + Sync + 'static {
    /// The kind of subject.
    const KIND: Kind;

    /// Whose revision it is.
    fn subject(&self) -> Subject;
}

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// French.
    pub fr: String,
    /// English.
    pub en: String,
}

/// Where a party's bytes may rest. An empty list of what is permitted permits anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Placement {
    /// Countries of the soil, ISO 3166-1 alpha-2, or `EU` for its members.
    pub countries: Vec<String>,
    /// Countries of seat and ultimate control of whoever runs the place.
    pub control: Vec<String>,
    /// Ids of locations that are never used.
    pub never: Vec<String>,
    /// Whether a fact that is not known refuses.
    pub unknown: Unknown,
}

/// What an unknown fact does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unknown {
    /// It refuses.
    #[default]
    Refuse,
    /// It passes.
    Permit,
}

/// A role, held in a party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Deposits for a company.
    Contributor,
    /// Decides grants and restrictions of a party, sees every access to its documents, can destroy them.
    AccessManager,
    /// Leads a workstream.
    Pilot,
    /// Oversees every workstream's finals (held in the mission).
    Coordinator,
    /// Reads what was put before the steering committee (held in the mission).
    Committee,
    /// Reads and verifies the log, never the contents: of one company, or of the mission.
    Auditor,
    /// Runs the service; reads nothing (held in the mission).
    Operator,
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
    /// SHA-256, in hex, of the baseline policies.
    pub baseline: String,
}

/// A person's handle in the mission file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonEntry {
    /// Which.
    pub person: PersonId,
    /// E.g. `pilot-ia`.
    pub slug: String,
}

/// Someone holds a role in a party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleHeld {
    /// Who.
    pub person: PersonId,
    /// As what.
    pub role: Role,
}

/// To whom a party's exports may be sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// How the party calls it.
    pub name: String,
    /// `age1…`.
    pub recipient: String,
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
    /// Base64 of the purpose, sealed under the document's key (the party's for a standing grant); empty if none.
    pub purpose_sealed: String,
    /// When it was given.
    pub given_at: Instant,
    /// By whom.
    pub given_by: PersonId,
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

/// A party: who holds which role in it, what it grants and restricts, where its bytes may rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartyRevision {
    /// Format version: 1.
    pub v: u8,
    /// Which party.
    pub party: PartyId,
    /// Who holds which role.
    pub roles: Vec<RoleHeld>,
    /// To whom exports may be sealed.
    pub recipients: Vec<Recipient>,
    /// At most [`MOST_STANDING_GRANTS`].
    pub standing: Vec<StandingGrant>,
    /// SHA-256, in hex, of the restriction text; empty if there is none.
    pub restriction: String,
    /// Stricter than the mission's, if any.
    pub placement: Option<Placement>,
    /// Networks that the party declares its own: a name and a prefix (`192.0.2.0/24`).
    pub networks: Vec<Network>,
    /// Whether shredding one of its documents takes two people.
    pub two_to_shred: bool,
    /// Yearly tag keys, committed: year, turn, SHA-256 in hex.
    pub tag_keys: Vec<TagKey>,
}

/// A declared network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// How the party calls it.
    pub name: String,
    /// Address prefix in CIDR notation.
    pub prefix: String,
}

/// The commitment to one year's tag key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TagKey {
    /// Calendar year, UTC.
    pub year: u16,
    /// Raised when an auditor leaves.
    pub turn: u32,
    /// SHA-256 of the key, in hex.
    pub commitment: String,
}

/// How a person may authenticate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialKind {
    /// An opaque bearer token.
    Token,
    /// A TLS client certificate, by the SHA-256 of its DER.
    Certificate,
    /// A single-use sign-in link for the command line.
    Link,
}

/// A live credential. What is not listed here does not authenticate, whatever the tables say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// Which.
    pub id: CredentialId,
    /// What it is.
    pub kind: CredentialKind,
    /// The one capacity in which it acts.
    pub capacity: PartyId,
    /// When it ends.
    pub expires_at: Instant,
    /// The generation of sessions in which it was issued.
    pub generation: u32,
    /// How its person calls it.
    pub label: String,
}

/// A person: employer, credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonRevision {
    /// Format version: 1.
    pub v: u8,
    /// Who.
    pub person: PersonId,
    /// Whose employee.
    pub employer: PartyId,
    /// Whether they may no longer act.
    pub disabled: bool,
    /// Raised to end every session at once.
    pub generation: u32,
    /// At most [`MOST_CREDENTIALS`].
    pub credentials: Vec<Credential>,
    /// Base64 of the name, sealed under the person's key.
    pub name_sealed: String,
    /// Base64 of the address, sealed under the person's key.
    pub address_sealed: String,
}

/// How far a document's disclosure would harm, in order.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Sensitivity {
    /// Little.
    Ordinary,
    /// Enough to be confided only.
    #[default]
    Confidential,
    /// A business secret in the law's sense.
    BusinessSecret,
}

/// Who can technically open a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protection {
    /// Sealed by the service, which can open it.
    #[default]
    Managed,
    /// Sealed by the depositor: the content is an `.age` file.
    EndToEnd,
}

/// Where a document is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Created, without content.
    Empty,
    /// Being worked on.
    Working,
    /// Finalised.
    Final,
    /// Being destroyed: nothing reads it.
    Shredding,
    /// Destroyed.
    Shredded,
}

/// A version, as its document's revision names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionEntry {
    /// Which.
    pub version: VersionId,
    /// Counted from 1.
    pub number: i64,
    /// The entry of its deposit, which holds its record.
    pub entry: EntryId,
    /// SHA-256, in hex, of its record's bytes.
    pub record: String,
}

/// A document: whose, of what kind and stage, granted to whom, at which version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentRevision {
    /// Format version: 1.
    pub v: u8,
    /// Which.
    pub document: DocumentId,
    /// Whose.
    pub owner: PartyId,
    /// For which workstream.
    pub workstream: PartyId,
    /// E.g. `diagnostic`.
    pub kind: String,
    /// Speakable and meaningless, e.g. `K3T-7KQ4-2M`.
    pub reference: String,
    /// Who can technically open it.
    pub protection: Protection,
    /// How far disclosure would harm.
    pub sensitivity: Sensitivity,
    /// Where it is in its life.
    pub stage: Stage,
    /// Ids of the locations where its bytes rest.
    pub locations: Vec<String>,
    /// SHA-256, in hex, of the sealed title.
    pub title: String,
    /// At most [`MOST_GRANTS`].
    pub grants: Vec<Grant>,
    /// Whether it may not be destroyed.
    pub hold: bool,
    /// Whether its bytes contradicted its record.
    pub quarantined: bool,
    /// Its versions, oldest first: the latest is the last.
    pub versions: Vec<VersionEntry>,
    /// Who created it.
    pub created_by: PersonId,
    /// When.
    pub created_at: Instant,
    /// The first of two who ask for its destruction.
    pub shred_asked_by: Option<PersonId>,
}

impl Revision for MissionRevision {
    const KIND: Kind = Kind::Mission;

    fn subject(&self) -> Subject {
        Subject::MISSION
    }
}

impl Revision for PartyRevision {
    const KIND: Kind = Kind::Party;

    fn subject(&self) -> Subject {
        self.party.into()
    }
}

impl Revision for PersonRevision {
    const KIND: Kind = Kind::Person;

    fn subject(&self) -> Subject {
        self.person.into()
    }
}

impl Revision for DocumentRevision {
    const KIND: Kind = Kind::Document;

    fn subject(&self) -> Subject {
        self.document.into()
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

impl DocumentRevision {
    /// The latest version, if any was deposited.
    #[must_use]
    pub fn latest(&self) -> Option<&VersionEntry> {
        self.versions.last()
    }
}

impl PartyRevision {
    /// Whether `person` holds `role` here.
    #[must_use]
    pub fn holds(&self, person: PersonId, role: Role) -> bool {
        self.roles.iter().any(|held| held.person == person && held.role == role)
    }

    /// Whether `person` holds any role here, so may act in this capacity.
    #[must_use]
    pub fn includes(&self, person: PersonId) -> bool {
        self.roles.iter().any(|held| held.person == person)
    }
}
