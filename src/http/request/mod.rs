//! What a request brings, read strictly: a path, a query, a JSON body, a text. What does not read is a problem that says
//! what is expected.

mod purpose;

use axum::{
    body::Body as HttpBody,
    extract::{self, FromRequest, FromRequestParts, Request},
    http::{HeaderMap, header::CONTENT_TYPE, request::Parts},
};
use bytes::Bytes;
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use crate::{
    http::{
        Kind, Problem,
        header::{MediaType, single},
    },
    mission::plain,
};

pub use purpose::Purpose;

/// Longest JSON body, in bytes.
pub const LONGEST_JSON_BYTES: usize = 64 * 1024;
/// Longest text body, in bytes.
pub const LONGEST_TEXT_BYTES: usize = 256 * 1024;

/// The parameters of the path. One that does not read names nothing: 404.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

/// The query; a parameter that is not known is refused.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

/// A body in JSON, of [`LONGEST_JSON_BYTES`] at most; a member that is not known is refused where `T` says so.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

/// A body of plain text, of [`LONGEST_TEXT_BYTES`] at most.
#[derive(Clone, Debug)]
pub struct Text(pub String);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|path| Self(path.0)).map_err(|_| Problem::missing())
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = extract::Query::<T>::try_from_uri(&parts.uri);
        query.map(|query| Self(query.0)).map_err(|why| Problem::malformed(why.body_text()))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        expect_type(&parts.headers, "application/json")?;
        let bytes = whole(&parts.headers, body, LONGEST_JSON_BYTES).await?;
        let read = serde_json::from_slice(&bytes);
        read.map(Self).map_err(|why| Problem::malformed(format!("the JSON does not read: {why}")))
    }
}

impl<S: Send + Sync> FromRequest<S> for Text {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        expect_type(&parts.headers, "text/plain")?;
        let bytes = whole(&parts.headers, body, LONGEST_TEXT_BYTES).await?;
        let text = String::from_utf8(bytes.into());
        text.map(Self).map_err(|_| Problem::malformed("the text is not UTF-8"))
    }
}

/// Refuses a body of another type than is read here.
fn expect_type(headers: &HeaderMap, wanted: &str) -> Result<(), Problem> {
    let says = || {
        let says = format!("send it as Content-Type: {wanted}");
        Problem::new(Kind::WrongMediaType).with_detail(says)
    };
    let value = single(headers, CONTENT_TYPE)?.ok_or_else(says)?;
    let found: MediaType = value.parse().map_err(|_| says())?;
    if found.essence() == wanted { Ok(()) } else { Err(says()) }
}

/// A body went on after the most bytes that are taken of it.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the body has more than {0} bytes")]
pub struct TooLong(pub u64);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body's bytes as they come; an error once there are more than `longest`.
pub fn limited(
    body: HttpBody,
    longest: u64,
) -> impl Stream<Item = Result<Bytes, BoxError>> + Send + 'static {
    let mut left = longest;
    body.into_data_stream().map(move |piece| {
        let piece = piece.map_err(BoxError::from)?;
        left = left.checked_sub(piece.len() as u64).ok_or(TooLong(longest))?;
        Ok(piece)
    })
}

/// The whole body, refused before it is read if it says that it is longer than `longest` bytes.
async fn whole(headers: &HeaderMap, body: HttpBody, longest: usize) -> Result<Bytes, Problem> {
    declared_length(headers, longest as u64)?;
    let mut bytes = Vec::new();
    let mut pieces = std::pin::pin!(limited(body, longest as u64));
    while let Some(piece) = pieces.try_next().await.map_err(|error| unread(&*error))? {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.into())
}

/// `Content-Length`, if it is there.
///
/// # Errors
///
/// 413 if it is more than `longest`.
pub fn declared_length(headers: &HeaderMap, longest: u64) -> Result<Option<u64>, Problem> {
    let length = single(headers, axum::http::header::CONTENT_LENGTH)?;
    let length = length.map(str::parse::<u64>).transpose();
    let length = length.map_err(|_| Problem::malformed("Content-Length is no number of bytes"))?;
    if length.is_some_and(|length| length > longest) { Err(too_large(longest)) } else { Ok(length) }
}

fn too_large(longest: u64) -> Problem {
    Problem::new(Kind::TooLarge).with_detail(format!("at most {longest} bytes are taken here"))
}

/// Why a body did not arrive.
#[must_use]
pub fn unread(error: &(dyn std::error::Error + 'static)) -> Problem {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(TooLong(longest)) = cause.downcast_ref() {
            return too_large(*longest);
        }
        if cause.is::<crate::http::server::TooSlow>() {
            return Problem::new(Kind::TooSlow);
        }
        next = cause.source();
    }
    Problem::new(Kind::Incomplete)
}

/// One line of plain text of at most `LONGEST` characters: no controls, nothing that shows nothing or turns the direction
/// of writing.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Line<const LONGEST: usize>(pub String);

impl<'de, const LONGEST: usize> Deserialize<'de> for Line<LONGEST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let checked = plain(&text, LONGEST);
        checked.map_err(|why| serde::de::Error::custom(format!("this text {why}")))?;
        Ok(Self(text))
    }
}

#[cfg(test)]
mod tests;
