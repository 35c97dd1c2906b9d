//! Tags: how a subject finds its entries, and nobody else does.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    audit::encoding,
    id::{EntryId, random},
    vault::TagKey,
};

/// Finds a subject's entries for whoever has its key; random bytes for everybody else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub [u8; 16]);

impl Tag {
    /// The tag of `entry` for the subject whose key this is.
    #[must_use]
    pub fn of(key: &TagKey, entry: &EntryId) -> Self {
        Self(key.tag(entry))
    }

    /// A tag of nobody.
    #[must_use]
    pub fn random() -> Self {
        Self(random())
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encoding::base64url(&self.0))
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Tag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let bytes = encoding::from_base64url(&text).and_then(|bytes| bytes.try_into().ok());
        let expected = "a tag is 22 characters of base64url";
        bytes.map(Self).ok_or_else(|| serde::de::Error::custom(expected))
    }
}
