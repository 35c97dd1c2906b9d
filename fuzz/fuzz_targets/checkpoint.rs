//! Checkpoint bodies and anchors' names: what is read is written again byte for byte.
#![no_main]

use greffe::audit::{anchor::Anchor, checkpoint::Checkpoint};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(checkpoint) = text.parse::<Checkpoint>() {
        assert_eq!(checkpoint.to_string(), text);
    }
    if let Ok(anchor) = text.parse::<Anchor>() {
        assert_eq!(anchor.to_string(), text);
    }
});
