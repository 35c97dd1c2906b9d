//! The keys that sign and verify notes.

use std::{fmt, str::FromStr};

use ring::{
    digest::{SHA256, digest},
    signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey},
};

use crate::audit::{
    encoding,
    note::{Error, Signature},
};

/// Bytes of an ML-DSA-44 public key and signature (FIPS 204).
const ML_DSA_44_KEY: usize = 1312;
const ML_DSA_44_SIGNATURE: usize = 2420;

/// Whose key: non-empty, without spaces and `+`; by custom a URL without scheme.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

impl KeyName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for KeyName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bad = |char: char| char.is_whitespace() || char < ' ' || char == '+';
        if text.is_empty() || text.contains(bad) {
            return Err(Error::BadName);
        }
        Ok(Self(text.to_owned()))
    }
}

/// The first four bytes of SHA-256 over a key's name, algorithm and bytes: a hint, no proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u32);

impl KeyId {
    /// The id that signed-note recommends, and that every algorithm here uses.
    fn of(name: &KeyName, algorithm: Algorithm, public_key: &[u8]) -> Self {
        let parts = [name.as_str().as_bytes(), &[b'\n', algorithm.byte()], public_key].concat();
        let hash = digest(&SHA256, &parts);
        let first = hash.as_ref().first_chunk().expect("SHA-256 gives 32 bytes");
        Self(u32::from_be_bytes(*first))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// How a key signs (the byte that signed-note assigns).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// 0x01: Ed25519 over the text; a log's signature.
    Ed25519,
    /// 0x04: Ed25519 over the text and an instant; a witness's cosignature/v1 (c2sp.org/tlog-cosignature).
    Cosignature,
    /// 0x06: ML-DSA-44 over origin, size, root and an instant. Recognised, so that keys and notes with it can be read,
    /// but not verified yet.
    MlDsa44,
}

impl Algorithm {
    fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::Cosignature => 0x04,
            Self::MlDsa44 => 0x06,
        }
    }

    fn from_byte(byte: u8) -> Result<Self, Error> {
        [Self::Ed25519, Self::Cosignature, Self::MlDsa44]
            .into_iter()
            .find(|algorithm| algorithm.byte() == byte)
            .ok_or(Error::UnknownAlgorithm(byte))
    }

    fn key_bytes(self) -> usize {
        match self {
            Self::Ed25519 | Self::Cosignature => 32,
            Self::MlDsa44 => ML_DSA_44_KEY,
        }
    }
}

/// What became of checking one signature.
pub(super) enum Check {
    /// The key made it, at `time` if it says so.
    Valid { time: Option<u64> },
    /// The key did not make it.
    Invalid,
    /// It has the right form, but no code here verifies its algorithm.
    Unchecked,
}

/// A public key that is known, and by whose name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    name: KeyName,
    id: KeyId,
    algorithm: Algorithm,
    public_key: Vec<u8>,
}

impl Verifier {
    /// A known key.
    ///
    /// # Errors
    ///
    /// [`Error::BadKey`] if `public_key` has not the length of its algorithm's.
    pub fn new(name: KeyName, algorithm: Algorithm, public_key: &[u8]) -> Result<Self, Error> {
        if public_key.len() != algorithm.key_bytes() {
            return Err(Error::BadKey);
        }
        let id = KeyId::of(&name, algorithm, public_key);
        Ok(Self { name, id, algorithm, public_key: public_key.to_vec() })
    }

    /// Whose key.
    #[must_use]
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// Its id; with the name, it tells which key a signature claims.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// How it signs.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The bytes of the key.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    pub(super) fn check(&self, text: &str, signature: &[u8]) -> Check {
        match self.algorithm {
            Algorithm::Ed25519 => self.ed25519(text.as_bytes(), signature, None),
            Algorithm::Cosignature => match signature.split_first_chunk::<8>() {
                Some((time, signature)) if time[0] < 0x80 => {
                    let time = u64::from_be_bytes(*time);
                    let message = format!("cosignature/v1\ntime {time}\n{text}");
                    self.ed25519(message.as_bytes(), signature, Some(time))
                }
                _ => Check::Invalid,
            },
            Algorithm::MlDsa44 if signature.len() == 8 + ML_DSA_44_SIGNATURE => Check::Unchecked,
            Algorithm::MlDsa44 => Check::Invalid,
        }
    }

    fn ed25519(&self, message: &[u8], signature: &[u8], time: Option<u64>) -> Check {
        match UnparsedPublicKey::new(&ED25519, &self.public_key).verify(message, signature) {
            Ok(()) => Check::Valid { time },
            Err(_) => Check::Invalid,
        }
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.algorithm.byte()], &self.public_key[..]].concat();
        write!(f, "{}+{}+{}", self.name, self.id, encoding::base64(&key))
    }
}

impl FromStr for Verifier {
    type Err = Error;

    /// Reads a *vkey*, `name+id+base64(algorithm || key)`.
    fn from_str(text: &str) -> Result<Self, Error> {
        // Base64 may hold further '+'.
        let (name, rest) = text.split_once('+').ok_or(Error::BadKey)?;
        let (id, encoded) = rest.split_once('+').ok_or(Error::BadKey)?;
        let key = encoding::from_base64(encoded).ok_or(Error::BadKey)?;
        let (&algorithm, public_key) = key.split_first().ok_or(Error::BadKey)?;
        let verifier = Self::new(name.parse()?, Algorithm::from_byte(algorithm)?, public_key)?;
        if verifier.id.to_string() != id {
            return Err(Error::WrongId);
        }
        Ok(verifier)
    }
}

/// A private key that signs as a log does, with [`Algorithm::Ed25519`].
///
/// Ed25519 is deterministic: the same text gives the same signature (RFC 8032).
pub struct Signer {
    pair: Ed25519KeyPair,
    verifier: Verifier,
}

impl Signer {
    /// A signer from its 32-byte seed.
    ///
    /// # Errors
    ///
    /// [`Error::BadSecret`] if `seed` is none.
    pub fn from_seed(name: KeyName, seed: &[u8]) -> Result<Self, Error> {
        Self::new(name, Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| Error::BadSecret)?)
    }

    /// A signer from PKCS#8 (RFC 5958, with the public key in it).
    ///
    /// # Errors
    ///
    /// [`Error::BadSecret`] if `pkcs8` is none, or its two halves do not match.
    pub fn from_pkcs8(name: KeyName, pkcs8: &[u8]) -> Result<Self, Error> {
        Self::new(name, Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| Error::BadSecret)?)
    }

    fn new(name: KeyName, pair: Ed25519KeyPair) -> Result<Self, Error> {
        let verifier = Verifier::new(name, Algorithm::Ed25519, pair.public_key().as_ref())?;
        Ok(Self { pair, verifier })
    }

    /// The public half.
    #[must_use]
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// The signature of a note's text.
    #[must_use]
    pub fn sign(&self, text: &str) -> Signature {
        let bytes = self.pair.sign(text.as_bytes()).as_ref().to_vec();
        Signature { name: self.verifier.name.clone(), id: self.verifier.id, bytes }
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.verifier.name)
    }
}
