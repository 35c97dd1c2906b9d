//! What the key set could not do.

use std::{io, path::PathBuf, sync::Arc};

use crate::vault::{custody, keyset::Slot};

/// What the key set could not do. Cloned, since one failure may end several changes.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// There is no such key: it was never made, or it was erased.
    #[error("no key for {0}")]
    Missing(Slot),
    /// There is such a key already.
    #[error("there is a key for {0} already")]
    Occupied(Slot),
    /// What is stored contradicts itself: altered, mixed, or changed by another process.
    #[error("the key set contradicts itself: {0}")]
    Contradiction(&'static str),
    /// The set is from before a change that counts: put the newer one back.
    #[error(
        "the key set was put back: it is of generation {found}, and generation {wanted} was recorded"
    )]
    Older {
        /// The set's generation.
        found: u64,
        /// The largest that was recorded.
        wanted: u64,
    },
    /// Custody destroyed the key that both places stand under: they are from before an erasure.
    #[error("the key set was put back: both its places are from before a key was destroyed")]
    BeforeATurn,
    /// No key set is where one should be. Nothing is made because it was missing.
    #[error("no key set at {0}")]
    NoSet(PathBuf),
    /// A key set is where a new one should be made.
    #[error("a key set exists at {0}; it is never overwritten")]
    Exists(PathBuf),
    /// The first place cannot be used.
    #[error("the key set's first place {path} is away")]
    FirstPlaceAway {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Arc<io::Error>,
    },
    /// The second place cannot be used: nothing is acknowledged until it is back.
    #[error("the key set's second place {path} is away")]
    SecondPlaceAway {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Arc<io::Error>,
    },
    /// Custody failed.
    #[error("custody did not serve the key set")]
    Custody(#[from] custody::Error),
    /// The store failed.
    #[error("could not use the key set's store")]
    Store(#[source] Arc<sqlx::Error>),
    /// The set was opened to be read only.
    #[error("the key set is open for reading only")]
    ReadOnly,
    /// The set was closed.
    #[error("the key set is closed")]
    Closed,
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(Arc::new(error))
    }
}
