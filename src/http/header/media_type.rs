//! Media types: what a depositor declares is kept, what a reader's browser could run is not said to it.

use std::{fmt, str::FromStr};

/// Served of whatever is not known to be harmless.
const OCTET_STREAM: &str = "application/octet-stream";
/// Longest, in bytes.
const LONGEST: usize = 255;

/// Types that no browser runs, whatever it does with an attachment; the rest is served as [`OCTET_STREAM`].
const HARMLESS: &[&str] = &[
    "application/gzip",
    "application/json",
    "application/msword",
    "application/pdf",
    "application/rtf",
    "application/x-7z-compressed",
    "application/x-tar",
    "application/zip",
    "application/zstd",
    "image/avif",
    "image/bmp",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/tiff",
    "image/webp",
    "text/csv",
    "text/markdown",
    "text/plain",
    "text/tab-separated-values",
];
/// Beginnings of further ones: office documents, sound, film.
const HARMLESS_BEGINNINGS: &[&str] = &[
    "application/vnd.ms-",
    "application/vnd.oasis.opendocument.",
    "application/vnd.openxmlformats-officedocument.",
    "audio/",
    "video/",
];

/// Why a text is no media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a media type is written type/subtype, with parameters as in text/plain; charset=utf-8")]
pub struct NotAMediaType;

/// A media type (RFC 9110, 8.3.1), its names in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaType {
    text: String,
    essence: usize,
}

impl MediaType {
    /// Type and subtype, without parameters.
    #[must_use]
    pub fn essence(&self) -> &str {
        &self.text[..self.essence]
    }

    /// Whole.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl Default for MediaType {
    fn default() -> Self {
        Self { text: OCTET_STREAM.to_owned(), essence: OCTET_STREAM.len() }
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for MediaType {
    type Err = NotAMediaType;

    fn from_str(text: &str) -> Result<Self, NotAMediaType> {
        if text.len() > LONGEST {
            return Err(NotAMediaType);
        }
        let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
        let essence = essence.trim_matches([' ', '\t']).to_ascii_lowercase();
        let (kind, subtype) = essence.split_once('/').ok_or(NotAMediaType)?;
        if !is_token(kind) || !is_token(subtype) {
            return Err(NotAMediaType);
        }
        let mut text = essence.clone();
        for parameter in split(parameters) {
            let parameter = parameter.trim_matches([' ', '\t']);
            if parameter.is_empty() {
                continue;
            }
            let (name, value) = parameter.split_once('=').ok_or(NotAMediaType)?;
            if !is_token(name) || !(is_token(value) || is_quoted(value)) {
                return Err(NotAMediaType);
            }
            text.push_str("; ");
            text.push_str(&name.to_ascii_lowercase());
            text.push('=');
            text.push_str(value);
        }
        Ok(Self { text, essence: essence.len() })
    }
}

/// At semicolons that stand outside of quotation marks.
fn split(parameters: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    parameters.split(move |c| {
        let was_escaped = escaped;
        escaped = quoted && c == '\\' && !was_escaped;
        if c == '"' && !was_escaped {
            quoted = !quoted;
        }
        c == ';' && !quoted
    })
}

fn is_token(text: &str) -> bool {
    let is_tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_tchar)
}

fn is_quoted(text: &str) -> bool {
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let mut escaped = false;
    inner.is_some_and(|inner| {
        let good = inner.bytes().all(|byte| {
            let visible = matches!(byte, b' ' | b'\t' | 0x21..=0x7e);
            let was_escaped = escaped;
            escaped = byte == b'\\' && !was_escaped;
            visible && (byte != b'"' || was_escaped)
        });
        good && !escaped
    })
}

/// How a content of a declared type is served: as declared where that is harmless.
#[must_use]
pub fn served(declared: &str) -> MediaType {
    let Ok(declared) = declared.parse::<MediaType>() else { return MediaType::default() };
    let essence = declared.essence();
    let harmless = HARMLESS.contains(&essence)
        || HARMLESS_BEGINNINGS.iter().any(|beginning| essence.starts_with(beginning));
    // Office documents in XML have a subtype of their own; whatever ends in +xml is XML that a browser shows.
    if harmless && !essence.ends_with("+xml") { declared } else { MediaType::default() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_declared_type_is_kept_in_one_spelling() {
        let check = |text: &str, read: &str| {
            assert_eq!(text.parse::<MediaType>().unwrap().as_str(), read, "{text}");
        };

        check("application/pdf", "application/pdf");
        check("Text/Plain;Charset=UTF-8", "text/plain; charset=UTF-8");
        check("text/plain ; a=\"b;\\\"c\" ;", "text/plain; a=\"b;\\\"c\"");
    }

    #[test]
    fn anything_else_is_none() {
        for text in [
            "",
            "pdf",
            "a/",
            "/b",
            "a/b/c",
            "a b/c",
            "a/b; c",
            "a/b; c=",
            "a/b; c=\"d",
            "a/b; c=\"\\\"",
            "a/b\r\nX: y",
            "é/b",
            &format!("a/{}", "b".repeat(300)),
        ] {
            assert_eq!(text.parse::<MediaType>(), Err(NotAMediaType), "{text}");
        }
    }

    #[test]
    fn what_a_browser_could_run_is_bytes() {
        for declared in [
            "text/html",
            "TEXT/HTML; charset=utf-8",
            "application/xhtml+xml",
            "image/svg+xml",
            "application/xml",
            "text/xml",
            "application/vnd.ms-x+xml",
            "text/javascript",
            "application/javascript",
            "text/css",
            "multipart/related",
            "message/rfc822",
            "application/x-shockwave-flash",
            "text/cache-manifest",
            "application/wasm",
            "no type",
        ] {
            assert_eq!(served(declared).as_str(), OCTET_STREAM, "{declared}");
        }
        for declared in [
            "application/pdf",
            "text/plain; charset=utf-8",
            "image/png",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ] {
            assert_eq!(served(declared).as_str(), declared);
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_read_again(text in "[ -~]{0,40}|[a-z]{1,5}/[a-z+.]{1,9}(; ?[a-z]{1,4}=(\"[ -~]{0,6}\"|[a-z]{1,5})){0,2}") {
            if let Ok(read) = text.parse::<MediaType>() {
                prop_assert_eq!(read.as_str().parse::<MediaType>(), Ok(read.clone()));
                prop_assert!(axum::http::HeaderValue::try_from(read.as_str()).is_ok());
            }
        }
    }
}
