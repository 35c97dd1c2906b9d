//! The checkpoint that a client kept, and holds against us.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, request::Parts},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{app::App, http::Problem};

/// The newest checkpoint that the client has seen, in base64.
const CHECKPOINT: HeaderName = HeaderName::from_static("greffe-checkpoint");
/// Longest that one may be, in bytes: a few cosignatures.
const LONGEST: usize = 8 * 1024;

/// What the header bears, if anything. One that we signed and that is not of this history stops the service; whatever we
/// did not sign says nothing, and is passed over.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept(Option<Vec<u8>>);

impl<S: Send + Sync> FromRequestParts<S> for Kept {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let value = parts.headers.get(CHECKPOINT).filter(|value| value.len() <= LONGEST);
        Ok(Self(value.and_then(|value| STANDARD.decode(value.as_bytes()).ok())))
    }
}

impl Kept {
    /// Compares it with the log.
    ///
    /// # Errors
    ///
    /// 503 if the client holds another history that we signed.
    pub(super) async fn compared(&self, app: &App) -> Result<(), Problem> {
        match &self.0 {
            Some(checkpoint) => Ok(app.tree.presented(checkpoint).await?),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_no_checkpoint_says_nothing() {
        for (value, kept) in [("AAAA", Some(vec![0, 0, 0])), ("*", None), ("AA", None)] {
            let request = axum::http::Request::builder().header(CHECKPOINT, value);
            let (mut parts, ()) = request.body(()).unwrap().into_parts();

            let Ok(Kept(found)) = Kept::from_request_parts(&mut parts, &()).await;

            assert_eq!(found, kept, "{value}");
        }
    }
}
