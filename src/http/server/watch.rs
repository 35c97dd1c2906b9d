//! What is known of one connection while it is open, and when it has to end.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};

use crate::http::server::{
    Limits,
    pace::{Floor, Pace},
};

/// One connection, as its requests, its answers and its socket report it.
#[derive(Debug)]
pub(super) struct Watch {
    limits: Limits,
    begun: Instant,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    requests: u64,
    running: usize,
    quiet_since: Instant,
    /// How fast the socket takes what we write.
    socket: Pace,
    /// How fast each answer that is under way is taken; in HTTP/2 one can stand still alone.
    answers: Vec<Weak<Mutex<Pace>>>,
}

/// What is to be done with a connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing before so long.
    LookAgain(Duration),
    /// Nothing is asked: end it politely.
    Idle,
    /// The other end is too slow: end it.
    Slow(&'static str),
}

impl Watch {
    pub(super) fn new(limits: Limits, begun: Instant) -> Arc<Self> {
        let state = State {
            requests: 0,
            running: 0,
            quiet_since: begun,
            socket: Pace::default(),
            answers: Vec::new(),
        };
        Arc::new(Self { limits, begun, state: Mutex::new(state) })
    }

    pub(super) fn floor(&self) -> Floor {
        Floor {
            bytes_per_second: self.limits.floor_bytes_per_second,
            window: self.limits.floor_window,
        }
    }

    /// A request's head has come.
    pub(super) fn request(self: &Arc<Self>) -> Running {
        let mut state = self.state();
        state.requests += 1;
        state.running += 1;
        Running(self.clone())
    }

    /// An answer is under way.
    pub(super) fn answer(&self) -> Arc<Mutex<Pace>> {
        let pace = Arc::new(Mutex::default());
        let mut state = self.state();
        state.answers.retain(|answer| answer.strong_count() > 0);
        state.answers.push(Arc::downgrade(&pace));
        pace
    }

    pub(super) fn look(&self, now: Instant) -> Verdict {
        let floor = self.floor();
        let mut state = self.state();
        if state.requests == 0 && now >= self.begun + self.limits.first_request {
            return Verdict::Slow("no request came in time");
        }
        if state.socket.is_too_slow(now, floor) {
            return Verdict::Slow("what was written was not taken");
        }
        for answer in state.answers.iter().filter_map(Weak::upgrade) {
            if locked(&answer).is_too_slow(now, floor) {
                return Verdict::Slow("an answer was not taken");
            }
        }
        let quiet = now.saturating_duration_since(state.quiet_since);
        if state.running == 0 && quiet >= self.limits.idle {
            return Verdict::Idle;
        }
        let until_first = match state.requests {
            0 => (self.begun + self.limits.first_request).saturating_duration_since(now),
            _ => Duration::MAX,
        };
        let often = floor.window / 4;
        Verdict::LookAgain(often.min(until_first).min(self.limits.idle / 4))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request that has not been answered to its end.
#[derive(Debug)]
pub(super) struct Running(Arc<Watch>);

impl Drop for Running {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.running -= 1;
        state.quiet_since = Instant::now();
    }
}

/// A socket that reports how fast it takes what is written.
pub(super) struct Watched<T> {
    socket: T,
    watch: Arc<Watch>,
}

impl<T> Watched<T> {
    pub(super) fn new(socket: T, watch: Arc<Watch>) -> Self {
        Self { socket, watch }
    }

    fn report<R>(&self, poll: &Poll<std::io::Result<R>>, written: impl FnOnce(&R) -> u64) {
        let mut state = self.watch.state();
        let now = Instant::now();
        match poll {
            Poll::Pending => state.socket.wait(now),
            Poll::Ready(Ok(done)) => {
                // The end of an answer is still being taken; a ping of ours that goes out at once is no reason.
                if state.socket.is_waiting() {
                    state.quiet_since = now;
                }
                state.socket.moved(now, written(done));
            }
            Poll::Ready(Err(_)) => {}
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let poll = Pin::new(&mut self.socket).poll_write(cx, buf);
        self.report(&poll, |written| *written as u64);
        poll
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        let poll = Pin::new(&mut self.socket).poll_write_vectored(cx, bufs);
        self.report(&poll, |written| *written as u64);
        poll
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
