//! Sealing: plaintext is pushed in, sealed chunks come out, each chunk's number used once.

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};
use ring::aead::{Aad, LessSafeKey};
use zeroize::Zeroize;

use crate::vault::{
    payload::{CHUNK, Nonce, SEALED_CHUNK, TAG, buffers::Buffers, chunk_nonce, cipher},
    secret::FileKey,
};

/// Seals one payload, chunk by chunk, in buffers that it takes back once what it gave out is dropped.
///
/// Nothing can make it seal a chunk's number again: a retry sends the sealed bytes again.
pub struct Sealer {
    cipher: LessSafeKey,
    /// Number of the chunk being filled.
    chunk: u64,
    /// Plaintext of the chunk being filled; full only while it may still be the last.
    filling: BytesMut,
    buffers: Buffers,
}

impl Sealer {
    /// Begins a payload. `nonce` must be new for `key`; it precedes the sealed chunks.
    #[must_use]
    pub fn new(key: &FileKey, nonce: &Nonce) -> Self {
        let mut buffers = Buffers::default();
        Self { cipher: cipher(key, nonce), chunk: 0, filling: buffers.take(), buffers }
    }

    /// Takes from `plaintext` until a sealed chunk is ready; `None` when all is taken.
    ///
    /// A full chunk stays inside until one more byte shows that it is not the last.
    pub fn seal(&mut self, plaintext: &mut impl Buf) -> Option<Bytes> {
        while plaintext.has_remaining() {
            if self.filling.len() == CHUNK {
                let next = self.buffers.take();
                return Some(self.seal_chunk(false, next));
            }
            let piece = plaintext.chunk();
            let length = piece.len().min(CHUNK - self.filling.len());
            self.filling.extend_from_slice(&piece[..length]);
            plaintext.advance(length);
        }
        None
    }

    /// Seals what remains as the last chunk.
    #[must_use]
    pub fn finish(mut self) -> Bytes {
        self.seal_chunk(true, BytesMut::new())
    }

    fn seal_chunk(&mut self, last: bool, next: BytesMut) -> Bytes {
        let mut chunk = std::mem::replace(&mut self.filling, next);
        let nonce = chunk_nonce(self.chunk, last);
        let tag = self
            .cipher
            .seal_in_place_separate_tag(nonce, Aad::empty(), &mut chunk)
            .expect("a chunk is shorter than 256 GiB");
        chunk.extend_from_slice(tag.as_ref());
        self.chunk += 1;
        self.buffers.lend(chunk)
    }
}

impl Drop for Sealer {
    fn drop(&mut self) {
        self.filling.as_mut().zeroize();
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}

/// A tag fits behind every full chunk, so no buffer ever grows.
const _: () = assert!(SEALED_CHUNK == CHUNK + TAG);
