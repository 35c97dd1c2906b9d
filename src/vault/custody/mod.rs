//! Custody: what holds the root and the wrapping key, and what can destroy the latter.
//!
//! Whoever holds custody, the key set, the database and the store can open managed documents. So custody is small,
//! lies apart, and does four things only.

use std::{fmt, io, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use zeroize::Zeroizing;

use crate::vault::secret::{Secret, SymmetricKey};

mod file;
mod block;
mod ground;
#[cfg(test)]
mod tests;

pub(super) use block::{BLOCK, Block};
pub use file::FileCustody;
pub use ground::{Ground, Warning};

/// Holds the root of all keys.
///
/// A *turn* replaces the wrapping key in two steps, so that a crash between leaves both: [`begin`](Self::begin) puts
/// a new key durably beside the old, [`end`](Self::end) destroys every key but the one that still counts. On return
/// of each, what it did survives a power cut.
#[async_trait]
pub trait Custody: Send + Sync + 'static {
    /// Seals `secret` for `context` under the newest wrapping key.
    async fn wrap(&self, context: &[u8], secret: &Secret<32>) -> Result<Wrapped, Error>;

    /// Opens what was wrapped under a wrapping key that is not destroyed.
    ///
    /// # Errors
    ///
    /// [`Error::Gone`] if that wrapping key was destroyed; [`Error::Forged`] if context or bytes are others.
    async fn unwrap(&self, context: &[u8], wrapped: &Wrapped) -> Result<Secret<32>, Error>;

    /// Puts a new wrapping key beside the present one.
    ///
    /// # Errors
    ///
    /// [`Error::Turning`] if a turn was begun and not ended.
    async fn begin(&self) -> Result<(), Error>;

    /// Destroys every wrapping key but the one under which `kept` was wrapped, after renewing recovery copies.
    ///
    /// Without a turn this wipes what a crash may have left, and changes nothing else.
    ///
    /// # Errors
    ///
    /// [`Error::Gone`] if that one is not here: then nothing is destroyed.
    async fn end(&self, kept: &Wrapped) -> Result<(), Error>;

    /// Whether a turn, or the destruction of a key, was begun and not ended.
    async fn turning(&self) -> Result<bool, Error>;

    /// HMAC-SHA-256(root, label): codes of authority and batches, the pepper of tokens.
    async fn derive(&self, label: &'static str) -> Result<SymmetricKey, Error>;

    /// The key that signs the log's checkpoints: generated with custody, never derived.
    async fn log_key(&self) -> Result<LogKey, Error>;
}

/// A secret sealed by custody; it says under which wrapping key, in a way that only custody reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapped(pub Vec<u8>);

/// An Ed25519 key as PKCS#8 (RFC 8410, RFC 5958 version 2), for `ring::signature::Ed25519KeyPair::from_pkcs8`.
#[derive(Clone)]
pub struct LogKey(Zeroizing<Vec<u8>>);

impl LogKey {
    /// The bytes themselves.
    #[must_use]
    pub fn pkcs8(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogKey")
    }
}

/// What custody could not do. Cloned where one failure has several victims.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// There is no custody here. Nothing is made because it was missing.
    #[error("no custody at {0}; put it back, or recover it from a recovery copy")]
    Missing(PathBuf),
    /// There is custody here already, and another would orphan what it protects.
    #[error("custody exists at {0}; it is never overwritten")]
    Exists(PathBuf),
    /// Others than its owner may read or write it.
    #[error("{path} has mode {mode:o}; it must be 600: chmod 600 {path}")]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A key overwritten there would not be gone.
    #[error("{path} lies on {file_system}, where overwriting in place does not destroy")]
    Ground {
        /// The file.
        path: PathBuf,
        /// What the file system is called.
        file_system: &'static str,
    },
    /// Neither block is whole.
    #[error("custody at {0} is damaged; recover it from a recovery copy")]
    Damaged(PathBuf),
    /// The wrapping key was destroyed.
    #[error("the wrapping key was destroyed: this key set is from before a turn")]
    Gone,
    /// The wrapped secret is not what was wrapped.
    #[error("the wrapped secret does not open: another context or altered bytes")]
    Forged,
    /// A turn was begun already.
    #[error("a turn of the wrapping key was begun and is not ended")]
    Turning,
    /// The recovery copy could not be renewed, so the old key stays.
    #[error("could not renew the recovery copy")]
    Recovery(#[source] Arc<crate::vault::recovery::Error>),
    /// The file could not be read or written.
    #[error("could not use custody at {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Arc<io::Error>,
    },
}
