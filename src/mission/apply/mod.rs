//! A changed mission file, applied to the mission that stands: what it would change is said first, what cannot be is
//! refused whole, then each subject that changes is written with an entry of its own.

mod plan;
mod refuse;
mod write;

use std::sync::Arc;

use crate::mission::{Difference, MissionRevision, Named, PartyRevision, PersonRevision};

/// What a mission file changes. Nothing is written before [`Application::write`].
pub struct Application {
    /// What is to be said of it; nothing if the file changes nothing.
    pub differences: Vec<Difference>,
    stands: Arc<MissionRevision>,
    mission: MissionRevision,
    parties: Vec<Next<PartyRevision>>,
    people: Vec<(Next<PersonRevision>, Option<Named>)>,
}

impl std::fmt::Debug for Application {
    /// Without names and addresses, which belong in no log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Application")
            .field("differences", &self.differences)
            .finish_non_exhaustive()
    }
}

/// A subject as it is to stand, and as it stood if it did.
struct Next<R> {
    before: Option<Arc<R>>,
    after: R,
}

#[cfg(test)]
mod tests;
