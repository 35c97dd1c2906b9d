//! What a caller says that a reading is for.

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, request::Parts},
};

use crate::{
    http::{Problem, header::single},
    mission::plain,
};

/// Longest purpose, in characters.
const LONGEST: usize = 300;
/// The header: UTF-8, with percent signs for what is no visible ASCII, and for the percent sign itself.
const PURPOSE: HeaderName = HeaderName::from_static("greffe-purpose");

/// What the reading is for, if the caller says so: for the owner, sealed under the document's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purpose(pub Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for Purpose {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(written) = single(&parts.headers, PURPOSE)? else { return Ok(Self(None)) };
        let malformed = |says: String| Problem::malformed(format!("the header {PURPOSE} {says}"));
        let text = unescaped(written)
            .ok_or_else(|| malformed("is no UTF-8, written with percent signs".to_owned()))?;
        plain(&text, LONGEST).map_err(|why| malformed(why.to_string()))?;
        Ok(Self(Some(text)))
    }
}

/// The text without its percent signs (RFC 3986, 2.1).
fn unescaped(written: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(written.len());
    let mut pieces = written.split('%');
    bytes.extend_from_slice(pieces.next()?.as_bytes());
    for piece in pieces {
        bytes.extend(hex::decode(piece.get(..2)?).ok()?);
        bytes.extend_from_slice(&piece.as_bytes()[2..]);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    async fn read(value: &str) -> Result<Option<String>, u16> {
        let request = Request::builder().header(PURPOSE, value).body(()).unwrap();
        let (mut parts, ()) = request.into_parts();
        let read = Purpose::from_request_parts(&mut parts, &()).await;
        read.map(|purpose| purpose.0).map_err(|problem| problem.status().as_u16())
    }

    #[tokio::test]
    async fn a_purpose_is_text_in_any_language() {
        assert_eq!(read("second reading").await, Ok(Some("second reading".to_owned())));
        assert_eq!(read("%C3%A9tude%20100%25").await, Ok(Some("étude 100%".to_owned())));
    }

    #[tokio::test]
    async fn what_is_no_line_of_text_is_refused() {
        let long = "a".repeat(LONGEST + 1);
        for value in ["", " ", "100%", "%zz", "%C3", "%E2%80%AEa", "%00", "a%0Ab", &long] {
            assert_eq!(read(value).await, Err(400), "{value:?}");
        }
    }
}
