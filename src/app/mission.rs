//! The mission as it stands in a stopped instance, for the operator's commands.

use std::sync::Arc;

use crate::{
    app::{
        Error,
        open::{custody, lock},
    },
    config::Config,
    database::{Database, Revisions},
    mission::{MissionFile, PartyRevision, PersonRevision, Registry},
    time::Clock,
    vault::{custody::Custody as _, label},
};

/// Reads the mission that stands as its file would say it. Changes nothing, and makes no entry.
///
/// # Errors
///
/// [`Error::Locked`] if the instance runs; [`Error::Mission`] if a revision does not count.
pub async fn present(config: &Config) -> Result<MissionFile, Error> {
    let _lock = lock(config)?;
    let custody = custody(config)?;
    let database = Database::open(&config.database.place().map_err(Error::Config)?).await?;
    let registry = Registry::new(database.clone(), custody.derive(label::AUTHORITY).await?.mac());
    let mut revisions = Revisions::new(Clock::system().now());
    let mission = registry.mission(&mut revisions).await?;
    let mut parties: Vec<Arc<PartyRevision>> = Vec::new();
    for entry in &mission.parties {
        parties.push(registry.read(entry.party, &mut revisions).await?);
    }
    let mut people: Vec<Arc<PersonRevision>> = Vec::new();
    for entry in &mission.people {
        people.push(registry.read(entry.person, &mut revisions).await?);
    }
    database.pool().close().await;
    Ok(MissionFile::of(&mission, &parties, &people))
}
