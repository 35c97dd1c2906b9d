//! Each place is looked at, at start and hourly: what it shows is entered, and what contradicts stops writes there.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use futures::future::join_all;
use serde_json::{Map, json};

use crate::{
    audit::{self, Draft},
    documents::{Documents, Error},
    storage::{Location, LocationId, Probe, Verdict, probe},
};

/// The last look at each place.
#[derive(Debug, Default)]
pub(super) struct Probes(Mutex<BTreeMap<LocationId, Probe>>);

impl Documents {
    /// Looks at every place, and enters what each shows. A contradiction counts at once; that it is gone, once the entry
    /// stands.
    ///
    /// # Errors
    ///
    /// If a look could not be entered; then every place was looked at all the same.
    pub async fn probe(&self) -> Result<(), audit::Error> {
        let looks = join_all(self.inner.locations.iter().map(|location| self.look(location))).await;
        let mut outcome = Ok(());
        for (location, probe) in looks {
            tell(location, &probe);
            let entered = self.enter(location, &probe).await;
            if entered.is_ok() || probe.verdict == Verdict::Contradicted {
                self.inner.probes.keep(location.id.clone(), probe);
            }
            outcome = outcome.and(entered);
        }
        outcome
    }

    /// The last look at a place; nothing before the first.
    #[must_use]
    pub fn probed(&self, location: &LocationId) -> Option<Probe> {
        self.inner.probes.of(location)
    }

    /// Whether anything may be written there.
    pub(super) fn writable(&self, location: &LocationId) -> Result<(), Error> {
        match self.probed(location) {
            Some(Probe { verdict: Verdict::Contradicted, .. }) => {
                Err(Error::Stopped(location.clone()))
            }
            _ => Ok(()),
        }
    }

    async fn look<'l>(&self, location: &'l Location) -> (&'l Location, Probe) {
        let (before, now) = (self.probed(&location.id), self.inner.writer.clock().now());
        (location, probe(&*location.store, before.as_ref(), now).await)
    }

    async fn enter(&self, location: &Location, probe: &Probe) -> Result<(), audit::Error> {
        let detail = Map::from_iter([
            ("system".to_owned(), json!("probe")),
            ("location".to_owned(), json!(location.id)),
            ("verdict".to_owned(), json!(probe.verdict)),
            ("says".to_owned(), json!(probe.says)),
            ("shown".to_owned(), json!(probe.shown)),
        ]);
        self.inner.writer.enter(Draft::system(detail)).await.map(drop)
    }
}

impl Probes {
    fn of(&self, location: &LocationId) -> Option<Probe> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(location).cloned()
    }

    fn keep(&self, location: LocationId, probe: Probe) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(location, probe);
    }
}

/// For whoever runs the service.
fn tell(location: &Location, probe: &Probe) {
    let (location, says) = (&location.id, probe.says.join("; "));
    match probe.verdict {
        Verdict::AsKnown => tracing::debug!(%location, "the place is as it is known"),
        Verdict::Warned => tracing::warn!(%location, says, "something is odd about the place"),
        Verdict::Away => tracing::warn!(%location, says, "the place does not answer"),
        Verdict::Contradicted => tracing::error!(
            %location,
            says,
            "the place contradicts what is known of it: nothing is written there until a look finds it as known"
        ),
    }
}
