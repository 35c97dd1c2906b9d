//! The form of `.age` files, however they arrive in pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| greffe_fuzz::check("age", bytes));
