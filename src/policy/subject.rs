//! What a decision reads from the registry, and the case that it makes of it.

use std::sync::Arc;

use crate::{
    audit::{ActName, Reason},
    database::Revisions,
    id::{DocumentId, PartyId, PersonId},
    mission::{self, DocumentRevision, MissionRevision, PartyRevision, PersonRevision},
    policy::{
        About, Case, Circumstances, Decider, Decision, Error, Policy, Restriction, Target,
        permit::{Asking, Decided},
    },
    time::Instant,
};

/// The revisions that a decision was made on.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) mission: Arc<MissionRevision>,
    pub(super) person: Arc<PersonRevision>,
    pub(super) acting: Arc<PartyRevision>,
    pub(super) document: Option<Arc<DocumentRevision>>,
    pub(super) owner: Option<Arc<PartyRevision>>,
    pub(super) workstream: Option<Arc<PartyRevision>>,
    pub(super) restriction: Option<Arc<Restriction>>,
    pub(super) other: Option<Arc<PersonRevision>>,
}

impl Policy {
    /// Decides `act` on the heads as they are now.
    pub(super) async fn decide(&self, asking: &Asking, act: ActName) -> Result<Decided, Error> {
        let registry = self.registry();
        let mut revisions = Revisions::new(self.now());
        let mission = registry.mission(&mut revisions).await?;
        let confirmed = asking.caller.confirm(registry, &mut revisions).await?;
        let mut read = Read {
            mission,
            person: confirmed.person,
            acting: confirmed.party,
            document: None,
            owner: None,
            workstream: None,
            restriction: None,
            other: None,
        };
        let found = self.find(asking.about, act, &mut read, &mut revisions).await?;
        let now = revisions.decided_at;
        let circumstances = Circumstances::of(&confirmed.actor, now, asking.purpose.clone());
        let (decision, discovers) = if found {
            judge(&read, asking.about, act, &circumstances)
        } else {
            (self.decoy(&read, act, &circumstances), false)
        };
        if let Some(until) = decision.until {
            revisions.ends(until);
        }
        if found && !decision.permitted && !discovers {
            self.look_again(asking.about).await?;
        }
        Ok(Decided { actor: confirmed.actor, decision, discovers, revisions, read })
    }

    /// Reads what `about` names; false if there is no such thing.
    async fn find(
        &self,
        about: About,
        act: ActName,
        read: &mut Read,
        revisions: &mut Revisions,
    ) -> Result<bool, Error> {
        let found = match about {
            About::Document(document) => self.find_document(document, act, read, revisions).await,
            About::NewDocument { owner, workstream } => {
                self.find_owner(owner, Some(workstream), read, revisions).await
            }
            About::Party(party) => self.find_owner(party, None, read, revisions).await,
            About::Mission => self.find_owner(read.mission.party, None, read, revisions).await,
            About::Person(person) if person == read.person.person => Ok(()),
            About::Person(person) => match self.registry().read(person, revisions).await {
                Ok(other) => {
                    read.other = Some(other);
                    read.owner = Some(Arc::clone(&read.acting));
                    Ok(())
                }
                Err(error) => Err(error.into()),
            },
            About::Service => Ok(()),
        };
        match found {
            Ok(()) => Ok(true),
            Err(Error::Authority(mission::Error::Missing(_))) => {
                (read.document, read.owner, read.workstream) = (None, None, None);
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    async fn find_document(
        &self,
        id: DocumentId,
        act: ActName,
        read: &mut Read,
        revisions: &mut Revisions,
    ) -> Result<(), Error> {
        let document: Arc<DocumentRevision> = self.registry().read(id, revisions).await?;
        let workstream = (act == ActName::Deposit).then_some(document.workstream);
        self.find_owner(document.owner, workstream, read, revisions).await?;
        if let Some(owner) = &read.owner {
            read.restriction = self.restriction(owner).await?;
        }
        read.document = Some(document);
        Ok(())
    }

    async fn find_owner(
        &self,
        owner: PartyId,
        workstream: Option<PartyId>,
        read: &mut Read,
        revisions: &mut Revisions,
    ) -> Result<(), Error> {
        read.owner = Some(self.registry().read(owner, revisions).await?);
        if let Some(workstream) = workstream {
            read.workstream = Some(self.registry().read(workstream, revisions).await?);
        }
        Ok(())
    }

    /// What is hidden costs the lookup that what is missing costs.
    async fn look_again(&self, about: About) -> Result<(), Error> {
        let subject = match about {
            About::Document(document) => document.into(),
            About::Party(party) => party.into(),
            About::Person(person) => person.into(),
            About::NewDocument { .. } | About::Mission | About::Service => return Ok(()),
        };
        Ok(self.registry().database().refresh(&[subject]).await.map_err(mission::Error::from)?)
    }

    /// Decides about what does not exist as if it were a document that nobody was granted: the same answer, at its cost.
    fn decoy(&self, read: &Read, act: ActName, circumstances: &Circumstances) -> Decision {
        let nobody = self.nobody();
        let target = Target::Document {
            document: &nobody.document,
            owner: &nobody.owner,
            workstream: Some(&nobody.owner),
        };
        let decider = Decider::new(case(read, target, circumstances));
        let (decision, _) = (decider.decide(act), decider.decide(ActName::Discover));
        Decision { permitted: false, reason: Some(Reason::Missing), until: None, ..decision }
    }
}

/// The decision, and whether they may discover what it is about.
fn judge(
    read: &Read,
    about: About,
    act: ActName,
    circumstances: &Circumstances,
) -> (Decision, bool) {
    let decider = Decider::new(case(read, target(read, about), circumstances));
    let decision = decider.decide(act);
    let discovers = decision.permitted || decider.decide(ActName::Discover).permitted;
    (decision, discovers)
}

fn case<'a>(read: &'a Read, target: Target<'a>, circumstances: &'a Circumstances) -> Case<'a> {
    Case {
        mission: &read.mission,
        person: &read.person,
        acting: &read.acting,
        target,
        restriction: read.restriction.as_deref(),
        circumstances,
    }
}

/// What was found, as a target; a document for a deposit of a new one is its owner's.
fn target(read: &Read, about: About) -> Target<'_> {
    match (about, &read.document, &read.owner, &read.workstream) {
        (About::Document(_), Some(document), Some(owner), workstream) => {
            Target::Document { document, owner, workstream: workstream.as_deref() }
        }
        (About::NewDocument { .. }, _, Some(owner), Some(workstream)) => {
            Target::NewDocument { owner, workstream }
        }
        (About::Party(_) | About::Mission, _, Some(party), _) => Target::Party(party),
        (About::Person(_), ..) => Target::Person(read.other.as_deref().unwrap_or(&read.person)),
        _ => Target::Service,
    }
}

/// A document that nobody was granted, of a party without people: what a missing one is decided as.
#[derive(Debug)]
pub(super) struct Nobody {
    document: DocumentRevision,
    owner: PartyRevision,
}

impl Nobody {
    pub(super) fn new() -> Self {
        let owner = PartyId::random();
        let document = DocumentRevision {
            v: mission::FORMAT,
            document: DocumentId::random(),
            owner,
            workstream: owner,
            kind: String::new(),
            reference: String::new(),
            protection: mission::Protection::Managed,
            sensitivity: mission::Sensitivity::BusinessSecret,
            stage: mission::Stage::Working,
            locations: Vec::new(),
            title: String::new(),
            grants: Vec::new(),
            hold: false,
            quarantined: false,
            versions: Vec::new(),
            created_by: PersonId::random(),
            created_at: Instant(0),
            shred_asked_by: None,
        };
        Self { document, owner: PartyRevision::new(owner) }
    }
}
