//! A place where sealed bytes rest, as the operator configures it.

use std::path::PathBuf;

use jiff::civil::Date;
use serde::Deserialize;

use crate::storage::{
    location::catalogue::shipped,
    s3::{Style, Trailers},
};

/// A location: where it is reached, and what is known of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Written")]
pub struct LocationConfig {
    /// Its name, in the log and in the mission's revision: small letters, digits and `-`.
    pub id: String,
    /// How it is reached.
    pub medium: Medium,
    /// Which entry of the shipped catalogue says what is known of it.
    pub catalogue: Option<CatalogueEntry>,
    /// What its operator declares of it, where the catalogue knows nothing.
    pub declared: Option<Declared>,
}

/// How a location is reached.
#[derive(Clone, Debug)]
pub enum Medium {
    /// A folder of this machine.
    Folder {
        /// The folder; `greffe init` makes it.
        path: PathBuf,
    },
    /// An object store that speaks S3.
    S3(Bucket),
}

/// A bucket, and how it is reached. What is not written is taken from the catalogue.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// `https://HOST`.
    pub endpoint: String,
    /// The bucket, which must exist.
    pub bucket: String,
    /// The region that requests are signed for.
    pub region: String,
    /// Whether the bucket's name stands before the host's or in the path.
    pub style: Style,
    /// Whether what is sent bears a checksum in a trailer.
    pub trailers: Trailers,
    /// File with the access key's id and its secret, on a line each, mode 0600.
    pub credentials_file: PathBuf,
    /// The certificate authority (PEM) that vouches for it; no other is trusted.
    pub root_file: PathBuf,
}

/// The keys of a location as they are written, whatever its kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    kind: Kind,
    path: Option<PathBuf>,
    endpoint: Option<String>,
    bucket: Option<String>,
    region: Option<String>,
    path_style: Option<bool>,
    checksum_trailers: Option<bool>,
    credentials_file: Option<PathBuf>,
    root_file: Option<PathBuf>,
    catalogue: Option<CatalogueEntry>,
    declared: Option<Declared>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Folder,
    S3,
}

impl TryFrom<Written> for LocationConfig {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let id = written.id.clone();
        let medium = match (&written.kind, &written.path) {
            (Kind::Folder, _) if written.is_reached_as_a_bucket() => {
                return Err(format!("location {id}: a folder has a `path` and no more"));
            }
            (Kind::Folder, path) => {
                let path =
                    path.clone().ok_or_else(|| format!("location {id}: `path` is missing"))?;
                Medium::Folder { path }
            }
            (Kind::S3, Some(_)) => return Err(format!("location {id}: an S3 store has no `path`")),
            (Kind::S3, None) => Medium::S3(written.bucket()?),
        };
        let Written { catalogue, declared, .. } = written;
        Ok(Self { id, medium, catalogue, declared })
    }
}

impl Written {
    fn is_reached_as_a_bucket(&self) -> bool {
        let texts = [&self.endpoint, &self.bucket, &self.region];
        let files = [&self.credentials_file, &self.root_file];
        let switches = [self.path_style, self.checksum_trailers];
        texts.into_iter().any(Option::is_some)
            || files.into_iter().any(Option::is_some)
            || switches.into_iter().any(|switch| switch.is_some())
    }

    /// What is written, and else what the catalogue says of the offer.
    fn bucket(&self) -> Result<Bucket, String> {
        let offer = self.catalogue.as_ref();
        let offer = offer.and_then(|entry| shipped().find(&entry.operator, &entry.region));
        let lacks = |key: &str| format!("location {}: `{key}` is missing", self.id);
        let endpoint = offer.map(|offer| format!("https://{}", offer.endpoint));
        let region = offer.and_then(|offer| offer.signing_region.clone());
        let path_style = offer.is_some_and(|offer| offer.path_style);
        let trailers = offer.is_some_and(|offer| offer.checksum_trailers);
        Ok(Bucket {
            endpoint: self.endpoint.clone().or(endpoint).ok_or_else(|| lacks("endpoint"))?,
            bucket: self.bucket.clone().ok_or_else(|| lacks("bucket"))?,
            region: self.region.clone().or(region).ok_or_else(|| lacks("region"))?,
            style: match self.path_style.unwrap_or(path_style) {
                true => Style::Path,
                false => Style::Virtual,
            },
            trailers: match self.checksum_trailers.unwrap_or(trailers) {
                true => Trailers::Always,
                false => Trailers::Never,
            },
            credentials_file: self
                .credentials_file
                .clone()
                .ok_or_else(|| lacks("credentials_file"))?,
            root_file: self.root_file.clone().ok_or_else(|| lacks("root_file"))?,
        })
    }
}

/// An entry of the shipped catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueEntry {
    /// As the catalogue calls the operator.
    pub operator: String,
    /// As the catalogue calls the region.
    pub region: String,
}

/// What somebody declares of a location. What is left out is unknown, and an unknown fact passes no placement rule.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// Who says so.
    pub by: String,
    /// When they said it.
    pub on: Date,
    /// Where the machines stand, ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// The operator's word for the place.
    pub region: Option<String>,
    /// Where in the country.
    pub city: Option<String>,
    /// Who runs the machines.
    pub operator: Option<String>,
    /// Whose law the operator is under, ISO 3166-1 alpha-2.
    pub seat: Option<String>,
    /// Who controls the operator in the end.
    pub control_holder: Option<String>,
    /// Their country, ISO 3166-1 alpha-2.
    pub control_country: Option<String>,
    /// A qualification of the service itself.
    pub qualification: Option<String>,
    /// Whether its operator hands over its own log of who accessed it.
    pub access_logs: Option<bool>,
}

impl LocationConfig {
    pub(super) fn paths(&mut self) -> Vec<&mut PathBuf> {
        match &mut self.medium {
            Medium::Folder { path } => vec![path],
            Medium::S3(bucket) => vec![&mut bucket.credentials_file, &mut bucket.root_file],
        }
    }
}
