//! `.age` files: documents sealed anew for a recipient, opened again on the recipient's side, and checked as to form.
//!
//! Headers are the age crate's; it makes a fresh file key for each export, which is kept for our sealer. A stored
//! file key never leaves.

use std::{cell::RefCell, collections::HashSet};

use age::{EncryptError, secrecy::ExposeSecret};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};

use crate::vault::{
    payload::{NONCE, Nonce, seal_stream, sealed_len},
    recipients::Recipient,
    secret::{FileKey, Secret},
};

mod form;
mod unseal;
#[cfg(test)]
mod tests;

pub use form::{Form, FormCheck, HEADER_LIMIT, Malformed};
pub use unseal::unseal;

/// What an export could not do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody could open it.
    #[error("an export needs a recipient")]
    NoRecipient,
    /// The age crate refused to seal for the recipient.
    #[error("could not seal for the recipient")]
    Seal(#[source] Box<EncryptError>),
    /// The header could not be written.
    #[error("could not write the age header")]
    Header(#[source] std::io::Error),
    /// The file is no `.age` file.
    #[error("not a well-formed age file")]
    Form(#[from] Malformed),
    /// No identity opens it, or it is not what was sealed.
    #[error("the age file does not open with this identity")]
    Closed(#[source] Box<age::DecryptError>),
    /// It opens, and was cut or altered further on; what came before is genuine.
    #[error("the age file was cut or altered after {0} bytes of content")]
    Altered(u64, #[source] std::io::Error),
    /// The file could not be read.
    #[error("could not read the age file")]
    Read(#[source] std::io::Error),
    /// What was opened could not be written.
    #[error("could not write what was opened")]
    Write(#[source] std::io::Error),
}

/// An `.age` file about to be made, under a key of its own.
#[derive(Debug)]
pub struct Export {
    header: Bytes,
    key: FileKey,
}

impl Export {
    /// Makes the header for `recipients`.
    ///
    /// # Errors
    ///
    /// [`Error::NoRecipient`], [`Error::Seal`] or [`Error::Header`].
    pub fn new(recipients: &[Recipient]) -> Result<Self, Error> {
        let first = recipients.first().ok_or(Error::NoRecipient)?;
        let kept = Kept { inner: first.as_age(), key: RefCell::new(None) };
        let rest = recipients[1..].iter().map(Recipient::as_age);
        let all = std::iter::once(&kept as &dyn age::Recipient).chain(rest);
        let encryptor = age::Encryptor::with_recipients(all);
        let encryptor = encryptor.map_err(|error| Error::Seal(Box::new(error)))?;
        let mut header = Vec::new();
        encryptor.wrap_output(&mut header).map_err(Error::Header)?;
        // The last 16 bytes are the crate's nonce; the payload's key comes from ours, which the sealer writes.
        header.truncate(header.len() - NONCE);
        let key = kept.key.into_inner().expect("the header was made with this recipient");
        Ok(Self { header: Bytes::from(header), key })
    }

    /// Bytes of the whole file for `plain` bytes of content.
    #[must_use]
    pub fn len(&self, plain: u64) -> u64 {
        self.header.len() as u64 + sealed_len(plain)
    }

    /// The file. An error of `plaintext` ends it with that error; the file is then recognisably cut.
    pub fn seal<S, E>(self, plaintext: S) -> impl Stream<Item = Result<Bytes, E>> + use<S, E>
    where
        S: Stream<Item = Result<Bytes, E>>,
    {
        let (sealed, _summary) = seal_stream(&self.key, Nonce::random(), plaintext);
        stream::iter([Ok(self.header)]).chain(sealed)
    }
}

/// A recipient that keeps the file key which it wraps.
struct Kept<'a> {
    inner: &'a dyn age::Recipient,
    key: RefCell<Option<FileKey>>,
}

impl age::Recipient for Kept<'_> {
    fn wrap_file_key(
        &self,
        key: &age_core::format::FileKey,
    ) -> Result<(Vec<age_core::format::Stanza>, HashSet<String>), EncryptError> {
        *self.key.borrow_mut() = Secret::from_slice(key.expose_secret()).map(FileKey::new);
        self.inner.wrap_file_key(key)
    }
}
