//! May they, and why; where may it rest: makes the rights that the rest demands.
//!
//! The baseline (`config/policies/`) is the only thing that permits; a party's own text can only forbid. Cedar skips a
//! policy that it cannot evaluate, so whatever could not be evaluated refuses.
//!
//! **Invariant:** nothing but [`Policy::permit`] makes a [`Permit`], and it is the only [`crate::audit::Warrant`].

mod about;
mod permit;
mod subject;
mod texts;
mod case;
mod decide;
mod grants;
mod entities;
mod spoken;
mod names;
mod rules;
mod baseline;
mod restriction;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::{
    audit::{self, Gate, Reason, Verdict, Writer},
    database, identity,
    mission::{self, Registry},
    time::Instant,
    vault::{self, KeySet},
};

pub use about::About;
pub use baseline::baseline_digest;
pub use case::{Case, Circumstances, Target};
pub use decide::{Decider, Decision};
pub use grants::grantee_key;
pub use permit::Permit;
pub use restriction::{
    LONGEST_TEXT_BYTES, MOST_UNDER_ONE_SCOPE, Problem, Problems, RESTRICTABLE, Restriction, Rule,
    text_digest,
};
pub use texts::Unsaved;

/// Why there is no permit.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// They may not know that there is such a thing, or there is none. It is recorded.
    #[error("there is no such thing, or none that may be discovered")]
    Hidden,
    /// They may discover it, and no more. It is recorded.
    #[error("not permitted")]
    Forbidden(Reason),
    /// Their credential has ended since they authenticated.
    #[error("the credential has ended")]
    Unknown,
    /// What the decision read kept moving.
    #[error("what the decision was made on kept moving")]
    Unsettled,
    /// The refusal could not be recorded, or the change was not made.
    #[error("could not record the act")]
    Audit(#[source] audit::Error),
    /// Who may what could not be read.
    #[error("could not read who may what")]
    Authority(#[from] mission::Error),
    /// The database did not answer.
    #[error("could not read a restriction")]
    Database(#[from] database::Error),
    /// The key set did not answer.
    #[error("could not use a party's key")]
    Keys(#[from] vault::keyset::Error),
    /// Who is asking could not be read again.
    #[error("could not confirm who is asking")]
    Identity(#[source] identity::Error),
}

/// Decides. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Policy {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    registry: Registry,
    writer: Writer,
    gate: Gate,
    texts: texts::Texts,
    nobody: subject::Nobody,
}

impl Policy {
    /// Decides on the revisions of `registry`, records refusals by `gate`, and saves restrictions by `writer`.
    #[must_use]
    pub fn new(registry: Registry, writer: Writer, gate: Gate) -> Self {
        let (texts, nobody) = (texts::Texts::default(), subject::Nobody::new());
        Self { inner: Arc::new(Inner { registry, writer, gate, texts, nobody }) }
    }

    fn registry(&self) -> &Registry {
        &self.inner.registry
    }

    fn writer(&self) -> &Writer {
        &self.inner.writer
    }

    fn gate(&self) -> &Gate {
        &self.inner.gate
    }

    fn keyset(&self) -> &KeySet {
        self.inner.writer.keyring().keyset()
    }

    fn texts(&self) -> &texts::Texts {
        &self.inner.texts
    }

    fn nobody(&self) -> &subject::Nobody {
        &self.inner.nobody
    }

    fn now(&self) -> Instant {
        self.inner.writer.clock().now()
    }
}

impl From<Verdict> for Error {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Hidden => Self::Hidden,
            Verdict::Forbidden(reason) => Self::Forbidden(reason),
        }
    }
}

impl From<audit::Error> for Error {
    fn from(error: audit::Error) -> Self {
        match error {
            audit::Error::Refused(verdict) => verdict.into(),
            error => Self::Audit(error),
        }
    }
}

impl From<identity::Error> for Error {
    fn from(error: identity::Error) -> Self {
        match error {
            identity::Error::Unknown => Self::Unknown,
            error => Self::Identity(error),
        }
    }
}
