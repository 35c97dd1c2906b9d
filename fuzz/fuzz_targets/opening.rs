//! Disclosures: whatever opens its own digest is well formed, and nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| greffe_fuzz::check("opening", bytes));
