//! Opening: sealed chunks in their order, each in place, each released only once it is known to be genuine.

use std::fmt;

use ring::aead::{Aad, LessSafeKey};
use zeroize::Zeroize;

use crate::vault::{
    payload::{CHUNK, Error, Nonce, SEALED_CHUNK, TAG, chunk_nonce, cipher, plain_len},
    secret::FileKey,
};

/// Opens the chunks of one payload from a given one on.
///
/// It knows from the object's length which chunk is the last, so a shorter or longer object does not open.
pub struct Opener {
    cipher: LessSafeKey,
    /// Number of the chunk that comes next.
    next: u64,
    /// Number of chunks; none is left once `next` is there.
    chunks: u64,
    /// Bytes of the last chunk, sealed.
    last_len: usize,
}

impl Opener {
    /// Opens from `first_chunk` on; `sealed_len` is what the version record says, nonce included.
    ///
    /// # Errors
    ///
    /// [`Error::Length`] if no object has that length, [`Error::Truncated`] if it has no such chunk.
    pub fn new(
        key: &FileKey,
        nonce: &Nonce,
        sealed_len: u64,
        first_chunk: u64,
    ) -> Result<Self, Error> {
        let plain = plain_len(sealed_len).ok_or(Error::Length(sealed_len))?;
        let chunks = plain.div_ceil(CHUNK as u64).max(1);
        if first_chunk >= chunks {
            return Err(Error::Truncated(first_chunk));
        }
        let last_plain = usize::try_from(plain - (chunks - 1) * CHUNK as u64);
        Ok(Self {
            cipher: cipher(key, nonce),
            next: first_chunk,
            chunks,
            last_len: last_plain.expect("at most one chunk") + TAG,
        })
    }

    /// Sealed bytes of the chunk that comes next; `None` after the last.
    #[must_use]
    pub fn chunk_len(&self) -> Option<usize> {
        match self.chunks - self.next {
            0 => None,
            1 => Some(self.last_len),
            _ => Some(SEALED_CHUNK),
        }
    }

    /// Number of the chunk that comes next.
    #[must_use]
    pub fn chunk(&self) -> u64 {
        self.next
    }

    /// Opens the next chunk in place and gives its plaintext.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`], [`Error::Extended`] or [`Error::Forged`]; then `sealed` is wiped, and nothing opens after.
    pub fn open<'a>(&mut self, sealed: &'a mut [u8]) -> Result<&'a mut [u8], Error> {
        let number = self.next;
        let Some(expected) = self.chunk_len() else { return Err(Error::Extended) };
        let last = number + 1 == self.chunks;
        self.next = self.chunks;
        if sealed.len() != expected {
            sealed.zeroize();
            let short = sealed.len() < expected;
            return Err(if short { Error::Truncated(number) } else { Error::Forged(number) });
        }
        let nonce = chunk_nonce(number, last);
        if self.cipher.open_in_place(nonce, Aad::empty(), sealed).is_err() {
            sealed.zeroize();
            return Err(Error::Forged(number));
        }
        self.next = number + 1;
        Ok(&mut sealed[..expected - TAG])
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opener")
    }
}
