//! Short texts sealed one by one: titles, purposes, reasons, names, addresses, openings, restriction texts.

use zeroize::Zeroizing;

use crate::vault::{
    primitives,
    secret::{Secret, SymmetricKey, TagKey},
};

/// The field was not sealed with this key for this subject, field and revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the sealed field does not open: another key, subject, field or revision, or altered bytes"
)]
pub struct Forged;

/// Seals `plaintext` as `field` of `subject` at `revision`, under `key` for its purpose.
///
/// AES-256-GCM under HKDF(key, info = the key's label), random nonce; associated data: label ‖ subject ‖ field ‖
/// revision, each preceded by its length (u32, big-endian). The result is 28 bytes longer than `plaintext`.
#[must_use]
pub fn seal_field(
    key: &SymmetricKey,
    subject: &[u8],
    field: &str,
    revision: u64,
    plaintext: &[u8],
) -> Vec<u8> {
    let associated = [key.label().as_bytes(), subject, field.as_bytes(), &revision.to_be_bytes()];
    primitives::seal(&sealing_key(key), &associated, plaintext)
}

/// Opens what [`seal_field`] sealed.
///
/// # Errors
///
/// [`Forged`] if any of key, purpose, subject, field, revision or bytes is another.
pub fn open_field(
    key: &SymmetricKey,
    subject: &[u8],
    field: &str,
    revision: u64,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Forged> {
    let associated = [key.label().as_bytes(), subject, field.as_bytes(), &revision.to_be_bytes()];
    primitives::open(&sealing_key(key), &associated, sealed).ok_or(Forged)
}

/// What stands in an index for `value`: found again with the key, meaningless without it.
///
/// HMAC-SHA-256(HKDF(key, info = label ‖ `/index`), value).
#[must_use]
pub fn index(key: &SymmetricKey, value: &[u8]) -> [u8; 32] {
    let index = primitives::hkdf(key.expose(), &[], &[key.label().as_bytes(), b"/index"]);
    *primitives::hmac(index.expose(), value).expose()
}

/// The key of a subject's tags in `year`: HKDF(subject's key, info = `greffe/tag/v1` ‖ year ‖ turn), lengths before
/// parts.
///
/// `turn` counts up when whoever knew the year's key must not know the rest of it.
#[must_use]
pub fn tag_key(subject: &SymmetricKey, year: u16, turn: u32) -> TagKey {
    let (year, turn) = (year.to_be_bytes(), turn.to_be_bytes());
    let info = primitives::join(&[primitives::TAG_PREFIX, &year, &turn]);
    TagKey::new(primitives::hkdf(subject.expose(), &[], &[&info]))
}

fn sealing_key(key: &SymmetricKey) -> Secret<32> {
    primitives::hkdf(key.expose(), &[], &[key.label().as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{id::EntryId, vault::label};

    #[test]
    fn a_field_opens_only_as_what_it_was_sealed() {
        let secret = Secret::random();
        let key = SymmetricKey::new(label::DOCUMENT, secret.clone());
        let sealed = seal_field(&key, b"subject", "title", 3, b"Offer");
        let other_purpose = SymmetricKey::new(label::PERSON, secret);
        let other_key = SymmetricKey::random(label::DOCUMENT);

        assert_eq!(open_field(&key, b"subject", "title", 3, &sealed).unwrap().as_slice(), b"Offer");
        for (key, subject, field, revision) in [
            (&key, b"another".as_slice(), "title", 3),
            (&key, b"subject", "reason", 3),
            (&key, b"subject", "title", 2),
            (&key, b"subjectt", "itle", 3),
            (&other_purpose, b"subject", "title", 3),
            (&other_key, b"subject", "title", 3),
        ] {
            assert_eq!(open_field(key, subject, field, revision, &sealed).err(), Some(Forged));
        }
        assert_eq!(open_field(&key, b"subject", "title", 3, b"").err(), Some(Forged));
    }

    #[test]
    fn the_same_text_is_sealed_differently_each_time() {
        let key = SymmetricKey::random(label::DOCUMENT);

        assert_ne!(seal_field(&key, b"s", "f", 1, b"x"), seal_field(&key, b"s", "f", 1, b"x"));
    }

    #[test]
    fn an_index_is_the_same_for_the_same_key_and_value_only() {
        let key = SymmetricKey::random(label::ADDRESS);

        assert_eq!(index(&key, b"a@example.org"), index(&key, b"a@example.org"));
        assert_ne!(index(&key, b"a@example.org"), index(&key, b"b@example.org"));
        assert_ne!(index(&key, b"a"), index(&SymmetricKey::random(label::ADDRESS), b"a"));
    }

    #[test]
    fn a_tag_differs_in_each_entry_year_and_turn() {
        let key = SymmetricKey::random(label::PARTY);
        let entry = EntryId::random();
        let tag = tag_key(&key, 2026, 0).tag(&entry);

        assert_eq!(tag_key(&key, 2026, 0).tag(&entry), tag);
        assert_ne!(tag_key(&key, 2026, 0).tag(&EntryId::random()), tag);
        assert_ne!(tag_key(&key, 2027, 0).tag(&entry), tag);
        assert_ne!(tag_key(&key, 2026, 1).tag(&entry), tag);
    }
}
