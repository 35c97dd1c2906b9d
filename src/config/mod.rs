//! Configuration: one file, read once, in which a key that is not known is an error.
//!
//! No secret stands in it, in the environment or on the command line: secrets are files, named here, that nobody but
//! the
//! service may read. Nothing is created because it was missing. `config/greffe.toml` documents every key.

mod check;
mod limits;
mod location;

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use ring::digest::{SHA256, digest};
use serde::Deserialize;

pub use check::Flaw;
pub use limits::{Copies, Limits, Retention};
pub use location::{Bucket, CatalogueEntry, Declared, LocationConfig, Medium};

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("could not read {path}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not what a configuration is; the source says where.
    #[error("{path} is no configuration")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What is wrong, with line and column.
        source: Box<toml::de::Error>,
    },
}

/// Everything that an operator decides.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the API listens, e.g. `[::]:8443`.
    pub listen: SocketAddr,
    /// Where `/healthz`, `/readyz` and `/metrics` are served, without TLS: a loopback address or one of a network that
    /// only
    /// operators reach.
    pub operator_listen: SocketAddr,
    /// The log's name, a host and path without scheme, e.g. `greffe.example/mission-numerique`. Every proof bears it
    /// and it
    /// can never change.
    pub origin: String,
    /// The database.
    pub database: DatabaseConfig,
    /// Custody: the key above all keys, and who can recover it.
    pub custody: CustodyConfig,
    /// The key set.
    pub keys: KeysConfig,
    /// The log's signer.
    pub signer: SignerConfig,
    /// The service's certificate.
    pub tls: TlsConfig,
    /// Where sealed bytes rest, one or more.
    pub location: Vec<LocationConfig>,
    /// How many copies are kept, and how often they are looked at.
    #[serde(default)]
    pub copies: Copies,
    /// What one caller may use of the service.
    #[serde(default)]
    pub limits: Limits,
    /// How long what is kept.
    #[serde(default)]
    pub retention: Retention,
    /// SHA-256 of the file, which the first entry of each start names.
    #[serde(skip)]
    pub digest: [u8; 32],
}

/// Which database.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `sqlite:PATH`, or a PostgreSQL address without a password, over a Unix socket or with `sslmode=verify-full` and
    /// `sslrootcert`.
    #[serde(default)]
    pub address: Option<String>,
    /// File with the address (mode 0600), if it holds a password.
    #[serde(default)]
    pub address_file: Option<PathBuf>,
}

/// Where custody is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustodyConfig {
    /// The custody file, mode 0600, on a local file system that overwrites in place (ext4, xfs).
    pub file: PathBuf,
    /// Goes on, with a warning, on a file system where an overwritten key may survive (btrfs, zfs, NFS). Shredding is
    /// then
    /// not what it says.
    #[serde(default)]
    pub any_file_system: bool,
    /// To whom recovery copies are sealed, `age1…`; deposits wait until there is one and it was read back.
    #[serde(default)]
    pub recovery_recipients: Vec<String>,
    /// Where the newest recovery copy is written at each turn.
    #[serde(default)]
    pub recovery_file: Option<PathBuf>,
}

/// Where the key set is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysConfig {
    /// The first place.
    pub first: PathBuf,
    /// The second, on another disk; both are durable before a change is acknowledged.
    pub second: PathBuf,
}

/// Where the signer keeps what it signed last.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignerConfig {
    /// Its state, beside custody: never in a back-up of the database and never restored with one.
    pub state_file: PathBuf,
}

/// The service's certificate and whose certificates it accepts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The chain (PEM), the service's own certificate first.
    pub certificate_file: PathBuf,
    /// Its key (PEM), mode 0600.
    pub key_file: PathBuf,
    /// The authority (PEM) of client certificates; none are asked for without it.
    #[serde(default)]
    pub client_authority_file: Option<PathBuf>,
    /// Also TLS 1.2, with AEAD suites only.
    #[serde(default)]
    pub accept_tls12: bool,
}

impl Config {
    /// Reads a configuration; relative paths in it are from its own folder.
    ///
    /// # Errors
    ///
    /// [`Error::Unreadable`] and [`Error::Malformed`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
        let absolute = std::path::absolute(path).map_err(unreadable)?;
        let text = fs::read_to_string(path).map_err(unreadable)?;
        let parsed = Self::parse(&text, absolute.parent().unwrap_or(Path::new("/")));
        parsed
            .map_err(|source| Error::Malformed { path: path.to_owned(), source: Box::new(source) })
    }

    /// Reads a configuration from `text`; relative paths in it are from `folder`.
    ///
    /// # Errors
    ///
    /// What is wrong, with line and column.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, toml::de::Error> {
        let mut config: Self = toml::from_str(text)?;
        let hash = digest(&SHA256, text.as_bytes());
        config.digest = hash.as_ref().try_into().expect("SHA-256 has 32 bytes");
        config.paths(|path| *path = folder.join(&*path));
        if let Some(path) = config.database.sqlite_path() {
            config.database.address = Some(format!("sqlite:{}", folder.join(path).display()));
        }
        Ok(config)
    }

    fn paths(&mut self, mut each: impl FnMut(&mut PathBuf)) {
        let Self { database, custody, keys, signer, tls, location, .. } = self;
        let named = [
            database.address_file.as_mut(),
            Some(&mut custody.file),
            custody.recovery_file.as_mut(),
            Some(&mut keys.first),
            Some(&mut keys.second),
            Some(&mut signer.state_file),
            Some(&mut tls.certificate_file),
            Some(&mut tls.key_file),
            tls.client_authority_file.as_mut(),
        ];
        named.into_iter().flatten().for_each(&mut each);
        location.iter_mut().flat_map(LocationConfig::paths).for_each(each);
    }
}

impl DatabaseConfig {
    /// The address, from here or from its file.
    ///
    /// # Errors
    ///
    /// What is wrong, in words.
    pub fn place(&self) -> Result<crate::database::Address, String> {
        let text = match (&self.address, &self.address_file) {
            (Some(address), _) => address.clone(),
            (None, Some(path)) => {
                let read = std::fs::read_to_string(path);
                read.map_err(|error| format!("could not read {}: {error}", path.display()))?
            }
            (None, None) => return Err("`database` needs `address` or `address_file`".to_owned()),
        };
        text.trim().parse().map_err(|error: crate::database::Error| error.to_string())
    }

    /// Where the file of an embedded database is.
    #[must_use]
    pub fn sqlite_path(&self) -> Option<&Path> {
        self.address.as_deref()?.strip_prefix("sqlite:").map(Path::new)
    }
}

#[cfg(test)]
mod tests;
