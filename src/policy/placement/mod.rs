//! Where may it rest: what mission and owner ask of a place, against what is known of it.
//!
//! What is known is what the mission's revision says, not what the configuration says today: a place that the mission does
//! not name is used for nothing. The place is part of the right to deposit: decided again whenever that is.

mod judge;

use std::{collections::BTreeSet, fmt};

use serde::Serialize;

use crate::{
    audit::{Act, Denial, Reason, Verdict, Warrant as _, What as Stated},
    mission::{MissionRevision, PartyRevision, Sensitivity},
    policy::{Permit, permit::asked},
    storage::location::{Facts, Location, LocationId},
};

pub use judge::{Judgement, Rule, Whose};
use judge::{ground, judge};

/// Where bytes may rest, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The first permitted places, one for each copy, in the configuration's order.
    pub locations: Vec<LocationId>,
    /// The facts that permit them, as the log states them.
    pub ground: String,
}

/// Too few configured places are permitted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct NoPlace {
    /// Why each of the others is not.
    pub refused: Vec<Judged>,
    /// What is wanted.
    pub wanted: Spread,
    /// What is permitted.
    pub permitted: Spread,
}

/// Over how many places copies are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread {
    /// Copies, each at another location.
    pub copies: usize,
    /// How many operators run these locations; one that is unknown is counted for none.
    pub operators: usize,
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

    /// The first of `locations` that both mission and owner permit, `copies` of them, or more if a rule wants more
    /// operators. A place of an operator who has one already is passed over if its turn is needed for another operator.
    ///
    /// # Errors
    ///
    /// [`NoPlace`] with everything that speaks against each of them.
    pub fn place<'l>(
        &self,
        locations: impl IntoIterator<Item = &'l LocationId>,
        copies: usize,
    ) -> Result<Placed, NoPlace> {
        let wanted = self.wanted(copies);
        let (mut places, mut refused) = (Vec::new(), Vec::new());
        for location in locations {
            let judged = self.explain([location]).remove(0);
            let entry = self.mission.locations.iter().find(|entry| entry.id == judged.location);
            match entry {
                Some(entry) if judged.permitted => {
                    places.push((location, &entry.facts, judged.rules))
                }
                _ => refused.push(judged),
            }
        }
        let operator = |facts: &'_ Facts| facts.operator.known().cloned();
        let (mut taken, mut operators) = (Vec::new(), BTreeSet::new());
        for (location, facts, rules) in &places {
            let other = operator(facts).is_some_and(|operator| !operators.contains(&operator));
            let lacking = wanted.operators.saturating_sub(operators.len());
            if taken.len() < wanted.copies && (other || wanted.copies - taken.len() > lacking) {
                operators.extend(operator(facts));
                taken.push((*location, ground(facts, rules)));
            }
        }
        if taken.len() == wanted.copies && operators.len() >= wanted.operators {
            return Ok(Placed::at(&taken));
        }
        let operators = places.iter().filter_map(|(_, facts, _)| operator(facts));
        let operators = operators.collect::<BTreeSet<_>>().len();
        Err(NoPlace { refused, wanted, permitted: Spread { copies: places.len(), operators } })
    }

    /// How many places are wanted where `copies` are kept of each version.
    fn wanted(&self, copies: usize) -> Spread {
        let rules = [Some(&self.mission.placement), self.owner.placement.as_ref()];
        let binding = rules.into_iter().flatten().flat_map(|rules| rules.binding(self.sensitivity));
        let operators = binding.map(|(_, rules)| usize::from(rules.operators_at_least)).max();
        // With one copy it is one operator, whoever that is.
        let operators = operators.filter(|operators| *operators > 1).unwrap_or_default();
        Spread { copies: copies.max(operators), operators }
    }
}

impl Placed {
    fn at(places: &[(&LocationId, String)]) -> Self {
        let ground = match places {
            [(_, ground)] => ground.clone(),
            places => {
                let told = places.iter().map(|(location, ground)| format!("{location}: {ground}"));
                told.collect::<Vec<_>>().join("; ")
            }
        };
        Self { locations: places.iter().map(|(location, _)| (*location).clone()).collect(), ground }
    }
}

impl<A: Act> Permit<A> {
    /// Whose rules bind the document that this is a right over; nothing if it is over none.
    fn sought(&self) -> Option<Sought<'_>> {
        let (document, owner) = (self.document()?, self.owner()?);
        Some(Sought { mission: self.mission(), owner, sensitivity: document.sensitivity })
    }

    /// Binds the right to the first of `locations` where `copies` of a version may rest: it is decided again with them.
    ///
    /// # Errors
    ///
    /// [`Unplaced`] with everything that speaks against each of them, and the refusal that is to be recorded.
    pub fn placed(
        mut self,
        locations: &[Location],
        copies: usize,
    ) -> Result<(Self, Placed), Box<Unplaced>> {
        let ids = locations.iter().map(|location| &location.id);
        let none = Spread { copies: 0, operators: 0 };
        let wanted = Spread { copies, ..none };
        let unsought = || Err(NoPlace { refused: Vec::new(), wanted, permitted: none });
        match self.sought().map_or_else(unsought, |sought| sought.place(ids, copies)) {
            Ok(placed) => {
                self.bind(placed.locations.clone());
                Ok((self, placed))
            }
            Err(nowhere) => Err(Box::new(Unplaced { denial: self.unplaced(&nowhere), nowhere })),
        }
    }

    /// The refusal, if a version may not rest any more at the places that the right is bound to.
    pub(super) fn displaced(&self) -> Option<Denial> {
        let (sought, places) = (self.sought()?, self.places()?);
        sought.place(places, places.len()).err().map(|nowhere| self.unplaced(&nowhere))
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
        let Self { refused, wanted, permitted } = self;
        if refused.is_empty() && permitted.copies == 0 {
            return f.write_str("no place of storage is configured");
        }
        let mut told: Vec<_> = refused
            .iter()
            .map(|refused| {
                let against = refused.rules.iter().filter(|judged| !judged.passes);
                let against: Vec<_> = against.map(ToString::to_string).collect();
                format!("{}: {}", refused.location, against.join(", "))
            })
            .collect();
        if wanted.copies > 1 {
            told.push(format!("wanted are {wanted}, and permitted are {permitted}"));
        }
        f.write_str(&told.join("; "))
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "places for {} copies", self.copies)?;
        match self.operators {
            0 => Ok(()),
            operators => write!(f, " with {operators} known operators"),
        }
    }
}

#[cfg(test)]
mod tests;
