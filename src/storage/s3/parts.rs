//! Memory for parts on their way: one pool for all uploads, which wait for it.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::{BufMut as _, Bytes};
use futures::StreamExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::storage::{Error, Name, Sealed};

/// The least length of a part; services want at least 5 MiB of all but the last.
const PART_BYTES: u64 = 8 * 1024 * 1024;

/// How many parts a service takes.
pub(super) const PARTS_AT_MOST: u64 = 10_000;

/// The unit in which memory is counted.
const UNIT: u64 = 64 * 1024;

/// All memory that uploads of this process use for parts.
#[derive(Debug)]
pub struct Pool {
    units: Arc<Semaphore>,
    size: u64,
    /// Buffers of the usual length, kept since fresh memory costs more than it looks.
    free: Mutex<Vec<Vec<u8>>>,
}

impl Pool {
    /// A pool of so many bytes, at least 16 MiB.
    #[must_use]
    pub fn new(size_bytes: u64) -> Arc<Self> {
        let size = size_bytes.max(2 * PART_BYTES);
        let units = usize::try_from(size / UNIT).unwrap_or(Semaphore::MAX_PERMITS);
        Arc::new(Self { units: Arc::new(Semaphore::new(units)), size, free: Mutex::default() })
    }

    /// How long parts must be for so many bytes in all.
    pub(super) fn part_bytes(&self, length: Option<u64>, name: &Name) -> Result<u64, Error> {
        let needed = length.unwrap_or(0).div_ceil(PARTS_AT_MOST).next_multiple_of(UNIT);
        let part = needed.max(PART_BYTES);
        (part <= self.size).then_some(part).ok_or_else(|| Error::TooLong { name: name.clone() })
    }

    /// An empty buffer of so many bytes, once there is room for it.
    pub(super) async fn take(self: &Arc<Self>, size: u64) -> Buffer {
        let units = u32::try_from(size.div_ceil(UNIT)).unwrap_or(u32::MAX);
        let permit = self.units.clone().acquire_many_owned(units).await;
        let permit = permit.expect("the pool is never closed");
        let usual = || self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let bytes = (size == PART_BYTES).then(usual).flatten();
        let size = usize::try_from(size).expect("a part fits in memory");
        let bytes = bytes.unwrap_or_else(|| Vec::with_capacity(size));
        Buffer { bytes, size, pool: self.clone(), _permit: permit }
    }
}

/// One part's memory; dropped, it goes back to the pool.
pub(super) struct Buffer {
    bytes: Vec<u8>,
    size: usize,
    pool: Arc<Pool>,
    _permit: OwnedSemaphorePermit,
}

impl Buffer {
    pub(super) fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.size as u64 == PART_BYTES {
            let mut bytes = std::mem::take(&mut self.bytes);
            bytes.clear();
            self.pool.free.lock().unwrap_or_else(PoisonError::into_inner).push(bytes);
        }
    }
}

/// A stream, cut into parts and counted.
pub(super) struct Parts {
    sealed: Sealed,
    rest: Bytes,
    announced: Option<u64>,
    pub(super) came: u64,
    pub(super) ended: bool,
}

impl Parts {
    pub(super) fn new(sealed: Sealed, announced: Option<u64>) -> Self {
        Self { sealed, rest: Bytes::new(), announced, came: 0, ended: false }
    }

    /// How many bytes are still to come, if that is known.
    pub(super) fn left(&self) -> Option<u64> {
        self.announced.map(|announced| announced - self.came)
    }

    /// Fills `buffer`, and notices whether that was the last of it.
    pub(super) async fn fill(&mut self, buffer: &mut Buffer) -> Result<(), Error> {
        loop {
            let room = buffer.size - buffer.bytes.len();
            let piece = self.rest.split_to(room.min(self.rest.len()));
            self.came += piece.len() as u64;
            buffer.bytes.put(piece);
            if !self.rest.is_empty() {
                self.expect(self.announced.is_none_or(|announced| self.came < announced))?;
                return Ok(());
            }
            let Some(piece) = self.sealed.next().await.transpose()? else { break };
            self.rest = piece;
        }
        self.expect(self.announced.is_none_or(|announced| self.came == announced))?;
        self.ended = true;
        Ok(())
    }

    fn expect(&self, as_announced: bool) -> Result<(), Error> {
        let came = self.came + self.rest.len() as u64;
        let announced = self.announced.unwrap_or(came);
        as_announced.then_some(()).ok_or(Error::Length { announced, came })
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, task::Poll};

    use super::*;

    const GIB: u64 = 1 << 30;

    fn name() -> Name {
        Name::new("a").unwrap()
    }

    #[test]
    fn parts_are_as_long_as_ten_thousand_of_them_need() {
        let pool = Pool::new(GIB);
        let just = PARTS_AT_MOST * PART_BYTES;
        for length in [0, 1, 5 * GIB, just - 1, just, just + 1, 100 * GIB, 5000 * GIB, 9000 * GIB] {
            let part = pool.part_bytes(Some(length), &name()).unwrap();

            assert!(length.div_ceil(part) <= PARTS_AT_MOST, "{length}");
            assert_eq!(part == PART_BYTES, length <= just, "{length}: no longer than needed");
        }
        assert_eq!(pool.part_bytes(None, &name()).unwrap(), PART_BYTES);
    }

    #[test]
    fn what_needs_longer_parts_than_there_is_memory_is_refused_at_once() {
        let pool = Pool::new(16 << 20);

        let refused = pool.part_bytes(Some(1000 * GIB), &name());

        assert!(matches!(refused, Err(Error::TooLong { .. })), "{refused:?}");
        assert!(pool.part_bytes(Some(100 * GIB), &name()).is_ok());
    }

    #[tokio::test]
    async fn whoever_finds_the_pool_empty_waits_until_somebody_gives_memory_back() {
        let pool = Pool::new(16 << 20);
        let first = pool.take(PART_BYTES).await;
        let second = pool.take(PART_BYTES).await.into_bytes();
        let mut third = Box::pin(pool.take(UNIT));
        let waits = poll_fn(|cx| Poll::Ready(third.as_mut().poll(cx).is_pending())).await;

        drop(second);
        let third = third.await;

        assert!(waits, "there was none");
        assert_eq!(third.bytes.capacity(), UNIT as usize);
        drop((first, third));
        assert_eq!(pool.units.available_permits(), 16 << 4, "all of it is back");
    }
}
