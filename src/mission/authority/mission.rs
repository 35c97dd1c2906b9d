//! The mission's own revision: conflicts, places of storage, baseline.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::{
    audit::{Administer, Draft, Warrant},
    database::{Revisions, Subject},
    id::EntryId,
    mission::{
        Conflict, Error, MissionRevision, PersonRevision, Setting,
        authority::{Authority, LONGEST_SENTENCE, facts, party_of},
        plain,
    },
};

/// Most conflicts of the mission.
const MOST_CONFLICTS: usize = 1_000;

impl Authority {
    /// Declares a conflict. It takes a warrant over the mission.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if it is declared already, or is with the person's own employer.
    pub async fn add_conflict<W: Warrant<Act = Administer>>(
        &self,
        warrant: W,
        conflict: Conflict,
    ) -> Result<EntryId, Error> {
        plain(&conflict.says, LONGEST_SENTENCE)
            .map_err(|why| Error::Refused(format!("the reason {why}")))?;
        let mut revisions = Revisions::new(self.writer.clock().now());
        let someone: Arc<PersonRevision> =
            self.registry.read(conflict.person, &mut revisions).await?;
        if someone.employer == conflict.with {
            return Err(Error::Refused("a conflict with their employer shuts them out".to_owned()));
        }
        let named = json!({
            "person": conflict.person, "with": conflict.with, "capacity": conflict.capacity,
        });
        self.edit_mission(warrant, facts("conflict-declared", named), move |mission| {
            let mut parties = std::iter::once(conflict.with).chain(conflict.capacity);
            if let Some(party) = parties.find(|party| mission.party(*party).is_none()) {
                return Err(Error::Missing(party.into()));
            }
            if mission.conflicts.iter().any(|other| is_same(other, &conflict)) {
                return Err(Error::Refused("this conflict is declared already".to_owned()));
            }
            if mission.conflicts.len() >= MOST_CONFLICTS {
                return Err(Error::Refused(format!("{MOST_CONFLICTS} conflicts are the most")));
            }
            mission.conflicts.push(conflict.clone());
            Ok(())
        })
        .await
    }

    /// Takes back a conflict, whatever it says of the reason. It takes a warrant over the mission.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if there is none.
    pub async fn end_conflict<W: Warrant<Act = Administer>>(
        &self,
        warrant: W,
        conflict: Conflict,
    ) -> Result<EntryId, Error> {
        let named = json!({
            "person": conflict.person, "with": conflict.with, "capacity": conflict.capacity,
        });
        self.edit_mission(warrant, facts("conflict-ended", named), move |mission| {
            let before = mission.conflicts.len();
            mission.conflicts.retain(|other| !is_same(other, &conflict));
            let found = mission.conflicts.len() < before;
            if found { Ok(()) } else { Err(Error::Refused("there is no such conflict".to_owned())) }
        })
        .await
    }

    /// Takes over what the configuration says of places of storage and baseline, if it is not what
    /// stands. An entry of the service itself.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if no mission was imported.
    pub async fn configure(&self, setting: Setting) -> Result<Option<EntryId>, Error> {
        let mut revisions = Revisions::new(self.writer.clock().now());
        let mission = self.registry.mission(&mut revisions).await?;
        let party = mission.party;
        if mission.locations == setting.locations && mission.baseline == setting.baseline {
            return Ok(None);
        }
        let places: Vec<_> = setting.locations.iter().map(|location| location.id.clone()).collect();
        let detail =
            facts("configured", json!({ "locations": places, "baseline": setting.baseline }));
        let draft = Draft { owner: Some(party), ..Draft::system(detail) };
        let registry = self.registry.clone();
        let changed = self.system(draft, move |change| {
            let (registry, setting) = (registry.clone(), setting.clone());
            Box::pin(async move {
                registry
                    .edit(change, Subject::MISSION, |mission: &mut MissionRevision| {
                        mission.locations = setting.locations;
                        mission.baseline = setting.baseline;
                        Ok(())
                    })
                    .await?;
                Ok(())
            })
        });
        changed.await.map(|((), entry)| Some(entry))
    }

    async fn edit_mission<W: Warrant<Act = Administer>>(
        &self,
        warrant: W,
        detail: Map<String, Value>,
        edit: impl Fn(&mut MissionRevision) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<EntryId, Error> {
        let party = party_of(&warrant)?;
        let edit = Arc::new(edit);
        self.edit(warrant, Subject::MISSION, detail, move |mission: &mut MissionRevision| {
            // A right over another party is none over the mission.
            if mission.party == party { edit(mission) } else { Err(Error::NotTheirs) }
        })
        .await
    }
}

fn is_same(one: &Conflict, other: &Conflict) -> bool {
    (one.person, one.with, one.capacity) == (other.person, other.with, other.capacity)
}
