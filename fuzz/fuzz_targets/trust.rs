//! Trust policies: what is read is written so that it is read again as the same policy.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| greffe_fuzz::check("trust", bytes));
