//! Openings: what an entry commits to by digest only, disclosed one by one (RFC 9901 section 4.2).
//!
//! The commitment is over the exact characters of the disclosure, so nothing is ever written again to be checked.

mod digest;

use std::fmt;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{audit::encoding, id::random};

pub use digest::Digest;

/// Longest disclosure that is read, in characters.
pub const MAX_DISCLOSURE: usize = 1 << 20;

/// Fewest characters of a salt: 128 bits in base64url.
const MIN_SALT: usize = 22;

/// What is wrong with an opening.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Longer than [`MAX_DISCLOSURE`].
    #[error("a disclosure has at most {MAX_DISCLOSURE} characters")]
    TooLong,
    /// Not base64url of JSON `[salt, name, value]`.
    #[error("a disclosure is base64url of a JSON array of salt, name and value")]
    Malformed,
    /// The salt could be guessed.
    #[error("the disclosure's salt is shorter than 128 bits")]
    WeakSalt,
    /// It opens something else than the digest.
    #[error("the disclosure does not open this digest")]
    Contradicted,
    /// The value is not of the kind that was asked for, or cannot be written.
    #[error("the opening's value is of another kind")]
    Value(#[source] serde_json::Error),
    /// Not 43 characters of base64url.
    #[error("a digest is 43 characters of base64url")]
    NotADigest,
}

/// A named value, with the salt that keeps it from being guessed from its digest.
///
/// It may be personal: `Debug` gives its name only.
#[derive(Clone)]
pub struct Opening {
    disclosure: String,
    salt: String,
    name: String,
    value: Box<RawValue>,
}

impl Opening {
    /// An opening of `value`, with a new salt of 128 bits.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] if `value` has no JSON; [`Error::TooLong`].
    pub fn new(name: &str, value: &impl Serialize) -> Result<Self, Error> {
        let value = serde_json::value::to_raw_value(value).map_err(Error::Value)?;
        let salt = encoding::base64url(&random::<16>());
        let json = serde_json::to_string(&(&salt, name, &value)).map_err(Error::Value)?;
        let disclosure = encoding::base64url(json.as_bytes());
        if disclosure.len() > MAX_DISCLOSURE {
            return Err(Error::TooLong);
        }
        Ok(Self { disclosure, salt, name: name.to_owned(), value })
    }

    /// Reads a disclosure, without knowing what committed to it.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`], [`Error::Malformed`] or [`Error::WeakSalt`].
    pub fn parse(disclosure: &str) -> Result<Self, Error> {
        if disclosure.len() > MAX_DISCLOSURE {
            return Err(Error::TooLong);
        }
        let json = encoding::from_base64url(disclosure).ok_or(Error::Malformed)?;
        let (salt, name, value): (String, String, Box<RawValue>) =
            serde_json::from_slice(&json).map_err(|_| Error::Malformed)?;
        if salt.len() < MIN_SALT {
            return Err(Error::WeakSalt);
        }
        Ok(Self { disclosure: disclosure.to_owned(), salt, name, value })
    }

    /// Reads a disclosure that opens `digest`.
    ///
    /// # Errors
    ///
    /// [`Error::Contradicted`], or as [`Opening::parse`].
    pub fn open(disclosure: &str, digest: &Digest) -> Result<Self, Error> {
        if Digest::of(disclosure) != *digest {
            return Err(Error::Contradicted);
        }
        Self::parse(disclosure)
    }

    /// The characters that disclose it.
    #[must_use]
    pub fn disclosure(&self) -> &str {
        &self.disclosure
    }

    /// What an entry commits to.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.disclosure)
    }

    /// The salt.
    #[must_use]
    pub fn salt(&self) -> &str {
        &self.salt
    }

    /// The name of the value.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value's JSON, as it stands in the disclosure.
    #[must_use]
    pub fn json(&self) -> &str {
        self.value.get()
    }

    /// The value.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] if it is no `T`.
    pub fn value<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_str(self.value.get()).map_err(Error::Value)
    }
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opening({:?})", self.name)
    }
}

#[cfg(test)]
mod tests;
