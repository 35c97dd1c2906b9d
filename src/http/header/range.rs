//! `Range` (RFC 9110, 14): one range of bytes; several are answered with the whole.

use std::ops::Range;

use axum::http::HeaderValue;

/// What `Range` asks of a content of a known length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requested {
    /// All of it: no range, several, or none that is understood.
    Whole,
    /// These bytes, at least one.
    Part(Span),
    /// None that exists.
    Nothing,
}

/// Bytes of a content: from, up to but not including.
pub type Span = Range<u64>;

impl Requested {
    /// What the values of `Range` ask of a content of `size` bytes. What does not read is passed over (RFC 9110, 14.2).
    #[must_use]
    pub fn of(values: &[HeaderValue], size: u64) -> Self {
        match values {
            [value] => value.to_str().ok().and_then(|value| parse(value, size)),
            _ => None,
        }
        .unwrap_or(Self::Whole)
    }
}

/// Nothing if it is not one range of bytes.
fn parse(value: &str, size: u64) -> Option<Requested> {
    let (unit, set) = value.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let mut specs = set.split(',').map(|spec| spec.trim_matches([' ', '\t']));
    let mut specs = specs.by_ref().filter(|spec| !spec.is_empty());
    let (spec, None) = (specs.next()?, specs.next()) else { return None };
    let (first, last) = spec.split_once('-')?;
    let span = match (first, last) {
        ("", suffix) => match number(suffix)? {
            // The last bytes of nothing cannot be written as a Content-Range; the whole says it.
            count if size == 0 && count > 0 => return Some(Requested::Whole),
            count => size.saturating_sub(count)..size,
        },
        (first, "") => number(first)?..size,
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            first..last.saturating_add(1).min(size)
        }
    };
    Some(if span.is_empty() { Requested::Nothing } else { Requested::Part(span) })
}

/// Digits only; more than 2^64 - 1 is as good as that.
fn number(digits: &str) -> Option<u64> {
    let all = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// `Content-Range` of a part.
#[must_use]
pub fn content_range(span: &Span, size: u64) -> HeaderValue {
    let text = format!("bytes {}-{}/{size}", span.start, span.end.saturating_sub(1));
    HeaderValue::try_from(text).expect("digits are a header's value")
}

/// `Content-Range` of an answer that no range satisfies.
#[must_use]
pub fn unsatisfied(size: u64) -> HeaderValue {
    HeaderValue::try_from(format!("bytes */{size}")).expect("digits are a header's value")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked(value: &str, size: u64) -> Requested {
        Requested::of(&[value.parse().unwrap()], size)
    }

    #[test]
    fn one_range_is_a_part() {
        for (value, size, span) in [
            ("bytes=0-0", 10, 0..1),
            ("bytes=0-9", 10, 0..10),
            ("bytes=3-", 10, 3..10),
            ("bytes=3-99", 10, 3..10),
            ("bytes=-3", 10, 7..10),
            ("bytes=-30", 10, 0..10),
            ("Bytes = 1-2", 10, 1..3),
            ("bytes=1-99999999999999999999999", 10, 1..10),
            ("bytes=,1-2,", 10, 1..3),
        ] {
            assert_eq!(asked(value, size), Requested::Part(span), "{value}");
        }
        assert_eq!(content_range(&(3..10), 10), "bytes 3-9/10");
    }

    #[test]
    fn a_range_that_is_not_there_is_nothing() {
        for (value, size) in
            [("bytes=10-", 10), ("bytes=10-12", 10), ("bytes=-0", 10), ("bytes=0-", 0)]
        {
            assert_eq!(asked(value, size), Requested::Nothing, "{value}");
        }
        assert_eq!(unsatisfied(10), "bytes */10");
    }

    #[test]
    fn whatever_is_not_one_range_of_bytes_asks_for_the_whole() {
        for value in [
            "bytes=0-1,3-4",
            "bytes=5-4",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=1 - 2",
            "lines=1-2",
            "bytes",
            "bytes=1-2-3",
        ] {
            assert_eq!(asked(value, 10), Requested::Whole, "{value}");
        }
        assert_eq!(asked("bytes=-5", 0), Requested::Whole);
        assert_eq!(Requested::of(&[], 10), Requested::Whole);
        let twice = ["bytes=0-1", "bytes=3-4"].map(HeaderValue::from_static);
        assert_eq!(Requested::of(&twice, 10), Requested::Whole);
    }

    proptest! {
        #[test]
        fn a_part_is_never_empty_and_never_beyond(value in "bytes=[-0-9, ]{0,30}|[ -~]{0,20}", size: u64) {
            if let Requested::Part(span) = asked(&value, size) {
                prop_assert!(span.start < span.end && span.end <= size);
            }
        }
    }
}
