//! `greffe keys`: recovery copies of custody, on a stopped instance.

use std::path::PathBuf;

use crate::{
    app,
    cli::{
        error::{Error, Exit},
        init,
        session::Session,
    },
    time::Clock,
    vault::{
        custody::{FileCustody, Ground},
        recipients::Identity,
    },
};

/// Makes and checks the recovery copy of custody: without custody nothing opens the documents.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe keys copy --config greffe.toml
  greffe keys recover --check --config greffe.toml --identity recovery-key.txt")]
pub struct Keys {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Writes the recovery copy, sealed to the recovery recipients of the configuration.
    Copy {
        /// The configuration.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Opens the recovery copy; with --check only that, so that deposits may begin; else puts custody back.
    Recover {
        /// The configuration.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// File with the age identity of a recovery recipient.
        #[arg(long, value_name = "FILE")]
        identity: PathBuf,
        /// Checks the copy and notes that it was read back; changes nothing else.
        #[arg(long)]
        check: bool,
    },
}

impl Keys {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If no recovery recipient is configured, or the copy does not open.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let failed = |error: crate::vault::recovery::Error| init::failed(error.into());
        match self.command {
            Command::Copy { config } => {
                let config = init::read(&config)?;
                let (custody, _) = FileCustody::open(&config.custody.file, Ground::Warn)
                    .map_err(|error| init::failed(error.into()))?;
                let copy = copy(&config)?;
                copy.write(&custody).map_err(failed)?;
                session.terminal.note("keys-copied", &[]);
            }
            Command::Recover { config, identity, check } => {
                let config = init::read(&config)?;
                let identities = Identity::read(&identity).map_err(|error| {
                    let told = Error::new(Exit::NotFound, "file-unreadable").because(error);
                    told.with("path", identity.display())
                })?;
                if check {
                    let (custody, _) = FileCustody::open(&config.custody.file, Ground::Warn)
                        .map_err(|error| init::failed(error.into()))?;
                    let now = Clock::system().now();
                    copy(&config)?.read_back(&identities, &custody, now).map_err(failed)?;
                    session.terminal.note("keys-read-back", &[]);
                } else {
                    let path = config.custody.recovery_file.as_deref();
                    let path = path.ok_or_else(|| Error::usage("keys-no-recipient"))?;
                    crate::vault::recovery::restore(
                        path,
                        &identities,
                        &config.custody.file,
                        Ground::Warn,
                    )
                    .map_err(failed)?;
                    session.terminal.note("keys-recovered", &[]);
                }
            }
        }
        Ok(Exit::Done)
    }
}

fn copy(config: &crate::config::Config) -> Result<crate::vault::recovery::Recovery, Error> {
    let copy = app::recovery_copy(config).map_err(init::failed)?;
    copy.ok_or_else(|| Error::usage("keys-no-recipient"))
}
