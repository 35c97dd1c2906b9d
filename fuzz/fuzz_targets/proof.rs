//! Proofs as files: what is read is written again byte for byte, and verifying it never fails otherwise than by refusing.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| greffe_fuzz::check("proof", bytes));
