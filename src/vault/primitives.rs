//! The few ways in which ring is used: AES-256-GCM with a random nonce, HKDF and HMAC with SHA-256.
//!
//! ring does not wipe the schedules that it expands from our keys, so they live only as long as one call.

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};
use zeroize::Zeroizing;

use crate::{id, vault::secret::Secret};

/// What precedes an entry's id in the message that a tag authenticates.
pub(super) const TAG_PREFIX: &[u8] = b"greffe/tag/v1";

/// Bytes that [`seal`] adds: 12 of nonce, 16 of tag.
pub(super) const SEAL_OVERHEAD: usize = NONCE_LEN + 16;

/// The parts, each preceded by its length (u32, big-endian), so that no two lists of parts read the same.
///
/// # Panics
///
/// If a part has 4 GiB.
pub(super) fn join(parts: &[&[u8]]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
    for part in parts {
        let length = u32::try_from(part.len()).expect("a part is shorter than 4 GiB");
        joined.extend_from_slice(&length.to_be_bytes());
        joined.extend_from_slice(part);
    }
    joined
}

/// Nonce ‖ ciphertext ‖ tag by AES-256-GCM, the nonce from the generator: at most 2^31 seals a key.
pub(super) fn seal(key: &Secret<32>, associated: &[&[u8]], plaintext: &[u8]) -> Vec<u8> {
    let nonce: [u8; NONCE_LEN] = id::random();
    let mut sealed = Vec::with_capacity(plaintext.len() + SEAL_OVERHEAD);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plaintext);
    let tag = gcm(key)
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(join(associated)),
            &mut sealed[NONCE_LEN..],
        )
        .expect("a plaintext is shorter than 64 GiB");
    sealed.extend_from_slice(tag.as_ref());
    sealed
}

/// What [`seal`] sealed; `None` if the key, an associated part or a byte is another.
pub(super) fn open(
    key: &Secret<32>,
    associated: &[&[u8]],
    sealed: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let mut opened = Zeroizing::new(body.to_vec());
    let length = gcm(key)
        .open_in_place(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(join(associated)),
            opened.as_mut_slice(),
        )
        .ok()?
        .len();
    opened.truncate(length);
    Some(opened)
}

fn gcm(key: &Secret<32>) -> LessSafeKey {
    let key = UnboundKey::new(&AES_256_GCM, key.expose()).expect("a key of AES-256 has 32 bytes");
    LessSafeKey::new(key)
}

/// 32 bytes of HKDF-SHA-256 (RFC 5869), `info` being the parts put together.
pub(super) fn hkdf(secret: &[u8], salt: &[u8], info: &[&[u8]]) -> Secret<32> {
    let block = expand(secret, salt, info).sign();
    Secret::from_slice(block.as_ref()).expect("SHA-256 has 32 bytes")
}

/// Whether `expected` is what [`hkdf`] gives, in constant time.
pub(super) fn hkdf_is(secret: &[u8], salt: &[u8], info: &[&[u8]], expected: &[u8; 32]) -> bool {
    let (key, message) = expand(secret, salt, info).into_parts();
    hmac::verify(&key, &message, expected).is_ok()
}

/// HMAC-SHA-256.
pub(super) fn hmac(key: &[u8], message: &[u8]) -> Secret<32> {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message);
    Secret::from_slice(tag.as_ref()).expect("SHA-256 has 32 bytes")
}

/// The first block of HKDF's output is itself an HMAC, T(1) = HMAC(PRK, info ‖ 1): so it can be compared as one.
struct FirstBlock {
    pseudorandom: hmac::Key,
    message: Vec<u8>,
}

impl FirstBlock {
    fn sign(&self) -> hmac::Tag {
        hmac::sign(&self.pseudorandom, &self.message)
    }

    fn into_parts(self) -> (hmac::Key, Vec<u8>) {
        (self.pseudorandom, self.message)
    }
}

fn expand(secret: &[u8], salt: &[u8], info: &[&[u8]]) -> FirstBlock {
    let extracted = hmac(salt, secret);
    let mut message = info.concat();
    message.push(1);
    FirstBlock { pseudorandom: hmac::Key::new(hmac::HMAC_SHA256, extracted.expose()), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hkdf_gives_the_first_block_of_rfc_5869() {
        let secret = [0x0b; 22];
        let salt: Vec<u8> = (0..13).collect();
        let info: Vec<u8> = (0xf0..0xfa).collect();
        let expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf";

        let block = hkdf(&secret, &salt, &[&info[..4], &info[4..]]);

        assert_eq!(hex::encode(block.expose()), expected);
        assert!(hkdf_is(&secret, &salt, &[&info], block.expose()));
        assert!(!hkdf_is(&secret, &salt, &[&info, b"x"], block.expose()));
    }

    #[test]
    fn parts_moved_across_their_border_are_other_parts() {
        assert_ne!(join(&[b"ab", b"c"]), join(&[b"a", b"bc"]));
        assert_ne!(join(&[b"ab"]), join(&[b"ab", b""]));
    }

    #[test]
    fn nothing_opens_but_what_was_sealed() {
        let key = Secret::random();
        let sealed = seal(&key, &[b"a", b"b"], b"text");

        assert_eq!(open(&key, &[b"a", b"b"], &sealed).unwrap().as_slice(), b"text");
        assert!(open(&key, &[b"ab", b""], &sealed).is_none());
        assert!(open(&Secret::random(), &[b"a", b"b"], &sealed).is_none());
        for length in 0..sealed.len() {
            assert!(open(&key, &[b"a", b"b"], &sealed[..length]).is_none(), "{length}");
        }
        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= 1;
            assert!(open(&key, &[b"a", b"b"], &changed).is_none(), "{position}");
        }
    }
}
