//! The code under which a revision counts: nobody without the authority key makes one.

use std::fmt;

use ring::hmac;

use crate::{database::Head, id::EntryId};

/// What the first revision of a subject names as its previous one's digest.
pub(super) const NONE_BEFORE: [u8; 32] = [0; 32];

/// What the code of a revision is over, beside its bytes, which the head's digest stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Subject, number, SHA-256 of the stored bytes.
    pub head: Head,
    /// SHA-256 of the previous revision's bytes.
    pub previous: [u8; 32],
    /// The entry that made it.
    pub entry: EntryId,
}

/// The authority key.
#[derive(Clone)]
pub(super) struct Code(hmac::Key);

impl Code {
    pub(super) fn new(authority_key: hmac::Key) -> Self {
        Self(authority_key)
    }

    /// HMAC-SHA-256(authority key, subject ‖ number ‖ digest ‖ previous ‖ entry), lengths (u32,
    /// big-endian) before parts.
    pub(super) fn sign(&self, stamp: &Stamp) -> Vec<u8> {
        hmac::sign(&self.0, &message(stamp)).as_ref().to_vec()
    }

    /// In constant time.
    pub(super) fn verify(&self, stamp: &Stamp, mac: &[u8]) -> bool {
        hmac::verify(&self.0, &message(stamp), mac).is_ok()
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code")
    }
}

fn message(stamp: &Stamp) -> Vec<u8> {
    let Stamp { head, previous, entry } = stamp;
    let subject = head.subject.key();
    let number = head.number.to_be_bytes();
    joined(&[&subject, &number, &head.digest, previous, entry.as_bytes()])
}

/// The parts, each preceded by its length (u32, big-endian), so that no two lists of parts read the
/// same.
///
/// # Panics
///
/// If a part has 4 GiB.
#[must_use]
pub fn joined(parts: &[&[u8]]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
    for part in parts {
        let length = u32::try_from(part.len()).expect("a part is shorter than 4 GiB");
        joined.extend_from_slice(&length.to_be_bytes());
        joined.extend_from_slice(part);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{database::Subject, id::PersonId};

    #[test]
    fn a_code_fits_one_subject_number_digest_previous_and_entry() {
        let code = Code::new(hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]));
        let person = Subject::from(PersonId::random());
        let head = Head { subject: person, number: 2, digest: [1; 32] };
        let stamp = Stamp { head, previous: [2; 32], entry: EntryId::random() };
        let mac = code.sign(&stamp);

        assert!(code.verify(&stamp, &mac));
        let other = Subject::from(PersonId::random());
        for wrong in [
            Stamp { head: Head { subject: other, ..head }, ..stamp },
            Stamp { head: Head { number: 3, ..head }, ..stamp },
            Stamp { head: Head { digest: [2; 32], ..head }, ..stamp },
            Stamp { previous: [1; 32], ..stamp },
            Stamp { entry: EntryId::random(), ..stamp },
        ] {
            assert!(!code.verify(&wrong, &mac), "{wrong:?}");
        }
        assert!(!code.verify(&stamp, &mac[..31]));
        let other_key = Code::new(hmac::Key::new(hmac::HMAC_SHA256, &[8; 32]));
        assert!(!other_key.verify(&stamp, &mac));
    }
}
