//! A party's revision: roles, recipients, standing grants, restriction, placement, networks.

use serde::{Deserialize, Serialize};

use crate::{
    database::{Kind, Subject},
    id::{PartyId, PersonId},
    mission::revision::{FORMAT, PartyKind, Placement, Revision, StandingGrant},
};

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
    /// At most `MOST_STANDING_GRANTS`.
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

impl Role {
    /// Whether the role is one of a party of this kind.
    #[must_use]
    pub fn is_held_in(self, kind: PartyKind) -> bool {
        match self {
            Self::Pilot => kind == PartyKind::Workstream,
            Self::Coordinator | Self::Committee | Self::Secretariat | Self::Operator => {
                kind == PartyKind::Mission
            }
            Self::Contributor => has_documents(kind) && !is_table(kind),
            Self::AccessManager => has_documents(kind),
            Self::Auditor => kind != PartyKind::Workstream,
        }
    }
}

/// The operator and the auditor have nothing of their own.
fn has_documents(kind: PartyKind) -> bool {
    !matches!(kind, PartyKind::Operator | PartyKind::Auditor)
}

/// Where companies sit together, each for itself.
fn is_table(kind: PartyKind) -> bool {
    matches!(kind, PartyKind::Mission | PartyKind::Workstream)
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

/// A role, held in a party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Deposits for a company.
    Contributor,
    /// Decides grants and restrictions of a party, sees every access to its documents, can destroy
    /// them.
    AccessManager,
    /// Leads a workstream.
    Pilot,
    /// Oversees every workstream's finals (held in the mission).
    Coordinator,
    /// Reads what was put before the steering committee (held in the mission).
    Committee,
    /// Supports the mission and keeps its directory; reads nothing (held in the mission).
    Secretariat,
    /// Reads and verifies the log, never the contents: of one company, or of the mission.
    Auditor,
    /// Runs the service; reads nothing (held in the mission).
    Operator,
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

impl Revision for PartyRevision {
    const KIND: Kind = Kind::Party;

    fn subject(&self) -> Subject {
        self.party.into()
    }

    fn format(&self) -> u8 {
        self.v
    }

    fn members(&self) -> Option<Vec<PersonId>> {
        let mut members: Vec<_> = self.roles.iter().map(|held| held.person).collect();
        members.sort_unstable();
        members.dedup();
        Some(members)
    }
}

impl PartyRevision {
    /// A party in which nobody holds a role, and which has decided nothing yet.
    #[must_use]
    pub fn new(party: PartyId) -> Self {
        Self {
            v: FORMAT,
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
