//! A place where sealed bytes rest, as the operator configures it.

use std::path::PathBuf;

use jiff::civil::Date;
use serde::Deserialize;

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
    S3 {
        /// `https://HOST`.
        endpoint: String,
        /// The bucket, which must exist.
        bucket: String,
        /// The region that requests are signed for.
        region: String,
        /// Names the bucket in the path, in place of the host name.
        path_style: bool,
        /// File with the access key's id and its secret, on a line each, mode 0600.
        credentials_file: PathBuf,
        /// The certificate authority (PEM) that vouches for it; no other is trusted.
        root_file: PathBuf,
    },
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
        let Written { id, kind, path, endpoint, bucket, region, path_style, .. } = written;
        let Written { credentials_file, root_file, catalogue, declared, .. } = written;
        let lacks = |key: &str| format!("location {id}: `{key}` is missing");
        let medium = match kind {
            Kind::Folder => {
                let strange = [endpoint.is_some(), bucket.is_some(), region.is_some()];
                let others =
                    [path_style.is_some(), credentials_file.is_some(), root_file.is_some()];
                if strange.into_iter().chain(others).any(|given| given) {
                    return Err(format!("location {id}: a folder has a `path` and no more"));
                }
                Medium::Folder { path: path.ok_or_else(|| lacks("path"))? }
            }
            Kind::S3 if path.is_some() => {
                return Err(format!("location {id}: an S3 store has no `path`"));
            }
            Kind::S3 => Medium::S3 {
                endpoint: endpoint.ok_or_else(|| lacks("endpoint"))?,
                bucket: bucket.ok_or_else(|| lacks("bucket"))?,
                region: region.ok_or_else(|| lacks("region"))?,
                path_style: path_style.unwrap_or(false),
                credentials_file: credentials_file.ok_or_else(|| lacks("credentials_file"))?,
                root_file: root_file.ok_or_else(|| lacks("root_file"))?,
            },
        };
        Ok(Self { id, medium, catalogue, declared })
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
            Medium::S3 { credentials_file, root_file, .. } => vec![credentials_file, root_file],
        }
    }
}
