//! The language of an answer: what `Accept-Language` prefers of the two that the service speaks.

use std::fmt;

use axum::http::{HeaderMap, header::ACCEPT_LANGUAGE};

/// A language that the service speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// French.
    Fr,
}

impl Language {
    /// The one that a request prefers (RFC 9110, 12.5.4); English if it prefers neither.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let values =
            headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
        let ranges = values.flat_map(|value| value.split(',')).filter_map(range);
        let mut best = (0, Self::default());
        for (language, weight) in ranges {
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }

    /// Its tag (RFC 5646).
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Fr => "fr",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

/// A language of ours and its weight in thousandths.
fn range(text: &str) -> Option<(Language, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let tag = parts.next()?;
    let primary = tag.split('-').next()?;
    let language = match primary.to_ascii_lowercase().as_str() {
        "fr" => Language::Fr,
        "en" | "*" => Language::En,
        _ => return None,
    };
    let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
    let weight = weight.map_or(Some(1.0), |weight| weight.trim().parse::<f32>().ok())?;
    (0.0..=1.0).contains(&weight).then_some((language, (weight * 1000.0) as u16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_of_two_languages_is_spoken() {
        let check = |value: &str, language| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, value.parse().unwrap());
            assert_eq!(Language::of(&headers), language, "{value}");
        };

        check("fr", Language::Fr);
        check("fr-FR,fr;q=0.9,en;q=0.8", Language::Fr);
        check("de, en;q=0.4, FR;q=0.5", Language::Fr);
        check("en-GB, fr", Language::En);
        check("*, fr;q=0.5", Language::En);
        check("fr;q=0", Language::En);
        check("fr;q=nan, fr;q=2, fr;q=x", Language::En);
        check(",;,q=1;;", Language::En);
        assert_eq!(Language::of(&HeaderMap::new()), Language::En);
    }
}
