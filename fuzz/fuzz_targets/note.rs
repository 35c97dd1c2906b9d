//! Signed notes and verifier keys: what is read is written again byte for byte.
#![no_main]

use greffe::audit::note::{Note, Verifier};
use libfuzzer_sys::fuzz_target;

const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

fuzz_target!(|bytes: &[u8]| {
    let key: Verifier = PETER.parse().expect("a key");
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes);
        let _ = note.open(&[key]);
    }
    if let Some(key) =
        std::str::from_utf8(bytes).ok().and_then(|text| text.parse::<Verifier>().ok())
    {
        assert_eq!(key.to_string().as_bytes(), bytes);
    }
});
