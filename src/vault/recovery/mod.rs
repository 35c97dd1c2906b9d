//! Recovery copies: custody, sealed for recovery people as an `.age` file, renewed at each turn.
//!
//! Custody and one of the key set's two places open everything that lives. What recovery people kept of older copies
//! opens older key sets: erasure does not reach it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use ring::signature::{Ed25519KeyPair, KeyPair};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    time::Instant,
    vault::{
        custody::{self, Block, FileCustody, Ground, Warning},
        recipients::{Identity, Recipient},
    },
};

#[cfg(test)]
mod tests;

/// A recovery copy and who can open it.
#[derive(Debug, Clone)]
pub struct Recovery {
    path: PathBuf,
    recipients: Vec<Recipient>,
}

/// That a copy for these recipients was opened and held this custody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadBack {
    /// When.
    pub at: Instant,
    /// Fingerprint of the custody: SHA-256 of the log's public key, in hexadecimal.
    pub custody: String,
    /// For whom, sorted.
    pub recipients: Vec<String>,
}

/// What a recovery copy could not do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody could open it.
    #[error("a recovery copy needs a recipient")]
    NoRecipient,
    /// There is no copy.
    #[error("no recovery copy at {0}; make one first")]
    Missing(PathBuf),
    /// The identity opens no copy there.
    #[error("the recovery copy at {path} does not open with this identity")]
    Closed {
        /// The copy.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<age::DecryptError>,
    },
    /// It opens, and holds no custody.
    #[error("{0} opens, and holds no custody")]
    NoCustody(PathBuf),
    /// It opens, and is of another custody, or from before the last turn.
    #[error("the recovery copy at {0} is not of the present custody; make it anew")]
    Differs(PathBuf),
    /// The age crate refused to seal.
    #[error("could not seal the recovery copy")]
    Seal(#[source] Box<age::EncryptError>),
    /// Custody could not be put back.
    #[error("could not put custody back")]
    Custody(#[source] Box<custody::Error>),
    /// A file cannot be read or written.
    #[error("could not use {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Recovery {
    /// A copy at `path` for `recipients`.
    ///
    /// # Errors
    ///
    /// [`Error::NoRecipient`] if there is none.
    pub fn new(path: &Path, recipients: Vec<Recipient>) -> Result<Self, Error> {
        if recipients.is_empty() {
            return Err(Error::NoRecipient);
        }
        Ok(Self { path: path.to_owned(), recipients })
    }

    /// Writes the copy of `custody`, in place of a former one, durably.
    ///
    /// # Errors
    ///
    /// [`Error::Seal`] or [`Error::File`]; the former copy then stands.
    pub fn write(&self, custody: &FileCustody) -> Result<(), Error> {
        self.renew(&custody.block())
    }

    pub(in crate::vault) fn renew(&self, block: &Block) -> Result<(), Error> {
        let recipients = self.recipients.iter().map(Recipient::as_age);
        let encryptor = age::Encryptor::with_recipients(recipients);
        let encryptor = encryptor.map_err(|error| Error::Seal(Box::new(error)))?;
        let mut sealed = Vec::new();
        let written = encryptor.wrap_output(&mut sealed).and_then(|mut writer| {
            writer.write_all(&block.write())?;
            writer.finish().map(drop)
        });
        written.map_err(|source| self.failed(source))?;
        replace(&self.path, &sealed).map_err(|source| self.failed(source))
    }

    /// Opens the copy with `identities`, compares it with `custody`, and records that it was.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`], [`Error::Closed`], [`Error::NoCustody`], [`Error::Differs`] or [`Error::File`]; then
    /// nothing is recorded.
    pub fn read_back(
        &self,
        identities: &[Identity],
        custody: &FileCustody,
        at: Instant,
    ) -> Result<ReadBack, Error> {
        let found = unseal(&self.path, identities)?.write();
        let present = custody.block().write();
        // Compared by digest: how far two secrets agree must not show in the time it takes.
        if crate::vault::payload::sha256(&found) != crate::vault::payload::sha256(&present) {
            return Err(Error::Differs(self.path.clone()));
        }
        let read = ReadBack {
            at,
            custody: fingerprint(&custody.block(), &self.path)?,
            recipients: self.names(),
        };
        let json = serde_json::to_vec(&read).expect("a record of names is JSON");
        replace(&self.record(), &json).map_err(|source| self.failed(source))?;
        Ok(read)
    }

    /// Whether a copy of `custody` for these recipients stands there, and one was read back; else none.
    ///
    /// # Errors
    ///
    /// [`Error::File`] if the record cannot be read.
    pub fn state(&self, custody: &FileCustody) -> Result<Option<ReadBack>, Error> {
        let json = match fs::read(self.record()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            json => json.map_err(|source| self.failed(source))?,
        };
        let read = serde_json::from_slice::<ReadBack>(&json);
        let read = read.map_err(|error| self.failed(io::Error::other(error)))?;
        let fingerprint = fingerprint(&custody.block(), &self.path)?;
        let holds =
            self.path.exists() && read.recipients == self.names() && read.custody == fingerprint;
        Ok(holds.then_some(read))
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.recipients.iter().map(ToString::to_string).collect();
        names.sort_unstable();
        names
    }

    fn record(&self) -> PathBuf {
        beside(&self.path, ".read-back")
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::File { path: self.path.clone(), source }
    }
}

/// Checks that the copy at `path` opens and holds a custody; gives its fingerprint.
///
/// # Errors
///
/// [`Error::Missing`], [`Error::Closed`], [`Error::NoCustody`] or [`Error::File`].
pub fn check(path: &Path, identities: &[Identity]) -> Result<String, Error> {
    fingerprint(&unseal(path, identities)?, path)
}

/// Puts the custody in the copy at `path` back at `to`, where nothing may be.
///
/// # Errors
///
/// As [`check`], or [`Error::Custody`]; then nothing is left at `to`.
pub fn restore(
    path: &Path,
    identities: &[Identity],
    to: &Path,
    ground: Ground,
) -> Result<(FileCustody, Option<Warning>), Error> {
    let block = unseal(path, identities)?;
    FileCustody::place(to, block, ground).map_err(|error| Error::Custody(Box::new(error)))
}

fn unseal(path: &Path, identities: &[Identity]) -> Result<Block, Error> {
    let failed = |source| Error::File { path: path.to_owned(), source };
    let file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Error::Missing(path.to_owned()),
        _ => failed(error),
    })?;
    let closed = |error| Error::Closed { path: path.to_owned(), source: Box::new(error) };
    let decryptor = age::Decryptor::new(file).map_err(closed)?;
    let identities = identities.iter().map(Identity::as_age);
    let reader = decryptor.decrypt(identities).map_err(closed)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(custody::BLOCK + 1));
    reader.take(custody::BLOCK as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    Block::read(&bytes).ok_or_else(|| Error::NoCustody(path.to_owned()))
}

fn fingerprint(block: &Block, path: &Path) -> Result<String, Error> {
    let pair = Ed25519KeyPair::from_pkcs8(&block.log);
    let pair = pair.map_err(|_| Error::NoCustody(path.to_owned()))?;
    Ok(hex::encode(crate::vault::payload::sha256(pair.public_key().as_ref())))
}

/// Puts `bytes` at `path` so that a crash leaves either the former file or this one.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = beside(path, ".new");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
