//! The rooms of one instance, wired: what handlers and commands are given.

use crate::{
    audit::{Gate, Writer},
    http::Budget,
    identity::Identity,
    mission::{Authority, Registry},
    time::Clock,
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
    /// Changes.
    pub writer: Writer,
    /// Disclosures.
    pub gate: Gate,
    /// What each caller may cause.
    pub budget: Budget,
}
