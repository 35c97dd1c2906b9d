//! Rights that are narrower than an act: what the baseline permits by role, and a route to fewer.

use crate::{
    audit::{self, Act, Draft, Reason, Verdict, Warrant as _, What},
    identity::Caller,
    mission::Role,
    policy::{
        Permit, Policy, Resource,
        permit::{Error, TRIES, asked},
    },
};

impl Policy {
    /// The right to `A`, if `only` agrees to what it was decided on; else a refusal that is durable already.
    ///
    /// # Errors
    ///
    /// As [`Policy::permit`]; [`Error::Forbidden`] if the baseline permits it and `only` does not.
    pub async fn permit_only<A: Act>(
        &self,
        caller: &Caller,
        resource: impl Into<Resource>,
        only: impl Fn(&Permit<A>) -> bool,
    ) -> Result<Permit<A>, Error> {
        let resource = resource.into();
        for _ in 0..TRIES {
            let permit: Permit<A> = self.permit(caller, resource.clone()).await?;
            if only(&permit) {
                return Ok(permit);
            }
            let verdict = Verdict::Forbidden(Reason::NoGrant);
            let draft = Draft {
                what: What::Refusal,
                grounds: Vec::new(),
                reason: Some(Reason::NoGrant),
                asked: Some(asked(A::NAME, &resource, verdict)),
                ..permit.draft()
            };
            let revisions = permit.revisions().clone();
            match self.inner.gate.refuse(audit::Denial { revisions, draft, verdict }).await {
                Ok(()) => return Err(Error::Forbidden(Reason::NoGrant)),
                Err(audit::Error::Moved) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(audit::Error::Unsettled.into())
    }
}

impl Policy {
    /// Whether `A` would be permitted now: no right, and no entry. Where two acts show the same, it says for which one a
    /// right is asked.
    ///
    /// # Errors
    ///
    /// As [`Policy::permit`] if nothing could be decided.
    pub async fn would_permit<A: Act>(
        &self,
        caller: &Caller,
        resource: impl Into<Resource>,
    ) -> Result<bool, Error> {
        Ok(self.decide(A::NAME, caller, &resource.into(), None).await?.decision.permitted)
    }
}

impl<A: Act> Permit<A> {
    /// Whether it is an auditor's right over the party for which they act.
    #[must_use]
    pub fn is_own_auditors(&self) -> bool {
        let over = self.over().map(|party| party.party);
        over == Some(self.actor().capacity)
            && self.party().holds(self.actor().person, Role::Auditor)
    }
}
