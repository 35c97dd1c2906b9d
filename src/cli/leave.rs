//! `greffe leave`: gives up all of one's roles in a party.

use hyper::Method;
use serde_json::{Value, json};

use crate::cli::{
    error::{Error, Exit},
    prompt,
    session::Session,
};

/// Gives up all of one's roles in a party, from the next request on. Somebody else must give them again.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe leave company:rhein-energie")]
pub struct Leave {
    /// The party.
    party: String,
    /// Does not ask for the party to be typed.
    #[arg(long)]
    force: bool,
}

impl Leave {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses, or it was not confirmed.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let client = session.client()?;
        if !self.force {
            prompt::confirm(&session.terminal, "ask-leave", &self.party)?;
        }
        let path = ["api", "v1", "parties", &self.party, "leave"];
        let answer: Value = client.ask(Method::POST, &path).json(&json!({})).read().await?;
        let said = || session.terminal.say("left-party", &[("party", &self.party)]);
        session.terminal.show(&answer, said)?;
        Ok(Exit::Done)
    }
}
