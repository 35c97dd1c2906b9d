//! Problems (RFC 9457): the one form in which anything that is not success is answered.
//!
//! A problem is made from an error by one exhaustive match (`from`), and written in the caller's language where the
//! answer leaves ([`answer`]). What failed in the service itself says nothing to the caller, and is logged once, there.

mod from;
mod kind;
mod pages;

use std::error::Error;

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use crate::{causes::causes, http::language::Language};

pub use kind::Kind;
pub(super) use pages::router;

/// The media type of problems.
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// What is answered instead of what was asked for.
#[derive(Clone, Debug)]
pub struct Problem {
    inner: Box<Inner>,
}

#[derive(Clone, Debug)]
struct Inner {
    kind: Kind,
    detail: Option<String>,
    members: Map<String, Value>,
    headers: HeaderMap,
    cause: Option<String>,
}

impl Problem {
    /// A problem of this kind, without detail.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        let (detail, members, headers) = (None, Map::new(), HeaderMap::new());
        let problem =
            Self { inner: Box::new(Inner { kind, detail, members, headers, cause: None }) };
        match kind.retry_after_seconds() {
            Some(seconds) => problem.retry_after(seconds),
            None => problem,
        }
    }

    /// Hidden or missing: always the same answer.
    #[must_use]
    pub fn missing() -> Self {
        Self::new(Kind::Missing)
    }

    /// No credential, or none that lives (RFC 9110, 11.6.1; RFC 6750).
    #[must_use]
    pub fn unknown_caller() -> Self {
        let challenge = HeaderValue::from_static("Bearer realm=\"greffe\"");
        Self::new(Kind::UnknownCaller).with_header(header::WWW_AUTHENTICATE, challenge)
    }

    /// The request has a part that cannot be read; `says` names it and what is expected.
    #[must_use]
    pub fn malformed(says: impl Into<String>) -> Self {
        Self::new(Kind::Malformed).with_detail(says)
    }

    /// Our own failure: the caller learns nothing of it, the service's log the whole chain of causes.
    #[must_use]
    pub fn internal(error: &(dyn Error + 'static)) -> Self {
        Self::new(Kind::Internal).because(error)
    }

    /// What the act needs is away: so nothing was done.
    #[must_use]
    pub fn unavailable(error: &(dyn Error + 'static)) -> Self {
        Self::new(Kind::Unavailable).because(error)
    }

    /// With what the caller did.
    #[must_use]
    pub fn with_detail(mut self, says: impl Into<String>) -> Self {
        self.inner.detail = Some(says.into());
        self
    }

    /// With a further member (RFC 9457, 3.2).
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.inner.members.insert(name.to_owned(), value.into());
        self
    }

    /// With a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.inner.headers.insert(name, value);
        self
    }

    /// With the seconds after which asking again makes sense.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        self.with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// With the cause, for the service's log alone.
    #[must_use]
    pub fn because(mut self, error: &(dyn Error + 'static)) -> Self {
        self.inner.cause = Some(causes(error));
        self
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.inner.kind
    }

    /// Its status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.inner.kind.status()
    }

    /// What it says of what the caller did.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.inner.detail.as_deref()
    }

    /// One of its headers.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.inner.headers.get(name)?.to_str().ok()
    }

    /// What stands in the body.
    fn body(&self, language: Language) -> Value {
        let Inner { kind, detail, members, .. } = &*self.inner;
        let mut body = Map::new();
        body.insert("type".to_owned(), kind.path().into());
        body.insert("title".to_owned(), kind.title().in_language(language).into());
        body.insert("status".to_owned(), kind.status().as_u16().into());
        // What fails on our side is no one else's matter.
        if let Some(detail) = detail.as_ref().filter(|_| !kind.status().is_server_error()) {
            body.insert("detail".to_owned(), json!(detail));
        }
        body.extend(members.clone());
        Value::Object(body)
    }

    /// The answer in one language.
    fn in_language(&self, language: Language) -> Response {
        let mut response = (self.status(), self.body(language).to_string()).into_response();
        let headers = response.headers_mut();
        headers.extend(self.inner.headers.clone());
        headers.insert(header::CONTENT_TYPE, PROBLEM_JSON);
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
        headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
        response
    }
}

impl IntoResponse for Problem {
    /// In English; `answer` writes it in the caller's language.
    fn into_response(self) -> Response {
        let mut response = self.in_language(Language::En);
        response.extensions_mut().insert(self);
        response
    }
}

/// Middleware of every route: writes problems in the caller's language, and logs what failed in the service.
pub(super) async fn answer(request: Request, next: Next) -> Response {
    let language = Language::of(request.headers());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    let Some(problem) = response.extensions().get::<Problem>() else { return response };
    if let Some(cause) = &problem.inner.cause {
        tracing::error!(%method, path, status = problem.status().as_u16(), cause, "request failed");
    }
    // Middleware in between has added headers of its own, which stay.
    let mut written = problem.in_language(language);
    let (mut parts, _) = response.into_parts();
    parts.headers.extend(std::mem::take(written.headers_mut()));
    Response::from_parts(parts, written.into_body())
}

#[cfg(test)]
mod tests;
