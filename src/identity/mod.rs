//! Who is asking: tokens, certificates, sign-in links.
//!
//! A credential lives if three agree: the secret presented, the row in the table (whose verifier
//! fits that secret, person, capacity, end and generation only), and the person's revision, which
//! lists it. So a row copied to another person, put back after a revocation, or revived,
//! authenticates nobody.

mod token;
mod verifier;
mod rows;
mod limiter;
mod caller;
mod authenticate;
mod issue;
mod redeem;
mod own;

use std::sync::Arc;

use crate::{
    audit, database,
    mission::{self, Authority, Registry},
};

pub use authenticate::Presented;
pub use caller::{Caller, Confirmed};
pub use issue::{LINK_LIFE, LONGEST_LIFE, TOKEN_LIFE};
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
    /// The credential cannot be made, and what to do instead.
    #[error("{0}")]
    Refused(String),
    /// Who may what cannot be read, or the change was not made.
    #[error("could not read or change whose credential it is")]
    Authority(#[source] mission::Error),
    /// The table of credentials cannot be read.
    #[error("could not look up the credential")]
    Database(#[from] database::Error),
}

/// Tells who is asking. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Identity {
    registry: Registry,
    authority: Authority,
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    pepper: verifier::Pepper,
    rows: rows::Rows,
    limiter: limiter::Limiter,
}

impl Identity {
    /// Identity over the revisions that `authority` changes; the pepper comes from custody, under
    /// the label `greffe/token/v1`.
    /// One source may fail `failures_per_minute` times.
    #[must_use]
    pub fn new(authority: Authority, pepper: ring::hmac::Key, failures_per_minute: u32) -> Self {
        let pepper = verifier::Pepper::new(pepper);
        let inner = Inner {
            pepper,
            rows: rows::Rows::default(),
            limiter: limiter::Limiter::new(failures_per_minute),
        };
        Self { registry: authority.registry().clone(), authority, inner: Arc::new(inner) }
    }

    /// How many authentications failed since this was last asked, without addresses.
    #[must_use]
    pub fn failures(&self) -> Failures {
        self.inner.limiter.take()
    }

    /// Writes one entry of the service itself with the failures since the last one; none if there
    /// were none. For once a minute.
    ///
    /// # Errors
    ///
    /// [`Error::Authority`] if it could not be recorded.
    pub async fn record_failures(&self) -> Result<Failures, Error> {
        let failures = self.failures();
        if failures != Failures::default() {
            let Failures { unknown, limited } = failures;
            let further = serde_json::json!({ "unknown": unknown, "limited": limited });
            let draft = audit::Draft::system(mission::facts("authentications-failed", further));
            let recorded = self.authority.system(draft, |_| Box::pin(async { Ok(()) })).await;
            if let Err(error) = recorded {
                self.inner.limiter.give_back(failures);
                return Err(error.into());
            }
        }
        Ok(failures)
    }
}

impl From<mission::Error> for Error {
    /// What a change of credentials failed with, where it is an error of this room.
    fn from(error: mission::Error) -> Self {
        match error {
            mission::Error::Refused(says) => Self::Refused(says),
            mission::Error::Audit(audit::Error::Work(cause)) => match cause.downcast::<Self>() {
                Ok(own) => *own,
                Err(cause) => Self::Authority(mission::Error::Audit(audit::Error::Work(cause))),
            },
            error => Self::Authority(error),
        }
    }
}

#[cfg(test)]
mod tests;
