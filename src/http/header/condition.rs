//! Preconditions (RFC 9110, 13): `If-Match`, `If-None-Match`, `If-Range`, over entity tags.
//!
//! A version never changes, so its id is a strong validator. No `Last-Modified` is sent, so conditions on dates are passed
//! over, and a date in `If-Range` matches nothing.

use std::fmt;

use axum::http::{
    HeaderMap, HeaderValue,
    header::{IF_MATCH, IF_NONE_MATCH, IF_RANGE},
};

use crate::http::{Problem, header::listed};

/// An entity tag (RFC 9110, 8.8.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ETag {
    weak: bool,
    opaque: String,
}

impl ETag {
    /// A strong one; `opaque` is an id.
    #[must_use]
    pub fn strong(opaque: impl fmt::Display) -> Self {
        Self { weak: false, opaque: opaque.to_string() }
    }

    /// What stands between the quotation marks.
    #[must_use]
    pub fn opaque(&self) -> &str {
        &self.opaque
    }

    /// As a header's value.
    #[must_use]
    pub fn to_header(&self) -> HeaderValue {
        HeaderValue::try_from(self.to_string()).expect("a tag of visible characters is a value")
    }

    /// Whether both stand for the same bytes (RFC 9110, 8.8.3.2).
    fn is_strongly(&self, other: &Self) -> bool {
        !self.weak && !other.weak && self.opaque == other.opaque
    }

    /// Reads one tag and gives what follows it.
    fn read(text: &str) -> Option<(Self, &str)> {
        let (weak, rest) = match text.strip_prefix("W/") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (opaque, rest) = rest.strip_prefix('"')?.split_once('"')?;
        let visible = opaque.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
        visible.then(|| (Self { weak, opaque: opaque.to_owned() }, rest))
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\"{}\"", if self.weak { "W/" } else { "" }, self.opaque)
    }
}

/// What a condition lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tags {
    /// `*`: whatever is there.
    Any,
    /// One of these.
    Listed(Vec<ETag>),
}

impl Tags {
    fn parse(value: &str) -> Option<Self> {
        let blank = [' ', '\t'];
        let mut rest = value.trim_matches(blank);
        if rest == "*" {
            return Some(Self::Any);
        }
        let mut tags = Vec::new();
        while !rest.is_empty() {
            // Empty members of a list are passed over (RFC 9110, 5.6.1).
            if let Some(after) = rest.strip_prefix(',') {
                rest = after.trim_start_matches(blank);
                continue;
            }
            let (tag, after) = ETag::read(rest)?;
            tags.push(tag);
            rest = after.trim_start_matches(blank);
            if !rest.is_empty() && !rest.starts_with(',') {
                return None;
            }
        }
        (!tags.is_empty()).then_some(Self::Listed(tags))
    }

    /// Those that are compared byte for byte: weak ones match nothing there.
    pub fn strong(&self) -> Option<impl Iterator<Item = &ETag>> {
        match self {
            Self::Any => None,
            Self::Listed(tags) => Some(tags.iter().filter(|tag| !tag.weak)),
        }
    }
}

/// The conditions of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preconditions {
    /// `If-Match`.
    pub matching: Option<Tags>,
    /// `If-None-Match`.
    pub none_matching: Option<Tags>,
    /// `If-Range`: the tag, or something that matches nothing.
    range: Option<Option<ETag>>,
}

/// What the conditions leave of a `GET` or `HEAD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// To be answered; with the range that is asked for, if it is [`Preconditions::range_applies`].
    Everything,
    /// 304: the client has it.
    NotModified,
    /// 412: it is another.
    Failed,
}

impl Preconditions {
    /// Of a request.
    ///
    /// # Errors
    ///
    /// A malformed request if `If-Match` or `If-None-Match` is no list of tags: to pass over it would lose a guard.
    pub fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let tags = |name| {
            let Some(value) = listed(headers, &name)? else { return Ok(None) };
            let says = || format!("{name} is * or a list of tags in quotation marks: \"…\"");
            Tags::parse(&value).map(Some).ok_or_else(|| Problem::malformed(says()))
        };
        let range = headers.get(IF_RANGE).map(|value| {
            let (tag, rest) = ETag::read(value.to_str().ok()?)?;
            rest.is_empty().then_some(tag)
        });
        Ok(Self { matching: tags(IF_MATCH)?, none_matching: tags(IF_NONE_MATCH)?, range })
    }

    /// What they leave of reading the representation `current`, in the order of RFC 9110, 13.2.2.
    #[must_use]
    pub fn evaluate(&self, current: &ETag) -> Left {
        let matches = |tags: &Option<Tags>| match tags {
            None => None,
            Some(Tags::Any) => Some((true, true)),
            Some(Tags::Listed(tags)) => Some((
                tags.iter().any(|tag| tag.is_strongly(current)),
                tags.iter().any(|tag| tag.opaque == current.opaque),
            )),
        };
        match (matches(&self.matching), matches(&self.none_matching)) {
            (Some((false, _)), _) => Left::Failed,
            (_, Some((_, true))) => Left::NotModified,
            _ => Left::Everything,
        }
    }

    /// Whether `Range` counts for the representation `current` (RFC 9110, 13.1.5).
    #[must_use]
    pub fn range_applies(&self, current: &ETag) -> bool {
        match &self.range {
            None => true,
            Some(tag) => tag.as_ref().is_some_and(|tag| tag.is_strongly(current)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn left(pairs: &[(&'static str, &str)]) -> Left {
        conditions(pairs).unwrap().evaluate(&ETag::strong("v"))
    }

    fn conditions(pairs: &[(&'static str, &str)]) -> Result<Preconditions, Problem> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        Preconditions::of(&headers)
    }

    #[test]
    fn a_client_that_has_the_version_is_told_so() {
        for value in ["\"v\"", "W/\"v\"", "*", "\"a\", \"v\"", ", \"v\" ,"] {
            assert_eq!(left(&[("if-none-match", value)]), Left::NotModified, "{value}");
        }
        assert_eq!(
            left(&[("if-none-match", "\"a\""), ("if-none-match", "\"v\"")]),
            Left::NotModified
        );
        assert_eq!(left(&[("if-none-match", "\"a\"")]), Left::Everything);
        assert_eq!(left(&[]), Left::Everything);
    }

    #[test]
    fn a_match_is_strong() {
        assert_eq!(left(&[("if-match", "\"v\"")]), Left::Everything);
        assert_eq!(left(&[("if-match", "*")]), Left::Everything);
        assert_eq!(left(&[("if-match", "W/\"v\"")]), Left::Failed);
        assert_eq!(left(&[("if-match", "\"a\"")]), Left::Failed);
        assert_eq!(left(&[("if-match", "\"a\""), ("if-none-match", "*")]), Left::Failed);
    }

    #[test]
    fn a_range_counts_for_the_version_that_it_was_begun_with() {
        let applies = |value| {
            let conditions = conditions(&[("if-range", value)]).unwrap();
            conditions.range_applies(&ETag::strong("v"))
        };

        assert!(applies("\"v\""));
        for value in ["\"a\"", "W/\"v\"", "Wed, 01 Jan 2025 00:00:00 GMT", "v", "\"v\"x"] {
            assert!(!applies(value), "{value}");
        }
        assert!(Preconditions::default().range_applies(&ETag::strong("v")));
    }

    #[test]
    fn a_condition_that_does_not_read_is_refused_and_not_passed_over() {
        for value in ["", ",", "v", "\"v", "\"v\" \"w\"", "*, \"v\"", "w/\"v\"", "\"a b\""] {
            for name in ["if-match", "if-none-match"] {
                let refused = conditions(&[(name, value)]).unwrap_err();
                assert_eq!(refused.status().as_u16(), 400, "{name}: {value}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_listed_is_found(tags in prop::collection::vec("[!#-~]{0,9}", 1..5), at: prop::sample::Index) {
            let listed = tags.iter().map(|tag| ETag::strong(tag).to_string());
            let value = listed.collect::<Vec<_>>().join(",");
            let current = ETag::strong(at.get(&tags));

            let conditions = conditions(&[("if-match", &value)]).unwrap();

            prop_assert_eq!(conditions.evaluate(&current), Left::Everything);
            let header = current.to_header();
            prop_assert_eq!(header.to_str().unwrap(), current.to_string());
        }
    }
}
