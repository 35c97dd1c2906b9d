//! When a certificate ends: the one field of X.509 that is read here, out of its DER.

use jiff::{civil, tz::TimeZone};

/// The end of a certificate's validity (RFC 5280, section 4.1.2.5), in seconds of the epoch; nothing if it cannot be
/// read.
pub(super) fn ends(certificate: &[u8]) -> Option<i64> {
    let (_, certificate, _) = element(certificate)?;
    let (_, mut fields, _) = element(certificate)?;
    // An explicit version comes first if there is one; then serial number, signature algorithm and issuer.
    let (tag, _, rest) = element(fields)?;
    if tag == 0xa0 {
        fields = rest;
    }
    for _ in 0..3 {
        fields = element(fields)?.2;
    }
    let (_, validity, _) = element(fields)?;
    let (_, _, after_begin) = element(validity)?;
    let (tag, text, _) = element(after_begin)?;
    instant(tag, std::str::from_utf8(text).ok()?)
}

/// The first element: its tag, what it holds, and what follows it (X.690, sections 8.1 and 10.1).
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x83 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0, |length, &byte| length << 8 | usize::from(byte)), rest)
        }
        _ => return None,
    };
    let (held, rest) = rest.split_at_checked(length)?;
    Some((tag, held, rest))
}

/// `UTCTime` (two digits of the year, from 1950) or `GeneralizedTime` (four), in UTC with seconds.
fn instant(tag: u8, text: &str) -> Option<i64> {
    let digits = text.strip_suffix('Z')?;
    let (year, rest) = match (tag, digits.len()) {
        (0x17, 12) => {
            let year: i16 = digits.get(..2)?.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, digits.get(2..)?)
        }
        (0x18, 14) => (digits.get(..4)?.parse().ok()?, digits.get(4..)?),
        _ => return None,
    };
    let two = |at: usize| rest.get(at..at + 2)?.parse::<i8>().ok();
    let date = civil::DateTime::new(year, two(0)?, two(2)?, two(4)?, two(6)?, two(8)?, 0).ok()?;
    Some(TimeZone::UTC.to_timestamp(date).ok()?.as_second())
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn certificate(year: i32) -> Vec<u8> {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 2, 3);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn the_end_is_read_in_both_forms_of_a_date() {
        for (year, seconds) in [(2031, 1_927_843_200), (2061, 2_874_614_400)] {
            assert_eq!(ends(&certificate(year)), Some(seconds), "{year}");
        }
    }

    #[test]
    fn whatever_is_cut_or_changed_gives_nothing_or_an_instant_and_never_breaks() {
        let whole = certificate(2031);

        for cut in 0..120.min(whole.len()) {
            assert_eq!(ends(&whole[..cut]), None, "{cut}");
        }
        for at in 0..whole.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[at] ^= flip;
                let _either = ends(&changed);
            }
        }
    }
}
