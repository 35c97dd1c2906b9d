//! The sealed record beside each version: with the key set it suffices to rebuild a lost catalogue.

use serde::{Deserialize, Serialize};

use crate::{
    id::{DocumentId, PartyId, VersionId},
    vault::{
        label, primitives,
        secret::{FileKey, Secret},
    },
};

/// What is said of a version where only the store and the key set are left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The owner.
    pub party: PartyId,
    /// The document.
    pub document: DocumentId,
    /// The version.
    pub version: VersionId,
    /// The version's number within its document, from 1.
    pub number: u64,
    /// The workstream that it was deposited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workstream: Option<PartyId>,
    /// The document's speakable reference, e.g. `K3T-7KQ4-2M`.
    pub reference: String,
    /// Its kind.
    pub kind: String,
    /// Its sensitivity.
    pub sensitivity: String,
    /// Its protection.
    pub protection: String,
    /// Its title.
    pub title: String,
    /// Its media type.
    pub media_type: String,
    /// The object's first 16 bytes, in hexadecimal.
    pub nonce: String,
    /// Bytes of plaintext.
    pub plain_len: u64,
    /// Bytes of the sealed object.
    pub sealed_len: u64,
    /// SHA-256 of the plaintext, in hexadecimal.
    pub plain_sha256: String,
    /// SHA-256 of the sealed object, in hexadecimal.
    pub sealed_sha256: String,
    /// When it was deposited, RFC 3339.
    pub deposited_at: String,
}

/// A record that does not open.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It was not sealed with this key for this version and revision, or its format is unknown.
    #[error("the record is not what was sealed for this version and revision")]
    Forged,
    /// It opened, and is no record.
    #[error("the sealed record cannot be read")]
    Unreadable(#[source] serde_json::Error),
}

const FORMAT: u8 = 1;
const SALT: usize = 32;

/// Seals `record` as revision `revision` of what is said of its version. Call it once per revision.
///
/// Format (1 byte) ‖ salt (32) ‖ AES-256-GCM under HKDF(file key, salt, `greffe/record/v1`); associated data: label,
/// version, revision.
///
/// # Panics
///
/// Never: a record is always JSON.
#[must_use]
pub fn seal_record(key: &FileKey, revision: u64, record: &Record) -> Vec<u8> {
    let salt = crate::id::random::<SALT>();
    let json = zeroize::Zeroizing::new(serde_json::to_vec(record).expect("a record is JSON"));
    let associated = [label::RECORD.as_bytes(), record.version.as_bytes(), &revision.to_be_bytes()];
    let sealed = primitives::seal(&record_key(key, &salt), &associated, &json);
    [&[FORMAT], salt.as_slice(), &sealed].concat()
}

/// Opens what [`seal_record`] sealed.
///
/// # Errors
///
/// [`Error::Forged`] if key, version, revision or bytes are others; [`Error::Unreadable`] if it is no record of this
/// format.
pub fn open_record(
    key: &FileKey,
    version: &VersionId,
    revision: u64,
    sealed: &[u8],
) -> Result<Record, Error> {
    let body = sealed.strip_prefix(&[FORMAT]).ok_or(Error::Forged)?;
    let (salt, body) = body.split_first_chunk::<SALT>().ok_or(Error::Forged)?;
    let associated = [label::RECORD.as_bytes(), version.as_bytes(), &revision.to_be_bytes()];
    let json = primitives::open(&record_key(key, salt), &associated, body).ok_or(Error::Forged)?;
    serde_json::from_slice(&json).map_err(Error::Unreadable)
}

fn record_key(key: &FileKey, salt: &[u8; SALT]) -> Secret<32> {
    primitives::hkdf(key.expose(), salt, &[label::RECORD.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            party: PartyId::random(),
            document: DocumentId::random(),
            version: VersionId::random(),
            number: 1,
            workstream: None,
            reference: "K3T-7KQ4-2M".into(),
            kind: "diagnostic".into(),
            sensitivity: "confidential".into(),
            protection: "managed".into(),
            title: "What stands in the way".into(),
            media_type: "application/pdf".into(),
            nonce: hex::encode([1; 16]),
            plain_len: 3,
            sealed_len: 35,
            plain_sha256: hex::encode([2; 32]),
            sealed_sha256: hex::encode([3; 32]),
            deposited_at: "2026-01-01T00:00:00Z".into(),
        }
    }

    #[test]
    fn a_record_opens_with_its_file_key_version_and_revision_only() {
        let (key, record) = (FileKey::random(), record());
        let sealed = seal_record(&key, 4, &record);

        assert_eq!(open_record(&key, &record.version, 4, &sealed).unwrap(), record);
        for opened in [
            open_record(&FileKey::random(), &record.version, 4, &sealed),
            open_record(&key, &VersionId::random(), 4, &sealed),
            open_record(&key, &record.version, 3, &sealed),
            open_record(&key, &record.version, 4, &sealed[..sealed.len() - 1]),
            open_record(&key, &record.version, 4, &[]),
        ] {
            assert!(matches!(opened, Err(Error::Forged)));
        }
    }

    #[test]
    fn a_record_shows_nothing_of_its_title() {
        let sealed = seal_record(&FileKey::random(), 1, &record());

        assert!(!sealed.windows(8).any(|window| window == b"What sta"));
    }
}
