//! What contradicts is part of the answer; what cannot be read ends it.

use crate::{
    audit::tree::{Found, Unattested},
    documents::Error,
    mission,
};

/// Why something is not evidence.
#[derive(Debug)]
pub(super) enum Fault {
    /// Somebody wrote behind the log.
    Found(Found),
    /// It could not be read.
    Failed(Error),
}

impl Fault {
    pub(super) fn found(what: &'static str, of: impl ToString) -> Self {
        Self::Found(Found::new(what, of))
    }

    /// What was read, or nothing and a contradiction more.
    pub(super) fn noted<T>(
        read: Result<T, Self>,
        found: &mut Vec<Found>,
    ) -> Result<Option<T>, Error> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(Self::Found(one)) => {
                found.push(one);
                Ok(None)
            }
            Err(Self::Failed(error)) => Err(error),
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<mission::Error> for Fault {
    fn from(error: mission::Error) -> Self {
        match error {
            mission::Error::Forged(subject)
            | mission::Error::Missing(subject)
            | mission::Error::Unreadable { subject, .. } => Self::found("found-revision", subject),
            error => Self::Failed(error.into()),
        }
    }
}

impl From<Unattested> for Fault {
    fn from(error: Unattested) -> Self {
        match error {
            Unattested::Missing(entry) => Self::found("found-entry-gone", entry),
            Unattested::Altered(position) => Self::found("found-entry-altered", position),
            Unattested::Failed(error) => Self::Failed(Error::Log(error)),
        }
    }
}
