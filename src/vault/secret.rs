//! Keys as values: on the heap so that moving one leaves no copy, wiped when dropped, never shown.

use std::fmt;

use ring::{
    digest::{SHA256, digest},
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use zeroize::Zeroize;

use crate::{id::EntryId, vault::primitives};

/// `N` secret bytes.
///
/// `Debug` prints the name only. There is no `PartialEq`: whoever compares secrets says how.
pub struct Secret<const N: usize>(Box<[u8; N]>);

impl<const N: usize> Secret<N> {
    /// Bytes from the operating system's generator.
    ///
    /// # Panics
    ///
    /// If the generator fails: nothing that Greffe does is safe without it.
    #[must_use]
    pub fn random() -> Self {
        Self::fill(|bytes| {
            SystemRandom::new().fill(bytes).expect("the operating system's generator answers");
        })
    }

    /// Bytes that `write` puts in their place, so that they are nowhere else.
    #[must_use]
    pub fn fill(write: impl FnOnce(&mut [u8; N])) -> Self {
        let mut secret = Self(Box::new([0; N]));
        write(&mut secret.0);
        secret
    }

    /// A copy of `bytes`, which remain the caller's to wipe; `None` if there are not `N` of them.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        (bytes.len() == N).then(|| Self::fill(|secret| secret.copy_from_slice(bytes)))
    }

    /// The bytes themselves. Whoever asks must not keep a copy.
    #[must_use]
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> Clone for Secret<N> {
    fn clone(&self) -> Self {
        Self::fill(|bytes| bytes.copy_from_slice(self.expose()))
    }
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The key of one version's content: 16 bytes, as age has it.
#[derive(Clone)]
pub struct FileKey(Secret<16>);

impl FileKey {
    /// A new file key.
    #[must_use]
    pub fn random() -> Self {
        Self(Secret::random())
    }

    /// A file key that stood elsewhere, such as in an age header.
    #[must_use]
    pub fn new(secret: Secret<16>) -> Self {
        Self(secret)
    }

    /// The bytes themselves.
    #[must_use]
    pub fn expose(&self) -> &[u8; 16] {
        self.0.expose()
    }
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileKey")
    }
}

/// A 32-byte key and the one purpose it has.
///
/// The label enters everything made with the key, so the same bytes under another label are another key.
#[derive(Clone)]
pub struct SymmetricKey {
    label: &'static str,
    secret: Secret<32>,
}

impl SymmetricKey {
    /// A new key for the purpose `label` (see [`crate::vault::label`]).
    #[must_use]
    pub fn random(label: &'static str) -> Self {
        Self::new(label, Secret::random())
    }

    /// `secret` for the purpose `label`.
    #[must_use]
    pub fn new(label: &'static str, secret: Secret<32>) -> Self {
        Self { label, secret }
    }

    /// What the key is for.
    #[must_use]
    pub fn label(&self) -> &'static str {
        self.label
    }

    /// The bytes themselves.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.secret.expose()
    }

    /// The key as one of HMAC-SHA-256, for codes that stand beside rows and batches.
    #[must_use]
    pub fn mac(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.expose())
    }
}

impl fmt::Debug for SymmetricKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SymmetricKey")
    }
}

/// A subject's key for the tags of one year and turn. An auditor may be given it.
#[derive(Clone)]
pub struct TagKey(Secret<32>);

impl TagKey {
    /// A key that an auditor was given.
    #[must_use]
    pub fn new(secret: Secret<32>) -> Self {
        Self(secret)
    }

    /// What the party commits to: SHA-256 of the key, in hex.
    #[must_use]
    pub fn commitment(&self) -> String {
        hex::encode(digest(&SHA256, self.expose()))
    }

    /// The tag of `entry`: the first 16 bytes of HMAC-SHA-256(key, `greffe/tag/v1` ‖ entry).
    #[must_use]
    pub fn tag(&self, entry: &EntryId) -> [u8; 16] {
        let mut message = [0; primitives::TAG_PREFIX.len() + 16];
        let (prefix, id) = message.split_at_mut(primitives::TAG_PREFIX.len());
        prefix.copy_from_slice(primitives::TAG_PREFIX);
        id.copy_from_slice(entry.as_bytes());
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.expose());
        let mut tag = [0; 16];
        tag.copy_from_slice(&hmac::sign(&key, &message).as_ref()[..16]);
        tag
    }

    /// The bytes themselves, for the auditor and for the party's commitment of the year.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }
}

impl fmt::Debug for TagKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TagKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_shown_by_its_name_only() {
        let secret = Secret::fill(|bytes: &mut [u8; 32]| bytes.fill(0xAB));
        let shown = format!(
            "{secret:?} {:?} {:?} {:?}",
            FileKey::new(Secret::fill(|bytes| bytes.fill(0xAB))),
            SymmetricKey::new("greffe/document/v1", secret.clone()),
            TagKey::new(secret.clone()),
        );

        assert_eq!(shown, "Secret FileKey SymmetricKey TagKey");
    }

    #[test]
    fn a_secret_of_another_length_is_none() {
        assert!(Secret::<16>::from_slice(&[0; 15]).is_none());
        assert!(Secret::<16>::from_slice(&[0; 17]).is_none());
        assert!(Secret::<16>::from_slice(&[0; 16]).is_some());
    }
}
