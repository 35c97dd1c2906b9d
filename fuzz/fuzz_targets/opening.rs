//! Disclosures: whatever opens its own digest is well formed, and nothing panics.
#![no_main]

use greffe::audit::opening::{Digest, Opening};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(opening) = Opening::open(text, &Digest::of(text)) {
        assert_eq!(opening.disclosure(), text);
        let _ = opening.value::<serde_json::Value>();
    }
    if let Ok(digest) = text.parse::<Digest>() {
        assert_eq!(digest.to_string(), text);
    }
});
