//! Entry bundles: what is read is written again byte for byte.
#![no_main]

use greffe::audit::bundle;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(entries) = bundle::entries(bytes) {
        let width = entries.len();
        assert_eq!(bundle::write(entries).expect("each was short enough"), bytes);
        if let Ok(width) = u16::try_from(width) {
            assert!(bundle::read(bytes, width).is_ok());
        }
    }
});
