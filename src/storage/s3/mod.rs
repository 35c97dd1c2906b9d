//! A store in a bucket of an S3 service, spoken to with nothing beyond the protocol's oldest parts.
//!
//! No versioning, lock, conditional write or checksum trailer: services differ in these (one ignores
//! `If-None-Match` silently, one refuses trailers). The service sees random names, lengths, times and sealed bytes;
//! no metadata, and a `User-Agent` that says nothing. It proves itself by a certificate under roots that are
//! configured for it alone, never those of the system.

use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use aws_sdk_s3::{
    Client,
    config::{
        BehaviorVersion, Config, IdentityCache, Region, RequestChecksumCalculation,
        ResponseChecksumValidation, StalledStreamProtectionConfig, retry::RetryConfig,
        timeout::TimeoutConfig,
    },
};
use futures::StreamExt as _;
use hyper::Uri;

use crate::{
    storage::{Error, Kept, LISTED_AT_MOST, LocationId, Name, Sealed, Shown, Store, fault},
    time::Instant,
};

mod access;
mod chain;
mod connector;
mod files;
mod parts;
mod progress;
mod reading;
mod refusal;
mod resolver;
mod upload;

pub use chain::Chain;
use connector::Connector;
pub use parts::Pool;
use reading::Reading;
use refusal::is_missing;

/// How a bucket is reached.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whose store this is, for the operator's log.
    pub location: LocationId,
    /// The service's address, e.g. `https://s3.fr-par.scw.cloud`; plain `http` for a loopback address only.
    pub endpoint: Uri,
    /// The service's word for the place; it is part of each signature.
    pub region: String,
    /// Where the objects are. The whole bucket is ours.
    pub bucket: String,
    /// Where the bucket's name stands in an address.
    pub style: Style,
    /// Whether uploads bear a checksum of the protocol's newer kind.
    pub trailers: Trailers,
    /// The key's id and its secret, a line each; read anew when it changes.
    pub credentials_file: PathBuf,
    /// The authorities (PEM) that may vouch for the service; the system's are not looked at. Read anew when it changes.
    pub root_file: PathBuf,
    /// How long is waited where nothing moves.
    pub patience: Patience,
}

/// Where the bucket's name stands in an address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Style {
    /// Before the host's: `https://BUCKET.HOST/KEY`.
    #[default]
    Virtual,
    /// In the path: `https://HOST/BUCKET/KEY`.
    Path,
}

/// Whether what is sent is followed by a checksum in a trailer, which some services want and some refuse.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Trailers {
    /// Nothing of the kind is sent.
    #[default]
    Never,
    /// CRC32 after each object and part.
    Always,
}

impl Style {
    /// Whether a bucket of this name can be reached so: as a part of a host's name that a certificate covers.
    #[must_use]
    pub fn fits(self, bucket: &str) -> bool {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let ends_well = !bucket.starts_with('-') && !bucket.ends_with('-');
        let is_label = (3..=63).contains(&bucket.len()) && bucket.bytes().all(allowed);
        self == Self::Path || (is_label && ends_well)
    }
}

/// How long is waited where nothing moves, and how often a call is tried.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a connection and its handshake.
    pub connect: Duration,
    /// For the next bytes, in either direction, or the answer's beginning.
    pub silence: Duration,
    /// How often a call is tried in all.
    pub tries: u32,
}

impl Default for Patience {
    fn default() -> Self {
        let (connect, silence) = (Duration::from_secs(5), Duration::from_secs(20));
        Self { connect, silence, tries: 3 }
    }
}

/// A call takes at most so many silences, lest an answer drip for ever; the bytes of a reading may take longer.
const DRIPS: u32 = 15;

/// What is wrong with a file of credentials, if anything is.
#[must_use]
pub fn flaw_of_credentials(path: &Path) -> Option<String> {
    files::access(path).err()
}

/// What is wrong with a file of roots, if anything is.
#[must_use]
pub fn flaw_of_roots(path: &Path) -> Option<String> {
    match files::roots(path) {
        Ok(roots) if roots.is_empty() => Some("it holds no authority".to_owned()),
        read => read.err(),
    }
}

/// A bucket that keeps sealed bytes.
pub struct S3 {
    bucket: Bucket,
    connector: Connector,
    endpoint: Uri,
    region: String,
    pool: Arc<Pool>,
    chain: Arc<Chain>,
}

/// What every call needs.
#[derive(Clone)]
struct Bucket {
    client: Client,
    location: LocationId,
    name: String,
    trailers: Trailers,
    /// Over TLS the bytes are authenticated by the connection, and not a second time by each signature.
    signs_bytes: bool,
    patience: Patience,
}

impl S3 {
    /// A store in this bucket; nothing is asked of it yet. Every upload of the process takes its memory from `pool`.
    ///
    /// # Errors
    ///
    /// [`Error::Configured`] for an address that is not to be trusted, [`Error::Unusable`] for a file.
    pub fn new(settings: &Settings, pool: Arc<Pool>) -> Result<Self, Error> {
        if !settings.style.fits(&settings.bucket) {
            return Err(Error::Configured(
                "its bucket's name can only stand in the path: set `path_style = true`",
            ));
        }
        let chain = Chain::new(&settings.location);
        let connector = Connector::new(settings, Arc::clone(&chain))?;
        let checksums = match settings.trailers {
            Trailers::Never => RequestChecksumCalculation::WhenRequired,
            Trailers::Always => RequestChecksumCalculation::WhenSupported,
        };
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(connector.clone())
            .endpoint_url(settings.endpoint.to_string())
            .force_path_style(settings.style == Style::Path)
            .region(Region::new(settings.region.clone()))
            .credentials_provider(access::FromFile::open(settings)?)
            // The file decides at each call; looking at it costs less than what a cache would.
            .identity_cache(IdentityCache::no_cache())
            .retry_config(RetryConfig::standard().with_max_attempts(settings.patience.tries))
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_attempt_timeout(settings.patience.silence * DRIPS)
                    .build(),
            )
            // By one answer with a false date the service would choose the time that we sign.
            .disable_clock_skew_correction(true)
            // The connector watches for silence, in both directions.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .request_checksum_calculation(checksums)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .interceptor(connector::Unnamed)
            .build();
        let bucket = Bucket {
            client: Client::from_conf(config),
            location: settings.location.clone(),
            name: settings.bucket.clone(),
            trailers: settings.trailers,
            signs_bytes: settings.endpoint.scheme_str() != Some("https"),
            patience: settings.patience,
        };
        let (endpoint, region) = (settings.endpoint.clone(), settings.region.clone());
        Ok(Self { bucket, connector, endpoint, region, pool, chain })
    }

    /// When the certificates end that the service showed last.
    #[must_use]
    pub fn chain(&self) -> Arc<Chain> {
        Arc::clone(&self.chain)
    }
}

impl Bucket {
    /// It does not answer, for this reason.
    fn away(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::Unreachable { location: self.location.clone(), source: source.into() }
    }

    /// The service's own word for where the bucket is; nothing if it has none, or keeps it from us.
    async fn whereabouts(&self) -> Result<Option<String>, Error> {
        let asked = self.client.get_bucket_location().bucket(&self.name).send().await;
        let anchor = Name::new("probe").expect("a segment of letters");
        let answer = match asked.map_err(|error| (refusal::says_nothing(&error), error)) {
            Ok(answer) => answer,
            Err((true, _)) => return Ok(None),
            Err((false, error)) => return Err(self.refused(error, &anchor)),
        };
        let said = answer.location_constraint().map(|said| said.as_str().to_owned());
        Ok(said.filter(|said| !said.is_empty()))
    }

    async fn length(&self, name: &Name) -> Result<Option<u64>, Error> {
        let head = self.client.head_object().bucket(&self.name).key(name.as_str());
        let answer = match head.send().await {
            Err(error) if is_missing(&error) => return Ok(None),
            answer => answer.map_err(|error| self.refused(error, name))?,
        };
        let length = answer.content_length().and_then(|length| u64::try_from(length).ok());
        let what = "it has no length";
        length.map(Some).ok_or_else(|| Error::Contradiction { name: name.clone(), what })
    }
}

#[async_trait]
impl Store for S3 {
    async fn create(
        &self,
        name: &Name,
        sealed: Sealed,
        length: Option<u64>,
    ) -> Result<Kept, Error> {
        fault("storage::create").map_err(|fault| self.bucket.away(fault))?;
        let size = upload::send(&self.bucket, &self.pool, name, sealed, length).await?;
        // A service that answers well and keeps nothing is found out before anybody relies on it.
        if self.bucket.length(name).await? != Some(size) {
            let what = "it acknowledged bytes that are not there";
            return Err(Error::Contradiction { name: name.clone(), what });
        }
        fault("storage::kept").map_err(|fault| self.bucket.away(fault))?;
        Ok(Kept { size })
    }

    async fn read(&self, name: &Name, range: Range<u64>) -> Result<Sealed, Error> {
        fault("storage::read").map_err(|fault| self.bucket.away(fault))?;
        if range.is_empty() {
            let found = self.bucket.length(name).await?;
            found.ok_or_else(|| Error::Missing(name.clone()))?;
            return Ok(futures::stream::empty().boxed());
        }
        Reading::open(self.bucket.clone(), name.clone(), range).await.map(Reading::stream)
    }

    async fn head(&self, name: &Name) -> Result<Option<u64>, Error> {
        self.bucket.length(name).await
    }

    async fn erase(&self, name: &Name) -> Result<(), Error> {
        fault("storage::erase").map_err(|fault| self.bucket.away(fault))?;
        // Uploads first: none of them can become the object afterwards.
        upload::abort_all(&self.bucket, name).await?;
        let erase = self.bucket.client.delete_object();
        match erase.bucket(&self.bucket.name).key(name.as_str()).send().await {
            Err(error) if is_missing(&error) => Ok(()),
            erased => erased.map(drop).map_err(|error| self.bucket.refused(error, name)),
        }
    }

    async fn list(&self, within: &Name) -> Result<Vec<Name>, Error> {
        let folder = format!("{within}/");
        let list = self.bucket.client.list_objects_v2().bucket(&self.bucket.name).prefix(&folder);
        let mut pages = list.into_paginator().send();
        let mut names = Vec::new();
        // A page may be empty: the service does not decide how long this takes.
        for _ in 0..LISTED_AT_MOST {
            let Some(page) = pages.next().await else { break };
            let page = page.map_err(|error| self.bucket.refused(error, within))?;
            let keys = page.contents().iter().filter_map(|object| object.key());
            let ours = keys.filter(|key| key.starts_with(&folder));
            names.extend(ours.filter_map(|key| Name::new(key).ok()));
            if names.len() >= LISTED_AT_MOST {
                break;
            }
        }
        names.sort();
        names.dedup();
        names.truncate(LISTED_AT_MOST);
        Ok(names)
    }

    async fn look(&self) -> Result<Shown, Error> {
        let bucket_location = self.bucket.whereabouts().await?;
        match &bucket_location {
            Some(said) if *said != self.region => {
                let (location, known) = (self.bucket.location.clone(), self.region.clone());
                return Err(Error::Elsewhere { location, said: said.clone(), known });
            }
            _ => {}
        }
        Ok(Shown {
            bucket_location,
            certificate: self.chain.certificate(),
            certificate_ends: self.chain.ends().map(|seconds| Instant(seconds * 1_000_000)),
            addresses: resolver::addresses(&self.endpoint).await,
            clock_ahead_seconds: self.connector.clock_ahead_seconds(),
        })
    }
}
