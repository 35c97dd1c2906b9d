//! One request, put together and sent, and its answer.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    HeaderMap, Method, Request, StatusCode,
    body::Incoming,
    header::{ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::cli::client::{Body, CAPACITY, Client, Error, Problem, Upload, escaped, percent};

/// What a reading is for: UTF-8, with percent signs.
const PURPOSE: HeaderName = HeaderName::from_static("greffe-purpose");
/// Longest answer that is kept in memory; a document's content is not.
const LONGEST_ANSWER_BYTES: usize = 32 << 20;
/// How long nothing may move before a request is given up.
pub(super) const SILENCE: Duration = Duration::from_secs(120);

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

impl<'c> Ask<'c> {
    /// Nothing but a method and an address yet.
    pub(super) fn new(client: &'c Client, method: Method, uri: String) -> Self {
        let body = Full::default().map_err(|never| match never {}).boxed_unsync();
        Self { client, method, uri, headers: HeaderMap::new(), body, pace: Pace::default() }
    }

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
    pub(super) body: Incoming,
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

/// When anything last moved, shared between a request and the body that it sends.
#[derive(Clone, Debug)]
pub(super) struct Pace(std::sync::Arc<std::sync::Mutex<Instant>>);

impl Default for Pace {
    fn default() -> Self {
        Self(std::sync::Arc::new(std::sync::Mutex::new(Instant::now())))
    }
}

impl Pace {
    pub(super) fn moved(&self) {
        *self.0.lock().expect("nobody panics holding it") = Instant::now();
    }

    /// Ends when nothing has moved for [`SILENCE`].
    pub(super) async fn silent(&self) {
        loop {
            let moved_at = *self.0.lock().expect("nobody panics holding it");
            let Some(left) = SILENCE.checked_sub(moved_at.elapsed()) else { return };
            tokio::time::sleep(left).await;
        }
    }
}
