//! Subjects of authority, and the heads by which a decision names what it was made on.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    id::{DocumentId, Id, NotAnId, PartyId, PersonId},
    time::Instant,
};

/// What a revision can be about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// The mission: parties, workstreams, conflicts, locations, baseline.
    Mission,
    /// A party: roles, standing grants, restriction, placement.
    Party,
    /// A person: employer, credentials.
    Person,
    /// A document: owner, grants, stage, latest version.
    Document,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Mission, Self::Party, Self::Person, Self::Document];

    fn letter(self) -> u8 {
        match self {
            Self::Mission => b'm',
            Self::Party => b'p',
            Self::Person => b'u',
            Self::Document => b'd',
        }
    }
}

/// One subject: a kind and an id; 17 bytes in the database, `p:` and 22 characters in an entry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// What it is.
    pub kind: Kind,
    /// Which one.
    pub id: Id,
}

impl Subject {
    /// The mission, of which a database has one.
    pub const MISSION: Self = Self { kind: Kind::Mission, id: Id([0; 16]) };

    /// The letter of the kind and the 16 bytes of the id.
    #[must_use]
    pub fn key(&self) -> Vec<u8> {
        let mut key = Vec::with_capacity(17);
        key.push(self.kind.letter());
        key.extend_from_slice(self.id.as_bytes());
        key
    }

    /// A subject from [`Subject::key`].
    ///
    /// # Errors
    ///
    /// [`NotAnId`] if these are not such bytes.
    pub fn from_key(key: &[u8]) -> Result<Self, NotAnId> {
        let (letter, id) = key.split_first().ok_or(NotAnId)?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.letter() == *letter).ok_or(NotAnId)?;
        Ok(Self { kind, id: Id::from_slice(id)? })
    }
}

impl From<PartyId> for Subject {
    fn from(id: PartyId) -> Self {
        Self { kind: Kind::Party, id: id.0 }
    }
}

impl From<PersonId> for Subject {
    fn from(id: PersonId) -> Self {
        Self { kind: Kind::Person, id: id.0 }
    }
}

impl From<DocumentId> for Subject {
    fn from(id: DocumentId) -> Self {
        Self { kind: Kind::Document, id: id.0 }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", char::from(self.kind.letter()), self.id)
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let (letter, id) = text.split_once(':').ok_or_else(|| serde::de::Error::custom(NotAnId))?;
        let kind = Kind::ALL.into_iter().find(|kind| letter.as_bytes() == [kind.letter()]);
        let kind = kind.ok_or_else(|| serde::de::Error::custom(NotAnId))?;
        Ok(Self { kind, id: id.parse().map_err(serde::de::Error::custom)? })
    }
}

/// The latest revision of a subject: its number and the SHA-256 of its stored bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Head {
    /// Whose.
    pub subject: Subject,
    /// Counted from 1.
    pub number: i64,
    /// SHA-256 of the stored bytes, never of something serialised again.
    pub digest: [u8; 32],
}

/// What a decision was made on: every head it read, its instant, and when it ends by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Revisions {
    /// Sorted by subject, each once.
    heads: Vec<Head>,
    /// When it was decided.
    pub decided_at: Instant,
    /// The earliest `until` among the grants it leans on.
    pub until: Option<Instant>,
}

impl Revisions {
    /// A decision that read nothing yet.
    #[must_use]
    pub fn new(decided_at: Instant) -> Self {
        Self { heads: Vec::new(), decided_at, until: None }
    }

    /// Notes that `head` was read.
    pub fn read(&mut self, head: Head) {
        if let Err(place) = self.heads.binary_search_by_key(&head.subject, |head| head.subject) {
            self.heads.insert(place, head);
        }
    }

    /// Notes that the decision ends at `until`, if nothing ends it earlier.
    pub fn ends(&mut self, until: Instant) {
        self.until = Some(self.until.map_or(until, |earlier| earlier.min(until)));
    }

    /// The heads, sorted by subject.
    #[must_use]
    pub fn heads(&self) -> &[Head] {
        &self.heads
    }
}
