//! The rooms of one instance, wired: what handlers and commands are given.

use std::sync::Arc;

use crate::{
    audit::{Gate, Writer},
    documents::Documents,
    http::Budget,
    identity::Identity,
    mission::{Authority, Registry},
    policy::Policy,
    time::Clock,
    vault::KeySet,
};

/// One running instance. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    /// The clock of decisions and entries.
    pub clock: Clock,
    /// Who may what, read.
    pub registry: Registry,
    /// Who may what, changed.
    pub authority: Authority,
    /// Who is asking.
    pub identity: Identity,
    /// May they, and why.
    pub policy: Policy,
    /// The product.
    pub documents: Documents,
    /// Changes.
    pub writer: Writer,
    /// Disclosures.
    pub gate: Gate,
    /// Names of people and parties are opened by it.
    pub keyset: Arc<KeySet>,
    /// What each caller may cause.
    pub budget: Budget,
    /// The log's name and key (c2sp.org/signed-note).
    pub log: LogKey,
    /// What one caller may use.
    pub limits: Limits,
}

/// Of which log entries are, and by which key they are verified.
#[derive(Clone, Debug)]
pub struct LogKey {
    /// Its origin.
    pub origin: Arc<str>,
    /// Its verifier key, as `/log/vkey` serves it.
    pub vkey: Arc<str>,
}

/// What one request may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest content of one upload, in bytes.
    pub upload_bytes: u64,
    /// Longest that a request without content may take, in seconds.
    pub request_seconds: u32,
}
