//! The leaf: what stands in the tree of an entry, for ever and for everybody to see. It names nothing.

mod tag;

use serde::{Deserialize, Serialize};

use crate::{audit::opening::Digest, id::EntryId, time::Instant, vault::TagKey};

pub use tag::Tag;

/// Longest leaf, in bytes.
pub const MAX_LEAF: usize = 1024;

/// What is wrong with a leaf.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Longer than [`MAX_LEAF`].
    #[error("a leaf has at most {MAX_LEAF} bytes")]
    TooLong,
    /// Not the fields of a leaf, or not written in the one way.
    #[error("the bytes are not those of a leaf")]
    Malformed,
    /// Written by a version that this one does not know.
    #[error("leaves of version {0} are not known")]
    UnknownVersion(u8),
}

/// What stands in the tree.
///
/// Always four tags and three digests: how many there are would tell a hidden document from a missing one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    v: u8,
    #[serde(with = "to_second")]
    t: Instant,
    id: EntryId,
    tags: [Tag; 4],
    facts: Digest,
    asked: Digest,
    personal: Digest,
}

/// What an entry commits to; `None` where it has nothing to say, which the leaf does not show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Commitments {
    /// What happened.
    pub facts: Option<Digest>,
    /// What a refused caller asked.
    pub asked: Option<Digest>,
    /// Who it was, and from where.
    pub personal: Option<Digest>,
}

impl Leaf {
    /// The leaf of entry `id` at `t`, which is cut to the second, under the tags of at most four subjects.
    ///
    /// # Panics
    ///
    /// With more than four subjects.
    #[must_use]
    pub fn new(t: Instant, id: EntryId, subjects: &[Tag], commitments: Commitments) -> Self {
        assert!(subjects.len() <= 4, "a leaf has four tags");
        let mut tags = [0; 4].map(|_| Tag::random());
        tags[..subjects.len()].copy_from_slice(subjects);
        tags.sort_by_key(Tag::to_string);
        let or_random = |digest: Option<Digest>| digest.unwrap_or_else(Digest::random);
        Self {
            v: 1,
            t: Instant(t.0.div_euclid(1_000_000) * 1_000_000),
            id,
            tags,
            facts: or_random(commitments.facts),
            asked: or_random(commitments.asked),
            personal: or_random(commitments.personal),
        }
    }

    /// The bytes that are hashed into the tree: JSON in this order of fields, without spaces.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a leaf is made of texts and a small number")
    }

    /// Reads a leaf's bytes, which must be exactly those that [`Leaf::to_bytes`] writes.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`], [`Error::Malformed`] or [`Error::UnknownVersion`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_LEAF {
            return Err(Error::TooLong);
        }
        let leaf: Self = serde_json::from_slice(bytes).map_err(|_| Error::Malformed)?;
        if leaf.v != 1 {
            return Err(Error::UnknownVersion(leaf.v));
        }
        if !leaf.tags.is_sorted_by_key(Tag::to_string) || leaf.to_bytes() != bytes {
            return Err(Error::Malformed);
        }
        Ok(leaf)
    }

    /// When, to the second; it may lag behind the order of the entries.
    #[must_use]
    pub fn at(&self) -> Instant {
        self.t
    }

    /// Which entry.
    #[must_use]
    pub fn id(&self) -> EntryId {
        self.id
    }

    /// The tags, sorted by their characters.
    #[must_use]
    pub fn tags(&self) -> &[Tag; 4] {
        &self.tags
    }

    /// Whether the entry is tagged for the subject whose key of the year this is.
    #[must_use]
    pub fn is_tagged_for(&self, key: &TagKey) -> bool {
        self.tags.contains(&Tag::of(key, &self.id))
    }

    /// The digest of what happened.
    #[must_use]
    pub fn facts(&self) -> &Digest {
        &self.facts
    }

    /// The digest of what a refused caller asked.
    #[must_use]
    pub fn asked(&self) -> &Digest {
        &self.asked
    }

    /// The digest of who it was.
    #[must_use]
    pub fn personal(&self) -> &Digest {
        &self.personal
    }
}

/// An instant as RFC 3339 in UTC, to the second.
mod to_second {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::time::Instant;

    pub(super) fn serialize<S: Serializer>(t: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&t.to_second())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Instant, D::Error> {
        Instant::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests;
