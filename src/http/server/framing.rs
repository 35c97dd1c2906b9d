//! Where requests begin and end in HTTP/1.1, read so strictly that no two readers could disagree.
//!
//! hyper takes a request with both lengths and drops one of them, and takes equal lengths twice (RFC 9112, section
//! 6.3, allows it). Whatever stands before us may have taken the other one, so here such a request is refused, and
//! with it lone line feeds, folded fields and codings other than `chunked`.

/// What the bytes so far are part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    Head,
    /// So many bytes of a body of known length, or of a chunk, are to come.
    Body(u64),
    Chunk(u64),
    /// The line that says how long the next chunk is, with what it says so far.
    Size {
        length: u64,
        digits: u8,
        part: Part,
    },
    /// The line end after a chunk, of which so many bytes have come.
    End(u8),
    /// The lines after the last chunk; the present one has so many bytes.
    Trailers(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Digits,
    Extension,
    Feed,
}

/// Follows a connection from request to request.
#[derive(Debug)]
pub(super) struct Framing(Within);

/// What the bytes at a request's beginning are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// A beginning.
    Incomplete,
    /// A head of so many bytes, with one meaning.
    Complete(usize),
    /// Something with several meanings.
    Ambiguous,
}

/// A chunk that is none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a chunk is malformed")]
pub(super) struct Malformed;

/// The longest line that says how long a chunk is, or trailer.
const LONGEST_LINE: usize = 4096;

impl Framing {
    pub(super) fn new() -> Self {
        Self(Within::Head)
    }

    pub(super) fn awaits_head(&self) -> bool {
        self.0 == Within::Head
    }

    /// Looks at what has come of a head; goes on to its body if it is complete.
    pub(super) fn head(&mut self, bytes: &[u8]) -> Head {
        // Empty lines before a request are passed over (RFC 9112, section 2.2).
        let mut begin = 0;
        while bytes[begin..].starts_with(b"\r\n") {
            begin += 2;
        }
        let end = bytes[begin..].windows(4).position(|four| four == b"\r\n\r\n");
        let text = end.map_or(&bytes[begin..], |end| &bytes[begin..begin + end]);
        if has_lone_line_end(text, end.is_some()) {
            return Head::Ambiguous;
        }
        let Some(end) = end else { return Head::Incomplete };
        match body_of(text) {
            Some(within) => {
                self.0 = within;
                Head::Complete(begin + end + 4)
            }
            None => Head::Ambiguous,
        }
    }

    /// Takes what belongs to the body, and says how many bytes that is; what follows is the next head.
    pub(super) fn body(&mut self, bytes: &[u8]) -> Result<usize, Malformed> {
        let mut at = 0;
        while at < bytes.len() && !self.awaits_head() {
            at += self.step(&bytes[at..])?;
        }
        Ok(at)
    }

    fn step(&mut self, bytes: &[u8]) -> Result<usize, Malformed> {
        let (within, taken) = match self.0 {
            Within::Head => (Within::Head, 0),
            Within::Body(left) => match skip(left, bytes) {
                (0, taken) => (Within::Head, taken),
                (left, taken) => (Within::Body(left), taken),
            },
            Within::Chunk(left) => match skip(left, bytes) {
                (0, taken) => (Within::End(0), taken),
                (left, taken) => (Within::Chunk(left), taken),
            },
            Within::End(0) if bytes[0] == b'\r' => (Within::End(1), 1),
            Within::End(1) if bytes[0] == b'\n' => (SIZE, 1),
            Within::End(_) => return Err(Malformed),
            Within::Size { length, digits, part } => (size(length, digits, part, bytes[0])?, 1),
            Within::Trailers(length) => (trailer(length, bytes[0])?, 1),
        };
        self.0 = within;
        Ok(taken)
    }
}

const SIZE: Within = Within::Size { length: 0, digits: 0, part: Part::Digits };

fn skip(left: u64, bytes: &[u8]) -> (u64, usize) {
    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
    (left - taken as u64, taken)
}

/// One more byte of a chunk's first line.
fn size(length: u64, digits: u8, part: Part, byte: u8) -> Result<Within, Malformed> {
    let line = |length, digits, part| Ok(Within::Size { length, digits, part });
    match (part, byte) {
        (Part::Digits, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') if digits < 15 => {
            let digit = char::from(byte).to_digit(16).expect("a hexadecimal digit");
            line(length * 16 + u64::from(digit), digits + 1, part)
        }
        (Part::Digits, b';') if digits > 0 => line(length, 0, Part::Extension),
        (Part::Digits, b'\r') if digits > 0 => line(length, 0, Part::Feed),
        (Part::Extension, b'\r') => line(length, 0, Part::Feed),
        // So many bytes of extensions are borne as a byte counts.
        (Part::Extension, 0x20..=0x7e) if digits < u8::MAX => line(length, digits + 1, part),
        (Part::Feed, b'\n') if length == 0 => Ok(Within::Trailers(0)),
        (Part::Feed, b'\n') => Ok(Within::Chunk(length)),
        _ => Err(Malformed),
    }
}

/// One more byte of the lines after the last chunk; `length` counts the present line's, its carriage return last.
fn trailer(length: usize, byte: u8) -> Result<Within, Malformed> {
    const AFTER_RETURN: usize = usize::MAX;
    const EMPTY_AFTER_RETURN: usize = usize::MAX - 1;
    match (length, byte) {
        (EMPTY_AFTER_RETURN, b'\n') => Ok(Within::Head),
        (AFTER_RETURN, b'\n') => Ok(Within::Trailers(0)),
        (EMPTY_AFTER_RETURN | AFTER_RETURN, _) | (_, b'\n') => Err(Malformed),
        (0, b'\r') => Ok(Within::Trailers(EMPTY_AFTER_RETURN)),
        (_, b'\r') => Ok(Within::Trailers(AFTER_RETURN)),
        (length, _) if length < LONGEST_LINE => Ok(Within::Trailers(length + 1)),
        _ => Err(Malformed),
    }
}

/// A line feed without carriage return, or the other way round. The last byte may be half of a line end.
fn has_lone_line_end(text: &[u8], is_whole: bool) -> bool {
    text.iter().enumerate().any(|(at, byte)| match byte {
        b'\n' => at == 0 || text[at - 1] != b'\r',
        b'\r' => text.get(at + 1).map_or(is_whole, |next| *next != b'\n'),
        _ => false,
    })
}

/// What follows a head, if its fields leave no doubt.
fn body_of(head: &[u8]) -> Option<Within> {
    let mut length = None;
    let mut is_chunked = false;
    for line in head.split(|byte| *byte == b'\n').skip(1) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.first().is_none_or(u8::is_ascii_whitespace) {
            return None;
        }
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            let digits = std::str::from_utf8(value).ok()?;
            let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            if length.is_some() || !is_number {
                return None;
            }
            length = Some(digits.parse().ok()?);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if is_chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return None;
            }
            is_chunked = true;
        }
    }
    match (length, is_chunked) {
        (Some(_), true) => None,
        (None, true) => Some(SIZE),
        (None | Some(0), false) => Some(Within::Head),
        (Some(length), false) => Some(Within::Body(length)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Head {
        Framing::new().head(text.as_bytes())
    }

    #[test]
    fn a_head_with_one_meaning_is_taken() {
        for text in [
            "GET / HTTP/1.1\r\n\r\n",
            "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "PUT / HTTP/1.1\r\nContent-Length: 5\r\n\r\n",
            "PUT / HTTP/1.1\r\ntransfer-encoding:\tChunked \r\n\r\n",
        ] {
            assert_eq!(head(text), Head::Complete(text.len()), "{text:?}");
            for end in 0..text.len() {
                assert_eq!(head(&text[..end]), Head::Incomplete, "{:?}", &text[..end]);
            }
        }
    }

    #[test]
    fn a_head_with_two_meanings_is_refused() {
        for fields in [
            "Content-Length: 5\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nContent-Length: 5",
            "Content-Length: 5\r\nContent-Length: 6",
            "Content-Length: 5\r\ncontent-length: 5",
            "Content-Length: 5, 5",
            "Content-Length: +5",
            "Content-Length: ",
            "Content-Length: 99999999999999999999",
            "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: identity",
            "A: b\r\n folded: c",
            "A: b\nContent-Length: 5",
            "A: b\rContent-Length: 5",
            "no colon",
        ] {
            let text = format!("PUT / HTTP/1.1\r\n{fields}\r\n\r\n");

            assert_eq!(head(&text), Head::Ambiguous, "{fields:?}");
        }
    }

    /// Where the second of two requests begins, however the bytes are cut.
    fn second(text: &str) -> Result<usize, Malformed> {
        let mut framing = Framing::new();
        let Head::Complete(head) = framing.head(text.as_bytes()) else { panic!("{text:?}") };
        let whole = framing.body(&text.as_bytes()[head..]).map(|taken| head + taken);
        let mut framing = Framing::new();
        framing.head(text.as_bytes());
        let mut at = head;
        while at < text.len() && !framing.awaits_head() {
            match framing.body(&text.as_bytes()[at..=at]) {
                Ok(taken) => at += taken,
                Err(malformed) => {
                    assert_eq!(whole, Err(Malformed));
                    return Err(malformed);
                }
            }
        }
        assert_eq!(whole, Ok(at), "{text:?}");
        whole
    }

    #[test]
    fn the_next_request_is_found_behind_any_body() {
        let chunked = "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        for first in [
            "GET / HTTP/1.1\r\n\r\n".to_owned(),
            "PUT / HTTP/1.1\r\nContent-Length: 3\r\n\r\nGET".to_owned(),
            format!("{chunked}0\r\n\r\n"),
            format!("{chunked}a;x=y\r\n0123456789\r\n0\r\nTrailer: 1\r\nB: 2\r\n\r\n"),
            format!("{chunked}00A\r\n0\r\n\r\n0\r\n\rx\r\n0\r\n\r\n"),
        ] {
            let both = format!("{first}GET /second HTTP/1.1\r\n\r\n");

            assert_eq!(second(&both), Ok(first.len()), "{first:?}");
        }
    }

    #[test]
    fn a_malformed_chunk_is_refused() {
        let head = "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        for body in [
            "x\r\n",
            "\r\n",
            "5\n",
            "-1\r\n",
            "0x5\r\n",
            "5 \r\n",
            "1000000000000000\r\n",
            "1\r\nab",
            "1\r\na\n",
            "0\r\n\n",
            "0\r\nA: b\n",
            "5;\n",
        ] {
            assert_eq!(second(&format!("{head}{body}")), Err(Malformed), "{body:?}");
        }
    }
}
