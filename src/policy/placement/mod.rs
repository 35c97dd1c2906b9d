//! Where may it rest: what mission and owner ask of a place, against what is known of it.
//!
//! What is known is what the mission's revision says, not what the configuration says today: a place that the mission does
//! not name is used for nothing. The place is part of the right to deposit: decided again whenever that is.

mod judge;

use std::fmt;

use serde::Serialize;

use crate::{
    audit::{Act, Denial, Reason, Verdict, Warrant as _, What as Stated},
    mission::{MissionRevision, PartyRevision, Sensitivity},
    policy::{Permit, permit::asked},
    storage::location::{Location, LocationId},
};

pub use judge::{Judgement, Rule, Whose};
use judge::{ground, judge};

/// Where bytes may rest, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The first permitted place, in the configuration's order.
    pub location: LocationId,
    /// The facts that permit it, as the log states them.
    pub ground: String,
}

/// No configured place is permitted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct NoPlace {
    /// Why each of them is not.
    pub refused: Vec<Judged>,
}

/// A place, held against every rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// Which.
    pub location: String,
    /// Whether it passes all of them.
    pub permitted: bool,
    /// Each rule, and whether the place passes it.
    pub rules: Vec<Judgement>,
}

/// A deposit that may rest nowhere.
#[derive(Clone, Debug)]
pub struct Unplaced {
    /// Why.
    pub nowhere: NoPlace,
    /// Its refusal, to be recorded.
    pub denial: Denial,
}

/// For whom a place is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Sought<'r> {
    /// The mission, whose rules bind every document, and which says what is known of a place.
    pub mission: &'r MissionRevision,
    /// The owner.
    pub owner: &'r PartyRevision,
    /// The document's.
    pub sensitivity: Sensitivity,
}

impl Sought<'_> {
    /// Each of `locations`, held against every rule that binds.
    pub fn explain<'l>(&self, locations: impl IntoIterator<Item = &'l LocationId>) -> Vec<Judged> {
        let judged = |location: &LocationId| {
            let location = location.to_string();
            let rules = judge(self.mission, self.owner, self.sensitivity, &location);
            Judged { permitted: rules.iter().all(|judged| judged.passes), location, rules }
        };
        locations.into_iter().map(judged).collect()
    }

    /// The first of `locations` that both mission and owner permit.
    ///
    /// # Errors
    ///
    /// [`NoPlace`] with everything that speaks against each of them.
    pub fn place<'l>(
        &self,
        locations: impl IntoIterator<Item = &'l LocationId>,
    ) -> Result<Placed, NoPlace> {
        let mut refused = Vec::new();
        for location in locations {
            for judged in self.explain([location]) {
                let entry = self.mission.locations.iter().find(|entry| entry.id == judged.location);
                match entry {
                    Some(entry) if judged.permitted => {
                        let ground = ground(&entry.facts, &judged.rules);
                        return Ok(Placed { location: location.clone(), ground });
                    }
                    _ => refused.push(judged),
                }
            }
        }
        Err(NoPlace { refused })
    }
}

impl<A: Act> Permit<A> {
    /// Whose rules bind the document that this is a right over; nothing if it is over none.
    fn sought(&self) -> Option<Sought<'_>> {
        let (document, owner) = (self.document()?, self.owner()?);
        Some(Sought { mission: self.mission(), owner, sensitivity: document.sensitivity })
    }

    /// Binds the right to the first of `locations` where a version may rest: it is decided again with the place.
    ///
    /// # Errors
    ///
    /// [`Unplaced`] with everything that speaks against each of them, and the refusal that is to be recorded.
    pub fn placed(mut self, locations: &[Location]) -> Result<(Self, Placed), Box<Unplaced>> {
        let ids = locations.iter().map(|location| &location.id);
        let none = || Err(NoPlace { refused: Vec::new() });
        match self.sought().map_or_else(none, |sought| sought.place(ids)) {
            Ok(placed) => {
                self.bind(placed.location.clone());
                Ok((self, placed))
            }
            Err(nowhere) => Err(Box::new(Unplaced { denial: self.unplaced(&nowhere), nowhere })),
        }
    }

    /// The refusal, if a version may not rest any more at the place that the right is bound to.
    pub(super) fn displaced(&self) -> Option<Denial> {
        let (sought, place) = (self.sought()?, self.place()?);
        sought.place([place]).err().map(|nowhere| self.unplaced(&nowhere))
    }

    /// The refusal of a deposit that may rest nowhere, as it is entered and answered.
    fn unplaced(&self, nowhere: &NoPlace) -> Denial {
        let verdict = Verdict::Forbidden(Reason::NoPlacement);
        let mut draft = self.draft();
        draft.what = Stated::Refusal;
        draft.grounds = Vec::new();
        draft.reason = Some(Reason::NoPlacement);
        draft.asked = Some(asked(A::NAME, self.resource(), verdict));
        draft.detail.insert("placement".into(), nowhere.to_string().into());
        Denial { revisions: self.revisions().clone(), draft, verdict }
    }
}

impl fmt::Display for NoPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.refused.is_empty() {
            return f.write_str("no place of storage is configured");
        }
        let told = self.refused.iter().map(|refused| {
            let against = refused.rules.iter().filter(|judged| !judged.passes);
            let against: Vec<_> = against.map(ToString::to_string).collect();
            format!("{}: {}", refused.location, against.join(", "))
        });
        f.write_str(&told.collect::<Vec<_>>().join("; "))
    }
}

#[cfg(test)]
mod tests;
