//! The leaf: what of an entry is public. It names nothing but a second and a random id.

use std::fmt;

use serde::Deserialize;

use crate::{
    audit::{
        encoding::{base64url, from_base64url},
        opening::Digest,
    },
    id::{EntryId, random},
    time::Instant,
};

/// Longest a leaf may be, in bytes.
pub const LONGEST_BYTES: usize = 1_024;

/// By which whoever has a subject's key finds its entries; different in each entry. 22 characters of base64url.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub [u8; 16]);

impl Tag {
    /// A tag of nobody, so that the number of tags tells nothing.
    #[must_use]
    pub fn random() -> Self {
        Self(random())
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64url(&self.0))
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// These bytes are no leaf.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a leaf of version 1, to the byte")]
pub struct NotALeaf;

/// One leaf of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// To the second.
    pub t: Instant,
    /// Random.
    pub id: EntryId,
    /// Owner's, acting party's, document's and person's, sorted; random for what there is not.
    pub tags: [Tag; 4],
    /// What happened.
    pub facts: Digest,
    /// What a refused caller may see.
    pub asked: Digest,
    /// Who, from where.
    pub personal: Digest,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    v: u8,
    t: Instant,
    id: EntryId,
    tags: [String; 4],
    facts: String,
    asked: String,
    personal: String,
}

impl Leaf {
    /// The bytes that are hashed: JSON in this order, without spaces.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { t, id, tags: [a, b, c, d], facts, asked, personal } = self;
        let t = t.to_second();
        format!(
            r#"{{"v":1,"t":"{t}","id":"{id}","tags":["{a}","{b}","{c}","{d}"],"facts":"{facts}","asked":"{asked}","personal":"{personal}"}}"#
        )
        .into_bytes()
    }

    /// Reads a leaf; what would not be written again to the byte is none.
    ///
    /// # Errors
    ///
    /// [`NotALeaf`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NotALeaf> {
        if bytes.len() > LONGEST_BYTES {
            return Err(NotALeaf);
        }
        let wire: Wire = serde_json::from_slice(bytes).map_err(|_| NotALeaf)?;
        let tag =
            |text: &String| -> Option<Tag> { Some(Tag(from_base64url(text)?.try_into().ok()?)) };
        let [a, b, c, d] = &wire.tags;
        let tags = [tag(a), tag(b), tag(c), tag(d)];
        let [Some(a), Some(b), Some(c), Some(d)] = tags else { return Err(NotALeaf) };
        let leaf = Self {
            t: wire.t,
            id: wire.id,
            tags: [a, b, c, d],
            facts: Digest::parse(&wire.facts).ok_or(NotALeaf)?,
            asked: Digest::parse(&wire.asked).ok_or(NotALeaf)?,
            personal: Digest::parse(&wire.personal).ok_or(NotALeaf)?,
        };
        let sorted = leaf.tags.is_sorted();
        if wire.v == 1 && sorted && leaf.to_bytes() == bytes { Ok(leaf) } else { Err(NotALeaf) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf() -> Leaf {
        let mut tags = [Tag::random(), Tag::random(), Tag::random(), Tag::random()];
        tags.sort_unstable();
        Leaf {
            t: "2026-01-01T00:00:00Z".parse().unwrap(),
            id: EntryId::random(),
            tags,
            facts: Digest::random(),
            asked: Digest::random(),
            personal: Digest::random(),
        }
    }

    #[test]
    fn a_leaf_is_read_back_as_it_was_written() {
        let leaf = leaf();

        let bytes = leaf.to_bytes();

        assert!(bytes.len() <= LONGEST_BYTES);
        assert!(bytes.starts_with(br#"{"v":1,"t":"2026-01-01T00:00:00Z","id":""#));
        assert_eq!(Leaf::parse(&bytes), Ok(leaf));
    }

    #[test]
    fn another_spelling_of_a_leaf_is_none() {
        let mut unsorted = leaf();
        unsorted.tags.reverse();
        let text = String::from_utf8(leaf().to_bytes()).unwrap();

        assert_eq!(Leaf::parse(&unsorted.to_bytes()), Err(NotALeaf));
        for text in [
            text.replacen(r#""v":1"#, r#""v":2"#, 1),
            text.replacen(':', ": ", 1),
            text.replacen("00Z", "00.5Z", 1),
            text.replacen("}", r#","x":1}"#, 1),
            format!("{text}\n"),
        ] {
            assert_eq!(Leaf::parse(text.as_bytes()), Err(NotALeaf), "{text}");
        }
    }
}
