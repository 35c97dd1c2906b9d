//! Openings: what a leaf commits to without naming it (RFC 9901 section 4.2: digest over the disclosure as it is written).

use std::fmt;

use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::{
    audit::encoding::{base64url, from_base64url},
    id::random,
};

/// 16 bytes in base64url: less would let someone guess what an opening says.
const SALT_CHARACTERS: usize = 22;

/// SHA-256 of a disclosure's characters; random bytes where there is nothing to say. 43 characters of base64url.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// A digest of nothing.
    #[must_use]
    pub fn random() -> Self {
        Self(random())
    }

    /// The digest of a disclosure, over its characters.
    #[must_use]
    pub fn of(disclosure: &str) -> Self {
        let digest = digest(&SHA256, disclosure.as_bytes());
        Self(digest.as_ref().try_into().expect("SHA-256 is 32 bytes"))
    }

    /// Reads what `Display` writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        from_base64url(text)?.try_into().ok().map(Self)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64url(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A disclosure is not what its digest says, or not of its form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is not base64url of `[salt, name, value]`.
    #[error("a disclosure is base64url of a JSON array of salt, name and value")]
    Malformed,
    /// The leaf commits to something else.
    #[error("the disclosure is not the one that the leaf commits to")]
    Other,
}

/// A salt, a name and a value, and the exact characters that the digest is over.
#[derive(Clone, PartialEq)]
pub struct Opening {
    disclosure: String,
    name: String,
    value: Value,
}

impl Opening {
    /// An opening under a fresh salt of 16 bytes.
    #[must_use]
    pub fn new(name: &str, value: Value) -> Self {
        let salt = base64url(&random::<16>());
        let disclosure = base64url(json!([salt, name, value]).to_string().as_bytes());
        Self { disclosure, name: name.to_owned(), value }
    }

    /// Reads a disclosure.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`].
    pub fn parse(disclosure: &str) -> Result<Self, Error> {
        let bytes = from_base64url(disclosure).ok_or(Error::Malformed)?;
        let (salt, name, value): (String, String, Value) =
            serde_json::from_slice(&bytes).map_err(|_| Error::Malformed)?;
        if salt.len() < SALT_CHARACTERS {
            return Err(Error::Malformed);
        }
        Ok(Self { disclosure: disclosure.to_owned(), name, value })
    }

    /// Reads a disclosure that a leaf commits to.
    ///
    /// # Errors
    ///
    /// [`Error::Other`] if the digest is another's.
    pub fn open(disclosure: &str, digest: Digest) -> Result<Self, Error> {
        if Digest::of(disclosure) != digest {
            return Err(Error::Other);
        }
        Self::parse(disclosure)
    }

    /// The characters that are kept and shown; the digest is over these.
    #[must_use]
    pub fn disclosure(&self) -> &str {
        &self.disclosure
    }

    /// What the leaf holds.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.disclosure)
    }

    /// Which opening it is.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it says.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opening({})", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_example_has_its_digest() {
        let disclosure = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0";

        let digest = Digest::of(disclosure);

        assert_eq!(digest.to_string(), "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0");
        let opening = Opening::open(disclosure, digest).unwrap();
        assert_eq!((opening.name(), opening.value()), ("family_name", &json!("Möbius")));
    }

    #[test]
    fn an_opening_opens_only_its_own_digest() {
        let opening = Opening::new("facts", json!({"act": "read"}));
        let same_words = Opening::new("facts", json!({"act": "read"}));

        let reopened = Opening::open(opening.disclosure(), opening.digest()).unwrap();

        assert_eq!(reopened.value(), &json!({"act": "read"}));
        assert_ne!(same_words.digest(), opening.digest());
        assert_eq!(
            Opening::open(opening.disclosure(), same_words.digest()).unwrap_err(),
            Error::Other
        );
        assert_eq!(Opening::parse("bm90aGluZw").unwrap_err(), Error::Malformed);
    }
}
