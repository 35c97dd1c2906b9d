//! The right to an act, as the writer and the gate see it.

use async_trait::async_trait;

use crate::{
    audit::{Act, Denial, Draft},
    database::{Revisions, Subject},
};

/// Why a right could not be decided again.
#[derive(Debug, thiserror::Error)]
pub enum Again {
    /// It is no longer permitted.
    #[error("no longer permitted")]
    Refused(Box<Denial>),
    /// It could not be decided.
    #[error("could not decide again")]
    Undecided(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A right to an act, with what it was decided on. Only `policy` makes one.
#[async_trait]
pub trait Warrant: Sized + Send + 'static {
    /// To which act.
    type Act: Act;

    /// On what it was decided.
    fn revisions(&self) -> &Revisions;

    /// What it is a right over, if that is one thing: a change touches this and nothing else.
    fn subject(&self) -> Option<Subject>;

    /// The entry that its use makes: actor, owner, document, grounds, context.
    fn draft(&self) -> Draft;

    /// Decides anew, on the heads as they are now.
    ///
    /// # Errors
    ///
    /// [`Again::Refused`] if it is no longer permitted.
    async fn again(self) -> Result<Self, Again>;
}
