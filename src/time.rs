//! Instants: microseconds since 1970 in UTC, and the clock that gives them.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(pub i64);

impl Instant {
    /// This instant and `duration`.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// `duration` before this instant.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero if it is not.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// RFC 3339 in UTC, to the second, as an entry of the log says it.
    #[must_use]
    pub fn to_second(self) -> String {
        let seconds = Timestamp::from_second(self.0.div_euclid(1_000_000));
        seconds.unwrap_or(Timestamp::MAX).to_string()
    }

    /// The calendar month in UTC, e.g. `2026-11`.
    #[must_use]
    pub fn month(self) -> String {
        self.to_second()[..7].to_owned()
    }

    /// The calendar year in UTC.
    #[must_use]
    pub fn year(self) -> u16 {
        self.to_second()[..4].parse().unwrap_or(u16::MAX)
    }

    /// The calendar month in UTC that is so many before this one.
    #[must_use]
    pub fn months_ago(self, months: u32) -> String {
        self.ago(Span::new().try_months(months).unwrap_or_default()).month()
    }

    /// The same day and time in UTC, so many years ago; 29 February becomes the 28th.
    #[must_use]
    pub fn years_ago(self, years: u32) -> Self {
        self.ago(Span::new().try_years(years).unwrap_or_default())
    }

    /// The calendar date in UTC.
    #[must_use]
    pub fn date(self) -> Date {
        self.timestamp().to_zoned_datetime(TimeZone::UTC).date()
    }

    fn ago(self, span: Span) -> Self {
        let now = self.timestamp().to_zoned_datetime(TimeZone::UTC);
        let then = now.checked_sub(span).map(|then| then.timestamp().as_microsecond());
        Self(then.unwrap_or(i64::MIN))
    }

    fn timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).unwrap_or(Timestamp::MAX)
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.timestamp().fmt(f)
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Instant {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        text.parse::<Timestamp>().map(|timestamp| Self(timestamp.as_microsecond()))
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Gives the present instant. Time is an argument: whoever needs it is handed one of these.
#[derive(Clone, Debug)]
pub struct Clock {
    /// The system's clock less what has passed since the machine was started, as it was at first.
    began: i64,
    steps: Arc<Steps>,
}

/// What tests add to a clock, in microseconds.
#[derive(Debug, Default)]
struct Steps {
    /// The clock was set to another time.
    set: AtomicI64,
    /// Time passed.
    passed: AtomicI64,
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self { began: Timestamp::now().as_microsecond() - uptime(), steps: Arc::default() }
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Instant {
        let steps = [&self.steps.set, &self.steps.passed].map(|step| step.load(Ordering::Relaxed));
        Instant(Timestamp::now().as_microsecond() + steps.iter().sum::<i64>())
    }

    /// How far it was set forward while it ran, as the machine's own count of time shows; zero if it was set back.
    #[must_use]
    pub fn leapt(&self) -> Duration {
        let set = Timestamp::now().as_microsecond() - uptime() - self.began;
        let set = set + self.steps.set.load(Ordering::Relaxed);
        Duration::from_micros(u64::try_from(set).unwrap_or(0))
    }

    /// Sets this clock (and its clones) forward or back by so many seconds, as a wrong or corrected clock would be.
    pub fn step_seconds(&self, seconds: i64) {
        self.steps.set.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }

    /// Lets so many seconds pass for this clock (and its clones).
    pub fn pass_seconds(&self, seconds: i64) {
        self.steps.passed.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }
}

/// Since the machine was started, in microseconds, sleep counted in: nobody sets that.
fn uptime() -> i64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    time.tv_sec * 1_000_000 + time.tv_nsec / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_to_the_second_and_by_month() {
        let instant: Instant = "2026-01-01T00:00:00.123456Z".parse().unwrap();

        assert_eq!(instant.to_second(), "2026-01-01T00:00:00Z");
        assert_eq!(instant.month(), "2026-01");
        assert_eq!(instant.year(), 2026);
        assert_eq!(instant.to_string(), "2026-01-01T00:00:00.123456Z");
    }

    #[test]
    fn a_clock_that_is_set_forward_has_leapt_and_one_for_which_time_passes_has_not() {
        let clock = Clock::system();

        clock.pass_seconds(366 * 24 * 3600);
        let passed = clock.leapt();
        clock.step_seconds(-3600);
        let back = clock.leapt();
        clock.step_seconds(2 * 3600);
        let forward = clock.leapt();

        assert!(passed < Duration::from_secs(60) && back.is_zero(), "{passed:?} {back:?}");
        assert!(forward > Duration::from_secs(3540), "{forward:?}");
        assert!(clock.now() > Clock::system().now());
    }

    #[test]
    fn months_and_years_ago_are_those_of_the_calendar() {
        let instant: Instant = "2028-02-29T12:00:00Z".parse().unwrap();

        assert_eq!(instant.months_ago(12), "2027-02");
        assert_eq!(instant.months_ago(0), "2028-02");
        assert_eq!(instant.months_ago(14), "2026-12");
        assert_eq!(instant.years_ago(5).to_string(), "2023-02-28T12:00:00Z");
        assert_eq!(instant.date().to_string(), "2028-02-29");
    }
}
