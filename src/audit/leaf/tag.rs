//! Tags: how a subject finds its entries, and nobody else does.

use std::fmt;

use ring::hmac;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::ZeroizeOnDrop;

use crate::{
    audit::encoding,
    id::{EntryId, random},
};

/// What makes a tag one of ours, and of this version.
const TAG_LABEL: &[u8] = b"greffe/tag/v1";

/// Finds a subject's entries for whoever has its key; random bytes for everybody else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub [u8; 16]);

impl Tag {
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

/// A subject's key for one year, with which its entries are tagged and found.
#[derive(Clone, ZeroizeOnDrop)]
pub struct TagKey([u8; 32]);

impl TagKey {
    /// The key with these bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The subject's tag in entry `id`: the first 16 bytes of HMAC-SHA-256 over `greffe/tag/v1` and the id.
    #[must_use]
    pub fn tag(&self, id: &EntryId) -> Tag {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let mac = hmac::sign(&key, &[TAG_LABEL, id.as_bytes()].concat());
        Tag(*mac.as_ref().first_chunk().expect("HMAC-SHA-256 gives 32 bytes"))
    }
}

impl fmt::Debug for TagKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TagKey")
    }
}
