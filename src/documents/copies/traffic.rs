//! What is read and deposited just now: scrubbing and moving give way to it.

use std::{
    sync::{
        Arc,
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
}

/// A transfer that runs until it is dropped.
#[derive(Debug)]
pub(in crate::documents) struct Transfer(Traffic);

/// A piece of upkeep that gives way to transfers.
#[derive(Debug)]
pub(super) struct Upkeep {
    traffic: Traffic,
    /// When it last went on, and how many transfers had been begun then.
    since: Instant,
    begun: u64,
}

impl Traffic {
    /// Takes note of a transfer.
    pub(in crate::documents) fn begin(&self) -> Transfer {
        self.0.running.fetch_add(1, Ordering::Relaxed);
        self.0.begun.fetch_add(1, Ordering::Relaxed);
        Transfer(self.clone())
    }

    /// How many run.
    pub(in crate::documents) fn running(&self) -> u64 {
        self.0.running.load(Ordering::Relaxed)
    }

    /// Begins a piece of upkeep.
    pub(super) fn upkeep(&self) -> Upkeep {
        let begun = self.0.begun.load(Ordering::Relaxed);
        Upkeep { traffic: self.clone(), since: Instant::now(), begun }
    }
}

impl Upkeep {
    /// Waits, if anything was transferred since it last went on, nine times as long as it worked since then.
    pub(super) async fn give_way(&mut self) {
        let Counts { running, begun } = &*self.traffic.0;
        let (running, begun) = (running.load(Ordering::Relaxed), begun.load(Ordering::Relaxed));
        if running > 0 || begun != self.begun {
            sleep((self.since.elapsed() * (WORKED - 1)).min(LONGEST)).await;
        }
        (self.since, self.begun) = (Instant::now(), begun);
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        self.0.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}
