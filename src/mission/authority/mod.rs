//! Changes of authority: roles, conflicts, recipients, networks, placement. Effective at the next
//! request.
//!
//! The party or person that a change touches is the one over which its warrant is a right, never an
//! argument. So a right over one party changes no other, and a right over oneself changes no party
//! but by leaving it.

mod roles;
mod party;
mod mission;
mod moves;
mod erase;
mod tags;

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::{Map, Value};

use crate::{
    audit::{Actor, Administer, Change, Draft, Stopped, Warrant, Writer},
    database::{Kind, Subject},
    id::{EntryId, PartyId, PersonId},
    mission::{Error, Registry, Revision},
};

/// Longest name of a network or recipient, in characters.
const LONGEST_NAME: usize = 100;
/// Longest sentence, in characters.
const LONGEST_SENTENCE: usize = 1_000;
/// How often a change of the service itself is made again when a head moved.
const TRIES: usize = 8;

/// Changes who may what. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Authority {
    registry: Registry,
    writer: Writer,
}

impl Authority {
    /// Changes what `registry` reads, by `writer`.
    #[must_use]
    pub fn new(registry: Registry, writer: Writer) -> Self {
        Self { registry, writer }
    }

    /// What is changed.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Whoever makes the changes.
    #[must_use]
    pub fn writer(&self) -> &Writer {
        &self.writer
    }

    /// One change under `warrant`, with `detail` among its facts.
    ///
    /// # Errors
    ///
    /// What `work` failed with, if it is an [`Error`]; else [`Error::Audit`].
    pub async fn change<W: Warrant<Act = Administer>, T: Send + 'static>(
        &self,
        warrant: W,
        detail: Map<String, Value>,
        work: impl for<'c, 't> Fn(&'c mut Change<'t>) -> BoxFuture<'c, Result<T, Stopped>>
        + Send
        + Sync
        + 'static,
    ) -> Result<EntryId, Error> {
        let work = Arc::new(work);
        let changed = self.writer.change(warrant, move |change| {
            let (work, detail) = (Arc::clone(&work), detail.clone());
            Box::pin(async move {
                for (name, value) in detail {
                    change.detail(&name, value);
                }
                work(change).await
            })
        });
        Ok(changed.await?.1)
    }

    /// One change of the service itself, made again while another change is in its way.
    ///
    /// # Errors
    ///
    /// As [`Authority::change`].
    pub async fn system<T: Send + 'static>(
        &self,
        draft: Draft,
        work: impl for<'c, 't> Fn(&'c mut Change<'t>) -> BoxFuture<'c, Result<T, Stopped>>
        + Send
        + Sync
        + 'static,
    ) -> Result<(T, EntryId), Error> {
        let work = Arc::new(work);
        let mut tries = 1;
        loop {
            let again = Arc::clone(&work);
            let changed = self.writer.system(draft.clone(), move |change| again(change)).await;
            match changed {
                Err(crate::audit::Error::Moved) if tries < TRIES => tries += 1,
                changed => return Ok(changed?),
            }
        }
    }

    /// Edits one subject under `warrant`.
    async fn edit<W: Warrant<Act = Administer>, R: Revision>(
        &self,
        warrant: W,
        subject: impl Into<Subject>,
        detail: Map<String, Value>,
        edit: impl Fn(&mut R) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<EntryId, Error> {
        let (registry, subject, edit) = (self.registry.clone(), subject.into(), Arc::new(edit));
        self.change(warrant, detail, move |change| {
            let (registry, edit) = (registry.clone(), Arc::clone(&edit));
            Box::pin(async move { registry.edit(change, subject, |revision| edit(revision)).await })
        })
        .await
    }
}

/// The party over which `warrant` is a right.
fn party_of(warrant: &impl Warrant<Act = Administer>) -> Result<PartyId, Error> {
    match warrant.subject() {
        Some(Subject { kind: Kind::Party, id }) => Ok(PartyId(id)),
        _ => Err(Error::NotTheirs),
    }
}

/// The person over whom `warrant` is a right: its actor, or someone of the party for which they
/// act.
pub(crate) fn person_of(warrant: &impl Warrant<Act = Administer>) -> Result<PersonId, Error> {
    match warrant.subject() {
        Some(Subject { kind: Kind::Person, id }) => Ok(PersonId(id)),
        _ => Err(Error::NotTheirs),
    }
}

/// The actor of `warrant`, if it is a right over nobody but themselves.
pub(crate) fn self_of(warrant: &impl Warrant<Act = Administer>) -> Result<Actor, Error> {
    let person = person_of(warrant)?;
    warrant.draft().actor.filter(|actor| actor.person == person).ok_or(Error::NotTheirs)
}

/// What was done, and its further facts.
pub(crate) fn facts(did: &str, further: Value) -> Map<String, Value> {
    let mut facts = Map::new();
    facts.insert("did".to_owned(), did.into());
    if let Value::Object(further) = further {
        facts.extend(further);
    }
    facts
}

#[cfg(test)]
mod tests;
