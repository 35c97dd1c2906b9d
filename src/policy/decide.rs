//! The decision: pure, on a case, with its grounds.

use cedar_policy::Request;

use crate::{
    audit::{ActName, Reason},
    policy::{
        Case, Restriction, Rule, Target, baseline::BASELINE, entities::Seen, grants::Reach,
        restriction::RESTRICTABLE,
    },
    time::Instant,
};

/// What was decided, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether they may.
    pub permitted: bool,
    /// `@id`s of the baseline: what permitted it or what forbade it; with a grant's id (`grant:ID`) if one was needed.
    pub grounds: Vec<String>,
    /// Which rules of the owner's text forbade it. The owner may know them, whoever was refused may not.
    pub rules: Vec<Rule>,
    /// Why it was refused; nothing if it is permitted.
    pub reason: Option<Reason>,
    /// When the grant ends on which it leans; nothing if it needs none, or the grant has no end.
    pub until: Option<Instant>,
}

/// A case, described once; any number of acts can be decided on it.
#[derive(Debug)]
pub struct Decider<'a> {
    case: Case<'a>,
    reach: Option<Reach>,
    /// Nothing if it could not be described: then every act is refused.
    seen: Option<Seen>,
}

impl<'a> Decider<'a> {
    /// Describes `case` to Cedar.
    #[must_use]
    pub fn new(case: Case<'a>) -> Self {
        let roles = case.roles();
        let reach = case.reach(&roles);
        let mut spoken = BASELINE.rules.spoken();
        if let Some(restriction) = case.restriction {
            spoken = spoken.and(restriction.spoken());
        }
        let seen = Seen::new(&case, &roles, reach.is_some(), spoken).ok();
        Self { case, reach, seen }
    }

    /// Decides `act`. Whatever cannot be evaluated refuses.
    #[must_use]
    pub fn decide(&self, act: ActName) -> Decision {
        self.decide_alike(act).leaning_on(self.reach)
    }

    /// As [`Decider::decide`], but for the grant that the decision leans on: so it is of every case that looks the same.
    #[must_use]
    pub(super) fn decide_alike(&self, act: ActName) -> Decision {
        let (seen, request, permits) = match self.by_baseline(act) {
            Ok(permitted) => permitted,
            Err(refused) => return refused,
        };
        match self.restricted(act, seen, &request) {
            Ok(rules) if rules.is_empty() => Decision::permitted(permits),
            Ok(rules) => Decision { rules, ..Decision::refused(Reason::Restricted) },
            Err(rules) => Decision { rules, ..Decision::refused(Reason::Undecidable) },
        }
    }

    /// Decides `act` for whoever might yet ask in other circumstances: what only rules that ask for circumstances forbid is
    /// permitted, and the decision names them.
    #[must_use]
    pub(super) fn decide_under_conditions(&self, act: ActName) -> Decision {
        let decision = self.decide(act);
        let circumstantial = |rule: &Rule| {
            self.case.restriction.is_some_and(|restriction| restriction.is_circumstantial(rule))
        };
        let conditional = decision.reason == Some(Reason::Restricted)
            && decision.rules.iter().all(circumstantial);
        if !conditional {
            return decision;
        }
        match self.by_baseline(act) {
            Ok((_, _, permits)) => {
                let permitted = Decision::permitted(permits).leaning_on(self.reach);
                Decision { rules: decision.rules, ..permitted }
            }
            Err(refused) => refused,
        }
    }

    /// The policies of the baseline that permit `act`, or its refusal.
    fn by_baseline(&self, act: ActName) -> Result<(&Seen, Request, Vec<String>), Decision> {
        let undecidable = || Decision::refused(Reason::Undecidable);
        let seen = self.seen.as_ref().ok_or_else(undecidable)?;
        let request = seen.request(act).map_err(|_| undecidable())?;
        let said = BASELINE.rules.ask(act, &seen.scopes, &request, &seen.entities);
        if !said.failed.is_empty() {
            return Err(Decision { grounds: said.failed, ..undecidable() });
        }
        if !said.forbids.is_empty() {
            let reason = BASELINE.reason(&said.forbids);
            return Err(Decision { grounds: said.forbids, ..Decision::refused(reason) });
        }
        if said.permits.is_empty() {
            return Err(Decision::refused(Reason::NoGrant));
        }
        Ok((seen, request, said.permits))
    }

    /// Which rules of the owner's text forbid `act`; as an error, which could not be evaluated.
    fn restricted(
        &self,
        act: ActName,
        seen: &Seen,
        request: &Request,
    ) -> Result<Vec<Rule>, Vec<Rule>> {
        match self.restriction(act) {
            Ok(None) => Ok(Vec::new()),
            Ok(Some(restriction)) => restriction.ask(act, seen, request),
            Err(Unread) => Err(Vec::new()),
        }
    }

    /// The text that may forbid `act`, if there is one.
    fn restriction(&self, act: ActName) -> Result<Option<&'a Restriction>, Unread> {
        let Target::Document { owner, .. } = self.case.target else { return Ok(None) };
        if owner.restriction.is_empty() || !RESTRICTABLE.contains(&act) {
            return Ok(None);
        }
        match self.case.restriction {
            Some(restriction) if restriction.digest() == owner.restriction => Ok(Some(restriction)),
            _ => Err(Unread),
        }
    }
}

/// The owner has a text, and it is not at hand.
struct Unread;

impl Decision {
    fn permitted(permits: Vec<String>) -> Self {
        Self { permitted: true, grounds: permits, rules: Vec::new(), reason: None, until: None }
    }

    /// Names the grant, and ends with it, if nothing else permits.
    pub(super) fn leaning_on(mut self, reach: Option<Reach>) -> Self {
        if let ([only], Some(reach)) = (&self.grounds[..], reach)
            && self.permitted
            && only == "granted"
        {
            self.until = reach.until;
            self.grounds.push(format!("grant:{}", reach.grant));
        }
        self
    }

    fn refused(reason: Reason) -> Self {
        Self {
            permitted: false,
            grounds: Vec::new(),
            rules: Vec::new(),
            reason: Some(reason),
            until: None,
        }
    }
}
