//! Bytes on their way to the service, watched for progress.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, sleep_until};

pub(super) fn silent() -> BoxError {
    io::Error::new(io::ErrorKind::TimedOut, "nothing moved").into()
}

/// When something last moved.
#[derive(Clone, Default)]
pub(super) struct Progress(Arc<Mutex<Option<Instant>>>);

impl Progress {
    fn moved(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Ends when nothing has moved for `silence`; until the first movement, `connect` longer.
    pub(super) async fn stopped(&self, connect: Duration, silence: Duration) {
        let begun = Instant::now();
        loop {
            let moved = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let until = moved.unwrap_or(begun + connect) + silence;
            if until <= Instant::now() {
                return;
            }
            sleep_until(until).await;
        }
    }
}

/// Bytes on their way to the service, handed over in small pieces so that progress is seen.
#[derive(Debug)]
pub(super) struct Watched {
    body: SdkBody,
    piece: Bytes,
    watched: Progress,
}

impl Watched {
    pub(super) fn new(body: SdkBody, watched: Progress) -> Self {
        Self { body, piece: Bytes::new(), watched }
    }
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Progress")
    }
}

const PIECE_BYTES: usize = 256 * 1024;

impl Body for Watched {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.watched.moved();
        if self.piece.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(piece) => self.piece = piece,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                end => return Poll::Ready(end),
            }
        }
        let length = self.piece.len().min(PIECE_BYTES);
        Poll::Ready(Some(Ok(Frame::data(self.piece.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.piece.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (held, rest) = (self.piece.len() as u64, Body::size_hint(&self.body));
        let mut hint = SizeHint::new();
        hint.set_lower(held + rest.lower());
        if let Some(upper) = rest.upper() {
            hint.set_upper(held + upper);
        }
        hint
    }
}
