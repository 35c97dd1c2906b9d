//! Copies of a version: the same sealed bytes at each of its locations.
//!
//! They are written at once, read from whichever answers first and rightly, and written anew where one is not what its
//! record says. Which they are stands in the document's revision; the table `copy` is where to look for them.

mod doubt;
mod erased;
mod read;
mod scrub;
mod traffic;
mod transfer;
mod write;

use crate::{
    documents::{Documents, Error},
    mission::CopyEntry,
    storage::{Location, Name},
};

pub(super) use doubt::{Doubts, of_copies};
pub(super) use read::Late;
use traffic::Upkeep;
pub(super) use traffic::{Traffic, Transfer};

impl Documents {
    /// The location of a copy. None is removed from the configuration while copies rest there.
    fn at(&self, copy: &CopyEntry) -> Result<&Location, Error> {
        self.location(&copy.location).ok_or(Error::NoLocation)
    }

    /// Erases a copy, the object and the record beside it, and asks whether they are gone.
    pub(super) async fn erase_copy(&self, copy: &CopyEntry) -> Result<(), Error> {
        let store = &self.at(copy)?.store;
        for name in names(copy) {
            store.erase(&name).await?;
            if store.head(&name).await?.is_some() {
                return Err(Error::NotErased(copy.location.clone()));
            }
        }
        Ok(())
    }
}

/// Under which names a copy rests.
fn names(copy: &CopyEntry) -> [Name; 2] {
    [copy.object.clone(), copy.object.of_its_record()]
}
