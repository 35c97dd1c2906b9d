//! No root of trust but those that the configuration names.

/// Nothing is trusted by default.
pub const TLS_SERVER_ROOTS: &[pki_types::TrustAnchor<'static>] = &[];
