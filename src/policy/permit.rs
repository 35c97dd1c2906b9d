//! A right as a value, and the only way to one.

use std::{marker::PhantomData, sync::Arc};

use async_trait::async_trait;
use serde_json::{Map, json};

use crate::{
    audit::{Act, ActName, Actor, Again, Asked, Denial, Draft, Reason, Verdict, Warrant, What},
    database::Revisions,
    id::{DocumentId, EntryId, PartyId},
    identity::Caller,
    mission::{DocumentRevision, MissionRevision, PartyRevision, PersonRevision},
    policy::{About, Decision, Error, Policy, subject::Read},
};

/// How often a decision is made again while heads move.
const TRIES: usize = 3;

/// Proof that the caller may do `A`.
///
/// Only [`Policy::permit`] makes one, so code that asks for a `Permit<Read>` cannot be reached without a decision, and
/// cannot be reached with a decision about something else.
#[derive(Debug)]
#[must_use = "a permit is only worth asking for if it is used"]
pub struct Permit<A: Act> {
    policy: Policy,
    asking: Asking,
    actor: Actor,
    decision: Decision,
    /// What it was decided on; the gate has it decided again if any has moved.
    revisions: Revisions,
    read: Arc<Read>,
    act: PhantomData<fn() -> A>,
}

/// What is asked, by whom: what a decision starts from, again and again.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    pub(super) caller: Caller,
    pub(super) about: About,
    pub(super) purpose: Option<String>,
}

/// How a decision ended, with what it was made on.
pub(super) struct Decided {
    pub(super) actor: Actor,
    pub(super) decision: Decision,
    pub(super) discovers: bool,
    pub(super) revisions: Revisions,
    pub(super) read: Read,
}

impl Policy {
    /// Decides whether `caller` may do `A`. A refusal is durable before it is answered.
    ///
    /// # Errors
    ///
    /// [`Error::Hidden`] if they may not know that there is such a thing, or there is none; [`Error::Forbidden`] if they
    /// may; [`Error::Unknown`] if their credential has ended meanwhile. Anything else: nothing was decided.
    pub async fn permit<A: Act>(
        &self,
        caller: &Caller,
        about: impl Into<About>,
    ) -> Result<Permit<A>, Error> {
        self.permit_for(caller, about, None).await
    }

    /// As [`Policy::permit`], for a purpose that the caller states; it is entered, sealed under the document's key.
    ///
    /// # Errors
    ///
    /// As [`Policy::permit`].
    pub async fn permit_for<A: Act>(
        &self,
        caller: &Caller,
        about: impl Into<About>,
        purpose: Option<String>,
    ) -> Result<Permit<A>, Error> {
        let asking = Asking { caller: caller.clone(), about: about.into(), purpose };
        for _ in 0..TRIES {
            let denial = match self.attempt::<A>(&asking).await? {
                Ok(permit) => return Ok(permit),
                Err(denial) => denial,
            };
            let verdict = denial.verdict;
            match self.gate().refuse(denial).await {
                Ok(()) => return Err(verdict.into()),
                Err(crate::audit::Error::Moved) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Unsettled)
    }

    async fn attempt<A: Act>(&self, asking: &Asking) -> Result<Result<Permit<A>, Denial>, Error> {
        let decided = self.decide(asking, A::NAME).await?;
        Ok(match decided.decision.permitted {
            true => Ok(Permit {
                policy: self.clone(),
                asking: asking.clone(),
                actor: decided.actor,
                decision: decided.decision,
                revisions: decided.revisions,
                read: Arc::new(decided.read),
                act: PhantomData,
            }),
            false => Err(denial(asking, A::NAME, decided)),
        })
    }
}

impl<A: Act> Permit<A> {
    /// Who may, in which capacity.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// About what it was asked.
    #[must_use]
    pub fn about(&self) -> About {
        self.asking.about
    }

    /// The document, as the decision saw it.
    #[must_use]
    pub fn document(&self) -> Option<&DocumentRevision> {
        self.read.document.as_deref()
    }

    /// Whose it is, as the decision saw it: the document's owner, or the party itself.
    #[must_use]
    pub fn owner(&self) -> Option<&PartyRevision> {
        self.read.owner.as_deref()
    }

    /// The party for which the actor acts, as the decision saw it.
    #[must_use]
    pub fn acting(&self) -> &PartyRevision {
        &self.read.acting
    }

    /// The actor's person, as the decision saw it.
    #[must_use]
    pub fn person(&self) -> &PersonRevision {
        &self.read.person
    }

    /// The mission, as the decision saw it.
    #[must_use]
    pub fn mission(&self) -> &MissionRevision {
        &self.read.mission
    }

    /// What permits it: `@id`s of the baseline, and a grant's id if it leans on one.
    #[must_use]
    pub fn grounds(&self) -> &[String] {
        &self.decision.grounds
    }
}

impl<A: Act> Clone for Permit<A> {
    fn clone(&self) -> Self {
        Self {
            policy: self.policy.clone(),
            asking: self.asking.clone(),
            actor: self.actor.clone(),
            decision: self.decision.clone(),
            revisions: self.revisions.clone(),
            read: Arc::clone(&self.read),
            act: PhantomData,
        }
    }
}

#[async_trait]
impl<A: Act> Warrant for Permit<A> {
    type Act = A;

    fn revisions(&self) -> &Revisions {
        &self.revisions
    }

    fn draft(&self) -> Draft {
        draft(&self.asking, A::NAME, &self.actor, &self.decision, &self.read)
    }

    async fn again(self) -> Result<Self, Again> {
        match self.policy.attempt(&self.asking).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(denial)) => Err(Again::Refused(Box::new(denial))),
            Err(Error::Unknown) => Err(Again::Refused(Box::new(self.ended()))),
            Err(error) => Err(Again::Undecided(Box::new(error))),
        }
    }
}

impl<A: Act> Permit<A> {
    /// The refusal of someone whose credential or capacity ended: what they might still discover is no longer theirs.
    fn ended(&self) -> Denial {
        let now = self.policy.now();
        let asked = asked(&self.asking, A::NAME, 404);
        let draft = Draft {
            what: What::Refusal,
            grounds: Vec::new(),
            reason: Some(Reason::NoGrant),
            asked: Some(asked),
            ..self.draft()
        };
        Denial { revisions: Revisions::new(now), draft, verdict: Verdict::Hidden }
    }
}

/// The entry of an act that is permitted; the writer or the gate says what it states.
pub(super) fn draft(
    asking: &Asking,
    act: ActName,
    actor: &Actor,
    decision: &Decision,
    read: &Read,
) -> Draft {
    let mut detail = Map::new();
    if let Some(restriction) = read.restriction.as_deref() {
        detail.insert("restriction".to_owned(), json!(restriction.digest()));
    }
    if !decision.rules.is_empty() {
        let numbers: Vec<_> = decision.rules.iter().map(|rule| rule.number).collect();
        detail.insert("rules".to_owned(), json!(numbers));
    }
    let purpose = asking.purpose.clone().filter(|_| read.document.is_some());
    Draft {
        id: EntryId::random(),
        what: What::Intent,
        act,
        actor: Some(actor.clone()),
        owner: read.entered_under(),
        document: document(read),
        grounds: decision.grounds.clone(),
        reason: decision.reason,
        asked: None,
        detail,
        texts: purpose.into_iter().map(|purpose| ("purpose", purpose)).collect(),
    }
}

/// The refusal, as it is entered and answered.
fn denial(asking: &Asking, act: ActName, decided: Decided) -> Denial {
    let Decided { actor, decision, discovers, revisions, read } = decided;
    let reason = decision.reason.unwrap_or(Reason::NoGrant);
    let verdict = if discovers { Verdict::Forbidden(reason) } else { Verdict::Hidden };
    let status = if discovers { 403 } else { 404 };
    let mut draft = draft(asking, act, &actor, &decision, &read);
    draft.what = What::Refusal;
    draft.asked = Some(asked(asking, act, status));
    Denial { revisions, draft, verdict }
}

fn asked(asking: &Asking, act: ActName, status: u16) -> Asked {
    Asked { act, subject: asking.about.to_string(), status }
}

fn document(read: &Read) -> Option<DocumentId> {
    read.document.as_ref().map(|document| document.document)
}

impl Read {
    /// Under whose tag the entry stands: nobody's, if it is about one's own affairs or the service's.
    fn entered_under(&self) -> Option<PartyId> {
        self.owner.as_ref().map(|owner| owner.party)
    }
}
