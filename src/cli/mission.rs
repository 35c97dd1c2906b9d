//! `greffe mission`: the mission as it stands in a stopped instance, shown or compared with a file.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::{
    app,
    cli::{
        error::{Error, Exit},
        init,
        session::Session,
    },
    mission::{MissionFile, differences},
};

/// Shows the mission as it stands, or what a mission file would change. The instance must be
/// stopped; nothing is changed.
#[derive(clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Mission {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Shows the mission that stands, as a mission file: parties, people, roles, conflicts. Names
    /// and addresses of people, which are sealed, are left out.
    #[command(after_help = "Examples:
  greffe mission show --config greffe.toml > mission.toml")]
    Show {
        /// The configuration.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Says what a mission file would change: + adds, - removes, ~ says otherwise.
    #[command(after_help = "Examples:
  greffe mission diff --config greffe.toml --mission mission.toml")]
    Diff {
        /// The configuration.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// The mission file.
        #[arg(long, value_name = "FILE")]
        mission: PathBuf,
    },
}

impl Mission {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the instance runs, or a file could not be read.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        match self.command {
            Command::Show { config } => show(session, &config).await,
            Command::Diff { config, mission } => diff(session, &config, &mission).await,
        }
    }
}

async fn show(session: &Session, config: &Path) -> Result<Exit, Error> {
    let config = init::read(config)?;
    let text = app::present(&config).await.map_err(init::failed)?.to_toml();
    session.terminal.show(&json!({"mission": text}), || text.trim_end().to_owned())?;
    Ok(Exit::Done)
}

async fn diff(session: &Session, config: &Path, mission: &Path) -> Result<Exit, Error> {
    let (config, file): (_, MissionFile) = (init::read(config)?, init::mission(mission)?);
    let stands = app::present(&config).await.map_err(init::failed)?;
    let found = differences(&stands, &file);
    for difference in &found {
        let said = difference.to_string();
        session.terminal.show(&json!({"difference": said}), || said.clone())?;
    }
    if found.is_empty() {
        session.terminal.note("mission-same", &[("path", &mission.display().to_string())]);
        return Ok(Exit::Nothing);
    }
    Ok(Exit::Done)
}
