//! What is read and deposited just now: scrubbing and moving give way to it.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep};

/// Of the time that upkeep has beside transfers, this part is worked, the rest is waited: one in so many.
const WORKED: u32 = 10;
/// Longest that upkeep waits at once.
const LONGEST: Duration = Duration::from_millis(500);

/// Transfers that run, and how many were begun.
#[derive(Clone, Debug, Default)]
pub(in crate::documents) struct Traffic(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    running: AtomicU64,
    begun: AtomicU64,
    /// When upkeep last went on, and how many transfers had been begun then.
    seen: Mutex<Option<(Instant, u64)>>,
}

/// A transfer that runs until it is dropped.
#[derive(Debug)]
pub(in crate::documents) struct Transfer(Traffic);

impl Traffic {
    /// Takes note of a transfer.
    pub(in crate::documents) fn begin(&self) -> Transfer {
        self.0.running.fetch_add(1, Ordering::Relaxed);
        self.0.begun.fetch_add(1, Ordering::Relaxed);
        Transfer(self.clone())
    }

    /// Waits, if anything was transferred since upkeep last went on, nine times as long as it worked since then.
    pub(super) async fn give_way(&self) {
        let begun = self.0.begun.load(Ordering::Relaxed);
        let running = self.0.running.load(Ordering::Relaxed);
        let before = self.seen(begun);
        if let Some((at, before)) = before
            && (running > 0 || begun != before)
        {
            sleep((at.elapsed() * (WORKED - 1)).min(LONGEST)).await;
            self.seen(begun);
        }
    }

    fn seen(&self, begun: u64) -> Option<(Instant, u64)> {
        let mut seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.replace((Instant::now(), begun))
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        self.0.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}
