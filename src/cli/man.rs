//! `greffe man`: the manual.

use std::path::PathBuf;

use clap::CommandFactory;

use crate::cli::{
    Greffe,
    error::{Error, Exit},
    session::Session,
};

/// Writes the manual: its first page to standard output, or every command's page to a folder.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe man | man -l -
  greffe man --output /usr/local/share/man/man1")]
pub struct Man {
    /// Folder for a page of each command.
    #[arg(long, short, value_name = "FOLDER")]
    output: Option<PathBuf>,
}

impl Man {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the folder or standard output cannot be written.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        if let Some(folder) = self.output {
            clap_mangen::generate_to(Greffe::command(), &folder).map_err(|error| {
                let told = Error::new(Exit::Failed, "file-unwritable").because(error);
                told.with("path", folder.display())
            })?;
            return Ok(Exit::Done);
        }
        let mut page = Vec::new();
        clap_mangen::Man::new(Greffe::command()).render(&mut page)?;
        session.terminal.line(String::from_utf8_lossy(&page).trim_end())?;
        Ok(Exit::Done)
    }
}
