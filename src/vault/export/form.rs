//! The form of an `.age` file, checked as it passes by: the grammar of its header, and a length that a payload can
//! have.
//!
//! Nothing is opened and nothing is claimed of the contents. Source: age-encryption.org/v1, sections "Header" and "Payload".
//! Stricter than parsers that forgive: a stanza without its short last line is refused, and so is ASCII armor.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{GeneralPurpose, GeneralPurposeConfig, general_purpose::NO_PAD},
};

use crate::vault::payload::plain_len;

/// Longest header that is accepted, in bytes: some two thousand recipients.
pub const HEADER_LIMIT: usize = 256 * 1024;

/// Canonical base64 without padding: no stray bits in the last character.
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, STRICT);
const STRICT: GeneralPurposeConfig = NO_PAD.with_decode_allow_trailing_bits(false);

const VERSION: &[u8] = b"age-encryption.org/v1";
const ARMOR: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";
const FULL_LINE: usize = 64;

/// Why a file is no `.age` file. Lines count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It does not begin like one.
    #[error("not an age file: it must begin with the line age-encryption.org/v1")]
    Version,
    /// It is armored.
    #[error("the age file is armored; give the binary file (age without -a)")]
    Armored,
    /// Its header ends nowhere near.
    #[error("the age header is longer than {HEADER_LIMIT} bytes")]
    HeaderLimit,
    /// It ends within its header.
    #[error("the age file ends within its header")]
    Unfinished,
    /// A line stands where it may not, or is badly written.
    #[error("line {0} of the age header is malformed")]
    Line(usize),
    /// A recipient's stanza, which ends on that line, has another shape than its type demands.
    #[error("the recipient that ends on line {0} of the age header is malformed")]
    Stanza(usize),
    /// It has no recipient.
    #[error("the age file has no recipient")]
    NoRecipient,
    /// A passphrase stands beside other recipients.
    #[error("an age file for a passphrase can have no other recipient")]
    Mixed,
    /// No payload has that length.
    #[error(
        "{0} bytes follow the age header, which no payload has: the file is truncated or extended"
    )]
    Payload(u64),
}

/// What the form of an `.age` file shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// Bytes of the header, the nonce not among them.
    pub header_len: usize,
    /// Types of its recipients, such as `X25519`, in their order.
    pub recipients: Vec<String>,
    /// Bytes of plaintext.
    pub plain_len: u64,
}

/// Checks an `.age` file that is pushed through it; remembers no more than one line.
#[derive(Debug)]
pub struct FormCheck {
    state: State,
    line: Vec<u8>,
    /// Lines ended so far.
    lines: usize,
    header_len: usize,
    stanza: Stanza,
    recipients: Vec<String>,
    payload_len: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Version,
    /// A stanza may begin, or the header end.
    Between,
    Body,
    Payload,
}

#[derive(Debug, Default)]
struct Stanza {
    arguments: Vec<String>,
    body_len: usize,
}

impl FormCheck {
    /// Nothing has passed yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: State::Version,
            line: Vec::new(),
            lines: 0,
            header_len: 0,
            stanza: Stanza::default(),
            recipients: Vec::new(),
            payload_len: 0,
        }
    }

    /// Looks at the next bytes of the file.
    ///
    /// # Errors
    ///
    /// Why it is no `.age` file; nothing that follows will mend it.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), Malformed> {
        while self.state != State::Payload {
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(bytes.len(), |end| end + 1);
            self.header_len += taken;
            if self.header_len > HEADER_LIMIT {
                return Err(Malformed::HeaderLimit);
            }
            self.line.extend_from_slice(&bytes[..end.unwrap_or(taken)]);
            bytes = &bytes[taken..];
            if self.state == State::Version {
                begins_like(&self.line)?;
            }
            if end.is_none() {
                return Ok(());
            }
            let line = std::mem::take(&mut self.line);
            self.lines += 1;
            self.state = self.next(&line)?;
        }
        self.payload_len += bytes.len() as u64;
        Ok(())
    }

    /// Whether the header has passed as a whole.
    #[must_use]
    pub fn header_passed(&self) -> bool {
        self.state == State::Payload
    }

    /// Bytes of the header that has passed so far.
    #[must_use]
    pub fn header_len(&self) -> usize {
        self.header_len
    }

    /// The form of the file that has passed.
    ///
    /// # Errors
    ///
    /// Why it is no `.age` file.
    pub fn finish(self) -> Result<Form, Malformed> {
        match self.state {
            State::Version => return Err(Malformed::Version),
            State::Between | State::Body => return Err(Malformed::Unfinished),
            State::Payload => {}
        }
        let plain_len = plain_len(self.payload_len).ok_or(Malformed::Payload(self.payload_len))?;
        Ok(Form { header_len: self.header_len, recipients: self.recipients, plain_len })
    }

    fn next(&mut self, line: &[u8]) -> Result<State, Malformed> {
        let malformed = Malformed::Line(self.lines);
        match self.state {
            State::Version if line == VERSION => Ok(State::Between),
            State::Version | State::Payload => Err(Malformed::Version),
            State::Between => match line.strip_prefix(b"---") {
                Some(mac) => self.end(mac),
                None => {
                    let line = line.strip_prefix(b"-> ").ok_or(malformed)?;
                    let arguments: Vec<_> = line.split(|byte| *byte == b' ').collect();
                    let visible = |argument: &&[u8]| {
                        !argument.is_empty() && argument.iter().all(u8::is_ascii_graphic)
                    };
                    if !arguments.iter().all(visible) {
                        return Err(malformed);
                    }
                    let text = |argument: &&[u8]| String::from_utf8_lossy(argument).into_owned();
                    let arguments = arguments.iter().map(text).collect();
                    self.stanza = Stanza { arguments, body_len: 0 };
                    Ok(State::Body)
                }
            },
            State::Body => {
                let decoded = (line.len() <= FULL_LINE).then(|| BASE64.decode(line).ok());
                self.stanza.body_len += decoded.flatten().ok_or(malformed)?.len();
                if line.len() == FULL_LINE {
                    return Ok(State::Body);
                }
                let stanza = std::mem::take(&mut self.stanza);
                if !stanza.has_shape() {
                    return Err(Malformed::Stanza(self.lines));
                }
                self.recipients.extend(stanza.arguments.into_iter().next());
                Ok(State::Between)
            }
        }
    }

    fn end(&self, mac: &[u8]) -> Result<State, Malformed> {
        let malformed = Malformed::Line(self.lines);
        let mac = mac.strip_prefix(b" ").ok_or(malformed)?;
        if BASE64.decode(mac).map_err(|_| malformed)?.len() != 32 {
            return Err(malformed);
        }
        if self.recipients.is_empty() {
            return Err(Malformed::NoRecipient);
        }
        let passphrase = self.recipients.iter().any(|recipient| recipient == "scrypt");
        if passphrase && self.recipients.len() > 1 {
            return Err(Malformed::Mixed);
        }
        Ok(State::Payload)
    }
}

impl Default for FormCheck {
    fn default() -> Self {
        Self::new()
    }
}

impl Stanza {
    /// Whether a stanza of a type that the specification defines has its shape; other types are theirs to judge.
    fn has_shape(&self) -> bool {
        let decodes_to = |text: &str, length| {
            BASE64.decode(text).is_ok_and(|bytes: Vec<u8>| bytes.len() == length)
        };
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        match arguments.as_slice() {
            ["X25519", share] => decodes_to(share, 32) && self.body_len == 32,
            ["scrypt", salt, factor] => {
                let digits = factor.bytes().all(|byte| byte.is_ascii_digit());
                let canonical = digits && !factor.starts_with('0');
                let small = factor.parse::<u8>().is_ok_and(|factor| factor < 64);
                decodes_to(salt, 16) && canonical && small && self.body_len == 32
            }
            ["mlkem768x25519", enc] => decodes_to(enc, 1120) && self.body_len == 32,
            ["X25519" | "scrypt" | "mlkem768x25519", ..] => false,
            _ => true,
        }
    }
}

/// Refuses what cannot become the first line, before more of it is kept.
fn begins_like(line: &[u8]) -> Result<(), Malformed> {
    if VERSION.starts_with(line) || ARMOR.starts_with(&line[..line.len().min(ARMOR.len())]) {
        return if line.len() >= ARMOR.len() { Err(Malformed::Armored) } else { Ok(()) };
    }
    Err(Malformed::Version)
}
