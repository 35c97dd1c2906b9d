//! Bodies that must not stand still.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep};

use crate::http::server::{
    pace::{Floor, Pace},
    watch::{Running, Watch, locked},
};

/// The client sent its body more slowly than is borne; the answer is 408.
#[derive(Debug, thiserror::Error)]
#[error("the body came too slowly")]
pub struct TooSlow;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A request's body; its error is [`TooSlow`], or what the connection failed with.
pub(super) struct Upload {
    body: Incoming,
    floor: Floor,
    pace: Pace,
    /// Armed while we wait.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Upload {
    pub(super) fn new(body: Incoming, floor: Floor) -> Self {
        Self { body, floor, pace: Pace::default(), alarm: None }
    }

    /// Ends when the client has been too slow.
    fn poll_too_slow(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let now = Instant::now();
            self.pace.wait(now);
            if self.pace.is_too_slow(now, self.floor) {
                return Poll::Ready(());
            }
            let left = self.pace.left(now, self.floor);
            let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep(left)));
            if alarm.is_elapsed() {
                alarm.as_mut().reset(now + left);
            }
            if alarm.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

impl HttpBody for Upload {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => {
                let bytes = match &frame {
                    Some(Ok(frame)) => frame.data_ref().map_or(0, |data| data.len() as u64),
                    _ => 0,
                };
                self.pace.moved(Instant::now(), bytes);
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => self.poll_too_slow(cx).map(|()| Some(Err(TooSlow.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer's body, watched while it is taken.
pub(super) struct Download {
    body: Body,
    pace: Arc<Mutex<Pace>>,
    given: u64,
    _running: Running,
}

impl Download {
    pub(super) fn new(body: Body, watch: &Watch, running: Running) -> Self {
        Self { body, pace: watch.answer(), given: 0, _running: running }
    }
}

impl HttpBody for Download {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        // Asked for more: what was given before has been taken.
        let given = std::mem::take(&mut self.given);
        locked(&self.pace).moved(Instant::now(), given);
        let poll = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &poll {
            self.given = frame.data_ref().map_or(0, |data| data.len() as u64);
            locked(&self.pace).wait(Instant::now());
        }
        poll
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
