//! Rights as values: who may do what, decided on which heads.

use std::{marker::PhantomData, sync::Arc};

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use crate::{
    audit::{
        Act, ActName, Actor, Again, Asked, Denial, Discover, Draft, Gate, Reason, Verdict, Warrant,
        What as Stated,
    },
    database::{self, Revisions},
    id::{DocumentId, EntryId, PartyId},
    identity::{self, Caller, Confirmed},
    mission::{self, DocumentRevision, MissionRevision, PartyRevision, PersonRevision, Registry},
    policy::{
        Case, Circumstances, Decider, Decision, Resource, Restriction, Target, resource::What,
        texts::Texts,
    },
    vault::KeySet,
};

/// How often a refusal is decided again while heads move.
const TRIES: usize = 3;

/// Why there is no right.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// To them there is no such thing; recorded.
    #[error("there is no such thing, or they may not know of it")]
    Hidden,
    /// They may know of it, and no more; recorded.
    #[error("not permitted")]
    Forbidden(Reason),
    /// Their credential no longer lives.
    #[error("the caller is not known any more")]
    Unknown,
    /// Authority could not be read, so nothing was decided.
    #[error("could not read what the decision is made on")]
    Authority(#[from] mission::Error),
    /// The caller could not be confirmed, so nothing was decided.
    #[error("could not confirm who is asking")]
    Identity(#[source] identity::Error),
    /// A party's text could not be read, so nothing was decided.
    #[error("could not read the restrictions of a party")]
    Text(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The refusal could not be recorded, so it is not answered.
    #[error("could not record the refusal")]
    Audit(#[from] crate::audit::Error),
}

/// Makes rights. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Policy {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub registry: Registry,
    pub gate: Gate,
    pub texts: Texts,
}

/// Proof that the caller may do `A`.
///
/// Only [`Policy::permit`] makes one, so code that asks for a `Permit<Read>` cannot be reached without a decision, and
/// cannot be reached with a decision about something else.
#[derive(Clone, Debug)]
#[must_use = "a permit is only worth asking for if it is used"]
pub struct Permit<A: Act> {
    policy: Policy,
    caller: Caller,
    resource: Resource,
    purpose: Option<String>,
    read: Arc<Read>,
    grounds: Vec<String>,
    /// On what it was decided; the gate has it decided again if any of it has moved.
    revisions: Revisions,
    act: PhantomData<fn() -> A>,
}

/// Everything that a decision read.
#[derive(Debug)]
struct Read {
    confirmed: Confirmed,
    mission: Arc<MissionRevision>,
    subject: Subject,
    owner: Option<Arc<PartyRevision>>,
    workstream: Option<Arc<PartyRevision>>,
    restriction: Option<Arc<Restriction>>,
}

#[derive(Debug)]
enum Subject {
    Document(Arc<DocumentRevision>),
    NewDocument,
    Party(Arc<PartyRevision>),
    Person(Arc<PersonRevision>),
    Service,
    Missing,
}

/// A decision with what it was made on.
struct Decided {
    read: Arc<Read>,
    revisions: Revisions,
    decision: Decision,
    verdict: Verdict,
}

impl Policy {
    /// Policy over its rooms.
    #[must_use]
    pub fn new(registry: Registry, gate: Gate, keyset: Arc<KeySet>) -> Self {
        let texts = Texts::new(registry.database().clone(), keyset);
        Self { inner: Arc::new(Inner { registry, gate, texts }) }
    }

    /// The right to `A`, or a refusal that is durable already.
    ///
    /// # Errors
    ///
    /// [`Error::Hidden`] (404) if they may not discover it, the same for what does not exist; [`Error::Forbidden`] (403)
    /// if they may; [`Error::Unknown`] (401) if their credential ended meanwhile. Any other error: nothing was decided.
    pub async fn permit<A: Act>(
        &self,
        caller: &Caller,
        resource: impl Into<Resource>,
    ) -> Result<Permit<A>, Error> {
        self.permit_for(caller, resource, None).await
    }

    /// As [`Policy::permit`], with what the caller says it is for.
    ///
    /// # Errors
    ///
    /// As [`Policy::permit`].
    pub async fn permit_for<A: Act>(
        &self,
        caller: &Caller,
        resource: impl Into<Resource>,
        purpose: Option<String>,
    ) -> Result<Permit<A>, Error> {
        let resource = resource.into();
        for _ in 0..TRIES {
            let decided = self.decide(A::NAME, caller, &resource, purpose.clone()).await?;
            if decided.decision.permitted {
                return Ok(Permit::of(self, caller, resource, purpose, decided));
            }
            let verdict = decided.verdict;
            match self.inner.gate.refuse(denial(A::NAME, &resource, decided)).await {
                Ok(()) => return Err(verdict.into()),
                Err(crate::audit::Error::Moved) => self.refresh(caller, &resource).await?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(crate::audit::Error::Unsettled.into())
    }

    /// Reads the heads anew that a decision about this would read.
    async fn refresh(&self, caller: &Caller, resource: &Resource) -> Result<(), Error> {
        let mut subjects = vec![
            caller.actor.person.into(),
            caller.actor.capacity.into(),
            crate::database::Subject::MISSION,
        ];
        if let What::Document(document) = resource.what {
            subjects.push(document.into());
        }
        let database = self.inner.registry.database();
        Ok(database.refresh(&subjects).await.map_err(mission::Error::from)?)
    }

    async fn decide(
        &self,
        act: ActName,
        caller: &Caller,
        resource: &Resource,
        purpose: Option<String>,
    ) -> Result<Decided, Error> {
        let now = self.inner.gate.clock().now();
        let mut revisions = Revisions::new(now);
        let read = self.read(act, caller, resource, &mut revisions).await?;
        let circumstances = Circumstances::of(&read.confirmed.actor, now, purpose);
        let decider = Decider::new(read.case(&circumstances));
        let mut decision = decider.decide(act);
        let missing = matches!(read.subject, Subject::Missing);
        if missing {
            decision.permitted = false;
            decision.reason = Some(Reason::Missing);
        }
        let discovered = act != Discover::NAME && decider.decide(Discover::NAME).permitted;
        let verdict = match decision.reason {
            Some(reason) if discovered && !missing => Verdict::Forbidden(reason),
            _ => Verdict::Hidden,
        };
        if let Some(until) = decision.until {
            revisions.ends(until);
        }
        Ok(Decided { read: Arc::new(read), revisions, decision, verdict })
    }

    /// Reads what a decision is made on, and notes every head.
    async fn read(
        &self,
        act: ActName,
        caller: &Caller,
        resource: &Resource,
        revisions: &mut Revisions,
    ) -> Result<Read, Error> {
        let registry = &self.inner.registry;
        let confirmed = caller.confirm(registry, revisions).await.map_err(|error| match error {
            identity::Error::Unknown => Error::Unknown,
            identity::Error::Authority(error) => Error::Authority(error),
            error => Error::Identity(error),
        })?;
        let mission = registry.mission(revisions).await?;
        let (mut owner, mut workstream) = (None, None);
        let subject = match resource.what {
            What::Document(id) => match present(registry.read(id, revisions).await)? {
                None => Subject::Missing,
                Some(document) => {
                    let document: Arc<DocumentRevision> = document;
                    owner = present(registry.read(document.owner, revisions).await)?;
                    if act == ActName::Deposit {
                        workstream = present(registry.read(document.workstream, revisions).await)?;
                    }
                    Subject::Document(document)
                }
            },
            What::NewDocument { owner: party, workstream: stream } => {
                owner = present(registry.read(party, revisions).await)?;
                workstream = present(registry.read(stream, revisions).await)?;
                if owner.is_some() && workstream.is_some() {
                    Subject::NewDocument
                } else {
                    Subject::Missing
                }
            }
            What::Party(id) => present(registry.read(id, revisions).await)?
                .map_or(Subject::Missing, Subject::Party),
            What::Person(id) => present(registry.read(id, revisions).await)?
                .map_or(Subject::Missing, Subject::Person),
            What::Service => Subject::Service,
        };
        let restriction = self.restriction(&subject, owner.as_deref()).await?;
        Ok(Read { confirmed, mission, subject, owner, workstream, restriction })
    }

    async fn restriction(
        &self,
        subject: &Subject,
        owner: Option<&PartyRevision>,
    ) -> Result<Option<Arc<Restriction>>, Error> {
        match (subject, owner) {
            (Subject::Document(_), Some(owner)) if !owner.restriction.is_empty() => {
                let text = self.inner.texts.restriction(owner.party, &owner.restriction).await;
                Ok(Some(text.map_err(|error| Error::Text(Box::new(error)))?))
            }
            _ => Ok(None),
        }
    }
}

/// Nothing in place of what does not exist.
fn present<R>(read: Result<Arc<R>, mission::Error>) -> Result<Option<Arc<R>>, Error> {
    match read {
        Ok(revision) => Ok(Some(revision)),
        Err(mission::Error::Missing(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl Read {
    /// The case. What does not exist is decided at the cost of a decoy: the caller's own party.
    fn case<'r>(&'r self, circumstances: &'r Circumstances) -> Case<'r> {
        let target = match (&self.subject, &self.owner, &self.workstream) {
            (Subject::Document(document), Some(owner), workstream) => {
                Target::Document { document, owner, workstream: workstream.as_deref() }
            }
            (Subject::NewDocument, Some(owner), Some(workstream)) => {
                Target::NewDocument { owner, workstream }
            }
            (Subject::Party(party), ..) => Target::Party(party),
            (Subject::Person(person), ..) => Target::Person(person),
            (Subject::Service, ..) => Target::Service,
            _ => Target::Party(&self.confirmed.party),
        };
        Case {
            mission: &self.mission,
            person: &self.confirmed.person,
            acting: &self.confirmed.party,
            target,
            restriction: self.restriction.as_deref(),
            circumstances,
        }
    }

    fn owner(&self) -> Option<PartyId> {
        match &self.subject {
            Subject::Party(party) => Some(party.party),
            Subject::Person(person) => Some(person.employer),
            Subject::Service => Some(self.mission.operator),
            Subject::Document(_) | Subject::NewDocument => {
                self.owner.as_ref().map(|owner| owner.party)
            }
            Subject::Missing => None,
        }
    }

    fn document(&self) -> Option<DocumentId> {
        match &self.subject {
            Subject::Document(document) => Some(document.document),
            _ => None,
        }
    }

    fn draft(&self, act: ActName, grounds: Vec<String>, detail: Map<String, Value>) -> Draft {
        Draft {
            id: EntryId::random(),
            what: Stated::Intent,
            act,
            actor: Some(self.confirmed.actor.clone()),
            owner: self.owner(),
            document: self.document(),
            grounds,
            reason: None,
            asked: None,
            detail,
            texts: Vec::new(),
        }
    }
}

fn denial(act: ActName, resource: &Resource, decided: Decided) -> Denial {
    let Decided { read, revisions, decision, verdict } = decided;
    let mut detail = Map::new();
    if !decision.rules.is_empty()
        && let Some(restriction) = &read.restriction
    {
        let numbers: Vec<_> = decision.rules.iter().map(|rule| rule.number).collect();
        detail.insert("restriction".into(), json!(restriction.digest()));
        detail.insert("rules".into(), json!(numbers));
    }
    let status = if verdict == Verdict::Hidden { 404 } else { 403 };
    let mut draft = read.draft(act, decision.grounds, detail);
    draft.what = Stated::Refusal;
    draft.reason = decision.reason;
    draft.asked = Some(Asked { act, subject: resource.named.clone(), status });
    Denial { revisions, draft, verdict }
}

impl From<Verdict> for Error {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Hidden => Self::Hidden,
            Verdict::Forbidden(reason) => Self::Forbidden(reason),
        }
    }
}

impl<A: Act> Permit<A> {
    fn of(
        policy: &Policy,
        caller: &Caller,
        resource: Resource,
        purpose: Option<String>,
        decided: Decided,
    ) -> Self {
        let Decided { read, revisions, decision, .. } = decided;
        let (policy, caller) = (policy.clone(), caller.clone());
        let grounds = decision.grounds;
        Self { policy, caller, resource, purpose, read, grounds, revisions, act: PhantomData }
    }

    /// The document that it is about, as it was decided on.
    #[must_use]
    pub fn document(&self) -> Option<&Arc<DocumentRevision>> {
        match &self.read.subject {
            Subject::Document(document) => Some(document),
            _ => None,
        }
    }

    /// The party that it is about, as it was decided on.
    #[must_use]
    pub fn target_party(&self) -> Option<&PartyRevision> {
        match &self.read.subject {
            Subject::Party(party) => Some(party),
            _ => None,
        }
    }

    /// The party for which they act.
    #[must_use]
    pub fn party(&self) -> &PartyRevision {
        &self.read.confirmed.party
    }

    /// Who acts.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.read.confirmed.actor
    }

    /// Whoever asked.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The mission, as it was decided on.
    #[must_use]
    pub fn mission(&self) -> &Arc<MissionRevision> {
        &self.read.mission
    }

    /// When it was decided.
    #[must_use]
    pub fn decided_at(&self) -> crate::time::Instant {
        self.revisions.decided_at
    }

    /// Why it is permitted.
    #[must_use]
    pub fn grounds(&self) -> &[String] {
        &self.grounds
    }
}

#[async_trait]
impl<A: Act> Warrant for Permit<A> {
    type Act = A;

    fn revisions(&self) -> &Revisions {
        &self.revisions
    }

    fn subject(&self) -> Option<database::Subject> {
        match &self.read.subject {
            Subject::Document(document) => Some(document.document.into()),
            Subject::Party(party) => Some(party.party.into()),
            Subject::Person(person) => Some(person.person.into()),
            Subject::NewDocument | Subject::Service | Subject::Missing => None,
        }
    }

    fn draft(&self) -> Draft {
        let mut draft = self.read.draft(A::NAME, self.grounds.clone(), Map::new());
        if let Some(purpose) = &self.purpose {
            draft.texts.push(("purpose", purpose.clone()));
        }
        draft
    }

    async fn again(self) -> Result<Self, Again> {
        let Self { policy, caller, resource, purpose, .. } = self;
        let decided = policy.decide(A::NAME, &caller, &resource, purpose.clone()).await;
        match decided {
            Ok(decided) if decided.decision.permitted => {
                Ok(Self::of(&policy, &caller, resource, purpose, decided))
            }
            Ok(decided) => Err(Again::Refused(Box::new(denial(A::NAME, &resource, decided)))),
            Err(error) => Err(Again::Undecided(Box::new(error))),
        }
    }
}
