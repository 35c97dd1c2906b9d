//! What is stored of a credential: it fits one secret, person, capacity, end and generation, and
//! gives none of them away.

use std::fmt;

use ring::hmac;

use crate::{
    id::{CredentialId, PartyId, PersonId},
    mission::{CredentialKind, joined},
    time::Instant,
};

/// Whose credential it is, for what, until when: what the table says, and the person's revision
/// must say too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub id: CredentialId,
    pub kind: CredentialKind,
    pub person: PersonId,
    pub capacity: PartyId,
    pub expires_at: Instant,
    pub generation: u32,
}

/// The key of verifiers, from custody: whoever has only the database makes none.
#[derive(Clone)]
pub(super) struct Pepper(hmac::Key);

impl Pepper {
    pub(super) fn new(key: hmac::Key) -> Self {
        Self(key)
    }

    /// HMAC-SHA-256(pepper, secret ‖ id ‖ person ‖ capacity ‖ expiry ‖ generation), lengths (u32,
    /// big-endian) before parts; for a certificate the secret is the SHA-256 of its DER.
    pub(super) fn verifier(&self, secret: &[u8; 32], claim: &Claim) -> Vec<u8> {
        hmac::sign(&self.0, &message(secret, claim)).as_ref().to_vec()
    }

    /// In constant time.
    pub(super) fn fits(&self, secret: &[u8; 32], claim: &Claim, verifier: &[u8]) -> bool {
        hmac::verify(&self.0, &message(secret, claim), verifier).is_ok()
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pepper")
    }
}

fn message(secret: &[u8; 32], claim: &Claim) -> zeroize::Zeroizing<Vec<u8>> {
    zeroize::Zeroizing::new(joined(&[
        secret,
        claim.id.as_bytes(),
        claim.person.as_bytes(),
        claim.capacity.as_bytes(),
        &claim.expires_at.0.to_be_bytes(),
        &claim.generation.to_be_bytes(),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_fits_one_secret_and_one_claim() {
        let pepper = Pepper::new(hmac::Key::new(hmac::HMAC_SHA256, &[1; 32]));
        let claim = Claim {
            id: CredentialId::random(),
            kind: CredentialKind::Token,
            person: PersonId::random(),
            capacity: PartyId::random(),
            expires_at: Instant(5),
            generation: 3,
        };
        let verifier = pepper.verifier(&[2; 32], &claim);

        assert!(pepper.fits(&[2; 32], &claim, &verifier));
        assert!(!pepper.fits(&[3; 32], &claim, &verifier));
        for wrong in [
            Claim { id: CredentialId::random(), ..claim },
            Claim { person: PersonId::random(), ..claim },
            Claim { capacity: PartyId::random(), ..claim },
            Claim { expires_at: Instant(6), ..claim },
            Claim { generation: 4, ..claim },
        ] {
            assert!(!pepper.fits(&[2; 32], &wrong, &verifier), "{wrong:?}");
        }
        let other = Pepper::new(hmac::Key::new(hmac::HMAC_SHA256, &[2; 32]));
        assert!(!other.fits(&[2; 32], &claim, &verifier));
    }
}
