//! Trust policies: what is read is written so that it is read again as the same policy.
#![no_main]

use greffe::audit::trust::Policy;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(policy) = Policy::parse(bytes) {
        assert_eq!(Policy::parse(policy.to_string().as_bytes()), Ok(policy));
    }
});
