//! Sealed bytes at rest: a store per location, and what is known of that location; not trusted.
//!
//! Who controls a store can lose or withhold what it keeps, and sees random names, exact lengths and when they are
//! asked for. It can also change bytes, mix them or put old ones back: nothing here notices, the vault does.

use std::{io, ops::Range};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

pub mod name;
pub mod location;
pub mod folder;
pub mod absent;
pub mod several;
pub mod s3;
pub mod conformance;
pub mod probe;

pub use location::{Facts, Location, LocationId};
pub use name::Name;
pub use probe::{Probe, Shown, Verdict, probe};

/// Sealed bytes on their way, in pieces of any length; an error ends them.
pub type Sealed = BoxStream<'static, Result<Bytes, Error>>;

/// What [`Store::create`] kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Its length in bytes, as they came.
    pub size: u64,
}

/// One place that keeps sealed bytes under names.
///
/// Implementations may not differ in what is said here: [`conformance::check`] puts each through it. They retry
/// transient faults themselves, boundedly, so an error is final for this call, and every call ends in bounded time.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Keeps what `sealed` yields under `name`, durably: on return it survives a power cut.
    ///
    /// `length` is how many bytes that is, where it is known; memory does not grow with it. Nothing is to be read
    /// under `name` before all of it is kept. Names are random or bear a digest, so one is never written with other
    /// bytes; with the same bytes it may be written again. After an error, and when the call is dropped, the name
    /// holds nothing or all of it: [`Store::erase`] it, or create it again.
    ///
    /// # Errors
    ///
    /// [`Error::Source`] as `sealed` yielded it, [`Error::Length`] if it yields more or less than `length`,
    /// [`Error::Full`], and what the place itself failed with.
    async fn create(&self, name: &Name, sealed: Sealed, length: Option<u64>)
    -> Result<Kept, Error>;

    /// The bytes of `range`, exactly as many, as they are there now.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if nothing is there, [`Error::Short`] if it ends before `range` does; the stream may end
    /// with either too, since the place may lose it meanwhile.
    async fn read(&self, name: &Name, range: Range<u64>) -> Result<Sealed, Error>;

    /// How many bytes are under `name`; `None` if nothing is.
    async fn head(&self, name: &Name) -> Result<Option<u64>, Error>;

    /// Forgets `name`, durably, and what unfinished uploads left under exactly this name.
    ///
    /// Forgetting what is not there succeeds.
    async fn erase(&self, name: &Name) -> Result<(), Error>;

    /// The names that begin with `within` and a slash, sorted; ten thousand at most.
    ///
    /// For anchors and probes only. A place may withhold names or invent them: nothing may lean on this being right.
    async fn list(&self, within: &Name) -> Result<Vec<Name>, Error>;

    /// What the place shows of itself, compared with what is known of it.
    ///
    /// # Errors
    ///
    /// [`Error::Elsewhere`], [`Error::Certificate`] or [`Error::Foreign`] if that contradicts it.
    async fn look(&self) -> Result<Shown, Error>;
}

/// How many names [`Store::list`] gives at most.
pub const LISTED_AT_MOST: usize = 10_000;

/// What went wrong with a store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing is there under this name.
    #[error("nothing is kept under {0}")]
    Missing(Name),
    /// What is there ends before the range that was asked for.
    #[error("what is kept under {name} ends before byte {wanted_until}")]
    Short {
        /// Under which name.
        name: Name,
        /// Where the range would have ended.
        wanted_until: u64,
    },
    /// The bytes to be kept broke off; the cause is whoever made them.
    #[error("the bytes to be kept stopped coming")]
    Source(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// More or fewer bytes came than were announced.
    #[error("{announced} bytes were announced and {came} came")]
    Length {
        /// How many were announced.
        announced: u64,
        /// How many came, at the point where it was noticed.
        came: u64,
    },
    /// No room is left, or the store's owner allows no more.
    #[error("no room is left in the store")]
    Full,
    /// The disk or its file system failed.
    #[error("could not {what} in the folder")]
    Folder {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The folder is not the one of this location.
    #[error("{path} is not the folder of location {location}: {why}")]
    Foreign {
        /// Which folder.
        path: std::path::PathBuf,
        /// Whose it should be.
        location: location::LocationId,
        /// What was found in place of its marker.
        why: &'static str,
    },
    /// Another server has this folder open.
    #[error("another server has {0} open")]
    Occupied(std::path::PathBuf),
    /// More bytes came than a store takes under one name.
    #[error("{name} is longer than this store takes")]
    TooLong {
        /// Under which name.
        name: Name,
    },
    /// The store's address, roots or bucket are not usable.
    #[error("the store cannot be used: {0}")]
    Configured(&'static str),
    /// A file that the store is reached by is not usable.
    #[error("{path} cannot be used: {why}")]
    Unusable {
        /// Which file.
        path: std::path::PathBuf,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// The store did not answer, answered that it failed, or stood still, also when asked again.
    #[error("location {location} does not answer")]
    Unreachable {
        /// Whose store.
        location: LocationId,
        /// What happened.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store does not know us, or no longer, or lets us do nothing.
    #[error(
        "location {location} does not accept our credentials ({code}): put valid ones into its credentials_file, which \
         is read anew without a restart"
    )]
    Credentials {
        /// Whose store.
        location: LocationId,
        /// The store's word for it.
        code: String,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The bucket is not there.
    #[error(
        "location {location} has no bucket {bucket}: make it at whoever runs it, or put right what `bucket` says"
    )]
    NoBucket {
        /// Whose store.
        location: LocationId,
        /// Which bucket.
        bucket: String,
    },
    /// The store's clock and ours differ by more than it accepts.
    #[error("location {location} says that our clock is wrong: set it right")]
    OtherTime {
        /// Whose store.
        location: LocationId,
    },
    /// Its certificate is not vouched for by the authorities that are configured for it, or is for another name.
    #[error("location {location} shows a certificate that is not accepted")]
    Certificate {
        /// Whose store.
        location: LocationId,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It says that the bucket is somewhere else.
    #[error(
        "location {location} says that its bucket is in {said:?}, and is known to be in {known:?}"
    )]
    Elsewhere {
        /// Whose store.
        location: LocationId,
        /// Its word for where the bucket is.
        said: String,
        /// The configuration's.
        known: String,
    },
    /// The store will not do what was asked, or does not know it.
    #[error("location {location} refuses: {code}")]
    Refused {
        /// Whose store.
        location: LocationId,
        /// The store's word for it.
        code: String,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store says something that cannot be.
    #[error("the store contradicts what it was asked or what it kept for {name}: {what}")]
    Contradiction {
        /// Under which name.
        name: Name,
        /// What cannot be.
        what: &'static str,
    },
    /// The folder was opened to look at only.
    #[error("this store was opened for reading only")]
    ReadOnly,
}

/// The fault that a test asked for at `point`, and what it does there; never in a release build.
fn fault(point: &str) -> io::Result<()> {
    fail::fail_point!(point, |kind: Option<String>| Err(match kind.as_deref() {
        Some("full") => io::ErrorKind::StorageFull.into(),
        _ => io::Error::other("a fault that a test asked for"),
    }));
    let _ = point;
    Ok(())
}
