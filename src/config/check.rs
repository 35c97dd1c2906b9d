//! What is wrong with a configuration that parses: what a start would stumble over, said before it.

use std::{
    collections::BTreeSet,
    fmt, fs,
    net::SocketAddr,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    str::FromStr,
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    config::{CatalogueEntry, Config, LocationConfig, Medium},
    database::Address,
    storage::{
        location::catalogue::{Age, shipped},
        s3,
    },
};

/// Something that is wrong, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// A file that must be there is not.
    Missing {
        /// The key that names it.
        key: String,
        /// The file.
        path: PathBuf,
    },
    /// A file with a secret is open to others.
    OpenToOthers {
        /// The key that names it.
        key: String,
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A file that is there is not what it must be.
    Unusable {
        /// The key that names it.
        key: String,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The folder in which a file is to be made is not there.
    NoFolder {
        /// The key that names the file.
        key: String,
        /// The folder.
        path: PathBuf,
    },
    /// What the shipped catalogue says of a location is too old, or soon will be.
    Aged {
        /// The key that names its entry.
        key: String,
        /// When the catalogue was put together.
        on: Date,
        /// For how many days it still counts; below zero if it does not.
        counts_for_days: i32,
    },
    /// A value that cannot be.
    Value {
        /// Its key.
        key: String,
        /// What it must be.
        must: &'static str,
    },
}

impl Flaw {
    /// Whether it is wrong today, and not only soon.
    fn is_so_now(&self) -> bool {
        !matches!(self, Self::Aged { counts_for_days: 0.., .. })
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { key, path } => write!(f, "{key}: {} is not there", path.display()),
            Self::OpenToOthers { key, path, mode } => {
                let path = path.display();
                write!(f, "{key}: {path} has mode {mode:04o}; chmod 0600 {path}")
            }
            Self::Unusable { key, path, why } => {
                write!(f, "{key}: {} cannot be used: {why}", path.display())
            }
            Self::NoFolder { key, path } => {
                write!(f, "{key}: the folder {} is not there", path.display())
            }
            Self::Aged { key, on, counts_for_days } => {
                let when = match counts_for_days {
                    ..0 => "counts no more".to_owned(),
                    days => format!("counts for {days} days more"),
                };
                write!(
                    f,
                    "{key}: the shipped catalogue is of {on} and {when}: what it says is then unknown, and passes no \
                     placement rule; install a newer version, or look yourself and write `declared` in its place"
                )
            }
            Self::Value { key, must } => write!(f, "{key}: must be {must}"),
        }
    }
}

impl Config {
    /// Everything that is wrong, without changing or connecting to anything.
    #[must_use]
    pub fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        self.check_values(&mut flaws);
        self.check_files(&mut flaws);
        self.check_locations(&mut flaws);
        // What counts still is no flaw; a start warns of it.
        let aged = self.flaws_of_catalogue(TimeZone::UTC.to_datetime(Timestamp::now()).date());
        flaws.extend(aged.into_iter().filter(Flaw::is_so_now));
        flaws
    }

    /// Of which locations what the shipped catalogue says is too old to count, or soon will be.
    #[must_use]
    pub fn flaws_of_catalogue(&self, today: Date) -> Vec<Flaw> {
        let entries = self.location.iter().filter_map(|at| Some((at, at.catalogue.as_ref()?)));
        let flaw = |(location, entry): (&LocationConfig, &CatalogueEntry)| {
            let offer = shipped().find(&entry.operator, &entry.region)?;
            let counts_for_days = match offer.age(today) {
                Age::Fresh => return None,
                Age::Ending { days_left } => days_left,
                Age::Old => -1,
            };
            let (key, on) = (format!("location.{}.catalogue", location.id), offer.on());
            Some(Flaw::Aged { key, on, counts_for_days })
        };
        entries.filter_map(flaw).collect()
    }

    fn check_values(&self, flaws: &mut Vec<Flaw>) {
        let mut wrong = |key: &str, must| flaws.push(Flaw::Value { key: key.to_owned(), must });
        if self.origin.is_empty()
            || self.origin.contains("://")
            || self.origin.contains(|c: char| c.is_whitespace() || c == '+')
        {
            wrong(
                "origin",
                "a host and path without scheme, blank or `+`, e.g. greffe.example/mission",
            );
        }
        if self.listen == self.operator_listen && self.listen.port() != 0 {
            wrong("operator_listen", "another address than `listen`");
        }
        if !is_private(self.operator_listen) {
            wrong("operator_listen", "a loopback or private address: it is served without TLS");
        }
        if !(1..=self.location.len().max(1)).contains(&self.copies.kept) {
            wrong("copies.kept", "1 to the number of locations: each copy rests at another");
        }
        if !(1..=3650).contains(&self.copies.scrubbed_within_days) {
            wrong("copies.scrubbed_within_days", "1 to 3650");
        }
        match (&self.database.address, &self.database.address_file) {
            (Some(address), None) if Address::from_str(address).is_err() => {
                let must = "sqlite:PATH, or PostgreSQL over a Unix socket or with sslmode=verify-full \
                            and sslrootcert";
                wrong("database.address", must);
            }
            (Some(address), None) if has_password(address) => {
                wrong(
                    "database.address",
                    "without a password: put the address into `address_file`",
                );
            }
            (Some(_), None) | (None, Some(_)) => {}
            _ => wrong("database", "either `address` or `address_file`"),
        }
        if self.keys.first == self.keys.second {
            wrong("keys.second", "another place than `keys.first`, best on another disk");
        }
        if self.custody.recovery_recipients.is_empty() != self.custody.recovery_file.is_none() {
            wrong("custody", "both `recovery_recipients` and `recovery_file`, or neither");
        }
        for recipient in &self.custody.recovery_recipients {
            if age::x25519::Recipient::from_str(recipient).is_err() {
                wrong("custody.recovery_recipients", "age recipients, `age1…`");
            }
        }
        let limits = &self.limits;
        if limits.upload_memory_bytes < 16 << 20 {
            wrong("limits.upload_memory_bytes", "16 MiB (16777216) or more: parts are 8 MiB each");
        }
        for (key, value) in [
            ("limits.first_request_seconds", limits.first_request_seconds),
            ("limits.header_timeout_seconds", limits.header_timeout_seconds),
            ("limits.idle_seconds", limits.idle_seconds),
            ("limits.request_seconds", limits.request_seconds),
            ("retention.personal_months", self.retention.personal_months),
        ] {
            if value == 0 {
                wrong(key, "1 or more");
            }
        }
        if limits.connections == 0 {
            wrong("limits.connections", "1 or more");
        }
    }

    fn check_files(&self, flaws: &mut Vec<Flaw>) {
        if let Some(path) = &self.database.address_file {
            secret("database.address_file", path, flaws);
        }
        if let Some(path) = self.database.sqlite_path() {
            folder_of("database.address", path, flaws);
        }
        // These exist once `greffe init` has run; until then their folders do.
        for (key, path) in
            [("custody.file", &self.custody.file), ("signer.state_file", &self.signer.state_file)]
        {
            folder_of(key, path, flaws);
            if path.exists() {
                secret(key, path, flaws);
            }
        }
        folder_of("keys.first", &self.keys.first, flaws);
        folder_of("keys.second", &self.keys.second, flaws);
        if let Some(path) = &self.custody.recovery_file {
            folder_of("custody.recovery_file", path, flaws);
        }
        present("tls.certificate_file", &self.tls.certificate_file, flaws);
        secret("tls.key_file", &self.tls.key_file, flaws);
        if let Some(path) = &self.tls.client_authority_file {
            present("tls.client_authority_file", path, flaws);
        }
    }

    fn check_locations(&self, flaws: &mut Vec<Flaw>) {
        let mut seen = BTreeSet::new();
        if self.location.is_empty() {
            flaws.push(Flaw::Value { key: "location".to_owned(), must: "one or more" });
        }
        for location in &self.location {
            let key = |name: &str| format!("location.{}.{name}", location.id);
            let mut wrong = |name, must| flaws.push(Flaw::Value { key: key(name), must });
            if !seen.insert(&location.id) {
                wrong("id", "different for each location");
            }
            let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            if !(1..=64).contains(&location.id.len()) || !location.id.bytes().all(allowed) {
                wrong("id", "1 to 64 small letters, digits and `-`");
            }
            if location.catalogue.is_some() == location.declared.is_some() {
                wrong(
                    "catalogue",
                    "either `catalogue` or `declared`: what is unknown passes no rule",
                );
            }
            match &location.medium {
                Medium::Folder { path } => folder_of(&key("path"), path, flaws),
                Medium::S3(bucket) => {
                    if !bucket.endpoint.starts_with("https://") {
                        wrong("endpoint", "https://HOST");
                    }
                    if !bucket.style.fits(&bucket.bucket) {
                        let must =
                            "3 to 63 small letters, digits and `-`, or else `path_style = true`";
                        wrong("bucket", must);
                    }
                    let (credentials, roots) = (&bucket.credentials_file, &bucket.root_file);
                    let before = flaws.len();
                    secret(&key("credentials_file"), credentials, flaws);
                    present(&key("root_file"), roots, flaws);
                    if flaws.len() == before {
                        let why = s3::flaw_of_credentials(credentials);
                        unusable(&key("credentials_file"), credentials, why, flaws);
                        unusable(&key("root_file"), roots, s3::flaw_of_roots(roots), flaws);
                    }
                }
            }
        }
    }
}

fn is_private(address: SocketAddr) -> bool {
    match address {
        SocketAddr::V4(address) => address.ip().is_loopback() || address.ip().is_private(),
        SocketAddr::V6(address) => address.ip().is_loopback() || address.ip().is_unique_local(),
    }
}

fn has_password(address: &str) -> bool {
    let authority = address.split_once("://").map_or("", |(_, rest)| rest);
    let user = authority.split('/').next().and_then(|host| host.rsplit_once('@'));
    user.is_some_and(|(user, _)| user.contains(':')) || address.contains("password=")
}

fn present(key: &str, path: &Path, flaws: &mut Vec<Flaw>) {
    if !path.is_file() {
        flaws.push(Flaw::Missing { key: key.to_owned(), path: path.to_owned() });
    }
}

fn secret(key: &str, path: &Path, flaws: &mut Vec<Flaw>) {
    match fs::metadata(path).map(|metadata| metadata.mode() & 0o7777) {
        Ok(mode) if mode & 0o077 != 0 => {
            flaws.push(Flaw::OpenToOthers { key: key.to_owned(), path: path.to_owned(), mode });
        }
        Ok(_) => {}
        Err(_) => flaws.push(Flaw::Missing { key: key.to_owned(), path: path.to_owned() }),
    }
}

fn unusable(key: &str, path: &Path, why: Option<String>, flaws: &mut Vec<Flaw>) {
    let flaw = |why| Flaw::Unusable { key: key.to_owned(), path: path.to_owned(), why };
    flaws.extend(why.map(flaw));
}

fn folder_of(key: &str, path: &Path, flaws: &mut Vec<Flaw>) {
    let folder = path.parent().unwrap_or(Path::new("/"));
    if !folder.is_dir() {
        flaws.push(Flaw::NoFolder { key: key.to_owned(), path: folder.to_owned() });
    }
}
