//! Rights as values: who may do what, decided on which heads.

use std::{marker::PhantomData, sync::Arc};

use async_trait::async_trait;
use serde_json::{Map, json};

use crate::{
    audit::{
        self, Act, ActName, Actor, Again, Asked, Denial, Draft, Gate, Reason, Verdict, Warrant,
        What as Stated,
    },
    database::{self, Revisions},
    identity::{self, Caller},
    mission::{self, DocumentRevision, MissionRevision, PartyRevision, PersonRevision, Registry},
    policy::{
        Circumstances, Decision, Resource,
        read::{Read, Subject},
        texts::Texts,
    },
    storage::LocationId,
    vault::KeySet,
};

/// How often a refusal is decided again while heads move.
pub(super) const TRIES: usize = 3;

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
    /// The cursor of a list was not given to this person in this capacity.
    #[error("the cursor was not given to this caller")]
    Cursor,
    /// The rows of a list could not be read.
    #[error("could not read the rows of a list")]
    Rows(#[from] database::Error),
    /// The refusal could not be recorded, so it is not answered.
    #[error("could not record the refusal")]
    Audit(#[from] audit::Error),
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
    /// Where what is deposited rests, once that was decided.
    places: Option<Vec<LocationId>>,
    act: PhantomData<fn() -> A>,
}

/// A decision with what it was made on.
pub(super) struct Decided {
    read: Arc<Read>,
    revisions: Revisions,
    pub(super) decision: Decision,
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
                Err(audit::Error::Moved) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(audit::Error::Unsettled.into())
    }

    pub(super) async fn decide(
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
        let (decision, discovers) = read.judge(act, &circumstances);
        let verdict = match decision.reason {
            Some(reason) if discovers => Verdict::Forbidden(reason),
            _ => Verdict::Hidden,
        };
        if let Some(until) = decision.until {
            revisions.ends(until);
        }
        if !decision.permitted && !discovers {
            self.cost_the_same(resource.what, read.trips).await?;
        }
        Ok(Decided { read: Arc::new(read), revisions, decision, verdict })
    }
}

/// The refusal, as it is entered and answered. Which rules of the owner's text forbade it is for the owner.
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
    let mut draft = read.draft(act, decision.grounds, detail);
    draft.what = Stated::Refusal;
    draft.reason = decision.reason;
    draft.asked = Some(asked(act, resource, verdict));
    Denial { revisions, draft, verdict }
}

pub(super) fn asked(act: ActName, resource: &Resource, verdict: Verdict) -> Asked {
    let status = if verdict == Verdict::Hidden { 404 } else { 403 };
    Asked { act, subject: resource.named.clone(), status }
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
        let (places, act) = (None, PhantomData);
        Self { policy, caller, resource, purpose, read, grounds, revisions, places, act }
    }

    pub(super) fn bind(&mut self, places: Vec<LocationId>) {
        self.places = Some(places);
    }

    pub(super) fn places(&self) -> Option<&[LocationId]> {
        self.places.as_deref()
    }

    pub(super) fn resource(&self) -> &Resource {
        &self.resource
    }

    /// The document that it is about, as it was decided on.
    #[must_use]
    pub fn document(&self) -> Option<&Arc<DocumentRevision>> {
        match &self.read.subject {
            Subject::Document(document) => Some(document),
            _ => None,
        }
    }

    /// The owner of the document, or the party itself, as it was decided on; nothing for a person and the service.
    #[must_use]
    pub fn owner(&self) -> Option<&Arc<PartyRevision>> {
        self.read.owner.as_ref()
    }

    /// The party over which the right is, if it is over one.
    pub(super) fn over(&self) -> Option<&Arc<PartyRevision>> {
        match &self.read.subject {
            Subject::Party(party) => Some(party),
            _ => None,
        }
    }

    /// Whoever acts, as it was decided on.
    #[must_use]
    pub fn person(&self) -> &PersonRevision {
        &self.read.confirmed.person
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
        self.read.subject()
    }

    fn draft(&self) -> Draft {
        let mut draft = self.read.draft(A::NAME, self.grounds.clone(), Map::new());
        if let Some(purpose) = &self.purpose {
            draft.texts.push(("purpose", purpose.clone()));
        }
        draft
    }

    async fn again(self) -> Result<Self, Again> {
        let Self { policy, caller, resource, purpose, read, places, .. } = self;
        let decided = policy.decide(A::NAME, &caller, &resource, purpose.clone()).await;
        match decided {
            Ok(decided) if decided.decision.permitted => {
                let mut permit = Self::of(&policy, &caller, resource, purpose, decided);
                permit.places = places;
                match permit.displaced() {
                    Some(denial) => Err(Again::Refused(Box::new(denial))),
                    None => Ok(permit),
                }
            }
            Ok(decided) => Err(Again::Refused(Box::new(denial(A::NAME, &resource, decided)))),
            Err(Error::Unknown) => {
                let revisions = Revisions::new(policy.inner.gate.clock().now());
                let denial = ended(A::NAME, &resource, &read, revisions);
                Err(Again::Refused(Box::new(denial)))
            }
            Err(error) => Err(Again::Undecided(Box::new(error))),
        }
    }
}

/// The refusal of someone whose credential or capacity has ended: they discover nothing any more.
fn ended(act: ActName, resource: &Resource, read: &Read, revisions: Revisions) -> Denial {
    let verdict = Verdict::Hidden;
    let mut draft = read.draft(act, Vec::new(), Map::new());
    draft.what = Stated::Refusal;
    draft.reason = Some(Reason::NoGrant);
    draft.asked = Some(asked(act, resource, verdict));
    Denial { revisions, draft, verdict }
}
