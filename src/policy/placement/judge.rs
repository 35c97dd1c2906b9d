//! A place held against one rule after the other.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::{
    mission::{MissionRevision, PartyRevision, Placement, Sensitivity, Unknown},
    storage::location::{Basis, Country, Fact, Facts},
};

/// A rule, what is known of a place for it, and whether that is enough.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// Whose rule it is.
    pub whose: Whose,
    /// From which sensitivity on it binds; all if none.
    #[serde(serialize_with = "of_all")]
    pub from: Option<Sensitivity>,
    /// Which rule.
    pub rule: Rule,
    /// What the rule permits, or for [`Rule::Never`] excludes.
    pub wanted: Vec<String>,
    /// What is known of the place; nothing if that is unknown.
    pub found: Option<String>,
    /// How it is known.
    pub basis: Option<&'static str>,
    /// Whether the place passes.
    pub passes: bool,
}

/// Whose rules bind a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whose {
    /// The mission's, which bind every document.
    Mission,
    /// The owner's, which can only be stricter.
    Owner,
}

/// What a rule asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
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
    /// Who the operator is.
    Operator,
    /// Which qualification the service has.
    Qualification,
}

/// `all` where a rule binds documents of every sensitivity.
fn of_all<S: Serializer>(from: &Option<Sensitivity>, serializer: S) -> Result<S::Ok, S::Error> {
    match from {
        Some(from) => from.serialize(serializer),
        None => serializer.serialize_str("all"),
    }
}

/// A place held against every rule that binds a document of this owner and sensitivity.
pub(super) fn judge(
    mission: &MissionRevision,
    owner: &PartyRevision,
    sensitivity: Sensitivity,
    location: &str,
) -> Vec<Judgement> {
    let entry = mission.locations.iter().find(|entry| entry.id == location);
    let mut judged = vec![Judgement {
        whose: Whose::Mission,
        from: None,
        rule: Rule::Known,
        wanted: mission.locations.iter().map(|entry| entry.id.clone()).collect(),
        found: Some(location.to_owned()),
        basis: None,
        passes: entry.is_some(),
    }];
    let Some(facts) = entry.map(|entry| &entry.facts) else { return judged };
    for (whose, placement) in
        [(Whose::Mission, Some(&mission.placement)), (Whose::Owner, owner.placement.as_ref())]
    {
        for (from, rules) in placement.into_iter().flat_map(|rules| rules.binding(sensitivity)) {
            judged.extend(against(whose, from, rules, location, facts));
        }
    }
    judged
}

/// A place held against the rules of one table.
fn against(
    whose: Whose,
    from: Option<Sensitivity>,
    rules: &Placement,
    location: &str,
    facts: &Facts,
) -> Vec<Judgement> {
    let judged = |rule, wanted: &[String], found: Option<String>, basis, passes| {
        let wanted = wanted.to_vec();
        Judgement { whose, from, rule, wanted, found, basis, passes }
    };
    let lenient = rules.unknown == Unknown::Permit;
    let mut all = Vec::new();
    if !rules.never.is_empty() {
        let passes = !rules.never.iter().any(|never| never == location);
        all.push(judged(Rule::Never, &rules.never, Some(location.to_owned()), None, passes));
    }
    let control = facts.control.known().map(|control| control.country);
    for (rule, known, basis, wanted) in [
        (Rule::Soil, facts.country.known().copied(), basis(&facts.country), &rules.countries),
        (Rule::Seat, facts.seat.known().copied(), basis(&facts.seat), &rules.control),
        (Rule::Control, control, basis(&facts.control), &rules.control),
    ] {
        let passes = |country| wanted.iter().any(|wanted| covers(wanted, country));
        if !wanted.is_empty() {
            let found = known.map(|country| country.to_string());
            all.push(judged(rule, wanted, found, Some(basis), known.map_or(lenient, passes)));
        }
    }
    for (rule, fact, wanted) in [
        (Rule::Operator, &facts.operator, &rules.operators),
        (Rule::Qualification, &facts.qualification, &rules.qualifications),
    ] {
        let known = fact.known();
        if !wanted.is_empty() {
            let passes = known.map_or(lenient, |known| wanted.contains(known));
            all.push(judged(rule, wanted, known.cloned(), Some(basis(fact)), passes));
        }
    }
    all
}

/// Whether a country is the one that a rule names, or one of those that it names together.
fn covers(wanted: &str, country: Country) -> bool {
    match wanted {
        "EU" => country.is_in_the_european_union(),
        wanted => wanted == country.as_str(),
    }
}

/// The facts on which a place is permitted, as the log states them: the three that are always stated, and those that a
/// rule asked for.
pub(super) fn ground(facts: &Facts, judged: &[Judgement]) -> String {
    let control = facts.control.known().map(|control| control.country);
    let told = |known: Option<String>, basis: &str| match known {
        Some(known) => format!("{known} ({basis})"),
        None => "unknown".to_owned(),
    };
    let country = |known: Option<Country>| known.map(|country| country.to_string());
    let soil = told(country(facts.country.known().copied()), basis(&facts.country));
    let seat = told(country(facts.seat.known().copied()), basis(&facts.seat));
    let control = told(country(control), basis(&facts.control));
    let mut ground = format!("soil {soil}, seat {seat}, control {control}");
    for (rule, name, fact) in [
        (Rule::Operator, "operator", &facts.operator),
        (Rule::Qualification, "qualification", &facts.qualification),
    ] {
        if judged.iter().any(|judged| judged.rule == rule) {
            let told = told(fact.known().cloned(), basis(fact));
            ground = format!("{ground}, {name} {told}");
        }
    }
    ground
}

fn basis<T>(fact: &Fact<T>) -> &'static str {
    match fact.basis {
        Basis::Declared => "declared",
        Basis::Verified { .. } => "verified",
        Basis::Unknown => "unknown",
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.whose {
            Whose::Mission => "the mission",
            Whose::Owner => "the owner",
        })?;
        if let Some(from) = self.from {
            let word = serde_json::to_value(from).unwrap_or_default();
            write!(f, ", from {} on,", word.as_str().unwrap_or_default().replace('-', " "))?;
        }
        let wanted = self.wanted.join(" or ");
        let what = match self.rule {
            Rule::Known if self.passes => return f.write_str(" names this place"),
            Rule::Known => return f.write_str(" does not name this place"),
            Rule::Never if self.passes => {
                return write!(f, " excludes {wanted}, and not this place");
            }
            Rule::Never => return f.write_str(" never uses this place"),
            Rule::Soil => "the soil in",
            Rule::Seat => "the operator's seat in",
            Rule::Control => "control of the operator in",
            Rule::Operator => "as operator",
            Rule::Qualification => "as qualification",
        };
        match &self.found {
            Some(found) => write!(f, " wants {what} {wanted}, and it is {}{found}", self.at()),
            None => write!(f, " wants {what} {wanted}, and that is unknown"),
        }
    }
}

impl Judgement {
    /// What stands before what was found.
    fn at(&self) -> &'static str {
        match self.rule {
            Rule::Soil | Rule::Seat | Rule::Control => "in ",
            _ => "",
        }
    }
}
