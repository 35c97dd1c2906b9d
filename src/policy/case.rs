//! A case: the revisions and the circumstances on which a decision is made.

use std::net::IpAddr;

use crate::{
    audit::{Actor, Method},
    id::PartyId,
    mission::{DocumentRevision, MissionRevision, PartyKind, PartyRevision, PersonRevision, Role},
    policy::{
        Restriction,
        grants::{self, Reach, Who},
    },
    time::Instant,
};

/// How a request comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// When.
    pub now: Instant,
    /// How the caller authenticated.
    pub method: Method,
    /// When the credential was issued.
    pub authenticated_at: Instant,
    /// Whether the connection bears a client certificate.
    pub certificate: bool,
    /// How the acting party calls the network that the request comes from, if it declared it.
    pub network: Option<String>,
    /// The peer's address, compared with the networks that the owner declared.
    pub address: IpAddr,
    /// What the caller says it is for.
    pub purpose: Option<String>,
}

impl Circumstances {
    /// How `actor` asks at `now`.
    #[must_use]
    pub fn of(actor: &Actor, now: Instant, purpose: Option<String>) -> Self {
        Self {
            now,
            method: actor.method,
            authenticated_at: actor.authenticated_at,
            certificate: actor.certificate,
            network: actor.network.clone(),
            address: actor.address,
            purpose,
        }
    }
}

/// What an act is about.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// A document that exists.
    Document {
        /// It.
        document: &'a DocumentRevision,
        /// Its owner.
        owner: &'a PartyRevision,
        /// Its workstream; only a deposit asks for it.
        workstream: Option<&'a PartyRevision>,
    },
    /// A document that would exist.
    NewDocument {
        /// Whose it would be.
        owner: &'a PartyRevision,
        /// For which workstream.
        workstream: &'a PartyRevision,
    },
    /// A party; the mission too.
    Party(&'a PartyRevision),
    /// A person.
    Person(&'a PersonRevision),
    /// The service's technical settings.
    Service,
}

impl<'a> Target<'a> {
    /// Whose it is, if it is a party's.
    #[must_use]
    pub fn owner(&self) -> Option<&'a PartyRevision> {
        match *self {
            Self::Document { owner, .. } | Self::NewDocument { owner, .. } => Some(owner),
            Self::Party(party) => Some(party),
            Self::Person(_) | Self::Service => None,
        }
    }

    /// The document, if there is one.
    #[must_use]
    pub fn document(&self) -> Option<&'a DocumentRevision> {
        match *self {
            Self::Document { document, .. } => Some(document),
            _ => None,
        }
    }
}

/// Everything that a decision reads: nothing else reaches it.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The mission.
    pub mission: &'a MissionRevision,
    /// Who asks.
    pub person: &'a PersonRevision,
    /// For which party.
    pub acting: &'a PartyRevision,
    /// About what.
    pub target: Target<'a>,
    /// The restrictions of the document's owner, if it has any. If it has and they are not here, the four acts that
    /// they may forbid are refused.
    pub restriction: Option<&'a Restriction>,
    /// How the request comes.
    pub circumstances: &'a Circumstances,
}

impl Case<'_> {
    /// Which roles the person holds in the party for which they act; none once they are disabled.
    #[must_use]
    pub fn roles(&self) -> Vec<Role> {
        roles_of(self.person, self.acting)
    }

    /// The grant that reaches the person, who holds `roles`; none if it is not about a document.
    pub(super) fn reach(&self, roles: &[Role]) -> Option<Reach> {
        let Target::Document { document, owner, .. } = self.target else { return None };
        let who = Who { person: self.person.person, acting: self.acting.party, roles };
        grants::reaching(who, document, owner, self.circumstances.now)
    }

    /// With whom the person has a declared conflict that counts in this capacity.
    pub(super) fn conflicts(&self) -> impl Iterator<Item = PartyId> {
        let (person, acting) = (self.person.person, self.acting.party);
        let counts = move |capacity: Option<PartyId>| capacity.is_none_or(|only| only == acting);
        let declared = self.mission.conflicts.iter();
        declared
            .filter(move |conflict| conflict.person == person && counts(conflict.capacity))
            .map(|conflict| conflict.with)
    }

    /// Whether nobody could decide about what is deposited here: that refuses deposits.
    pub(super) fn closed(&self) -> bool {
        let (owner, workstream) = match self.target {
            Target::Document { owner, workstream, .. } => (owner, workstream),
            Target::NewDocument { owner, workstream } => (owner, Some(workstream)),
            Target::Party(_) | Target::Person(_) | Target::Service => return false,
        };
        let open = |party: &PartyRevision| {
            let decides = match self.kind(party.party) {
                Some(PartyKind::Workstream) => Role::Pilot,
                Some(PartyKind::Mission) => Role::Coordinator,
                Some(_) => Role::AccessManager,
                None => return false,
            };
            party.roles.iter().any(|held| held.role == decides)
        };
        !open(owner) || workstream.is_none_or(|workstream| !open(workstream))
    }

    fn kind(&self, party: PartyId) -> Option<PartyKind> {
        self.mission.party(party).map(|entry| entry.kind)
    }
}

/// Which roles a person holds in a party, sorted; none once they are disabled.
pub(super) fn roles_of(person: &PersonRevision, acting: &PartyRevision) -> Vec<Role> {
    if person.disabled {
        return Vec::new();
    }
    let held = acting.roles.iter().filter(|held| held.person == person.person);
    let mut roles: Vec<_> = held.map(|held| held.role).collect();
    roles.sort_unstable();
    roles.dedup();
    roles
}
