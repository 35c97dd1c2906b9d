//! What clients send beside bodies: header fields, tokens, names in paths and queries.

use greffe::{
    audit::ActName,
    database::Address,
    documents::reference,
    http::header::{ETag, MediaType, Preconditions, Requested, attachment, content_digest, served},
    id::{DocumentId, EntryId},
    identity::Token,
    mission::{Prefix, plain},
    storage::{LocationId, Name, location::Country},
    time::Instant,
    vault::recipients::Recipient,
};
use hyper::{
    HeaderMap,
    header::{HeaderName, HeaderValue},
};

use super::text;

/// A field a line, as in a request: conditions, digests, media types.
pub fn headers(bytes: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            let _full = headers.try_append(name, value);
        }
    }
    let _ = content_digest(&headers);
    let current = ETag::strong("current");
    if let Ok(preconditions) = Preconditions::of(&headers) {
        let _ = preconditions.evaluate(&current);
        let names_it = headers.get("if-range").is_none_or(|tag| tag == "\"current\"");
        assert_eq!(preconditions.range_applies(&current), names_it);
    }
    for value in headers.values().filter_map(|value| value.to_str().ok()) {
        if let Ok(media_type) = value.parse::<MediaType>() {
            let again: MediaType = media_type.as_str().parse().expect("it was read");
            assert_eq!(again.as_str(), media_type.as_str());
        }
        let harmless = served(value);
        assert!(!["text/html", "image/svg+xml"].contains(&harmless.essence()), "{value}");
        assert!(!attachment(value).as_bytes().iter().any(u8::is_ascii_control));
    }
}

/// `Range`: a part is never empty and never beyond the content.
pub fn range(bytes: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(bytes.trim_ascii()) else { return };
    for size in [0, 1, 65_536, 1 << 40, u64::MAX] {
        match Requested::of(std::slice::from_ref(&value), size) {
            Requested::Part(span) => assert!(span.start < span.end && span.end <= size),
            Requested::Nothing | Requested::Whole => {}
        }
    }
}

/// Tokens and links: each has one spelling.
pub fn token(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(token) = Token::parse(text) {
        assert_eq!(token.expose().as_str(), text);
        let secret = &text[text.len() - 43..];
        assert!(!format!("{token:?}").contains(secret), "a secret is shown");
    }
}

/// Ids, references, instants, networks, places, recipients, free words: a line each.
pub fn names(bytes: &[u8]) {
    for line in text(bytes).into_iter().flat_map(str::lines) {
        if let Ok(id) = line.parse::<DocumentId>() {
            assert_eq!(id.to_string(), line);
            assert_eq!(line.parse::<EntryId>().map(|id| id.to_string()), Ok(line.to_owned()));
        }
        if let Some(written) = reference::typed(line) {
            assert_eq!(reference::typed(&written).as_ref(), Some(&written));
        }
        if let Ok(instant) = line.parse::<Instant>() {
            assert_eq!(instant.to_string().parse::<Instant>().ok(), Some(instant));
        }
        if let Ok(prefix) = line.parse::<Prefix>() {
            assert_eq!(prefix.to_string().parse::<Prefix>().ok(), Some(prefix));
        }
        if let Ok(country) = line.parse::<Country>() {
            assert_eq!(country.as_str(), line);
        }
        if let Ok(name) = Name::new(line) {
            assert!(!name.as_str().split('/').any(|part| [".", "..", ""].contains(&part)));
        }
        if let Ok(location) = line.parse::<LocationId>() {
            assert_eq!(location.to_string(), line);
        }
        if let Ok(recipient) = line.parse::<Recipient>() {
            assert!(recipient.to_string().parse::<Recipient>().is_ok());
        }
        if plain(line, 200).is_ok() {
            assert!(
                !line.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c))
            );
        }
        let _ = line.parse::<Address>();
        let _ = serde_json::from_value::<ActName>(line.into());
    }
}
