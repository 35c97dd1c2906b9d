//! `Content-Digest` (RFC 9530): the SHA-256 of the content as it is sent.

use axum::http::{HeaderMap, HeaderName};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::http::{Problem, header::listed};

const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");
const EXPECTED: &str =
    "Content-Digest is written sha-256=:BASE64:, with the 32 bytes of the digest in base64";

/// The SHA-256 that stands in `Content-Digest`; nothing if there is none, or only of other algorithms.
///
/// The field is a dictionary of byte sequences (RFC 8941, 3.2); members that are not `sha-256` are passed over, and the last
/// of two of one name counts.
///
/// # Errors
///
/// A malformed request if the field is no such dictionary, or its SHA-256 has another length.
pub fn content_digest(headers: &HeaderMap) -> Result<Option<[u8; 32]>, Problem> {
    let Some(field) = listed(headers, &CONTENT_DIGEST)? else { return Ok(None) };
    let mut found = None;
    for member in field.split(',').map(|member| member.trim_matches([' ', '\t'])) {
        let (name, bytes) = read(member).ok_or(Problem::malformed(EXPECTED))?;
        if name == "sha-256" {
            let digest = bytes.try_into().map_err(|_| Problem::malformed(EXPECTED))?;
            found = Some(digest);
        }
    }
    Ok(found)
}

/// `name=:base64:`; parameters have no meaning here, and are refused.
fn read(member: &str) -> Option<(&str, Vec<u8>)> {
    let (name, value) = member.split_once('=')?;
    let key =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.*".contains(&byte);
    let named = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '*');
    if !named || !name.bytes().all(key) {
        return None;
    }
    let value = value.strip_prefix(':')?.strip_suffix(':')?;
    Some((name, STANDARD.decode(value).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(values: &[&str]) -> Result<Option<[u8; 32]>, Problem> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CONTENT_DIGEST, value.parse().unwrap());
        }
        content_digest(&headers)
    }

    #[test]
    fn a_sha_256_is_read_among_others() {
        let good = format!("sha-256=:{}:", STANDARD.encode([7; 32]));

        assert_eq!(digest(&[]).unwrap(), None);
        assert_eq!(digest(&[&good]).unwrap(), Some([7; 32]));
        assert_eq!(digest(&[&format!("sha-512=:AAAA:, {good}")]).unwrap(), Some([7; 32]));
        assert_eq!(digest(&["md5=:AAAA:"]).unwrap(), None);
        let other = format!("sha-256=:{}:", STANDARD.encode([8; 32]));
        assert_eq!(digest(&[&good, &other]).unwrap(), Some([8; 32]));
    }

    #[test]
    fn anything_else_is_malformed() {
        let text = STANDARD.encode([7; 32]);
        for value in [
            "".to_owned(),
            text.clone(),
            format!("sha-256={text}"),
            format!("sha-256=:{text}"),
            format!("SHA-256=:{text}:"),
            format!("sha-256=:{}:", &text[..40]),
            format!("sha-256=:{text}:;q=1"),
            format!("sha-256=:{text}:,"),
            "sha-256=:&&&&:".to_owned(),
            "=::".to_owned(),
        ] {
            let answer = digest(&[&value]);
            assert!(answer.is_err(), "{value}");
            assert_eq!(answer.unwrap_err().status().as_u16(), 400);
        }
    }
}
