//! Proofs by strangers: none is accepted for a tree that it does not belong to, and no size or length panics.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| greffe_fuzz::check("merkle", bytes));
