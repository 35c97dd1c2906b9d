//! Content: read whole or in part, and taken away sealed anew.

use std::ops::Range;

use axum::{
    body::Body,
    extract::{FromRequestParts, State},
    http::{HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    audit::{Act, Read},
    documents::{Content, Reading},
    http::{
        Kind, Problem,
        api::naming::document,
        header::{
            ETag, Left, Preconditions, Requested, attachment, content_range, served, unsatisfied,
        },
        request::{Path, Purpose, Query},
    },
    id::VersionId,
    identity::Caller,
    mission::{PartyRevision, VersionEntry},
    policy::Permit,
};

/// The number of the version that is answered.
const VERSION_NUMBER: HeaderName = HeaderName::from_static("greffe-version");

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read, head)).routes(routes!(export))
}

/// Which version.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    /// An older version: its id or its number; the latest if none.
    version: Option<String>,
}

/// Which version, sealed to whom.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Export {
    /// An older version: its id or its number; the latest if none.
    version: Option<String>,
    /// The recipient, as the acting party calls it.
    recipient: String,
}

/// What the caller says.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it describes a header")]
struct Said {
    /// What it is for; sealed, and shown to the document's owner. UTF-8, with percent signs for all that is no visible ASCII.
    #[param(rename = "Greffe-Purpose", max_length = 3000)]
    purpose: Option<String>,
}

/// What the request's headers want of a content.
#[derive(Clone, Debug)]
struct Wanted {
    conditions: Preconditions,
    range: Vec<HeaderValue>,
}

/// What is answered to a request for a content.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    /// These bytes of it: all, or one range.
    Bytes(Extent),
    /// None of it.
    Nothing(Empty),
}

/// Which bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Extent {
    Whole,
    Part(Range<u64>),
}

/// Why none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Empty {
    /// 304: the client has it.
    NotModified,
    /// 412: it is another.
    Failed,
    /// 416: there is no such range.
    OutOfRange,
}

/// Read a document
///
/// The content, whole or one range, as an attachment. The reading is in the log before the first byte leaves. An answer that
/// ends early was cut on purpose: the content contradicts its record, or the right ended.
#[utoipa::path(
    get, path = "/documents/{document}/content", tag = "content", params(Which, Said),
    responses(
        (status = 200, description = "All of it.", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, description = "The range.", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 304, description = "The client has it.")
    )
)]
async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(which): Query<Which>,
    Purpose(purpose): Purpose,
    wanted: Wanted,
) -> Result<Response, Problem> {
    let permit = app.policy.permit_for(&caller, document(&app, &name).await?, purpose).await?;
    let content = app.documents.content(&permit, version(&permit, &which.version)?).await?;
    match wanted.of(&content) {
        Answer::Bytes(extent) => {
            let recorded = app.gate.record(permit, intent(&content, &extent)).await?;
            let reading = app.documents.open(recorded, &content, extent.range(&content)).await?;
            Ok(sent(&content, &extent, Body::from_stream(reading)))
        }
        Answer::Nothing(empty) => empty.recorded(&app, permit, &content).await,
    }
}

/// What reading a document would answer
///
/// The headers only. It is decided and recorded as a reading that sent nothing.
#[utoipa::path(
    head, path = "/documents/{document}/content", tag = "content", params(Which, Said),
    responses((status = 200, description = "The headers."), (status = 304, description = "The client has it."))
)]
async fn head(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(which): Query<Which>,
    Purpose(purpose): Purpose,
    wanted: Wanted,
) -> Result<Response, Problem> {
    let permit = app.policy.permit_for(&caller, document(&app, &name).await?, purpose).await?;
    let content = app.documents.content(&permit, version(&permit, &which.version)?).await?;
    match wanted.without_range().of(&content) {
        Answer::Bytes(extent) => {
            let (_permit, _) = app.gate.note(permit, nothing(&content)).await?;
            Ok(sent(&content, &extent, Body::empty()))
        }
        Answer::Nothing(empty) => empty.recorded(&app, permit, &content).await,
    }
}

/// Take a document away
///
/// A standard `.age` file, sealed anew to a recipient that the acting party has named; stock `age` opens it.
#[utoipa::path(
    get, path = "/documents/{document}/age", tag = "content", params(Export, Said),
    responses((status = 200, description = "The file.", body = Vec<u8>, content_type = "application/octet-stream"))
)]
async fn export(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(wanted): Query<Export>,
    Purpose(purpose): Purpose,
) -> Result<Response, Problem> {
    let permit = app.policy.permit_for(&caller, document(&app, &name).await?, purpose).await?;
    let version = version(&permit, &wanted.version)?;
    let content = app.documents.content_to_export(&permit, version).await?;
    recipient(permit.party(), &wanted.recipient)?;
    let recorded = app.gate.record(permit, intent(&content, &Extent::Whole)).await?;
    let (reading, length) = app.documents.export(recorded, &content, &wanted.recipient).await?;
    Ok(exported(&content, reading, length))
}

/// The version of this id or number; the latest if none is named.
fn version<A: Act>(
    permit: &Permit<A>,
    named: &Option<String>,
) -> Result<Option<VersionId>, Problem> {
    let Some(named) = named else { return Ok(None) };
    let versions = permit.document().map(|document| &document.versions[..]).unwrap_or_default();
    let is_named = |entry: &&VersionEntry| {
        entry.number.to_string() == *named || entry.version.to_string() == *named
    };
    versions.iter().find(is_named).map(|entry| Some(entry.version)).ok_or(Problem::missing())
}

/// Refuses a recipient that the party does not have, before anything is recorded as taken away.
fn recipient(party: &PartyRevision, name: &str) -> Result<(), Problem> {
    if party.recipients.iter().any(|recipient| recipient.name == name) {
        return Ok(());
    }
    let says =
        "the party for which you act has no recipient of that name: its access manager adds one";
    Err(Problem::new(Kind::Refused).with_detail(says))
}

impl<S: Send + Sync> FromRequestParts<S> for Wanted {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let conditions = Preconditions::of(&parts.headers)?;
        Ok(Self {
            conditions,
            range: parts.headers.get_all(header::RANGE).iter().cloned().collect(),
        })
    }
}

impl Wanted {
    /// What is answered, in the order of RFC 9110, 13.2.2.
    fn of(&self, content: &Content) -> Answer {
        let current = ETag::strong(content.version);
        match self.conditions.evaluate(&current) {
            Left::Failed => return Answer::Nothing(Empty::Failed),
            Left::NotModified => return Answer::Nothing(Empty::NotModified),
            Left::Everything => {}
        }
        if !self.conditions.range_applies(&current) {
            return Answer::Bytes(Extent::Whole);
        }
        match Requested::of(&self.range, content.size) {
            Requested::Whole => Answer::Bytes(Extent::Whole),
            Requested::Part(span) => Answer::Bytes(Extent::Part(span)),
            Requested::Nothing => Answer::Nothing(Empty::OutOfRange),
        }
    }

    /// A range is defined for `GET` alone (RFC 9110, 14.2).
    fn without_range(self) -> Self {
        Self { range: Vec::new(), ..self }
    }
}

impl Extent {
    fn range(&self, content: &Content) -> Range<u64> {
        match self {
            Self::Whole => 0..content.size,
            Self::Part(span) => span.clone(),
        }
    }
}

impl Empty {
    /// The answer, once the entry that nothing was sent is durable.
    async fn recorded(
        self,
        app: &App,
        permit: Permit<Read>,
        content: &Content,
    ) -> Result<Response, Problem> {
        let (_permit, _) = app.gate.note(permit, nothing(content)).await?;
        match self {
            Self::NotModified => {
                let etag = [(header::ETAG, ETag::strong(content.version).to_header())];
                Ok((StatusCode::NOT_MODIFIED, etag).into_response())
            }
            Self::Failed => Err(Problem::new(Kind::Moved)),
            Self::OutOfRange => Err(Problem::new(Kind::OutOfRange)
                .with_header(header::CONTENT_RANGE, unsatisfied(content.size))),
        }
    }
}

/// What the intent of a reading says will be sent.
fn intent(content: &Content, extent: &Extent) -> Map<String, Value> {
    let mut detail = versioned(content);
    if let Extent::Part(span) = extent {
        detail.insert("range".to_owned(), json!([span.start, span.end]));
    }
    detail
}

/// What an entry says where no byte is sent.
fn nothing(content: &Content) -> Map<String, Value> {
    let mut detail = versioned(content);
    detail.insert("sent".to_owned(), json!("none"));
    detail
}

fn versioned(content: &Content) -> Map<String, Value> {
    let number = ("number".to_owned(), json!(content.number));
    Map::from_iter([("version".to_owned(), json!(content.version)), number])
}

/// The content, to be kept as a file and never shown.
fn sent(content: &Content, extent: &Extent, body: Body) -> Response {
    let range = extent.range(content);
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header_of(served(&content.media_type).as_str()));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
    headers.insert(header::CONTENT_DISPOSITION, attachment(&content.title));
    headers.insert(header::ETAG, ETag::strong(content.version).to_header());
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(VERSION_NUMBER, HeaderValue::from(content.number));
    if let Extent::Part(span) = extent {
        headers.insert(header::CONTENT_RANGE, content_range(span, content.size));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    response
}

fn exported(content: &Content, reading: Reading, length: u64) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (header::CONTENT_LENGTH, HeaderValue::from(length)),
        (header::CONTENT_DISPOSITION, attachment(&format!("{}.age", content.reference))),
        (VERSION_NUMBER, HeaderValue::from(content.number)),
    ];
    (headers, Body::from_stream(reading)).into_response()
}

fn header_of(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("a media type is visible ASCII")
}
