//! `greffe link`: a sign-in link for someone, on a stopped instance.

use std::{path::PathBuf, sync::Arc};

use serde_json::json;

use crate::{
    app,
    cli::{
        error::{Error, Exit},
        init,
        session::Session,
    },
    database::Revisions,
};

/// Makes a single-use sign-in link for one person in one capacity, for `greffe login`. The instance must be stopped.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe link --config greffe.toml --person access-acieries --capacity company:acieries-du-ponant")]
pub struct Link {
    /// The configuration.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The person, as the mission file calls them.
    #[arg(long, value_name = "ID")]
    person: String,
    /// The capacity: company:ID, workstream:ID or mission.
    #[arg(long, value_name = "HANDLE")]
    capacity: String,
}

impl Link {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the instance runs, or the mission knows no such person or capacity.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let config = Arc::new(init::read(&self.config)?);
        let app = app::open(config, app::Recovery::Demanded).await.map_err(init::failed)?;
        let failed = |error: crate::mission::Error| init::failed(error.into());
        let mission = app.registry.mission(&mut Revisions::new(app.clock.now())).await;
        let mission = mission.map_err(failed)?;
        let unknown = |name: &str| Error::new(Exit::NotFound, "no-such-name").with("name", name);
        let person = mission.person_named(&self.person).ok_or_else(|| unknown(&self.person))?;
        let party = mission.party_named(&self.capacity).ok_or_else(|| unknown(&self.capacity))?;
        let link = app.identity.issue_link(person, party.party).await;
        let link =
            link.map_err(|error| Error::new(Exit::Failed, "instance-unusable").because(error))?;
        app.close().await;
        let link = link.expose();
        session.terminal.show(&json!({"link": link.as_str()}), || link.to_string())?;
        Ok(Exit::Done)
    }
}
