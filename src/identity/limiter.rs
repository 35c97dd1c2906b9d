//! Failed authentications: limited per source in memory, counted without addresses.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::time::Instant;

/// How long failures are remembered.
const WINDOW: Duration = Duration::from_secs(60);
/// Sources remembered one by one; the rest share one place.
const MOST_SOURCES: usize = 65_536;

/// How many authentications failed since last asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// Answered 401.
    pub unknown: u64,
    /// Answered 429.
    pub limited: u64,
}

/// Limits each source.
#[derive(Debug)]
pub(super) struct Limiter {
    /// Failures of one source within a window, after which it is answered 429.
    most_failures: u32,
    window: Mutex<Window>,
    unknown: AtomicU64,
    limited: AtomicU64,
}

#[derive(Debug, Default)]
struct Window {
    began_at: Instant,
    failures: HashMap<Source, u32>,
}

/// Whoever has an IPv6 address has 2^64 of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Source {
    V4([u8; 4]),
    V6([u8; 8]),
    Others,
}

impl Limiter {
    /// Lets each source fail so often in a minute.
    pub(super) fn new(most_failures: u32) -> Self {
        let (unknown, limited) = (AtomicU64::default(), AtomicU64::default());
        Self { most_failures, window: Mutex::default(), unknown, limited }
    }

    /// For how many seconds `address` must wait, if it failed too often.
    pub(super) fn wait_seconds(&self, address: IpAddr, now: Instant) -> Option<u64> {
        let mut window = self.window.lock().expect("no holder of this lock panics");
        window.turn(now);
        let source = window.source(address);
        let failures = window.failures.get(&source).copied().unwrap_or(0);
        let left = WINDOW.saturating_sub(now.since(window.began_at));
        (failures >= self.most_failures).then(|| left.as_secs().max(1))
    }

    /// Takes note of a failure.
    pub(super) fn failed(&self, address: IpAddr, now: Instant) {
        self.unknown.fetch_add(1, Ordering::Relaxed);
        let mut window = self.window.lock().expect("no holder of this lock panics");
        window.turn(now);
        let source = window.source(address);
        let failures = window.failures.entry(source).or_default();
        *failures = failures.saturating_add(1);
    }

    /// Takes note of an answer 429.
    pub(super) fn refused(&self) {
        self.limited.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts `failures` again, which could not be recorded.
    pub(super) fn give_back(&self, failures: Failures) {
        self.unknown.fetch_add(failures.unknown, Ordering::Relaxed);
        self.limited.fetch_add(failures.limited, Ordering::Relaxed);
    }

    /// The failures since this was last asked.
    pub(super) fn take(&self) -> Failures {
        Failures {
            unknown: self.unknown.swap(0, Ordering::Relaxed),
            limited: self.limited.swap(0, Ordering::Relaxed),
        }
    }
}

impl Window {
    /// Forgets everything when the window is over, or the clock went back.
    fn turn(&mut self, now: Instant) {
        if now < self.began_at || now.since(self.began_at) >= WINDOW {
            self.began_at = now;
            self.failures.clear();
        }
    }

    fn source(&self, address: IpAddr) -> Source {
        let source = match address.to_canonical() {
            IpAddr::V4(v4) => Source::V4(v4.octets()),
            IpAddr::V6(v6) => {
                let octets = v6.octets();
                Source::V6(octets[..8].try_into().expect("an address has 16 octets"))
            }
        };
        let known = self.failures.len() < MOST_SOURCES || self.failures.contains_key(&source);
        if known { source } else { Source::Others }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST_FAILURES: u32 = 10;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_source_that_fails_too_often_waits_until_the_window_is_over() {
        let limiter = Limiter::new(MOST_FAILURES);
        let (start, bad, good) =
            (Instant(1_000_000_000), address("192.0.2.1"), address("192.0.2.2"));

        for _ in 0..MOST_FAILURES {
            assert_eq!(limiter.wait_seconds(bad, start), None);
            limiter.failed(bad, start);
        }

        let later = start.plus(Duration::from_secs(20));
        assert_eq!(limiter.wait_seconds(bad, later), Some(40));
        assert_eq!(limiter.wait_seconds(good, later), None);
        assert_eq!(limiter.wait_seconds(bad, start.plus(WINDOW)), None);
    }

    #[test]
    fn a_clock_that_went_back_shuts_nobody_out() {
        let limiter = Limiter::new(MOST_FAILURES);
        let bad = address("192.0.2.1");
        (0..MOST_FAILURES).for_each(|_| limiter.failed(bad, Instant(9_000_000_000)));

        assert_eq!(limiter.wait_seconds(bad, Instant(1_000_000)), None);
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_source() {
        let limiter = Limiter::new(MOST_FAILURES);
        let now = Instant(1_000_000_000);
        for host in 0..MOST_FAILURES {
            limiter.failed(address(&format!("2001:db8:0:1::{host:x}")), now);
        }

        assert!(limiter.wait_seconds(address("2001:db8:0:1:ffff::1"), now).is_some());
        assert!(limiter.wait_seconds(address("2001:db8:0:2::1"), now).is_none());
    }

    #[test]
    fn memory_is_bounded_however_many_sources_fail() {
        let limiter = Limiter::new(MOST_FAILURES);
        let now = Instant(1_000_000_000);
        for host in 0..100_000_u32 {
            limiter.failed(IpAddr::V4(host.into()), now);
        }

        assert!(limiter.window.lock().unwrap().failures.len() <= MOST_SOURCES + 1);
        assert_eq!(limiter.take(), Failures { unknown: 100_000, limited: 0 });
        assert_eq!(limiter.take(), Failures::default());
    }
}
