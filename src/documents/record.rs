//! The version record: what the deposit's entry says of the sealed bytes, so that no other bytes pass for them.

use serde::{Deserialize, Serialize};

use crate::{
    audit::encoding::{base64url, from_base64url},
    id::{DocumentId, EntryId, VersionId},
    mission::{CopyEntry, VersionEntry},
    vault::{
        FileKey,
        payload::{Commitment, Nonce, plain_len, sha256},
    },
};

/// One version's record, format version 1. The plaintext's digest is not in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionRecord {
    /// Format version: 1.
    pub v: u8,
    /// Which document.
    pub document: DocumentId,
    /// Which version.
    pub version: VersionId,
    /// Counted from 1.
    pub number: i64,
    /// The deposit's entry of the version before.
    pub previous: Option<EntryId>,
    /// Where the sealed object rests since its deposit, the same bytes at each place.
    pub copies: Vec<CopyEntry>,
    /// Its length in bytes, nonce included.
    pub sealed_len: u64,
    /// SHA-256 of the sealed object, base64url.
    pub sealed_sha256: String,
    /// Length in bytes of the sealed record beside each copy.
    pub record_len: u64,
    /// SHA-256 of it, base64url.
    pub record_sha256: String,
    /// The object's first 16 bytes, base64url.
    pub nonce: String,
    /// HKDF of the file key: the cipher does not commit to it. Base64url.
    pub commitment: String,
    /// SHA-256 of the sealed media type, base64url.
    pub media_type: String,
    /// The key set's generation once the file key was durable.
    pub generation: u64,
}

impl VersionRecord {
    /// The bytes that are stored and hashed.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a record is plain JSON")
    }

    /// Reads a stored record, if its SHA-256 is `digest` (hex).
    #[must_use]
    pub fn read(text: &str, digest: &str) -> Option<Self> {
        if hex::encode(sha256(text.as_bytes())) != digest {
            return None;
        }
        serde_json::from_str(text).ok().filter(|record: &Self| record.v == 1)
    }

    /// Where copies rest now: `entry` is what the document's revision says of this version.
    #[must_use]
    pub fn copies<'v>(&'v self, entry: &'v VersionEntry) -> &'v [CopyEntry] {
        if entry.moved.is_empty() { &self.copies } else { &entry.moved }
    }

    /// Bytes of plaintext; none if no object has this length.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        plain_len(self.sealed_len)
    }

    /// The nonce.
    #[must_use]
    pub fn nonce(&self) -> Option<Nonce> {
        from_base64url(&self.nonce)?.try_into().ok().map(Nonce)
    }

    /// Whether `key` is the one that sealed this version.
    #[must_use]
    pub fn commits_to(&self, key: &FileKey) -> bool {
        let bytes = from_base64url(&self.commitment).and_then(|bytes| bytes.try_into().ok());
        bytes.is_some_and(|bytes| Commitment(bytes).holds(key, &self.version))
    }
}

/// Digests and nonces as records write them.
pub(super) fn encoded(bytes: &[u8]) -> String {
    base64url(bytes)
}
