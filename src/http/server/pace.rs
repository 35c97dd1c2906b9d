//! How fast the other end is, while it is its turn.

use std::time::Duration;

use tokio::time::Instant;

/// The least that is borne.
#[derive(Debug, Clone, Copy)]
pub(super) struct Floor {
    pub(super) bytes_per_second: u64,
    pub(super) window: Duration,
}

/// Bytes and the time spent waiting for them; our own slowness does not count.
#[derive(Debug, Default)]
pub(super) struct Pace {
    bytes: u64,
    waited: Duration,
    /// Since when it is the other end's turn.
    since: Option<Instant>,
}

impl Pace {
    /// It is the other end's turn.
    pub(super) fn wait(&mut self, now: Instant) {
        self.since.get_or_insert(now);
    }

    /// It has moved so many bytes, and it is our turn.
    pub(super) fn moved(&mut self, now: Instant, bytes: u64) {
        self.bytes += bytes;
        if let Some(since) = self.since.take() {
            self.waited += now.saturating_duration_since(since);
        }
    }

    /// Whether it is the other end's turn.
    pub(super) fn is_waiting(&self) -> bool {
        self.since.is_some()
    }

    /// Whether it was too slow over a whole window; a window that was fast enough is forgotten.
    pub(super) fn is_too_slow(&mut self, now: Instant, floor: Floor) -> bool {
        let waited = self.waited_until(now);
        if waited < floor.window {
            return false;
        }
        let least = u128::from(floor.bytes_per_second) * waited.as_millis() / 1000;
        if u128::from(self.bytes) < least {
            return true;
        }
        let since = self.since.map(|_| now);
        *self = Self { since, ..Self::default() };
        false
    }

    /// How long until a window is over, if it stays the other end's turn.
    pub(super) fn left(&self, now: Instant, floor: Floor) -> Duration {
        floor.window.saturating_sub(self.waited_until(now))
    }

    fn waited_until(&self, now: Instant) -> Duration {
        self.waited
            + self.since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOOR: Floor = Floor { bytes_per_second: 100, window: Duration::from_secs(10) };

    #[test]
    fn only_the_other_ends_slowness_counts() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut pace = Pace::default();

        pace.wait(at(0));
        pace.moved(at(5), 10);
        let our_turn = pace.is_too_slow(at(500), FLOOR);
        pace.wait(at(500));
        let not_yet = pace.is_too_slow(at(504), FLOOR);
        let now = pace.is_too_slow(at(505), FLOOR);

        assert_eq!((our_turn, not_yet, now), (false, false, true));
    }

    #[test]
    fn a_fast_past_does_not_buy_a_slow_present() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut pace = Pace::default();

        pace.wait(at(0));
        pace.moved(at(10), 1_000_000);
        pace.wait(at(10));
        let fast = pace.is_too_slow(at(11), FLOOR);
        let slow = pace.is_too_slow(at(21), FLOOR);

        assert_eq!((fast, slow), (false, true));
    }

    #[test]
    fn the_slowest_that_is_borne_is_borne_for_ever() {
        let start = Instant::now();
        let mut pace = Pace::default();

        for second in 0..100 {
            let now = start + Duration::from_secs(second);
            pace.moved(now, 100);
            assert!(!pace.is_too_slow(now, FLOOR), "after {second} s");
            pace.wait(now);
        }
    }
}
