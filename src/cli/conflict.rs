//! `greffe conflict`: declares who must see nothing of whom.

use hyper::Method;
use serde_json::{Value, json};

use crate::cli::{
    error::{Error, Exit},
    session::Session,
};

/// Declares a conflict of interest: from the next request on the person sees nothing of the party, in any capacity.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe conflict pilot-donnees --with company:caisse-du-littoral --reason 'two banks on one market'
  greffe conflict pilot-donnees --with company:caisse-du-littoral --end")]
pub struct Conflict {
    /// The person's handle.
    person: String,
    /// With which party.
    #[arg(long, value_name = "PARTY")]
    with: String,
    /// Only when they act in this capacity, e.g. workstream:souverainete-donnees.
    #[arg(long, value_name = "CAPACITY")]
    only_as: Option<String>,
    /// Why.
    #[arg(long, value_name = "TEXT", required_unless_present = "end", conflicts_with = "end")]
    reason: Option<String>,
    /// Ends the conflict.
    #[arg(long)]
    end: bool,
}

impl Conflict {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let mut wanted = json!({"person": self.person, "with": self.with});
        if let Some(capacity) = &self.only_as {
            wanted["capacity"] = json!(capacity);
        }
        if let Some(reason) = &self.reason {
            wanted["says"] = json!(reason);
        }
        let method = if self.end { Method::DELETE } else { Method::POST };
        let client = session.client()?;
        let asked = client.ask(method, &["api", "v1", "conflicts"]).json(&wanted);
        let body = asked.send().await?.bytes().await?;
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        session.terminal.show(&answer, || {
            let values = [("person", &self.person[..]), ("party", &self.with)];
            if self.end {
                session.terminal.say("conflict-ended", &values)
            } else {
                session.terminal.say("conflict-declared", &values)
            }
        })?;
        Ok(Exit::Done)
    }
}
