//! `greffe completions`: what a shell needs to complete commands.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::{
    Greffe,
    error::{Error, Exit},
    session::Session,
};

/// Writes the completions for a shell to standard output.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe completions bash > /etc/bash_completion.d/greffe
  greffe completions zsh > ~/.zfunc/_greffe")]
pub struct Completions {
    /// Which shell.
    shell: Shell,
}

impl Completions {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If standard output cannot be written.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Greffe::command(), "greffe", &mut script);
        session.terminal.line(String::from_utf8_lossy(&script).trim_end())?;
        Ok(Exit::Done)
    }
}
