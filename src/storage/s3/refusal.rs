//! What a service's refusals mean.

use std::{error::Error as StdError, fmt};

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::storage::{Error, Name};

/// Whether this says that nothing is there, as `GET`, `HEAD` and `DELETE` say it.
pub(super) fn is_missing<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    matches!(code(error), Some("NoSuchKey" | "NotFound"))
}

/// Whether this says that no such upload is going on.
pub(super) fn is_no_upload<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    matches!(code(error), Some("NoSuchUpload"))
}

/// Whether the service does not know this call.
pub(super) fn is_unknown_call<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    matches!(code(error), Some("NotImplemented"))
}

fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

/// What went wrong with a call about `name`.
pub(super) fn refused<E>(error: SdkError<E, HttpResponse>, name: &Name) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    let code = code(&error).map(ToOwned::to_owned);
    match (status, code.as_deref()) {
        (_, Some("NoSuchKey" | "NotFound")) => Error::Missing(name.clone()),
        (507, _) | (_, Some("QuotaExceeded" | "InsufficientStorage")) => Error::Full,
        (400..500, _) => Error::Refused {
            code: code.unwrap_or_else(|| status.to_string()),
            source: said(&error),
        },
        _ => Error::Unreachable(said(&error)),
    }
}

/// What a service said, without the request that it was said to.
#[derive(Debug)]
struct Said(String);

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Said {}

/// The whole chain of causes as one, since the client's own errors hold requests with their signatures.
fn said(error: &dyn StdError) -> Box<dyn StdError + Send + Sync> {
    let (mut chain, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        chain = format!("{chain}: {error}");
        cause = error.source();
    }
    Box::new(Said(chain))
}
