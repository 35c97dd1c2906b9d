//! Instants as people write them.

use jiff::{Timestamp, ToSpan as _, ZonedDateTime, civil, tz::TimeZone};

use crate::cli::error::Error;

/// What was written.
pub enum Written {
    /// An instant.
    At(Timestamp),
    /// A day, in the reader's own zone.
    Day {
        /// Its first instant.
        begins: Timestamp,
        /// The first of the next day.
        ends: Timestamp,
    },
}

/// Which way a duration counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// From now on.
    Plus,
    /// How long ago.
    Minus,
}

impl Written {
    /// The instant; of a day, its end.
    pub fn end(self) -> Timestamp {
        match self {
            Self::At(instant) | Self::Day { ends: instant, .. } => instant,
        }
    }
}

/// Reads RFC 3339, a day, or a duration.
///
/// # Errors
///
/// If it is none of them.
pub fn written(text: &str, now: Timestamp, span: Span) -> Result<Written, Error> {
    let wrong = || Error::usage("not-an-instant").with("text", text);
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(Written::At(instant));
    }
    if let Ok(day) = text.parse::<civil::Date>() {
        let begins = |day: civil::Date| day.to_zoned_datetime(TimeZone::system());
        let next = day.checked_add(1.day()).map_err(|_| wrong())?;
        let (begins, ends) =
            (begins(day).map_err(|_| wrong())?, begins(next).map_err(|_| wrong())?);
        return Ok(Written::Day { begins: begins.timestamp(), ends: ends.timestamp() });
    }
    let duration: jiff::Span = text.parse().map_err(|_| wrong())?;
    let now = ZonedDateTime::new(now, TimeZone::system());
    let instant = match span {
        Span::Plus => now.checked_add(duration),
        Span::Minus => now.checked_sub(duration),
    };
    Ok(Written::At(instant.map_err(|_| wrong())?.timestamp()))
}
