//! Where sealed bytes rested at an instant, since when, under whose control and how that is known: as the log says it.
//!
//! No table is believed. What stood at an instant is the revision whose entry is not after it, while the next one's is: both
//! entries are held against the signed tree, and state the digest of the revision that they wrote. What was sealed is the
//! version record in the deposit's entry; what is known of a place is what the mission's revision of that instant says. Once
//! facts have run out, the revision's own code and its leaf remain, and that is said.
//!
//! **Invariant:** what SQL alone wrote is no evidence: it changes nothing of it, or is named (`tests/it/residency/sql.rs`).

mod copies;
mod evidence;
mod fault;
mod listed;
mod picture;
mod stood;
mod erased;

use serde::Serialize;

use crate::{
    audit::{Audit, Discover, tree::Found},
    documents::{Holder, Place},
    id::{DocumentId, EntryId, VersionId},
    mission::{Protection, Stage},
    policy::Permit,
    time::Instant,
};

pub use listed::Created;
pub use picture::{Tongue, picture};

/// The right to be shown where a document rests: of whoever may know of it, or audits it.
#[derive(Clone, Debug)]
pub enum Sight {
    /// They may know of it.
    Knows(Permit<Discover>),
    /// They see every access to it.
    Audits(Permit<Audit>),
}

/// Where documents rested at an instant.
#[derive(Clone, Debug)]
pub struct Residency {
    /// The instant.
    pub at: Instant,
    /// The mission's revision of that instant, whose facts these are; nothing before there was a mission.
    pub mission: Option<Made>,
    /// Every place that a copy names, and what was known of it.
    pub places: Vec<Place>,
    /// The documents.
    pub documents: Vec<Rested>,
    /// After which entry the next page begins; nothing if this is the last.
    pub next: Option<i64>,
    /// What contradicts and belongs to no one document.
    pub found: Vec<Found>,
}

/// One document at an instant.
#[derive(Clone, Debug, Default)]
pub struct Rested {
    /// Which.
    pub document: Option<DocumentId>,
    /// Its reference.
    pub reference: String,
    /// The owner's handle.
    pub owner: String,
    /// Its first revision.
    pub created: Option<Made>,
    /// Its revision of that instant; nothing if it was not there yet.
    pub revision: Option<Made>,
    /// Where it was in its life; nothing if it was not there yet.
    pub stage: Option<Stage>,
    /// Who can technically open it.
    pub protection: Option<Protection>,
    /// Whether its bytes had contradicted their record.
    pub quarantined: bool,
    /// Its sealed objects, oldest first.
    pub versions: Vec<Sealed>,
    /// Who holds what it takes to open them; nobody once it is destroyed.
    pub holders: Vec<Holder>,
    /// Its destruction, if that was begun.
    pub destruction: Option<Destruction>,
    /// What contradicts; then what else is said of it may be less than the whole.
    pub found: Vec<Found>,
}

/// A sealed object: the same bytes at each place.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// Which version.
    pub version: VersionId,
    /// Counted from 1.
    pub number: i64,
    /// Its length in bytes.
    pub sealed_len: u64,
    /// SHA-256 of it, base64url.
    pub sealed_sha256: String,
    /// The entry of its deposit.
    pub deposited: Entered,
    /// Where it rested.
    pub copies: Vec<Copy>,
}

/// A sealed object at one place.
#[derive(Clone, Debug)]
pub struct Copy {
    /// Where.
    pub location: String,
    /// The entry since which it is there.
    pub since: Entered,
    /// The entry with which it was moved on: what is there since is to be erased.
    pub left: Option<Entered>,
    /// The entry that says that it was erased and seen to be gone.
    pub erased: Option<Entered>,
}

/// A destruction that was begun.
#[derive(Clone, Copy, Debug)]
pub struct Destruction {
    /// Since then nothing reads it.
    pub begun: Entered,
    /// Since then its keys are gone.
    pub done: Option<Entered>,
}

/// An entry that bears something out.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Entered {
    /// Which; its receipt is a proof for anybody.
    pub entry: EntryId,
    /// Its position in the log.
    pub position: u64,
    /// When; the log bears that out to the second.
    pub at: Instant,
    /// Whether the published checkpoint covers it.
    pub signed: bool,
}

/// A revision, and the entry that made it.
#[derive(Clone, Copy, Debug)]
pub struct Made {
    /// Counted from 1.
    pub number: i64,
    /// The entry.
    pub entered: Entered,
    /// Whether the entry still states the revision's digest; if not, the revision stands by its code.
    pub stated: bool,
}
