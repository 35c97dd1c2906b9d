//! Paths of tiles, as clients ask for them: each has one spelling.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| greffe_fuzz::check("tile", bytes));
