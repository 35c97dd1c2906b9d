//! Where bytes may rest: the rules of a mission or of a party.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{mission::Sensitivity, storage::LocationId};

/// Most words in one rule.
const MOST_WORDS: usize = 100;
/// Longest a word may be, in characters.
const LONGEST_WORD: usize = 200;

/// Where a party's bytes may rest. An empty list of what is permitted permits anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Placement {
    /// Countries of the soil, ISO 3166-1 alpha-2, or `EU` for its members.
    pub countries: Vec<String>,
    /// Countries of seat and ultimate control of whoever runs the place.
    pub control: Vec<String>,
    /// Who may run it, by the names under which locations know them.
    pub operators: Vec<String>,
    /// Qualifications of the service, of which it must have one.
    pub qualifications: Vec<String>,
    /// Ids of locations that are never used.
    pub never: Vec<String>,
    /// With how many operators copies must rest.
    pub operators_at_least: u8,
    /// Whether a fact that is not known refuses.
    pub unknown: Unknown,
    /// Further rules, for documents of a sensitivity and of those above it: they are added to these.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub from: BTreeMap<Sensitivity, Placement>,
}

/// What an unknown fact does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unknown {
    /// It refuses.
    #[default]
    Refuse,
    /// It passes.
    Permit,
}

impl Default for Placement {
    fn default() -> Self {
        Self {
            countries: Vec::new(),
            control: Vec::new(),
            operators: Vec::new(),
            qualifications: Vec::new(),
            never: Vec::new(),
            operators_at_least: 1,
            unknown: Unknown::Refuse,
            from: BTreeMap::new(),
        }
    }
}

impl Placement {
    /// The rules that bind a document of this sensitivity: those for all, then those from a sensitivity on.
    pub fn binding(
        &self,
        sensitivity: Sensitivity,
    ) -> impl Iterator<Item = (Option<Sensitivity>, &Self)> {
        let further = self.from.range(..=sensitivity).map(|(from, rules)| (Some(*from), rules));
        std::iter::once((None, self)).chain(further)
    }

    /// What is wrong with the rules, and what to write.
    #[must_use]
    pub fn flaw(&self) -> Option<String> {
        for country in self.countries.iter().chain(&self.control) {
            if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
                return Some(format!(
                    "{country:?} is no country: write two capital letters, or \"EU\" for its members"
                ));
            }
        }
        for location in &self.never {
            if location.parse::<LocationId>().is_err() {
                return Some(format!(
                    "{location:?} is no location's id: greffe locations lists them"
                ));
            }
        }
        let lists =
            [&self.countries, &self.control, &self.operators, &self.qualifications, &self.never];
        for words in lists {
            let long = |word: &String| word.is_empty() || word.chars().count() > LONGEST_WORD;
            if words.len() > MOST_WORDS || words.iter().any(long) {
                return Some(format!(
                    "a rule has {MOST_WORDS} words at most, each of 1 to {LONGEST_WORD} characters"
                ));
            }
        }
        if !(1..=9).contains(&self.operators_at_least) {
            return Some("copies rest with 1 to 9 operators at least".to_owned());
        }
        let further = self.from.values();
        if further.clone().any(|rules| !rules.from.is_empty()) {
            return Some("rules from a sensitivity on hold no further ones".to_owned());
        }
        further.filter_map(Self::flaw).next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_from_a_sensitivity_on_bind_it_and_those_above() {
        let text = r#"{"countries":["EU"],"from":{"confidential":{"countries":["FR"]},
                       "business-secret":{"operators":["us"]}}}"#;
        let placement: Placement = serde_json::from_str(text).unwrap();
        let bound = |sensitivity| placement.binding(sensitivity).count();

        assert_eq!(bound(Sensitivity::Ordinary), 1);
        assert_eq!(bound(Sensitivity::Confidential), 2);
        assert_eq!(bound(Sensitivity::BusinessSecret), 3);
        assert_eq!(placement.flaw(), None);
    }

    #[test]
    fn rules_that_cannot_be_are_named() {
        for (text, says) in [
            (r#"{"countries":["Germany"]}"#, "\"Germany\" is no country"),
            (r#"{"control":["fr"]}"#, "no country"),
            (r#"{"never":["../x"]}"#, "no location's id"),
            (r#"{"operators":[""]}"#, "1 to 200 characters"),
            (r#"{"operators_at_least":0}"#, "1 to 9 operators"),
            (r#"{"from":{"confidential":{"control":["France"]}}}"#, "no country"),
            (r#"{"from":{"confidential":{"from":{"ordinary":{}}}}}"#, "no further ones"),
        ] {
            let placement: Placement = serde_json::from_str(text).unwrap();
            assert!(placement.flaw().is_some_and(|flaw| flaw.contains(says)), "{text}");
        }
        assert!(serde_json::from_str::<Placement>(r#"{"from":{"secret":{}}}"#).is_err());
    }
}
