//! Contents on their way: an upload that is hashed as it is sent, a download that goes to a writer as it arrives.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::TryStreamExt;
use http_body_util::{BodyExt, StreamBody};
use hyper::{
    HeaderMap,
    body::Frame,
    header::{CONTENT_LENGTH, HeaderValue},
};
use ring::digest::{Context, SHA256};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_util::io::ReaderStream;

use crate::cli::{
    client::{
        Answer, Body, Error,
        ask::{Pace, SILENCE},
    },
    progress::Progress,
};

const PIECE_BYTES: usize = 256 * 1024;

/// The value of `Content-Digest` (RFC 9530) for a SHA-256.
#[must_use]
pub fn content_digest(sha256: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(sha256))
}

/// What is to be sent, and how far it is.
pub struct Upload {
    source: Pin<Box<dyn AsyncRead + Send>>,
    length_bytes: Option<u64>,
    progress: Progress,
    digest: Arc<Mutex<Context>>,
}

/// The SHA-256 of what an [`Upload`] has sent.
#[derive(Clone)]
pub struct Sent(Arc<Mutex<Context>>);

impl Sent {
    /// Of all that was sent so far.
    #[must_use]
    pub fn sha256(&self) -> Vec<u8> {
        let context = self.0.lock().expect("nobody panics holding it").clone();
        context.finish().as_ref().to_vec()
    }
}

impl Upload {
    /// What `source` yields; exactly `length_bytes` of it if that is known.
    #[must_use]
    pub fn new(
        source: impl AsyncRead + Send + 'static,
        length_bytes: Option<u64>,
        progress: Progress,
    ) -> Self {
        let digest = Arc::new(Mutex::new(Context::new(&SHA256)));
        Self { source: Box::pin(source), length_bytes, progress, digest }
    }

    /// The digest of what will have been sent.
    #[must_use]
    pub fn sent(&self) -> Sent {
        Sent(self.digest.clone())
    }

    pub(super) fn body(self, headers: &mut HeaderMap, pace: Pace) -> Body {
        if let Some(length) = self.length_bytes {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        let (progress, digest) = (self.progress, self.digest);
        let pieces = ReaderStream::with_capacity(self.source, PIECE_BYTES);
        let frames = pieces.map_ok(move |piece| {
            digest.lock().expect("nobody panics holding it").update(&piece);
            progress.advance(piece.len());
            pace.moved();
            Frame::data(piece)
        });
        StreamBody::new(frames).boxed_unsync()
    }
}

/// Why a download did not reach its writer.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The way there.
    #[error("the answer broke off")]
    Answer(#[source] Error),
    /// The writer.
    #[error("could not write")]
    Write(#[source] std::io::Error),
}

impl Answer {
    /// The length that the head promises, in bytes.
    #[must_use]
    pub fn length_bytes(&self) -> Option<u64> {
        self.headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }

    /// Writes the body as it arrives; gives how much it was, in bytes.
    ///
    /// # Errors
    ///
    /// [`Broken`]: what was written until then is the beginning of the body.
    pub async fn copy_to(
        mut self,
        writer: &mut (impl AsyncWrite + Unpin),
        digest: &mut Context,
        progress: &Progress,
    ) -> Result<u64, Broken> {
        let promised_bytes = self.length_bytes();
        let mut arrived_bytes = 0;
        let silent = |_| Broken::Answer(Error::Silent);
        while let Some(frame) =
            tokio::time::timeout(SILENCE, self.body.frame()).await.map_err(silent)?
        {
            let frame = frame.map_err(|source| Broken::Answer(Error::Cut(source.into())))?;
            let Ok(piece) = frame.into_data() else { continue };
            writer.write_all(&piece).await.map_err(Broken::Write)?;
            digest.update(&piece);
            progress.advance(piece.len());
            arrived_bytes += piece.len() as u64;
        }
        writer.flush().await.map_err(Broken::Write)?;
        if promised_bytes.is_some_and(|promised| promised != arrived_bytes) {
            let short = std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
            return Err(Broken::Answer(Error::Cut(short.into())));
        }
        Ok(arrived_bytes)
    }
}
