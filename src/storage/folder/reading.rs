//! Reading a file in large blocks, each on a thread made for waiting, the next one ahead.

use std::{
    collections::VecDeque,
    fs::{File, OpenOptions},
    io,
    ops::Range,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures::{FutureExt as _, Stream};
use rustix::{buffer::spare_capacity, fs::OFlags, io::pread};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::storage::{Error, Name, fault, folder::failed};

/// Eight pieces of 64 KiB with the 16 bytes that seal each: a range that begins with one yields whole ones.
const BLOCK_BYTES: u64 = 8 * (64 * 1024 + 16);

/// How many blocks are read before they are asked for.
const AHEAD: usize = 2;

/// The bytes of a range of an open file.
pub(super) struct Blocks {
    source: Arc<Source>,
    /// What is neither read nor being read.
    left: Range<u64>,
    first: Option<Bytes>,
    ahead: VecDeque<JoinHandle<Result<Bytes, Error>>>,
}

struct Source {
    file: File,
    name: Name,
    end: u64,
}

impl Blocks {
    /// Opens `path` and reads the first block; small objects need no more than this one wait.
    pub(super) fn open(path: &Path, name: Name, range: Range<u64>) -> Result<Self, Error> {
        fault("storage::read").map_err(failed("open"))?;
        // Whoever can write in the folder may have put a link or a pipe there.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let opened = OpenOptions::new()
            .read(true)
            .custom_flags(flags.bits().cast_signed())
            .open(path)
            .and_then(|file| Ok((file.metadata()?, file)));
        let (found, file) = match opened {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Error::Missing(name));
            }
            opened => opened.map_err(failed("open"))?,
        };
        if !found.is_file() {
            return Err(Error::Missing(name));
        }
        let source = Source { file, name, end: range.end.max(range.start) };
        if found.len() < source.end {
            return Err(source.short());
        }
        let mut left = range.start..source.end;
        let first = source.block(cut(&mut left))?;
        let first = (!first.is_empty()).then_some(first);
        Ok(Self { source: Arc::new(source), left, first, ahead: VecDeque::new() })
    }

    fn read_ahead(&mut self) {
        while !self.left.is_empty() && self.ahead.len() < AHEAD {
            let (source, block) = (self.source.clone(), cut(&mut self.left));
            self.ahead.push_back(spawn_blocking(move || {
                fault("storage::read").map_err(failed("read"))?;
                source.block(block)
            }));
        }
    }
}

impl Stream for Blocks {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.read_ahead();
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        let Some(next) = self.ahead.front_mut() else { return Poll::Ready(None) };
        let block = ready!(next.poll_unpin(cx));
        self.ahead.pop_front();
        let block = block.unwrap_or_else(|stopped| Err(failed("go on")(io::Error::other(stopped))));
        if block.is_err() {
            self.left = 0..0;
            self.ahead.clear();
        }
        self.read_ahead();
        Poll::Ready(Some(block))
    }
}

impl Source {
    fn block(&self, block: Range<u64>) -> Result<Bytes, Error> {
        let length = usize::try_from(block.end - block.start).expect("a block fits in memory");
        let mut bytes = Vec::with_capacity(length);
        while bytes.len() < length {
            let at = block.start + bytes.len() as u64;
            match pread(&self.file, spare_capacity(&mut bytes), at) {
                Ok(0) => return Err(self.short()),
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(failed("read")(error.into())),
            }
        }
        // The vector may be larger than what was asked for.
        bytes.truncate(length);
        Ok(bytes.into())
    }

    fn short(&self) -> Error {
        Error::Short { name: self.name.clone(), wanted_until: self.end }
    }
}

/// Cuts the next block from what is left.
fn cut(left: &mut Range<u64>) -> Range<u64> {
    let end = left.end.min(left.start.saturating_add(BLOCK_BYTES));
    let block = left.start..end;
    left.start = end;
    block
}
