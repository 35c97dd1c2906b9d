//! `greffe check-config`: what is wrong with a configuration, before a start stumbles over it.

use std::path::PathBuf;

use serde_json::json;

use crate::{
    cli::{
        error::{Error, Exit},
        session::Session,
    },
    config::{self, Config},
};

/// Reads a configuration and says everything that is wrong with it; changes nothing and connects to nothing.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe check-config /etc/greffe/greffe.toml")]
pub struct CheckConfig {
    /// The configuration.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl CheckConfig {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If it cannot be read or is no configuration; what else is wrong with it is data.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let config = Config::read(&self.file).map_err(|error| {
            let path = self.file.display().to_string();
            match error {
                config::Error::Unreadable { source, .. } => {
                    Error::new(Exit::NotFound, "file-unreadable").with("path", path).because(source)
                }
                config::Error::Malformed { source, .. } => {
                    let told = Error::new(Exit::Failed, "config-malformed").with("path", path);
                    told.with("reason", source.to_string().trim_end())
                }
            }
        })?;
        let flaws = config.flaws();
        for flaw in &flaws {
            let said = flaw.to_string();
            session.terminal.show(&json!({"flaw": said}), || said.clone())?;
        }
        if !flaws.is_empty() {
            return Ok(Exit::Failed);
        }
        session.terminal.note("config-good", &[("path", &self.file.display().to_string())]);
        Ok(Exit::Done)
    }
}
