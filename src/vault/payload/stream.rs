//! Sealing and opening as streams, with bounded memory: what arrives is passed on before more is asked for.

use std::pin::Pin;

use bytes::{Buf, Bytes, BytesMut};
use futures::{Stream, StreamExt, stream};
use tokio::sync::oneshot;

use crate::vault::{
    payload::{Error, NONCE, Nonce, Opener, Sealer, Span, buffers::Buffers, hasher::Hasher},
    secret::FileKey,
};

/// What a version record says of an object that was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// The object's first 16 bytes.
    pub nonce: Nonce,
    /// Bytes of plaintext.
    pub plain_len: u64,
    /// Bytes of the sealed object, nonce included.
    pub sealed_len: u64,
    /// SHA-256 of the plaintext: for the depositor, nowhere else in clear.
    pub plain_sha256: [u8; 32],
    /// SHA-256 of the sealed object.
    pub sealed_sha256: [u8; 32],
}

/// The sealed object of `plaintext`, and its summary once the stream has given its last byte.
///
/// An error of `plaintext` ends the stream with that error; the receiver then says that there is no summary.
/// `nonce` must be new for `key` ([`Nonce::random`]).
pub fn seal_stream<S, E>(
    key: &FileKey,
    nonce: Nonce,
    plaintext: S,
) -> (impl Stream<Item = Result<Bytes, E>> + use<S, E>, oneshot::Receiver<Summary>)
where
    S: Stream<Item = Result<Bytes, E>>,
{
    let (report, summary) = oneshot::channel();
    let sealing = Sealing {
        nonce,
        begun: false,
        sealer: Some(Sealer::new(key, &nonce)),
        source: Box::pin(plaintext),
        piece: Bytes::new(),
        plain: Hasher::new(),
        sealed: Hasher::new(),
        report: Some(report),
    };
    let sealed = stream::unfold(sealing, async |mut sealing| {
        let item = sealing.next().await?;
        Some((item, sealing))
    });
    (sealed, summary)
}

struct Sealing<S> {
    nonce: Nonce,
    begun: bool,
    /// Gone once the stream has ended.
    sealer: Option<Sealer>,
    source: Pin<Box<S>>,
    piece: Bytes,
    plain: Hasher,
    sealed: Hasher,
    report: Option<oneshot::Sender<Summary>>,
}

impl<S, E> Sealing<S>
where
    S: Stream<Item = Result<Bytes, E>>,
{
    async fn next(&mut self) -> Option<Result<Bytes, E>> {
        if !self.begun {
            self.begun = true;
            let nonce = Bytes::copy_from_slice(&self.nonce.0);
            return Some(Ok(self.pass(nonce).await));
        }
        loop {
            if let Some(chunk) = self.sealer.as_mut()?.seal(&mut self.piece) {
                return Some(Ok(self.pass(chunk).await));
            }
            match self.source.next().await {
                Some(Ok(piece)) => {
                    self.plain.add(&piece).await;
                    self.piece = piece;
                }
                Some(Err(error)) => {
                    self.sealer = None;
                    return Some(Err(error));
                }
                None => {
                    let chunk = self.sealer.take()?.finish();
                    let chunk = self.pass(chunk).await;
                    self.report().await;
                    return Some(Ok(chunk));
                }
            }
        }
    }

    async fn pass(&mut self, sealed: Bytes) -> Bytes {
        self.sealed.add(&sealed).await;
        sealed
    }

    async fn report(&mut self) {
        let Some(report) = self.report.take() else { return };
        let (plain_len, plain_sha256) = self.plain.finish().await;
        let (sealed_len, sealed_sha256) = self.sealed.finish().await;
        let summary =
            Summary { nonce: self.nonce, plain_len, sealed_len, plain_sha256, sealed_sha256 };
        let _uninterested = report.send(summary);
    }
}

/// The plaintext of `span`, `sealed` being exactly the bytes `span.sealed` of the object, nonce left out.
///
/// Each piece is released only once its chunk is known to be genuine; the last one only once `sealed` has ended, so
/// that an object with bytes behind it never looks complete. The first error ends the stream.
pub fn open_stream<S, E>(
    opener: Opener,
    span: &Span,
    sealed: S,
) -> impl Stream<Item = Result<Bytes, E>> + use<S, E>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: From<Error>,
{
    debug_assert!(span.sealed.start >= NONCE as u64);
    let opening = Opening {
        opener: Some(opener),
        remaining: span.sealed.end - span.sealed.start,
        skip: span.skip,
        take: span.take,
        source: Box::pin(sealed),
        piece: Piece::Shared(Bytes::new()),
        buffers: Buffers::default(),
    };
    stream::unfold(opening, async |mut opening| {
        let item = opening.next().await?;
        Some((item, opening))
    })
}

/// Sealed bytes as they came: opened where they lie if nobody else holds them.
enum Piece {
    Shared(Bytes),
    Own(BytesMut),
}

impl Piece {
    fn new(bytes: Bytes) -> Self {
        bytes.try_into_mut().map_or_else(Self::Shared, Self::Own)
    }

    fn len(&self) -> usize {
        match self {
            Self::Shared(bytes) => bytes.len(),
            Self::Own(bytes) => bytes.len(),
        }
    }

    /// Moves at most `length` bytes behind those of `chunk`.
    fn pour(&mut self, chunk: &mut BytesMut, length: usize) {
        let length = length.min(self.len());
        match self {
            Self::Shared(bytes) => {
                chunk.extend_from_slice(&bytes[..length]);
                bytes.advance(length);
            }
            Self::Own(bytes) => {
                chunk.extend_from_slice(&bytes[..length]);
                bytes.advance(length);
            }
        }
    }
}

struct Opening<S> {
    /// Gone once the stream has ended.
    opener: Option<Opener>,
    /// Sealed bytes of the span that are not yet opened.
    remaining: u64,
    skip: usize,
    take: u64,
    source: Pin<Box<S>>,
    piece: Piece,
    buffers: Buffers,
}

impl<S, E> Opening<S>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: From<Error>,
{
    async fn next(&mut self) -> Option<Result<Bytes, E>> {
        while self.remaining > 0 {
            let step = match self.open_chunk().await {
                Ok(chunk) if self.remaining == 0 => self.end().await.map(|()| chunk),
                step => step,
            };
            match step {
                Ok(plaintext) => {
                    let plaintext = self.cut(plaintext);
                    if !plaintext.is_empty() {
                        return Some(Ok(plaintext));
                    }
                }
                Err(error) => {
                    self.remaining = 0;
                    self.opener = None;
                    return Some(Err(error));
                }
            }
        }
        None
    }

    async fn open_chunk(&mut self) -> Result<Bytes, E> {
        let opener = self.opener.as_mut().ok_or(Error::Extended)?;
        let wanted = opener.chunk_len().ok_or(Error::Extended)?;
        while self.piece.len() == 0 {
            let next = self.source.next().await.ok_or(Error::Truncated(opener.chunk()))??;
            self.piece = Piece::new(next);
        }
        let mut chunk = match &mut self.piece {
            Piece::Own(bytes) if bytes.len() >= wanted => bytes.split_to(wanted),
            Piece::Own(_) | Piece::Shared(_) => self.buffers.take(),
        };
        while chunk.len() < wanted {
            let missing = wanted - chunk.len();
            self.piece.pour(&mut chunk, missing);
            if chunk.len() < wanted {
                let next = self.source.next().await.ok_or(Error::Truncated(opener.chunk()))??;
                self.piece = Piece::new(next);
            }
        }
        let length = opener.open(&mut chunk)?.len();
        chunk.truncate(length);
        self.remaining = self.remaining.saturating_sub(wanted as u64);
        Ok(self.buffers.lend(chunk))
    }

    /// Succeeds once nothing follows the span.
    async fn end(&mut self) -> Result<(), E> {
        while self.piece.len() == 0 {
            match self.source.next().await {
                Some(next) => self.piece = Piece::Shared(next?),
                None => return Ok(()),
            }
        }
        Err(Error::Extended.into())
    }

    fn cut(&mut self, mut plaintext: Bytes) -> Bytes {
        plaintext.advance(self.skip.min(plaintext.len()));
        self.skip = 0;
        plaintext.truncate(usize::try_from(self.take).unwrap_or(usize::MAX));
        self.take -= plaintext.len() as u64;
        plaintext
    }
}
