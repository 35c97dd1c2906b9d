//! Strict text forms that the log's formats share: base64, base64url and decimals (C2SP tlog-checkpoint, signed-note).
//!
//! Each value has exactly one text, so that `format(parse(x)) == x` for all that parses.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};

/// Base64 of RFC 4648 section 4, with padding.
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads what [`base64()`] writes; none for other alphabets, line ends, missing padding or stray trailing bits.
#[must_use]
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Base64url of RFC 4648 section 5, without padding.
#[must_use]
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads what [`base64url`] writes; none for anything else.
#[must_use]
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Reads a decimal from 0 to 2^63-1: digits only, no leading zero.
///
/// `u64::from_str` would take `+5` and `007`.
#[must_use]
pub fn from_decimal(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with('0');
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let value = text.parse::<u64>().ok().filter(|_| canonical && digits)?;
    i64::try_from(value).is_ok().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_one_spelling_of_a_number_is_read() {
        for (text, expected) in
            [("0", 0), ("7", 7), ("10", 10), ("9223372036854775807", i64::MAX as u64)]
        {
            assert_eq!(from_decimal(text), Some(expected), "{text}");
        }
        let others =
            ["", "+5", "-1", "007", "00", " 1", "1 ", "1_0", "0x1", "٣", "9223372036854775808"];
        for text in others {
            assert_eq!(from_decimal(text), None, "{text}");
        }
    }

    #[test]
    fn only_the_one_spelling_of_bytes_is_read() {
        assert_eq!(from_base64("AQI="), Some(vec![1, 2]));
        for text in ["AQI", "AQJ=", "AQI=\n", "AQ I=", "AQI==", "_w=="] {
            assert_eq!(from_base64(text), None, "{text}");
        }
        assert_eq!(from_base64url("AQI"), Some(vec![1, 2]));
        for text in ["AQI=", "AQJ", "/w", "AQI\n"] {
            assert_eq!(from_base64url(text), None, "{text}");
        }
    }
}
