//! `greffe mission`: the mission as it stands in a stopped instance, shown, compared with a file, changed as a file says.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::json;

use crate::{
    app,
    cli::{
        error::{Error, Exit},
        init, prompt,
        session::Session,
    },
    mission::{self, Application, Difference, MissionFile, differences},
};

/// Shows the mission as it stands, says what a mission file would change, or changes it so. The instance must be
/// stopped.
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
    /// Changes the mission that stands into what a mission file says: says the difference, asks, then writes an entry
    /// of the log for each subject that changes.
    ///
    /// Everybody holds exactly the roles that the file names; whoever it no longer has leaves every party, and acts no
    /// more. What people decided since (grants, restrictions, networks) stays. A company that owns documents cannot go,
    /// nor a workstream or a kind that documents have. Counts from the next start.
    #[command(after_help = "Examples:
  greffe mission show --config greffe.toml > mission.toml     then edit it
  greffe mission diff --config greffe.toml --mission mission.toml
  greffe mission apply mission.toml --config greffe.toml

Exit codes: 0 applied, 1 refused and nothing changed, 9 the file changes nothing.")]
    Apply {
        /// The mission file.
        #[arg(value_name = "FILE")]
        mission: PathBuf,
        /// The configuration.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Does not ask before it changes anything.
        #[arg(long)]
        yes: bool,
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
            Command::Apply { mission, config, yes } => apply(session, &config, &mission, yes).await,
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
    say(session, mission, &found)
}

/// Says the difference; [`Exit::Nothing`] if there is none.
fn say(session: &Session, mission: &Path, found: &[Difference]) -> Result<Exit, Error> {
    for difference in found {
        let said = difference.to_string();
        session.terminal.show(&json!({"difference": said}), || said.clone())?;
    }
    if found.is_empty() {
        session.terminal.note("mission-same", &[("path", &mission.display().to_string())]);
        return Ok(Exit::Nothing);
    }
    Ok(Exit::Done)
}

async fn apply(session: &Session, config: &Path, path: &Path, yes: bool) -> Result<Exit, Error> {
    let (config, file) = (Arc::new(init::read(config)?), init::mission(path)?);
    let app = app::open(config, app::Recovery::Demanded).await.map_err(init::failed)?;
    let applied = change(session, &app, path, &file, yes).await;
    app.close().await;
    applied
}

async fn change(
    session: &Session,
    app: &app::App,
    path: &Path,
    file: &MissionFile,
    yes: bool,
) -> Result<Exit, Error> {
    let failed = |error| match error {
        mission::Error::Refused(reason) => {
            let told = Error::new(Exit::Failed, "mission-refused").with("reason", reason);
            told.with("path", path.display())
        }
        error => init::failed(error.into()),
    };
    let plan = Application::plan(&app.authority, file).await.map_err(failed)?;
    if say(session, path, &plan.differences)? == Exit::Nothing {
        return Ok(Exit::Nothing);
    }
    if !yes {
        prompt::agreed(&session.terminal, "ask-apply", &file.slug, "confirm-with-yes")?;
    }
    let entries = plan.write(&app.authority, &app.keyset).await.map_err(failed)?;
    let shown = json!({"applied": path.display().to_string(), "entries": entries});
    session.terminal.show(&shown, || {
        session.terminal.say("mission-applied", &[("entries", &entries.to_string())])
    })?;
    Ok(Exit::Done)
}
