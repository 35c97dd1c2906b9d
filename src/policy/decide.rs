//! The decision: pure, on a case, with its grounds.

use crate::{
    audit::{ActName, Reason},
    mission::Role,
    policy::{
        Case, Restriction, Rule, Target,
        baseline::BASELINE,
        entities::Seen,
        grants::{self, Reach, Who},
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
        let reach = reach(&case, &roles);
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
        let Some(seen) = &self.seen else { return Decision::refused(Reason::Undecidable) };
        let Ok(request) = seen.request(act) else { return Decision::refused(Reason::Undecidable) };
        let said = BASELINE.rules.ask(act, &seen.scopes, &request, &seen.entities);
        if !said.failed.is_empty() {
            return Decision { grounds: said.failed, ..Decision::refused(Reason::Undecidable) };
        }
        if !said.forbids.is_empty() {
            let reason = BASELINE.reason(&said.forbids);
            return Decision { grounds: said.forbids, ..Decision::refused(reason) };
        }
        if said.permits.is_empty() {
            return Decision::refused(Reason::NoGrant);
        }
        let restricted = match self.restriction(act) {
            Ok(None) => Vec::new(),
            Ok(Some(restriction)) => match restriction.ask(act, seen, &request) {
                Ok(rules) => rules,
                Err(failed) => {
                    return Decision { rules: failed, ..Decision::refused(Reason::Undecidable) };
                }
            },
            Err(Unread) => return Decision::refused(Reason::Undecidable),
        };
        if !restricted.is_empty() {
            return Decision { rules: restricted, ..Decision::refused(Reason::Restricted) };
        }
        self.permitted(said.permits)
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

    fn permitted(&self, permits: Vec<String>) -> Decision {
        let mut decision = Decision {
            permitted: true,
            grounds: permits,
            rules: Vec::new(),
            reason: None,
            until: None,
        };
        if let ([only], Some(reach)) = (&decision.grounds[..], self.reach)
            && only == "granted"
        {
            decision.until = reach.until;
            decision.grounds.push(format!("grant:{}", reach.grant));
        }
        decision
    }
}

/// The owner has a text, and it is not at hand.
struct Unread;

impl Decision {
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

fn reach(case: &Case<'_>, roles: &[Role]) -> Option<Reach> {
    let Target::Document { document, owner, .. } = case.target else { return None };
    let who = Who { person: case.person.person, acting: case.acting.party, roles };
    grants::reaching(who, document, owner, case.circumstances.now)
}
