//! Who is asking: tokens, certificates, sign-in links.
//!
//! A credential lives if three agree: the secret presented, the row in the table (whose verifier fits that secret, person,
//! capacity, end and generation only), and the person's revision, which lists it. So a row copied to another person, put
//! back after a revocation, or revived, authenticates nobody.

mod token;
mod verifier;
mod rows;
mod limiter;
mod caller;
mod authenticate;

use std::sync::Arc;

use crate::{database, mission, mission::Registry};

pub use authenticate::Presented;
pub use caller::{Caller, Confirmed};
pub use limiter::Failures;
pub use token::{NotAToken, Token};

/// Why someone is not known, or a credential not made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No credential, or none that lives.
    #[error("the credential is missing, unknown, revoked or past its end")]
    Unknown,
    /// Several capacities, or another than the one asked for: one of these is to be named.
    #[error("choose the capacity in which to act: {}", .0.join(", "))]
    Choose(Vec<String>),
    /// Too many failures from the same source.
    #[error("too many failed attempts: wait {wait_seconds} s")]
    Limited {
        /// How long to wait.
        wait_seconds: u64,
    },
    /// Who may what cannot be read.
    #[error("could not read whose credential it is")]
    Authority(#[source] mission::Error),
    /// The table of credentials cannot be read.
    #[error("could not look up the credential")]
    Database(#[from] database::Error),
}

/// Tells who is asking. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Identity {
    registry: Registry,
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    pepper: verifier::Pepper,
    rows: rows::Rows,
    limiter: limiter::Limiter,
}

impl Identity {
    /// Identity over `registry`; the pepper comes from custody, under the label `greffe/token/v1`.
    #[must_use]
    pub fn new(registry: Registry, pepper: ring::hmac::Key) -> Self {
        let pepper = verifier::Pepper::new(pepper);
        let inner =
            Inner { pepper, rows: rows::Rows::default(), limiter: limiter::Limiter::default() };
        Self { registry, inner: Arc::new(inner) }
    }

    /// How many authentications failed since this was last asked, without addresses: for one entry a minute.
    #[must_use]
    pub fn failures(&self) -> Failures {
        self.inner.limiter.take()
    }
}
