//! What a service's refusals mean, and what the operator can do.

use std::error::Error as StdError;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::{
    causes::causes,
    storage::{Error, Name, s3::Bucket},
};

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

/// Whether the service does not tell where a bucket is, or keeps that from keys that may only read and write.
pub(super) fn says_nothing<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    let silent = ["NotImplemented", "MethodNotAllowed", "AccessDenied"];
    code(error).is_some_and(|code| silent.contains(&code))
}

fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

/// What services say to whom they do not know, or no longer (their codes differ; the rest of 401 and 403 is the same).
const CREDENTIALS: [&str; 9] = [
    "AccessDenied",
    "ExpiredToken",
    "Forbidden",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSecurity",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
];

impl Bucket {
    /// What went wrong with a call about `name`.
    pub(super) fn refused<E>(&self, error: SdkError<E, HttpResponse>, name: &Name) -> Error
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        let status = error.raw_response().map_or(0, |response| response.status().as_u16());
        let code = code(&error).map_or_else(|| status.to_string(), ToOwned::to_owned);
        let location = self.location.clone();
        // Our connector calls nothing else the caller's fault.
        if let SdkError::DispatchFailure(failure) = &error
            && failure.is_user()
        {
            return Error::Certificate { location, source: said(&error) };
        }
        match (status, code.as_str()) {
            (_, "NoSuchKey" | "NotFound") => Error::Missing(name.clone()),
            (507, _) | (_, "QuotaExceeded" | "InsufficientStorage") => Error::Full,
            (_, "NoSuchBucket") => Error::NoBucket { location, bucket: self.name.clone() },
            (_, "RequestTimeTooSkewed") => Error::OtherTime { location },
            (401 | 403, _) => Error::Credentials { location, code, source: said(&error) },
            (_, code) if CREDENTIALS.contains(&code) => {
                Error::Credentials { location, code: code.to_owned(), source: said(&error) }
            }
            // Nobody is followed elsewhere: the bucket is in another region, or its service has another address.
            (300..500, _) => Error::Refused { location, code, source: said(&error) },
            _ => Error::Unreachable { location, source: said(&error) },
        }
    }
}

/// The whole chain of causes as one, since the client's own errors hold requests with their signatures.
fn said(error: &(dyn StdError + 'static)) -> Box<dyn StdError + Send + Sync> {
    causes(error).into()
}
