//! Speaks to a service over HTTPS: asks, streams, and turns its problems into what a person is told.

mod connect;
mod problem;
mod transfer;

pub mod api;

pub use problem::Problem;
pub use transfer::{Broken, Upload, content_digest};

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited, combinators::UnsyncBoxBody};
use hyper::{
    HeaderMap, Method, Request, StatusCode, Uri,
    body::Incoming,
    header::{ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT},
};
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::cli::{
    error::{Error as Told, Exit},
    profile::Secret,
    words::Language,
};

/// The capacity in which one acts.
pub const CAPACITY: HeaderName = HeaderName::from_static("greffe-capacity");
/// The newest checkpoint that the client has seen, in base64.
pub const CHECKPOINT: HeaderName = HeaderName::from_static("greffe-checkpoint");

/// What a reading is for: UTF-8, with percent signs.
const PURPOSE: HeaderName = HeaderName::from_static("greffe-purpose");

/// Longest answer that is kept in memory; a document's content is not.
const LONGEST_ANSWER_BYTES: usize = 32 << 20;
/// How long nothing may move before a request is given up.
const SILENCE: Duration = Duration::from_secs(120);

type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No address of a service.
    #[error("not an address of a service: {0}")]
    Address(String),
    /// A certificate or key could not be used.
    #[error("could not use {path}")]
    Pem {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No connection, or it broke before the answer.
    #[error("could not reach the service")]
    Unreachable(#[source] legacy::Error),
    /// Nothing moved for too long.
    #[error("the service fell silent")]
    Silent,
    /// The answer broke off.
    #[error("the answer broke off")]
    Cut(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The service said no.
    #[error("the service refused")]
    Problem(Box<Problem>),
    /// The service says that it keeps other bytes than were sent.
    #[error("the service keeps other bytes than were sent")]
    OtherDigest {
        /// What was sent, SHA-256 in hex.
        own: String,
        /// What the service says.
        other: String,
    },
    /// The answer is none that this version understands.
    #[error("could not understand the answer")]
    Unreadable(#[source] serde_json::Error),
}

impl Error {
    /// Whether the same request may succeed later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable(error) => certificate(error).is_none(),
            Self::Silent | Self::Cut(_) => true,
            Self::Problem(problem) => problem.is_passing(),
            Self::Address(_)
            | Self::Pem { .. }
            | Self::OtherDigest { .. }
            | Self::Unreadable(_) => false,
        }
    }
}

/// What was wrong with the service's certificate, if that is why there was no connection.
fn certificate(error: &legacy::Error) -> Option<String> {
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        if let Some(rustls::Error::InvalidCertificate(reason)) = cause.downcast_ref() {
            return Some(reason.to_string());
        }
        // What an input or output error wraps is not its source: that is the source of what it wraps.
        let wrapped = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = wrapped.map(|inner| inner as _).or_else(|| cause.source());
    }
    None
}

impl From<Error> for Told {
    fn from(error: Error) -> Self {
        match error {
            Error::Problem(problem) => (*problem).into(),
            Error::Address(address) => Told::usage("not-an-address").with("address", address),
            Error::Pem { path, source } => {
                let told = Told::new(Exit::Usage, "pem-unusable").with("path", path.display());
                told.because(source)
            }
            Error::Unreachable(error) => match certificate(&error) {
                Some(reason) => Told::new(Exit::Tampered, "not-trusted").with("reason", reason),
                None => Told::new(Exit::Later, "unreachable").because(error),
            },
            Error::Silent => Told::new(Exit::Later, "silent"),
            Error::Cut(source) => Told::new(Exit::Later, "cut").because(source),
            Error::OtherDigest { own, other } => {
                let told = Told::new(Exit::Tampered, "other-content");
                told.with("expected", own).with("found", other)
            }
            Error::Unreadable(error) => Told::new(Exit::Failed, "unreadable").because(error),
        }
    }
}

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
        let headers = HeaderMap::new();
        let body = Full::default().map_err(|never| match never {}).boxed_unsync();
        Ask { client: self, method, uri, headers, body, pace: Pace::default() }
    }

    /// A request for something.
    pub fn get(&self, segments: &[&str]) -> Ask<'_> {
        self.ask(Method::GET, segments)
    }
}

/// When anything last moved, shared between a request and the body that it sends.
#[derive(Clone, Debug)]
struct Pace(std::sync::Arc<std::sync::Mutex<Instant>>);

impl Default for Pace {
    fn default() -> Self {
        Self(std::sync::Arc::new(std::sync::Mutex::new(Instant::now())))
    }
}

impl Pace {
    fn moved(&self) {
        *self.0.lock().expect("nobody panics holding it") = Instant::now();
    }

    /// Ends when nothing has moved for [`SILENCE`].
    async fn silent(&self) {
        loop {
            let moved_at = *self.0.lock().expect("nobody panics holding it");
            let Some(left) = SILENCE.checked_sub(moved_at.elapsed()) else { return };
            tokio::time::sleep(left).await;
        }
    }
}

/// A request that is being put together.
#[must_use = "nothing is asked until it is sent"]
pub struct Ask<'c> {
    client: &'c Client,
    method: Method,
    uri: String,
    headers: HeaderMap,
    body: Body,
    pace: Pace,
}

impl Ask<'_> {
    /// Adds a parameter to the query, if it has a value.
    pub fn query(mut self, name: &str, value: Option<impl ToString>) -> Self {
        if let Some(value) = value {
            self.uri.push(if self.uri.contains('?') { '&' } else { '?' });
            self.uri.push_str(name);
            self.uri.push('=');
            self.uri.push_str(&percent(&value.to_string()));
        }
        self
    }

    /// Sets a header, if it has a value that one can have.
    pub fn header(mut self, name: HeaderName, value: Option<&str>) -> Self {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Says what a reading is for, if it is said.
    pub fn purpose(self, purpose: Option<&str>) -> Self {
        self.header(PURPOSE, purpose.map(escaped).as_deref())
    }

    /// Sends `value` as JSON.
    pub fn json(mut self, value: &impl Serialize) -> Self {
        let text = serde_json::to_vec(value).expect("requests have text as keys");
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.body = Full::from(text).map_err(|never| match never {}).boxed_unsync();
        self
    }

    /// Sends `text` as it is.
    pub fn text(mut self, text: String) -> Self {
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        self.headers.insert(CONTENT_TYPE, plain);
        self.body = Full::from(text).map_err(|never| match never {}).boxed_unsync();
        self
    }

    /// Sends what `upload` reads, as it is read.
    pub fn upload(mut self, upload: Upload) -> Self {
        self.body = upload.body(&mut self.headers, self.pace.clone());
        self
    }

    /// Sends the request and waits for the head of its answer.
    ///
    /// # Errors
    ///
    /// [`Error::Problem`] if the status is none of success, and whatever the way there meets.
    pub async fn send(self) -> Result<Answer, Error> {
        let Self { client, method, uri, mut headers, body, pace } = self;
        let caller = &client.caller;
        if let Some(token) = &caller.token {
            let value = format!("Bearer {}", token.reveal());
            let value = HeaderValue::from_str(&value);
            let mut value = value.map_err(|_| Error::Address("token".to_owned()))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        if let Some(Ok(capacity)) = caller.capacity.as_deref().map(HeaderValue::from_str) {
            headers.insert(CAPACITY, capacity);
        }
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(caller.language.code()));
        let agent = concat!("greffe/", env!("CARGO_PKG_VERSION"));
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        let mut request = Request::builder()
            .method(method)
            .uri(&uri)
            .body(body)
            .map_err(|_| Error::Address(uri))?;
        *request.headers_mut() = headers;
        pace.moved();
        let answered = tokio::select! {
            answered = client.http.request(request) => answered.map_err(Error::Unreachable)?,
            () = pace.silent() => return Err(Error::Silent),
        };
        let (head, body) = answered.into_parts();
        let answer = Answer { status: head.status, headers: head.headers, body };
        if answer.status.is_success() || answer.status == StatusCode::NOT_MODIFIED {
            return Ok(answer);
        }
        let (status, headers) = (answer.status, answer.headers.clone());
        let body = answer.bytes().await.unwrap_or_default();
        Err(Error::Problem(Box::new(Problem::read(status, &headers, &body))))
    }

    /// Sends the request and reads its answer as JSON.
    ///
    /// # Errors
    ///
    /// As [`Ask::send`], and [`Error::Unreadable`].
    pub async fn read<T: DeserializeOwned>(self) -> Result<T, Error> {
        let body = self.send().await?.bytes().await?;
        serde_json::from_slice(&body).map_err(Error::Unreadable)
    }
}

/// An answer whose head has arrived.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    body: Incoming,
}

impl Answer {
    /// A header's value, if it is there and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The whole body.
    ///
    /// # Errors
    ///
    /// [`Error::Cut`] if it breaks off or is longer than 32 MiB; [`Error::Silent`].
    pub async fn bytes(self) -> Result<Bytes, Error> {
        let whole = Limited::new(self.body, LONGEST_ANSWER_BYTES).collect();
        let collected = tokio::time::timeout(SILENCE, whole).await.map_err(|_| Error::Silent)?;
        Ok(collected.map_err(Error::Cut)?.to_bytes())
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
