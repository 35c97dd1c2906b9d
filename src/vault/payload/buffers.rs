//! Buffers of one chunk, taken back once nobody holds what was given out of them: warm memory costs no page faults.

use bytes::{Bytes, BytesMut};

use crate::vault::payload::SEALED_CHUNK;

/// How many buffers are remembered; a consumer that holds more gets new ones.
const LENT: usize = 8;

/// The buffers lent by one sealer or opener.
#[derive(Default)]
pub(super) struct Buffers {
    lent: Vec<BytesMut>,
}

impl Buffers {
    /// An empty buffer with room for a sealed chunk.
    pub(super) fn take(&mut self) -> BytesMut {
        let free = self.lent.iter_mut().position(|buffer| buffer.try_reclaim(SEALED_CHUNK));
        free.map_or_else(
            || BytesMut::with_capacity(SEALED_CHUNK),
            |position| self.lent.swap_remove(position),
        )
    }

    /// Gives out what `buffer` holds; its memory returns when that is dropped.
    pub(super) fn lend(&mut self, mut buffer: BytesMut) -> Bytes {
        let bytes = buffer.split().freeze();
        if self.lent.len() == LENT {
            self.lent.remove(0);
        }
        self.lent.push(buffer);
        bytes
    }
}
