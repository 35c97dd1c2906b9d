//! Speaks to a service over HTTPS: asks, streams, and turns its problems into what a person is told.

mod error;
mod connect;
mod ask;
mod problem;
mod transfer;

pub mod api;

pub use ask::{Answer, Ask};
pub use error::Error;
pub use problem::Problem;
pub use transfer::{Broken, Upload, content_digest};

use std::path::PathBuf;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::{Method, Uri, header::HeaderName};
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioExecutor,
};

use crate::cli::{profile::Secret, words::Language};

/// The capacity in which one acts.
pub const CAPACITY: HeaderName = HeaderName::from_static("greffe-capacity");
/// The newest checkpoint that the client has seen, in base64.
pub const CHECKPOINT: HeaderName = HeaderName::from_static("greffe-checkpoint");

type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// Whom to trust, and what to show of oneself.
#[derive(Clone, Debug)]
pub struct Trust {
    /// The certificate authority (PEM) that vouches for the service.
    pub authority: String,
    /// Files with a client certificate and its key (PEM).
    pub certificate: Option<(PathBuf, PathBuf)>,
}

/// Who asks, and in which capacity.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The bearer token; none for what is public, or with a client certificate.
    pub token: Option<Secret>,
    /// The capacity, if one is named.
    pub capacity: Option<String>,
    /// The language of problems.
    pub language: Language,
}

/// A service, as one caller speaks to it.
#[derive(Clone, Debug)]
pub struct Client {
    http: legacy::Client<HttpsConnector<HttpConnector>, Body>,
    address: String,
    caller: Caller,
}

impl Client {
    /// Prepares to speak to the service at `address` (`https://HOST[:PORT]`); nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`Error::Address`] and [`Error::Pem`].
    pub fn new(address: &str, trust: &Trust, caller: Caller) -> Result<Self, Error> {
        let not_one = || Error::Address(address.to_owned());
        let uri: Uri = address.parse().map_err(|_| not_one())?;
        if uri.scheme_str() != Some("https") || uri.host().is_none() || uri.path() != "/" {
            return Err(not_one());
        }
        let http = legacy::Client::builder(TokioExecutor::new()).build(connect::connector(trust)?);
        Ok(Self { http, address: address.trim_end_matches('/').to_owned(), caller })
    }

    /// A request; each segment of the path is written so that nothing in it can mean another path.
    pub fn ask(&self, method: Method, segments: &[&str]) -> Ask<'_> {
        let mut uri = self.address.clone();
        for segment in segments {
            uri.push('/');
            uri.push_str(&percent(segment));
        }
        Ask::new(self, method, uri)
    }

    /// A request for something.
    pub fn get(&self, segments: &[&str]) -> Ask<'_> {
        self.ask(Method::GET, segments)
    }
}

/// A segment of a path or a value of a query.
fn percent(text: &str) -> String {
    let written = escaped(text);
    // "." and ".." are steps of a path even when they are written with percent signs.
    if written.chars().all(|c| c == '.') { written.replace('.', "%2E%2E%2E") } else { written }
}

/// Text in which only unreserved characters (RFC 3986, 2.3) stand for themselves.
fn escaped(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            written.push(char::from(byte));
        } else {
            written.push_str(&format!("%{byte:02X}"));
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_segment_can_mean_another_path() {
        assert_eq!(percent("K3T-7KQ4-2M"), "K3T-7KQ4-2M");
        assert_eq!(percent("a/../b?c#d%é"), "a%2F..%2Fb%3Fc%23d%25%C3%A9");
        assert!(!["", ".", ".."].contains(&&percent("..")[..]));
    }
}
