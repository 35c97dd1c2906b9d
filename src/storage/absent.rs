//! A location that could not be opened: everything asked of it fails as of one that does not answer.

use std::ops::Range;

use async_trait::async_trait;

use crate::storage::{Error, Kept, LocationId, Name, Sealed, Shown, Store};

/// Stands in for a store until the service is started again.
#[derive(Debug)]
pub struct Absent {
    location: LocationId,
    why: String,
}

impl Absent {
    /// The store of `location`, which could not be opened since `why`.
    #[must_use]
    pub fn new(location: LocationId, why: String) -> Self {
        Self { location, why }
    }

    fn away<T>(&self) -> Result<T, Error> {
        let source = format!("it could not be opened at the start: {}", self.why).into();
        Err(Error::Unreachable { location: self.location.clone(), source })
    }
}

#[async_trait]
impl Store for Absent {
    async fn create(&self, _: &Name, _: Sealed, _: Option<u64>) -> Result<Kept, Error> {
        self.away()
    }

    async fn read(&self, _: &Name, _: Range<u64>) -> Result<Sealed, Error> {
        self.away()
    }

    async fn head(&self, _: &Name) -> Result<Option<u64>, Error> {
        self.away()
    }

    async fn erase(&self, _: &Name) -> Result<(), Error> {
        self.away()
    }

    async fn list(&self, _: &Name) -> Result<Vec<Name>, Error> {
        self.away()
    }

    async fn look(&self) -> Result<Shown, Error> {
        self.away()
    }
}
