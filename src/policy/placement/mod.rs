//! Where may it rest: what mission and owner ask of a place, against what is known of it.
//!
//! What is known is what the mission's revision says, not what the configuration says today: a place that the mission does
//! not name is used for nothing.

use std::{fmt, sync::Arc};

use crate::{
    database::Revisions,
    mission::{DocumentRevision, MissionRevision, PartyRevision, Placement, Unknown},
    policy::{Error, Policy},
    storage::location::{Basis, Country, Fact, Facts, Location, LocationId},
};

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
    pub refused: Vec<Refused>,
}

/// A place that is not permitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Which.
    pub location: String,
    /// Everything that speaks against it.
    pub objections: Vec<Objection>,
}

/// What speaks against a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// Whose rule it is.
    pub whose: Whose,
    /// Which rule.
    pub rule: Rule,
    /// What is known of the place; nothing if that is unknown.
    pub found: Option<String>,
    /// What the rule permits.
    pub wanted: Vec<String>,
}

/// Whose rules bind a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The mission's, which bind every document.
    Mission,
    /// The owner's, which can only be stricter.
    Owner,
}

/// What a rule asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// That the mission names the place.
    Known,
    /// That it is not one of those never used.
    Never,
    /// Where the machines stand.
    Soil,
    /// Under whose law the operator is.
    Seat,
    /// Who controls the operator in the end.
    Control,
}

impl Policy {
    /// Where the document's next version may rest: the first of `locations` that both mission and owner permit.
    ///
    /// # Errors
    ///
    /// [`Error::Authority`] if mission or owner could not be read.
    pub async fn place(
        &self,
        document: &DocumentRevision,
        locations: &[Location],
    ) -> Result<Result<Placed, NoPlace>, Error> {
        let mut revisions = Revisions::new(self.inner.gate.clock().now());
        let mission = self.inner.registry.mission(&mut revisions).await?;
        let owner: Arc<PartyRevision> =
            self.inner.registry.read(document.owner, &mut revisions).await?;
        let ids = locations.iter().map(|location| &location.id);
        Ok(place(&mission, &owner, ids))
    }
}

/// The first of `locations` that both mission and owner permit.
///
/// # Errors
///
/// [`NoPlace`] with everything that speaks against each of them.
pub fn place<'l>(
    mission: &MissionRevision,
    owner: &PartyRevision,
    locations: impl IntoIterator<Item = &'l LocationId>,
) -> Result<Placed, NoPlace> {
    let mut refused = Vec::new();
    for location in locations {
        match judge(mission, owner, &location.to_string()) {
            Ok(ground) => return Ok(Placed { location: location.clone(), ground }),
            Err(objections) => {
                refused.push(Refused { location: location.to_string(), objections });
            }
        }
    }
    Err(NoPlace { refused })
}

/// The ground on which a place is permitted, or everything that speaks against it.
fn judge(
    mission: &MissionRevision,
    owner: &PartyRevision,
    location: &str,
) -> Result<String, Vec<Objection>> {
    let entry = mission.locations.iter().find(|entry| entry.id == location);
    let Some(facts) = entry.map(|entry| &entry.facts) else {
        let (whose, rule) = (Whose::Mission, Rule::Known);
        let wanted = mission.locations.iter().map(|entry| entry.id.clone()).collect();
        return Err(vec![Objection { whose, rule, found: Some(location.to_owned()), wanted }]);
    };
    let mut objections = object(Whose::Mission, &mission.placement, location, facts);
    if let Some(placement) = &owner.placement {
        objections.extend(object(Whose::Owner, placement, location, facts));
    }
    if objections.is_empty() { Ok(ground(facts)) } else { Err(objections) }
}

fn object(whose: Whose, asked: &Placement, location: &str, facts: &Facts) -> Vec<Objection> {
    let mut objections = Vec::new();
    if asked.never.iter().any(|never| never == location) {
        let (rule, found) = (Rule::Never, Some(location.to_owned()));
        objections.push(Objection { whose, rule, found, wanted: Vec::new() });
    }
    for (rule, found, wanted) in [
        (Rule::Soil, facts.country.known().copied(), &asked.countries),
        (Rule::Seat, facts.seat.known().copied(), &asked.control),
        (Rule::Control, facts.control.known().map(|control| control.country), &asked.control),
    ] {
        let fits = match found {
            _ if wanted.is_empty() => true,
            Some(country) => wanted.iter().any(|wanted| covers(wanted, country)),
            None => asked.unknown == Unknown::Permit,
        };
        if !fits {
            let (found, wanted) = (found.map(|country| country.to_string()), wanted.clone());
            objections.push(Objection { whose, rule, found, wanted });
        }
    }
    objections
}

/// Whether a country is the one that a rule names, or one of those that it names together.
fn covers(wanted: &str, country: Country) -> bool {
    match wanted {
        "EU" => country.is_in_the_european_union(),
        wanted => wanted == country.as_str(),
    }
}

fn ground(facts: &Facts) -> String {
    let control = facts.control.known().map(|control| control.country);
    let told = |known: Option<Country>, basis: &str| match known {
        Some(country) => format!("{country} ({basis})"),
        None => "unknown".to_owned(),
    };
    let soil = told(facts.country.known().copied(), basis(&facts.country));
    let seat = told(facts.seat.known().copied(), basis(&facts.seat));
    format!("soil {soil}, seat {seat}, control {}", told(control, basis(&facts.control)))
}

fn basis<T>(fact: &Fact<T>) -> &'static str {
    match fact.basis {
        Basis::Declared => "declared",
        Basis::Verified { .. } => "verified",
        Basis::Unknown => "unknown",
    }
}

impl fmt::Display for NoPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.refused.is_empty() {
            return f.write_str("no place of storage is configured");
        }
        let told = self.refused.iter().map(|refused| {
            let objections: Vec<_> = refused.objections.iter().map(ToString::to_string).collect();
            format!("{}: {}", refused.location, objections.join(", "))
        });
        f.write_str(&told.collect::<Vec<_>>().join("; "))
    }
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose = match self.whose {
            Whose::Mission => "the mission",
            Whose::Owner => "the owner",
        };
        let what = match self.rule {
            Rule::Known => return write!(f, "{whose} does not name this place"),
            Rule::Never => return write!(f, "{whose} never uses this place"),
            Rule::Soil => "the soil",
            Rule::Seat => "the operator's seat",
            Rule::Control => "control of the operator",
        };
        let wanted = self.wanted.join(" or ");
        match &self.found {
            Some(found) => write!(f, "{whose} wants {what} in {wanted}, and it is in {found}"),
            None => write!(f, "{whose} wants {what} in {wanted}, and where it is is unknown"),
        }
    }
}

#[cfg(test)]
mod tests;
