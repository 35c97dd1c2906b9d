//! `Content-Disposition` (RFC 6266) with a name in any script (RFC 8187).

use std::fmt::Write as _;

use axum::http::HeaderValue;

/// Longest name, in characters: file systems take 255 bytes.
const LONGEST: usize = 200;

/// Says that the content is to be kept as a file called like `title`, never shown.
///
/// The name holds no separator of paths. Readers of RFC 8187 get it in full; the others get it in ASCII.
#[must_use]
pub fn attachment(title: &str) -> HeaderValue {
    let name = file_name(title);
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let mut text = format!("attachment; filename=\"{plain}\"");
    if plain != name {
        text.push_str("; filename*=UTF-8''");
        for byte in name.bytes() {
            if is_attr_char(byte) {
                text.push(char::from(byte));
            } else {
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    HeaderValue::try_from(text).expect("visible ASCII is a header's value")
}

/// A title as one segment of a path that no system takes for something else.
fn file_name(title: &str) -> String {
    let kept = title.chars().filter(|c| !c.is_control()).take(LONGEST);
    let kept: String = kept.map(|c| if matches!(c, '/' | '\\') { '_' } else { c }).collect();
    let trimmed = kept.trim().trim_start_matches('.').trim_end_matches(['.', ' ']);
    if trimmed.is_empty() { "document".to_owned() } else { trimmed.to_owned() }
}

/// What may stand in a quoted string and is read alike by all: no escape, and no `%`, which some take for one.
fn is_plain(c: char) -> bool {
    (c.is_ascii_graphic() || c == ' ') && !matches!(c, '"' | '\\' | '%')
}

/// RFC 8187, 3.2.1.
fn is_attr_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(title: &str, header: &str) {
        assert_eq!(attachment(title), header, "{title:?}");
    }

    #[test]
    fn a_name_in_ascii_stands_as_it_is() {
        check("diagnostic 2.pdf", "attachment; filename=\"diagnostic 2.pdf\"");
        check("a;b=c.pdf", "attachment; filename=\"a;b=c.pdf\"");
    }

    #[test]
    fn another_name_stands_twice() {
        check("été.pdf", "attachment; filename=\"_t_.pdf\"; filename*=UTF-8''%C3%A9t%C3%A9.pdf");
        check("50%.txt", "attachment; filename=\"50_.txt\"; filename*=UTF-8''50%25.txt");
        check(
            "\u{202e}fdp.exe",
            "attachment; filename=\"_fdp.exe\"; filename*=UTF-8''%E2%80%AEfdp.exe",
        );
    }

    #[test]
    fn no_name_leaves_its_quotation_marks_or_its_folder() {
        check(
            "a\"; filename=b",
            "attachment; filename=\"a_; filename=b\"; filename*=UTF-8''a%22%3B%20filename%3Db",
        );
        check("../../etc/passwd", "attachment; filename=\"_.._etc_passwd\"");
        check("a\r\nSet-Cookie: b", "attachment; filename=\"aSet-Cookie: b\"");
        check("..", "attachment; filename=\"document\"");
        check("\0", "attachment; filename=\"document\"");
    }

    /// Another reader than the encoder: a quoted string, then percent signs.
    fn read_back(header: &str) -> (String, Option<String>) {
        let rest = header.strip_prefix("attachment; filename=\"").unwrap();
        let (plain, rest) = rest.split_once('"').unwrap();
        let Some(encoded) = rest.strip_prefix("; filename*=UTF-8''") else {
            assert_eq!(rest, "");
            return (plain.to_owned(), None);
        };
        let mut bytes = Vec::new();
        let mut chars = encoded.bytes();
        while let Some(byte) = chars.next() {
            let hex = |byte: Option<u8>| char::from(byte.unwrap()).to_digit(16).unwrap() as u8;
            match byte {
                b'%' => bytes.push(hex(chars.next()) * 16 + hex(chars.next())),
                byte => bytes.push(byte),
            }
        }
        (plain.to_owned(), Some(String::from_utf8(bytes).unwrap()))
    }

    proptest! {
        #[test]
        fn any_title_is_read_back_as_one_harmless_name(title in "\\PC{0,300}|[\\x00-\\x7f]{0,40}|(\\.|/|\\\\|\"){0,9}") {
            let header = attachment(&title);

            let (plain, full) = read_back(header.to_str().unwrap());

            let name = full.unwrap_or(plain.clone());
            prop_assert_eq!(&name, &file_name(&title));
            prop_assert_eq!(plain.chars().count(), name.chars().count());
            prop_assert!(!name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0', '\r', '\n']));
        }
    }
}
