//! Names of sealed objects: they mean nothing to whoever keeps them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::id::Id;

/// A name in a store: segments of letters, digits, `_` and `-`, joined by single slashes.
///
/// It is random, or bears a digest of what it names, so that none is ever written twice with other bytes.
/// At most 512 characters, a segment at most 200.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Name(String);

/// What was given as a name is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a name is segments of letters, digits, `_` and `-`, joined by slashes")]
pub struct NotAName;

const LONGEST: usize = 512;
const LONGEST_SEGMENT: usize = 200;

impl Name {
    /// A new name, random, in the folder `within`.
    ///
    /// # Panics
    ///
    /// If `within` is longer than 480 characters.
    #[must_use]
    pub fn random(within: &Name) -> Self {
        Self::new(format!("{within}/{}", Id::random())).expect("an id is a segment")
    }

    /// A name, if `text` is one.
    ///
    /// # Errors
    ///
    /// [`NotAName`].
    pub fn new(text: impl Into<String>) -> Result<Self, NotAName> {
        let text = text.into();
        let segment = |segment: &str| {
            (1..=LONGEST_SEGMENT).contains(&segment.len())
                && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        };
        (text.len() <= LONGEST && text.split('/').all(segment))
            .then_some(Self(text))
            .ok_or(NotAName)
    }

    /// A new name for a sealed object.
    #[must_use]
    pub fn of_an_object() -> Self {
        Self::random(&Self("object".to_owned()))
    }

    /// The name of the sealed record beside the object of this name: the same, in the folder `record`.
    #[must_use]
    pub fn of_its_record(&self) -> Self {
        let last = self.0.rsplit('/').next().unwrap_or_default();
        Self(format!("record/{last}"))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl FromStr for Name {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_folder() {
        for text in
            ["", "/", "a/", "/a", "a//b", ".", "..", "../a", "a/../b", "a.b", "a b", "a\0", "é"]
        {
            assert_eq!(Name::new(text), Err(NotAName), "{text:?}");
        }
        assert_eq!(Name::new("a".repeat(201)), Err(NotAName));
        assert_eq!(Name::new(vec!["a"; 300].join("/")), Err(NotAName));
        assert!(Name::new("anchor/999-0af_Z").is_ok());
    }

    #[test]
    fn random_names_are_names_and_differ() {
        let within = Name::new("sealed").unwrap();

        let name = Name::random(&within);

        assert_ne!(name, Name::random(&within));
        assert_eq!(name.as_str().parse(), Ok(name));
    }
}
