//! Signed notes: a text, an empty line, and a line for each signature (c2sp.org/signed-note v1.0.0).
//!
//! The text means nothing until [`Note::open`] has verified a signature by a known key.

mod key;

use std::fmt;

use crate::audit::encoding;

pub use key::{Algorithm, KeyId, KeyName, Signer, Verifier};

/// Longest note that is read, in bytes.
pub const MAX_NOTE: usize = 1 << 20;

/// Most signatures of a note that is read.
pub const MAX_SIGNATURES: usize = 100;

/// What is wrong with a note or a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Longer than [`MAX_NOTE`].
    #[error("a note has at most {MAX_NOTE} bytes")]
    TooLong,
    /// Not UTF-8, or with control characters other than line ends.
    #[error("a note is UTF-8 without control characters, each line ended by a newline")]
    NotText,
    /// No empty line with signatures behind it.
    #[error("a note ends with an empty line and signatures")]
    Unsigned,
    /// A line behind the empty one that is no signature.
    #[error("signature line {line} of the note is malformed")]
    Malformed {
        /// Counted from 1.
        line: usize,
    },
    /// More than [`MAX_SIGNATURES`].
    #[error("a note has at most {MAX_SIGNATURES} signatures")]
    TooMany,
    /// A known key did not make the signature that bears its name.
    #[error("the signature of {name} is not by its key {id}")]
    Forged {
        /// Whose key.
        name: KeyName,
        /// Which one.
        id: KeyId,
    },
    /// Two signatures by one known key.
    #[error("{name} signed twice with its key {id}")]
    Repeated {
        /// Whose key.
        name: KeyName,
        /// Which one.
        id: KeyId,
    },
    /// No known key signed it.
    #[error("no known key signed the note")]
    Unverified,
    /// Empty, or with spaces, control characters or `+`.
    #[error("a key's name has no spaces and no '+'")]
    BadName,
    /// Not `name+id+base64`, or a key of another length than its algorithm's.
    #[error("a verifier key is written name+id+base64")]
    BadKey,
    /// The id is not the one that name, algorithm and key give.
    #[error("the verifier key's id is not that of its name and key")]
    WrongId,
    /// An algorithm that is not for notes, or not known.
    #[error("signature algorithm 0x{0:02x} is not known")]
    UnknownAlgorithm(u8),
    /// Bytes that are no Ed25519 private key.
    #[error("the signing key is not an Ed25519 key")]
    BadSecret,
}

/// One signature: whose, and the bytes that its algorithm gives (64 for Ed25519, 2,428 for ML-DSA-44).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Whose key.
    pub name: KeyName,
    /// Which one.
    pub id: KeyId,
    /// The signature; never empty.
    pub bytes: Vec<u8>,
}

/// A text with signatures, verified or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

/// A signature that was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified<'k> {
    /// By which of the known keys.
    pub verifier: &'k Verifier,
    /// When, in seconds since 1970, if the signature says so (cosignatures do).
    pub time: Option<u64>,
}

impl Note {
    /// Signs `text`.
    ///
    /// # Errors
    ///
    /// [`Error::NotText`] unless `text` ends with a newline and has no other control characters.
    pub fn sign(text: &str, signer: &Signer) -> Result<Self, Error> {
        if !is_text(text) {
            return Err(Error::NotText);
        }
        Ok(Self { text: text.to_owned(), signatures: vec![signer.sign(text)] })
    }

    /// Reads a note, without believing it.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`], [`Error::NotText`], [`Error::Unsigned`], [`Error::Malformed`] or [`Error::TooMany`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_NOTE {
            return Err(Error::TooLong);
        }
        let whole = std::str::from_utf8(bytes).map_err(|_| Error::NotText)?;
        if !is_text(whole) {
            return Err(Error::NotText);
        }
        // The text may hold empty lines itself: the last one is the border.
        let border = whole.rfind("\n\n").ok_or(Error::Unsigned)?;
        let (text, lines) = (&whole[..=border], &whole[border + 2..]);
        let mut signatures = Vec::new();
        for (number, line) in lines.split_terminator('\n').enumerate() {
            if number == MAX_SIGNATURES {
                return Err(Error::TooMany);
            }
            signatures.push(Signature::parse(line).ok_or(Error::Malformed { line: number + 1 })?);
        }
        if signatures.is_empty() {
            return Err(Error::Unsigned);
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// Verifies the signatures by `known` keys, in the order of the note; others are ignored.
    ///
    /// A signature that cannot be checked ([`Algorithm::MlDsa44`]) is as one by an unknown key: it counts for nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Forged`] or [`Error::Repeated`] for a known key; [`Error::Unverified`] if none signed.
    pub fn open<'k>(&self, known: &'k [Verifier]) -> Result<Vec<Verified<'k>>, Error> {
        let mut verified: Vec<Verified<'k>> = Vec::new();
        for signature in &self.signatures {
            let by = |key: &Verifier| *key.name() == signature.name && key.id() == signature.id;
            let Some(verifier) = known.iter().find(|key| by(key)) else { continue };
            let Signature { name, id, bytes } = signature;
            if verified.iter().any(|earlier| by(earlier.verifier)) {
                return Err(Error::Repeated { name: name.clone(), id: *id });
            }
            match verifier.check(&self.text, bytes) {
                key::Check::Valid { time } => verified.push(Verified { verifier, time }),
                key::Check::Unchecked => (),
                key::Check::Invalid => {
                    return Err(Error::Forged { name: name.clone(), id: *id });
                }
            }
        }
        if verified.is_empty() { Err(Error::Unverified) } else { Ok(verified) }
    }

    /// The text, with its last newline. Do not believe it before [`Note::open`].
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, in order.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// The same note with one more signature, e.g. a witness's.
    #[must_use]
    pub fn with(mut self, signature: Signature) -> Self {
        self.signatures.push(signature);
        self
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

impl Signature {
    /// Reads one line, without its newline: `— name base64(id || signature)`.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
        let bytes = encoding::from_base64(encoded)?;
        let (id, signature) = bytes.split_first_chunk::<4>()?;
        let id = KeyId(u32::from_be_bytes(*id));
        (!signature.is_empty()).then_some(())?;
        Some(Self { name: name.parse().ok()?, id, bytes: signature.to_vec() })
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.id.0.to_be_bytes(), &self.bytes[..]].concat();
        write!(f, "\u{2014} {} {}", self.name, encoding::base64(&bytes))
    }
}

/// Whether every line is ended, and nothing else is a control character.
fn is_text(text: &str) -> bool {
    text.ends_with('\n') && text.bytes().all(|byte| byte >= b' ' || byte == b'\n')
}

#[cfg(test)]
mod tests;
