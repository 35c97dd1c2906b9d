//! `greffe init`: a new instance, from a configuration and a mission file.

use std::path::{Path, PathBuf};

use crate::{
    app,
    audit::tree,
    cli::{
        error::{Error, Exit},
        session::Session,
    },
    config::Config,
    database,
    mission::{self, MissionFile},
    vault::keyset,
};

/// Makes an instance: custody, key set, database, log, places of storage; and imports its mission. Overwrites nothing.
///
/// Of an instance that is made already, makes a place of storage that was added to its configuration.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe init --config /etc/greffe/greffe.toml --mission config/mission.toml
  greffe init --config /etc/greffe/greffe.toml --location gravelines
  then: greffe link --config … --person access-acieries --capacity company:acieries-du-ponant")]
pub struct Init {
    /// The configuration.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The mission: parties, people, roles, conflicts.
    #[arg(long, value_name = "FILE", required_unless_present = "location")]
    mission: Option<PathBuf>,
    /// Makes only this place of storage, which the configuration has since; it is used from the next start on.
    #[arg(long, value_name = "ID", conflicts_with = "mission")]
    location: Option<String>,
}

impl Init {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// What could not be read or made.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let config = read(&self.config)?;
        if let Some(location) = &self.location {
            app::add_location(&config, location).await.map_err(failed)?;
            session.terminal.note("location-made", &[("location", location)]);
            return Ok(Exit::Done);
        }
        let file = mission(&self.mission.unwrap_or_default())?;
        let warning = app::create(&config, &file, &[]).await.map_err(failed)?;
        if let Some(warning) = warning {
            session.terminal.note("custody-warning", &[("reason", &warning.to_string())]);
        }
        session.terminal.note("init-done", &[("origin", &config.origin)]);
        Ok(Exit::Done)
    }
}

/// Reads a configuration for an operator's command.
pub(super) fn read(path: &Path) -> Result<Config, Error> {
    Config::read(path).map_err(|error| {
        let told = Error::new(Exit::Failed, "config-unusable").because(error);
        told.with("path", path.display())
    })
}

/// Reads a mission file.
pub(super) fn mission(path: &Path) -> Result<MissionFile, Error> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let told = Error::new(Exit::NotFound, "file-unreadable").because(error);
        told.with("path", path.display())
    })?;
    MissionFile::parse(&text).map_err(|problems| {
        let told = Error::new(Exit::Failed, "mission-malformed");
        told.with("path", path.display()).with("reason", problems)
    })
}

/// An instance that could not be made or opened.
pub(super) fn failed(error: app::Error) -> Error {
    let exit = match &error {
        app::Error::Tree(tree::Error::Contradiction(_) | tree::Error::Batch(_)) => Exit::Tampered,
        app::Error::Mission(
            mission::Error::RootDiffers
            | mission::Error::Forged(_)
            | mission::Error::Database(database::Error::PutBack(_)),
        )
        | app::Error::Keys(keyset::Error::Older { .. } | keyset::Error::BeforeATurn) => {
            Exit::Tampered
        }
        _ => Exit::Failed,
    };
    Error::new(exit, "instance-unusable").because(error)
}
