//! Whoever is asking, and whether they still may ask.

use std::sync::Arc;

use crate::{
    audit::Actor,
    database::Revisions,
    identity::{Error, verifier::Claim},
    mission::{self, Credential, PartyRevision, PersonRevision, Registry, network_of},
};

/// Someone who authenticated, in one capacity. Only [`crate::identity::Identity::authenticate`]
/// makes one.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who, in which capacity, with what, from where.
    pub actor: Actor,
    claim: Claim,
}

/// What a decision about a caller is made on.
#[derive(Clone, Debug)]
pub struct Confirmed {
    /// The person, as they are now.
    pub person: Arc<PersonRevision>,
    /// The party for which they act, as it is now.
    pub party: Arc<PartyRevision>,
    /// The actor, with the network as the party declares it now.
    pub actor: Actor,
}

impl Caller {
    pub(super) fn new(actor: Actor, claim: Claim) -> Self {
        Self { actor, claim }
    }

    /// Whether the credential still lives and the capacity is still theirs, as of
    /// `revisions.decided_at`.
    ///
    /// Every decision begins with this, also when it is made again: it notes the heads of the
    /// person and of the acting party, and that the decision ends with the credential.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if it was revoked, has ended, or the person has left the party.
    pub async fn confirm(
        &self,
        registry: &Registry,
        revisions: &mut Revisions,
    ) -> Result<Confirmed, Error> {
        let Live { person, party, .. } = confirm(registry, &self.claim, revisions).await?;
        let mut actor = self.actor.clone();
        actor.network = network_of(&party.networks, actor.address).map(str::to_owned);
        Ok(Confirmed { person, party, actor })
    }
}

/// A claim that the revisions bear out.
pub(super) struct Live {
    pub person: Arc<PersonRevision>,
    pub party: Arc<PartyRevision>,
    pub credential: Credential,
}

/// Whether the person's revision lists what the table claims, it has not ended, and the capacity is
/// theirs.
pub(super) async fn confirm(
    registry: &Registry,
    claim: &Claim,
    revisions: &mut Revisions,
) -> Result<Live, Error> {
    let now = revisions.decided_at;
    let unknown = |error| match error {
        mission::Error::Missing(_) => Error::Unknown,
        error => Error::Authority(error),
    };
    let person: Arc<PersonRevision> =
        registry.read(claim.person, revisions).await.map_err(unknown)?;
    let listed = person.credential(claim.id).filter(|listed| {
        !person.disabled
            && listed.kind == claim.kind
            && listed.capacity == claim.capacity
            && listed.expires_at == claim.expires_at
            && listed.generation == claim.generation
            && listed.generation == person.generation
            && now < listed.expires_at
    });
    let credential = listed.ok_or(Error::Unknown)?.clone();
    let party: Arc<PartyRevision> =
        registry.read(claim.capacity, revisions).await.map_err(unknown)?;
    if !party.includes(claim.person) {
        return Err(Error::Unknown);
    }
    revisions.ends(credential.expires_at);
    Ok(Live { person, party, credential })
}
