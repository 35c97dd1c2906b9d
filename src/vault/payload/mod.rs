//! The age v1 payload: a 16-byte nonce, then STREAM chunks of 64 KiB by ChaCha20-Poly1305
//! (age-encryption.org/v1, "Payload"), sealed and opened by ring.
//!
//! Any chunk opens alone, so a range costs only the chunks that it touches.

use std::{
    io::{self, Read},
    ops::Range,
};

use ring::{
    aead::{self, CHACHA20_POLY1305, LessSafeKey, UnboundKey},
    digest,
};

use crate::{
    id::{self, VersionId},
    vault::{
        label, primitives,
        secret::{FileKey, Secret},
    },
};

mod sealer;
mod opener;
mod buffers;
mod hasher;
mod stream;
#[cfg(test)]
mod tests;

pub use hasher::Hasher;
pub use opener::Opener;
pub use sealer::Sealer;
pub use stream::{Summary, open_stream, seal_stream};

/// Bytes of plaintext in every chunk but the last.
pub const CHUNK: usize = 64 * 1024;
/// Bytes that a chunk grows by when sealed.
pub const TAG: usize = 16;
/// Bytes of a sealed chunk, but the last.
pub const SEALED_CHUNK: usize = CHUNK + TAG;
/// Bytes of nonce before the first chunk.
pub const NONCE: usize = 16;

/// Sealed bytes that are not what was sealed. Nothing of the chunk that says so was released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No payload has this length.
    #[error("no sealed object has {0} bytes")]
    Length(u64),
    /// The range does not lie within the plaintext.
    #[error("the range {start}..{end} does not lie within {length} bytes")]
    Range {
        /// First byte asked for.
        start: u64,
        /// First byte not asked for.
        end: u64,
        /// Bytes of plaintext.
        length: u64,
    },
    /// The bytes end before this chunk does.
    #[error("the sealed object ends within chunk {0}")]
    Truncated(u64),
    /// Bytes follow the last chunk.
    #[error("bytes follow the last chunk of the sealed object")]
    Extended,
    /// The chunk was not sealed with this key at this place.
    #[error("chunk {0} is not what was sealed there")]
    Forged(u64),
}

/// The 16 bytes before the chunks: with the file key they give the payload's key. Not secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nonce(pub [u8; NONCE]);

impl Nonce {
    /// A new nonce.
    #[must_use]
    pub fn random() -> Self {
        Self(id::random())
    }
}

/// How many bytes `plain` bytes have when sealed, nonce included.
#[must_use]
pub fn sealed_len(plain: u64) -> u64 {
    let chunks = plain.div_ceil(CHUNK as u64).max(1);
    plain.saturating_add(chunks * TAG as u64).saturating_add(NONCE as u64)
}

/// How many bytes of plaintext a sealed object of `sealed` bytes holds; `None` if no object has that length.
#[must_use]
pub fn plain_len(sealed: u64) -> Option<u64> {
    let body = sealed.checked_sub(NONCE as u64)?;
    let chunks = body.div_ceil(SEALED_CHUNK as u64);
    let plain = body.checked_sub(chunks.max(1) * TAG as u64)?;
    (sealed_len(plain) == sealed).then_some(plain)
}

/// Which sealed bytes a range of plaintext needs, and what to make of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Bytes of the sealed object to fetch: whole chunks.
    pub sealed: Range<u64>,
    /// Number of the first of these chunks.
    pub first_chunk: u64,
    /// Bytes of plaintext before the range in that chunk.
    pub skip: usize,
    /// Bytes of plaintext in the range.
    pub take: u64,
}

/// The chunks that hold `plain` of a document of `plain_len` bytes; of an empty range, the one that it points at.
///
/// # Errors
///
/// [`Error::Range`] if the range does not lie within the document.
pub fn chunk_range(plain: Range<u64>, plain_len: u64) -> Result<Span, Error> {
    if plain.start > plain.end || plain.end > plain_len {
        let Range { start, end } = plain;
        return Err(Error::Range { start, end, length: plain_len });
    }
    let chunk = CHUNK as u64;
    let last_chunk = plain_len.div_ceil(chunk).max(1) - 1;
    let first_chunk = (plain.start / chunk).min(last_chunk);
    let end_chunk = plain.end.div_ceil(chunk).clamp(first_chunk + 1, last_chunk + 1);
    let begin = NONCE as u64 + first_chunk * SEALED_CHUNK as u64;
    let end = (NONCE as u64 + end_chunk * SEALED_CHUNK as u64).min(sealed_len(plain_len));
    Ok(Span {
        sealed: begin..end,
        first_chunk,
        skip: usize::try_from(plain.start - first_chunk * chunk).expect("at most one chunk"),
        take: plain.end - plain.start,
    })
}

/// Says which file key a version has without giving it: the cipher itself does not commit to its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commitment(pub [u8; 32]);

impl Commitment {
    /// HKDF-SHA-256(file key, salt = version id, info = `greffe/commit/v1`).
    #[must_use]
    pub fn of(key: &FileKey, version: &VersionId) -> Self {
        let info = [label::COMMIT.as_bytes()];
        Self(*primitives::hkdf(key.expose(), version.as_bytes(), &info).expose())
    }

    /// Whether `key` is the one committed to for `version`; compared in constant time.
    #[must_use]
    pub fn holds(&self, key: &FileKey, version: &VersionId) -> bool {
        let info = [label::COMMIT.as_bytes()];
        primitives::hkdf_is(key.expose(), version.as_bytes(), &info, &self.0)
    }
}

/// SHA-256 of `bytes`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    finish(digest::digest(&digest::SHA256, bytes))
}

/// SHA-256 of all that `bytes` yields, a piece in memory at a time.
///
/// # Errors
///
/// As reading failed.
pub fn sha256_of(mut bytes: impl Read) -> io::Result<[u8; 32]> {
    let (mut context, mut piece) = (digest::Context::new(&digest::SHA256), vec![0; CHUNK]);
    loop {
        match bytes.read(&mut piece)? {
            0 => return Ok(finish(context.finish())),
            read => context.update(&piece[..read]),
        }
    }
}

fn finish(digest: digest::Digest) -> [u8; 32] {
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// The payload's cipher: key = HKDF-SHA-256(file key, salt = nonce, info = `payload`).
fn cipher(key: &FileKey, nonce: &Nonce) -> LessSafeKey {
    let key: Secret<32> =
        primitives::hkdf(key.expose(), &nonce.0, &[label::AGE_PAYLOAD.as_bytes()]);
    let key = UnboundKey::new(&CHACHA20_POLY1305, key.expose())
        .expect("a key of ChaCha20-Poly1305 has 32 bytes");
    LessSafeKey::new(key)
}

/// A chunk's nonce: its number in 11 bytes, big-endian, then 1 for the last.
fn chunk_nonce(number: u64, last: bool) -> aead::Nonce {
    let mut nonce = [0; aead::NONCE_LEN];
    nonce[3..11].copy_from_slice(&number.to_be_bytes());
    nonce[11] = u8::from(last);
    aead::Nonce::assume_unique_for_key(nonce)
}
