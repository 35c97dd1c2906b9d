//! Headers that the service reads and writes, each by its RFC: nothing here knows a document.

mod condition;
mod digest;
mod disposition;
mod media_type;
mod range;

pub use condition::{ETag, Left, Preconditions, Tags};
pub use digest::content_digest;
pub use disposition::attachment;
pub use media_type::{MediaType, served};
pub use range::{Requested, Span, content_range, unsatisfied};

use axum::http::{HeaderMap, HeaderName};

use crate::http::Problem;

/// A header that is there at most once, as text.
///
/// # Errors
///
/// A malformed request if it is there twice or is not visible ASCII.
pub fn single(headers: &HeaderMap, name: HeaderName) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(&name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Problem::malformed(format!("the header {name} is there twice: send it once")));
    }
    let text = value.to_str();
    text.map(Some).map_err(|_| Problem::malformed(format!("the header {name} is not ASCII text")))
}

/// A list header's values joined (RFC 9110, 5.3), if it is there.
///
/// # Errors
///
/// A malformed request if it is not visible ASCII.
pub fn listed(headers: &HeaderMap, name: &HeaderName) -> Result<Option<String>, Problem> {
    let values = headers.get_all(name).iter().map(|value| value.to_str());
    let values: Result<Vec<_>, _> = values.collect();
    let values =
        values.map_err(|_| Problem::malformed(format!("the header {name} is not ASCII text")))?;
    Ok((!values.is_empty()).then(|| values.join(",")))
}
