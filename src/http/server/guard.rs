//! Hands hyper nothing whose meaning is in doubt.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf as _, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use crate::http::server::{
    Limits,
    framing::{Framing, Head, Malformed},
};

/// An HTTP/1.1 connection of which each head is read whole, and understood, before hyper sees it.
pub(super) struct Guarded<T> {
    stream: T,
    framing: Framing,
    head_bytes: usize,
    head_fields: usize,
    /// What has come of a head that is not complete.
    held: BytesMut,
    /// How much of it was looked at in vain; without another line it is not looked at again.
    looked_at: usize,
    /// What hyper may have.
    ready: BytesMut,
    /// Nothing more is read.
    closed: bool,
    /// Until when what still comes is thrown away.
    linger: Option<Pin<Box<Sleep>>>,
}

/// How long a client that is still sending has to notice the answer. Closed at once, with bytes unread, the system
/// would reset the connection, and the client would lose the refusal with it.
const LINGER: Duration = Duration::from_secs(2);

impl<T> Guarded<T> {
    pub(super) fn new(stream: T, limits: Limits) -> Self {
        Self {
            stream,
            framing: Framing::new(),
            head_bytes: limits.head_bytes,
            head_fields: limits.head_fields,
            held: BytesMut::new(),
            looked_at: 0,
            ready: BytesMut::new(),
            closed: false,
            linger: None,
        }
    }

    /// Moves what is understood from `held` to `ready`.
    fn understand(&mut self) -> io::Result<()> {
        while self.ready.is_empty() && !self.held.is_empty() && !self.closed {
            if !self.framing.awaits_head() {
                let taken = self.framing.body(&self.held).map_err(malformed)?;
                self.ready = self.held.split_to(taken);
                return Ok(());
            }
            let is_too_large = self.is_too_large();
            if !is_too_large && !self.held[self.looked_at..].contains(&b'\n') {
                return Ok(());
            }
            self.looked_at = self.held.len();
            match self.framing.head(&self.held) {
                Head::Complete(length) if length <= self.head_bytes => {
                    self.ready = self.held.split_to(length);
                    self.looked_at = 0;
                }
                Head::Incomplete if !is_too_large => return Ok(()),
                Head::Complete(_) | Head::Incomplete => {
                    self.close_with(&too_large(self.head_bytes));
                }
                // No method begins so: hyper answers 400.
                Head::Ambiguous => self.close_with(b"?\r\n\r\n"),
            }
        }
        Ok(())
    }

    /// Larger than a head may be, or of more lines than it may have, with some to spare for hyper to count.
    fn is_too_large(&self) -> bool {
        let lines = || self.held.iter().filter(|byte| **byte == b'\n').count();
        self.held.len() > self.head_bytes || lines() > 2 * self.head_fields
    }

    fn close_with(&mut self, instead: &[u8]) {
        self.closed = true;
        self.held.clear();
        self.ready = instead.into();
    }
}

/// A head that is larger than hyper is told to take, so that hyper answers 431 at once.
fn too_large(head_bytes: usize) -> Vec<u8> {
    let mut head = b"GET / HTTP/1.1\r\nX: ".to_vec();
    head.resize(head_bytes, b'x');
    head.extend_from_slice(b"\r\n\r\n");
    head
}

fn malformed(error: Malformed) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

impl<T: AsyncRead + Unpin> AsyncRead for Guarded<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            this.understand()?;
            if !this.ready.is_empty() {
                let length = this.ready.len().min(buf.remaining());
                buf.put_slice(&this.ready[..length]);
                this.ready.advance(length);
                return Poll::Ready(Ok(()));
            }
            if this.closed {
                return Poll::Ready(Ok(()));
            }
            if this.framing.awaits_head() {
                let mut space = [0; 4096];
                let mut space = ReadBuf::new(&mut space);
                ready!(Pin::new(&mut this.stream).poll_read(cx, &mut space))?;
                if space.filled().is_empty() {
                    // Half a head, if anything.
                    this.closed = true;
                    this.ready = this.held.split();
                }
                this.held.extend_from_slice(space.filled());
                continue;
            }
            // A body goes straight on; what follows it is held.
            let before = buf.filled().len();
            ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
            let came = &buf.filled()[before..];
            let taken = this.framing.body(came).map_err(malformed)?;
            this.held.extend_from_slice(&came[taken..]);
            buf.set_filled(before + taken);
            return Poll::Ready(Ok(()));
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guarded<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.linger.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
        }
        let linger = this.linger.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        loop {
            if linger.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            let mut space = [0; 16 * 1024];
            let mut space = ReadBuf::new(&mut space);
            match ready!(Pin::new(&mut this.stream).poll_read(cx, &mut space)) {
                Ok(()) if !space.filled().is_empty() => {}
                // It is closed, or broken, which is the same now.
                _ => return Poll::Ready(Ok(())),
            }
        }
    }
}
