//! Proofs as files: what is read is written again byte for byte, and verifying it never fails otherwise than by refusing.
#![no_main]

use greffe::audit::{proof::Proof, trust::Policy};
use libfuzzer_sys::fuzz_target;

const POLICY: &[u8] =
    b"log exchange.example/audit/2026+04dca8f8+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4\nquorum none\n";

fuzz_target!(|bytes: &[u8]| {
    if let Ok(proof) = Proof::parse(bytes) {
        assert_eq!(proof.to_string().as_bytes(), bytes);
        let policy = Policy::parse(POLICY).expect("a policy");
        let _ = proof.verify(b"seven", &policy);
    }
});
