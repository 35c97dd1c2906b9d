//! Countries, by their two letters.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A country's two capital letters (ISO 3166-1 alpha-2), e.g. `FR`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

/// What was given as a country is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a country is two capital letters (ISO 3166-1)")]
pub struct NotACountry;

/// The member states of the European Union since 2020.
const EUROPEAN_UNION: &[&[u8; 2]] = &[
    b"AT", b"BE", b"BG", b"HR", b"CY", b"CZ", b"DK", b"EE", b"FI", b"FR", b"DE", b"GR", b"HU",
    b"IE", b"IT", b"LV", b"LT", b"LU", b"MT", b"NL", b"PL", b"PT", b"RO", b"SK", b"SI", b"ES",
    b"SE",
];

impl Country {
    /// Its two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a country is two letters")
    }

    /// Whether it is a member state of the European Union.
    #[must_use]
    pub fn is_in_the_european_union(&self) -> bool {
        EUROPEAN_UNION.contains(&&self.0)
    }
}

impl FromStr for Country {
    type Err = NotACountry;

    fn from_str(text: &str) -> Result<Self, NotACountry> {
        let letters: [u8; 2] = text.as_bytes().try_into().map_err(|_| NotACountry)?;
        letters.iter().all(u8::is_ascii_uppercase).then_some(Self(letters)).ok_or(NotACountry)
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Country {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_two_capital_letters() {
        for text in ["", "F", "fr", "FRA", "F1", "é"] {
            assert_eq!(text.parse::<Country>(), Err(NotACountry), "{text}");
        }
        assert_eq!("FR".parse::<Country>().unwrap().to_string(), "FR");
    }

    #[test]
    fn twenty_seven_countries_are_in_the_union() {
        let within = |text: &str| text.parse::<Country>().unwrap().is_in_the_european_union();

        assert_eq!(EUROPEAN_UNION.len(), 27);
        assert!(within("FR") && within("SE"));
        assert!(!within("GB") && !within("CH") && !within("US"));
    }
}
