//! Checkpoint bodies and anchors' names: what is read is written again byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| greffe_fuzz::check("checkpoint", bytes));
