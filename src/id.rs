//! Ids: 16 random bytes, kept as bytes in the database, written as 22 characters of base64url outside.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `N` bytes from the operating system's generator.
///
/// # Panics
///
/// If the generator fails: nothing that Greffe does is safe without it.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).expect("the operating system's generator answers");
    bytes
}

/// What was given as an id is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an id is 22 characters of base64url")]
pub struct NotAnId;

/// 16 bytes that mean nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub [u8; 16]);

impl Id {
    /// A new id.
    #[must_use]
    pub fn random() -> Self {
        Self(random())
    }

    /// The bytes, as the database keeps them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// An id from the database's bytes.
    ///
    /// # Errors
    ///
    /// [`NotAnId`] if these are not 16 bytes.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, NotAnId> {
        bytes.try_into().map(Self).map_err(|_| NotAnId)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Id {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NotAnId)?;
        Self::from_slice(&bytes)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Id);

        impl $name {
            /// A new id.
            #[must_use]
            pub fn random() -> Self {
                Self(Id::random())
            }

            /// The bytes, as the database keeps them.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8] {
                self.0.as_bytes()
            }

            /// An id from the database's bytes.
            ///
            /// # Errors
            ///
            /// [`NotAnId`] if these are not 16 bytes.
            pub fn from_slice(bytes: &[u8]) -> Result<Self, NotAnId> {
                Id::from_slice(bytes).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// A company, a workstream, or the mission itself: whoever can own a document.
    PartyId;
    /// Someone.
    PersonId;
    /// A document, whatever its versions.
    DocumentId;
    /// One version of a document.
    VersionId;
    /// A permission that a party gave.
    GrantId;
    /// One entry of the log.
    EntryId;
    /// One batch of entries, appended together.
    BatchId;
    /// A bearer token, a certificate or a sign-in link.
    CredentialId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_being_written_and_read() {
        let id = DocumentId::random();

        let written = id.to_string();

        assert_eq!(written.len(), 22);
        assert_eq!(written.parse(), Ok(id));
        assert_eq!(serde_json::from_str::<DocumentId>(&format!("\"{written}\"")).unwrap(), id);
    }

    #[test]
    fn anything_else_is_no_id() {
        for text in
            ["", "a", "AAAAAAAAAAAAAAAAAAAAAB", "AAAAAAAAAAAAAAAAAAAAA=", "../../etc/passwd"]
        {
            assert_eq!(text.parse::<Id>(), Err(NotAnId), "{text}");
        }
    }
}
