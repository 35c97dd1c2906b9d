//! A new version: the content streams in, sealed as it arrives.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{FromRequestParts, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    documents::{Deposited, IfMatch, Upload},
    http::{
        Kind, Problem,
        api::naming::document,
        checkpoint::Kept,
        header::{ETag, MediaType, Preconditions, content_digest, single},
        request::{Path, declared_length, limited},
    },
    identity::Caller,
    mission::DocumentRevision,
};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that the answer is that of an earlier request with the same key.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Longest idempotency key, in bytes.
const LONGEST_KEY: usize = 128;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(deposit))
}

/// A version that was deposited.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Deposited)]
struct DepositedView {
    /// The document's id.
    document: String,
    /// Its reference.
    reference: String,
    /// The version's id.
    version: String,
    /// Its number, from 1.
    number: i64,
    /// Its length in bytes.
    size: u64,
    /// SHA-256 of the content, in hex.
    sha256: String,
    /// The entry of the log, of which a receipt follows.
    entry: String,
    /// Where the bytes rest.
    locations: Vec<String>,
}

/// What the headers say of a content, but for its length, which the service's limit is held against.
#[derive(Clone, Debug)]
struct Announced {
    media_type: MediaType,
    sha256: Option<[u8; 32]>,
    if_match: Option<IfMatch>,
    idempotency_key: Option<String>,
    headers: HeaderMap,
}

/// Deposit a version
///
/// The body is the content, of 5 GiB at most if the operator sets nothing else. With `Content-Digest` (RFC 9530) what arrives
/// is compared; `If-Match` names the version that must be the latest; a repeated `Idempotency-Key` answers with the same
/// version. With `Expect: 100-continue` the content is asked for once it is permitted.
#[utoipa::path(
    put, path = "/documents/{document}/content", tag = "content",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    params(
        ("content-digest" = Option<String>, Header, description = "`sha-256=:BASE64:`"),
        ("if-match" = Option<String>, Header, description = "The version that must be the latest, in quotation marks."),
        ("idempotency-key" = Option<String>, Header, description = "Drawn anew for each deposit; kept for a day."),
    ),
    responses((status = 201, body = DepositedView))
)]
async fn deposit(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    kept: Kept,
    announced: Announced,
    body: Body,
) -> Result<Response, Problem> {
    kept.compared(&app).await?;
    let permit = app.policy.permit(&caller, document(&app, &name).await?).await?;
    let upload = announced.upload(app.config.limits.upload_limit_bytes, permit.document())?;
    let body = limited(body, app.config.limits.upload_limit_bytes);
    Ok(app.documents.deposit(permit, upload, body).await?.into_response())
}

impl<S: Send + Sync> FromRequestParts<S> for Announced {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let headers = &parts.headers;
        expectation(headers)?;
        encoding(headers)?;
        let media_type = match single(headers, header::CONTENT_TYPE)? {
            Some(text) => text.parse().map_err(|why| Problem::malformed(format!("{why}")))?,
            None => MediaType::default(),
        };
        Ok(Self {
            media_type,
            sha256: content_digest(headers)?,
            if_match: if_match(headers)?,
            idempotency_key: idempotency_key(headers)?,
            headers: headers.clone(),
        })
    }
}

impl Announced {
    fn upload(
        self,
        longest: u64,
        document: Option<&Arc<DocumentRevision>>,
    ) -> Result<Upload, Problem> {
        let document = document.ok_or_else(Problem::missing)?.document;
        Ok(Upload {
            document,
            media_type: self.media_type.to_string(),
            length: declared_length(&self.headers, longest)?,
            sha256: self.sha256,
            if_match: self.if_match,
            idempotency_key: self.idempotency_key,
        })
    }
}

/// Only `100-continue` is understood (RFC 9110, 10.1.1).
fn expectation(headers: &HeaderMap) -> Result<(), Problem> {
    let mut expected = headers.get_all(header::EXPECT).iter();
    if expected.all(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue")) {
        return Ok(());
    }
    Err(Problem::new(Kind::Expectation))
}

/// A content is kept as it comes: one that is coded for the way would be kept coded.
fn encoding(headers: &HeaderMap) -> Result<(), Problem> {
    match single(headers, header::CONTENT_ENCODING)? {
        None | Some("identity") => Ok(()),
        Some(_) => {
            let says = "send the content as it is, without Content-Encoding";
            Err(Problem::new(Kind::WrongMediaType).with_detail(says))
        }
    }
}

/// The versions that `If-Match` names; a tag that is none of ours matches nothing.
fn if_match(headers: &HeaderMap) -> Result<Option<IfMatch>, Problem> {
    let Some(tags) = Preconditions::of(headers)?.matching else { return Ok(None) };
    Ok(Some(match tags.strong() {
        None => IfMatch::Any,
        Some(tags) => IfMatch::OneOf(tags.filter_map(|tag| tag.opaque().parse().ok()).collect()),
    }))
}

/// A string in quotation marks (the draft of the HTTP working group), or the same without them.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(text) = single(headers, IDEMPOTENCY_KEY)? else { return Ok(None) };
    let quoted = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let key = quoted.unwrap_or(text);
    let visible = key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
    if key.is_empty() || key.len() > LONGEST_KEY || !visible {
        let says = format!("Idempotency-Key is 1 to {LONGEST_KEY} visible ASCII characters");
        return Err(Problem::malformed(says));
    }
    Ok(Some(key.to_owned()))
}

impl IntoResponse for Deposited {
    fn into_response(self) -> Response {
        let at = format!("/api/v1/documents/{}/content?version={}", self.document, self.version);
        let etag = ETag::strong(self.version).to_header();
        let replayed = self.replayed;
        let body = DepositedView {
            document: self.document.to_string(),
            reference: self.reference,
            version: self.version.to_string(),
            number: self.number,
            size: self.size,
            sha256: self.sha256,
            entry: self.entry.to_string(),
            locations: self.locations,
        };
        let mut response = (StatusCode::CREATED, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        let at = HeaderValue::try_from(at).expect("ids are a header's value");
        headers.extend([(header::LOCATION, at), (header::ETAG, etag)]);
        if replayed {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::VersionId;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        });
        pairs.collect()
    }

    async fn announced(pairs: &[(&'static str, &str)]) -> Result<Announced, u16> {
        let (mut parts, ()) = axum::http::Request::new(()).into_parts();
        parts.headers = headers(pairs);
        let read = Announced::from_request_parts(&mut parts, &()).await;
        read.map_err(|problem| problem.status().as_u16())
    }

    #[tokio::test]
    async fn a_content_is_announced_by_its_headers() {
        let version = VersionId::random();
        let tag = format!("\"{version}\", \"other\", W/\"{version}\"");

        let headers = [
            ("content-type", "Text/Plain"),
            ("if-match", tag.as_str()),
            ("idempotency-key", "\"k1\""),
            ("expect", "100-Continue"),
        ];
        let read = announced(&headers).await.unwrap();

        assert_eq!(read.media_type.as_str(), "text/plain");
        assert_eq!(read.if_match, Some(IfMatch::OneOf(vec![version])));
        assert_eq!(read.idempotency_key.as_deref(), Some("k1"));
        let none = announced(&[]).await.unwrap();
        assert_eq!(none.media_type.as_str(), "application/octet-stream");
        assert_eq!((none.if_match, none.idempotency_key, none.sha256), (None, None, None));
        let any = announced(&[("if-match", "*")]).await.unwrap();
        assert_eq!(any.if_match, Some(IfMatch::Any));
    }

    #[tokio::test]
    async fn what_is_not_understood_is_refused_before_a_byte_is_read() {
        for (pair, status) in [
            (("expect", "200-ok"), 417),
            (("content-encoding", "gzip"), 415),
            (("content-type", "nothing"), 400),
            (("content-digest", "sha-256=:x:"), 400),
            (("if-match", "v"), 400),
            (("idempotency-key", ""), 400),
            (("idempotency-key", "a b"), 400),
            (("idempotency-key", &"k".repeat(129)), 400),
        ] {
            assert_eq!(announced(&[pair]).await.unwrap_err(), status, "{pair:?}");
        }
    }

    #[test]
    fn a_length_beyond_the_limit_is_refused() {
        let length = headers(&[("content-length", "11")]);

        assert_eq!(declared_length(&length, 11).unwrap(), Some(11));
        assert_eq!(declared_length(&length, 10).unwrap_err().status().as_u16(), 413);
    }
}
