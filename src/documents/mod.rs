//! The product: deposit, list, read, share, finalise, shred, export.
//!
//! **Invariant:** nothing here is done without a right that `policy` made; a change ends in its entry, and no plaintext
//! leaves but through a [`Reading`], which only a recorded right opens.

mod catalogue;
mod copies;
mod create;
mod deposit;
mod describe;
mod erase;
pub mod examine;
mod export;
mod grants;
mod named;
mod list;
mod moves;
mod openers;
mod pending;
mod probe;
mod publish;
mod accesses;
mod reading;
pub mod record;
pub mod reference;
pub mod residency;
mod repeat;
mod retention;
mod stage;
mod sweep;
mod texts;

use std::sync::Arc;

use ring::hmac;

use crate::{
    audit::{self, Gate, Writer},
    config::{Copies, Retention},
    database,
    id::VersionId,
    mission::{self, Registry},
    policy::{self, Policy},
    storage::{self, Location, LocationId},
    vault::{self, KeySet},
};

pub use accesses::{Access, AccessPage};
pub use create::{Created, New};
pub use deposit::{Deposited, IfMatch, Upload};
pub use describe::{Content, CopyDescription, Description, GrantDescription, VersionDescription};
pub use erase::Shredded;
pub use grants::NewGrant;
pub use list::Page;
pub use moves::Moving;
pub use named::Named;
pub use openers::{Holder, Openers, Place};
pub use reading::Reading;
pub use record::VersionRecord;
pub use retention::Due;

/// Why a document was not served or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The act could not be recorded, so it was not done.
    #[error("could not record the act")]
    Audit(#[from] audit::Error),
    /// They may not.
    #[error("no permit")]
    Policy(#[from] policy::Error),
    /// Authority could not be read.
    #[error("could not read the document's authority")]
    Mission(#[from] mission::Error),
    /// The database did not answer.
    #[error("could not read the catalogue")]
    Database(#[from] database::Error),
    /// The signed log could not be read.
    #[error("could not read the signed log")]
    Log(#[source] audit::tree::Error),
    /// The store failed.
    #[error("could not reach the document's bytes")]
    Storage(#[from] storage::Error),
    /// A key is not to be had.
    #[error("could not use the document's keys")]
    Keys(#[from] vault::keyset::Error),
    /// The bytes contradict their record; the document is quarantined.
    #[error("the bytes of version {0} contradict their record")]
    Integrity(VersionId),
    /// A copy is not what its record says; another may be.
    #[error("a copy is not what its version record says")]
    Altered,
    /// A place says that it erased a copy, which is still there.
    #[error("location {0} says that it erased a copy, which is still there")]
    NotErased(String),
    /// A copy rests at a location that is not configured.
    #[error("a copy rests at a location that is not configured")]
    NoLocation,
    /// The document has no such version.
    #[error("the document has no such version")]
    NoVersion,
    /// The document has no such grant.
    #[error("the document has no such grant")]
    NoGrant,
    /// No configured location is one where the bytes may rest.
    #[error("no configured place of storage is permitted: {0}")]
    NoPlace(String),
    /// The body is not what its digest says.
    #[error("the body's SHA-256 is {found}, and Content-Digest says {wanted}")]
    Digest {
        /// Of what arrived, in hex.
        found: String,
        /// As announced, in hex.
        wanted: String,
    },
    /// The body ended early, or went on.
    #[error("the body ended after {found} bytes of {wanted}")]
    Length {
        /// What arrived.
        found: u64,
        /// What was announced.
        wanted: u64,
    },
    /// The body could not be read to its end.
    #[error("the body broke off")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Another version is the latest.
    #[error("the latest version is not the one that If-Match names")]
    Precondition,
    /// The same key is being used by a request that has not ended.
    #[error("a request with this Idempotency-Key is still running")]
    Running,
    /// The same key was used for another request.
    #[error("this Idempotency-Key was used for another request")]
    Reused,
    /// The end-to-end content is no age file.
    #[error("an end-to-end document's content is an `.age` file in its binary form")]
    NotAge,
    /// What is asked does not fit the document's stage.
    #[error("the document is {0}")]
    Stage(&'static str),
    /// A field that cannot be taken.
    #[error("{0}")]
    Unusable(&'static str),
    /// The last look at the place contradicts what is known of it.
    #[error("nothing is written at {0}: it contradicts what is known of it")]
    Stopped(LocationId),
    /// No recovery copy of custody was made and read back.
    #[error(
        "deposits wait for a recovery copy of custody that was read back: run `greffe keys copy` and `greffe keys recover --check`"
    )]
    NoRecovery,
    /// More grants than a document holds.
    #[error("a document has at most {0} grants")]
    TooMany(usize),
}

/// Documents of one mission. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Documents {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    writer: Writer,
    gate: Gate,
    policy: Policy,
    registry: Registry,
    keyset: Arc<KeySet>,
    locations: Vec<Location>,
    retention: Retention,
    pending_key: hmac::Key,
    catalogue: catalogue::Catalogue,
    begun: erase::Begun,
    recovered: bool,
    probes: probe::Probes,
    /// Deposits that could not be given up to the end, since a place was away.
    given_up: std::sync::Mutex<Vec<(pending::Place, Option<repeat::Repeat>)>>,
    doubts: copies::Doubts,
    late: copies::Late,
    moves: moves::Moves,
    traffic: copies::Traffic,
    copies: Copies,
}

/// What an operator decides of documents.
#[derive(Debug)]
pub struct Setting {
    /// Where sealed bytes may rest.
    pub locations: Vec<Location>,
    /// How many copies are kept, and how often they are looked at.
    pub copies: Copies,
    /// How long what is kept.
    pub retention: Retention,
    /// Under which the names of unfinished deposits are listed; from custody, under the label `greffe/pending/v1`.
    pub pending_key: hmac::Key,
    /// Whether custody has a recovery copy that was read back (or the demonstration waives it).
    pub recovered: bool,
}

impl Documents {
    /// Documents over their rooms.
    #[must_use]
    pub fn new(
        writer: Writer,
        gate: Gate,
        policy: Policy,
        registry: Registry,
        setting: Setting,
    ) -> Self {
        let keyset = Arc::clone(writer.keyring().keyset());
        let Setting { locations, copies, retention, pending_key, recovered } = setting;
        let inner = Inner {
            writer,
            gate,
            policy,
            registry,
            keyset,
            locations,
            retention,
            pending_key,
            catalogue: catalogue::Catalogue::default(),
            begun: erase::Begun::default(),
            recovered,
            probes: probe::Probes::default(),
            given_up: std::sync::Mutex::default(),
            doubts: copies::Doubts::default(),
            late: copies::Late::default(),
            moves: moves::Moves::default(),
            traffic: copies::Traffic::default(),
            copies,
        };
        Self { inner: Arc::new(inner) }
    }

    /// The locations in use.
    #[must_use]
    pub fn locations(&self) -> &[Location] {
        &self.inner.locations
    }

    /// How many readings and deposits run, for which upkeep gives way.
    #[must_use]
    pub fn transfers(&self) -> u64 {
        self.inner.traffic.running()
    }

    fn location(&self, id: &str) -> Option<&Location> {
        self.inner.locations.iter().find(|location| location.id.as_str() == id)
    }
}

/// The cause that a change's closure stopped with, if it is one of ours.
fn unwrapped(error: audit::Error) -> Error {
    match error {
        audit::Error::Work(cause) => match cause.downcast::<Error>() {
            Ok(error) => *error,
            Err(cause) => match cause.downcast::<mission::Error>() {
                Ok(error) => Error::Mission(*error),
                Err(cause) => Error::Audit(audit::Error::Work(cause)),
            },
        },
        error => Error::Audit(error),
    }
}
