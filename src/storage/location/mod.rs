//! What is known of the places where bytes rest, and how it is known.

use std::{fmt, str::FromStr, sync::Arc};

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::{
    storage::{Probe, Store, Verdict, s3::Chain},
    time::Instant,
};

pub mod catalogue;
mod country;

pub use country::{Country, NotACountry};

/// A store and what is known of it. There is no default one: a document rests where placement allows, or nowhere.
#[derive(Clone)]
pub struct Location {
    /// Its name in the configuration, in the mission's revision and in the log.
    pub id: LocationId,
    /// Where its bytes are.
    pub store: Arc<dyn Store>,
    /// What is known of it.
    pub facts: Facts,
    /// The certificates that it shows, where it is reached over TLS.
    pub chain: Option<Arc<Chain>>,
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Location").field("id", &self.id).field("facts", &self.facts).finish()
    }
}

/// A location's name: up to 64 small letters, digits and `-`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct LocationId(String);

/// What was given as a location's name is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a location's name is 1 to 64 small letters, digits and `-`")]
pub struct NotALocationId;

impl LocationId {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LocationId {
    type Err = NotALocationId;

    fn from_str(text: &str) -> Result<Self, NotALocationId> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let is_one = (1..=64).contains(&text.len()) && text.bytes().all(allowed);
        is_one.then(|| Self(text.to_owned())).ok_or(NotALocationId)
    }
}

impl<'de> Deserialize<'de> for LocationId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl fmt::Display for LocationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for LocationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What placement may ask about a location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// Where the machines stand.
    pub country: Fact<Country>,
    /// The operator's word for the place.
    pub region: Fact<String>,
    /// Where in the country.
    pub city: Fact<String>,
    /// Who runs the machines.
    pub operator: Fact<String>,
    /// Whose law the operator is under.
    pub seat: Fact<Country>,
    /// Who controls the operator in the end.
    pub control: Fact<Control>,
    /// A qualification of the service itself, e.g. SecNumCloud 3.2.
    pub qualification: Fact<String>,
    /// Whether its operator hands over its own log of who accessed it.
    pub access_logs: Fact<bool>,
}

impl Facts {
    /// Takes the region as verified if the bucket's own word for where it is says the same.
    pub fn look_at_region(&mut self, probe: &Probe) {
        let looked = matches!(probe.verdict, Verdict::AsKnown | Verdict::Warned);
        let says_so = self.region.value == probe.shown.bucket_location;
        if looked && says_so && self.region.value.is_some() {
            let how = "the bucket's own word".to_owned();
            self.region.basis = Basis::Verified { how, at: probe.at };
        }
    }

    /// The same as supposed only, since they are older than so many days.
    pub(super) fn aged(self, days: i32) -> Self {
        Self {
            country: self.country.aged(days),
            region: self.region.aged(days),
            city: self.city.aged(days),
            operator: self.operator.aged(days),
            seat: self.seat.aged(days),
            control: self.control.aged(days),
            qualification: self.qualification.aged(days),
            access_logs: self.access_logs.aged(days),
        }
    }
}

/// Who controls an operator in the end, and whose law they are under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// A person, a family, a company or its shareholders.
    pub holder: String,
    /// Their country.
    pub country: Country,
}

/// One thing that is said of a location, and how it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact<T> {
    /// What is said; of an unknown fact, what is supposed, if anything.
    pub value: Option<T>,
    /// How it is known.
    pub basis: Basis,
    /// Who says so, or where it is written.
    pub source: String,
    /// When it was said or written.
    pub on: Date,
}

/// How a fact is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Basis {
    /// Somebody says so.
    Declared,
    /// It was looked at.
    Verified {
        /// In which way.
        how: String,
        /// When.
        at: Instant,
    },
    /// Nobody can tell; placement refuses such a place unless a rule says otherwise.
    Unknown,
}

impl<T> Fact<T> {
    /// What somebody says.
    pub fn declared(value: T, source: impl Into<String>, on: Date) -> Self {
        Self { value: Some(value), basis: Basis::Declared, source: source.into(), on }
    }

    /// What nobody can tell, with what is supposed.
    pub fn unknown(supposed: Option<T>, source: impl Into<String>, on: Date) -> Self {
        Self { value: supposed, basis: Basis::Unknown, source: source.into(), on }
    }

    fn aged(self, days: i32) -> Self {
        let source = format!("{} (older than {days} days)", self.source);
        Self { basis: Basis::Unknown, source, ..self }
    }

    /// The value, if somebody answers for it; what is only supposed is no ground for a decision.
    pub fn known(&self) -> Option<&T> {
        match self.basis {
            Basis::Declared | Basis::Verified { .. } => self.value.as_ref(),
            Basis::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_that_is_only_supposed_is_not_known() {
        let on = "2026-11-24".parse().unwrap();

        assert_eq!(Fact::unknown(Some("Paris"), "hearsay", on).known(), None);
        assert_eq!(Fact::declared("Paris", "the operator", on).known(), Some(&"Paris"));
    }

    #[test]
    fn facts_are_written_as_they_are_read_and_nothing_else_is() {
        let fact = r#"{"value":"FR","basis":{"verified":{"how":"bucket location","at":"2026-11-24T00:00:00Z"}},"source":"probe","on":"2026-11-24"}"#;

        let read: Fact<Country> = serde_json::from_str(fact).unwrap();

        assert_eq!(serde_json::to_string(&read).unwrap(), fact);
        for wrong in [
            fact.replace("FR", "fr"),
            fact.replace("value", "valeur"),
            fact.replace("}}", "},\"a\":1}"),
        ] {
            assert!(serde_json::from_str::<Fact<Country>>(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_locations_name_is_a_handle() {
        for text in ["", "A", "a b", "é", "../x", &"a".repeat(65)] {
            assert_eq!(text.parse::<LocationId>(), Err(NotALocationId), "{text}");
        }
        assert!("folder-1".parse::<LocationId>().is_ok());
    }
}
