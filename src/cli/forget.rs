//! `greffe forget`: erases a person, on a stopped instance.

use std::{path::PathBuf, sync::Arc};

use serde_json::json;

use crate::{
    app,
    cli::{
        error::{Error, Exit},
        init, prompt,
        session::Session,
    },
    database::Revisions,
};

/// Erases a person: their name, their address, and which entries of the log are theirs. The instance must be stopped.
///
/// Their key goes first, so that no copy opens what was under it. Every proof of the log stays valid. It cannot be undone.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe forget --config greffe.toml --person contributor-rhein")]
pub struct Forget {
    /// The configuration.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The person, as the mission file calls them.
    #[arg(long, value_name = "ID")]
    person: String,
    /// Does not ask for the person to be typed.
    #[arg(long)]
    force: bool,
}

impl Forget {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the instance runs, the mission knows no such person, or it was not confirmed.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let config = Arc::new(init::read(&self.config)?);
        if !self.force {
            prompt::confirm(&session.terminal, "ask-forget", &self.person)?;
        }
        let app = app::open(config, app::Recovery::Demanded).await.map_err(init::failed)?;
        let failed = |error: crate::mission::Error| init::failed(error.into());
        let mission = app.registry.mission(&mut Revisions::new(app.clock.now())).await;
        let person = mission.map_err(failed)?.person_named(&self.person);
        let unknown = || Error::new(Exit::NotFound, "no-such-name").with("name", &self.person);
        let person = person.ok_or_else(unknown)?;
        let entry = app.authority.erase_person(person).await.map_err(failed)?;
        app.close().await;
        let shown = json!({"person": self.person, "entry": entry, "forgotten": true});
        session
            .terminal
            .show(&shown, || session.terminal.say("forgotten", &[("person", &self.person[..])]))?;
        Ok(Exit::Done)
    }
}
