//! `greffe person`: shuts one of one's people out, or lets them in again.

use hyper::Method;
use serde_json::{Value, json};

use crate::cli::{
    error::{Error, Exit},
    session::Session,
};

/// Shuts somebody whom one's company employs out, or lets them in again; for access managers.
#[derive(clap::Args)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:
  greffe person disable contributor-acieries
  greffe person enable contributor-acieries"
)]
pub struct Person {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// From the next request on they act no more, in any capacity; every token, link and certificate of theirs ends.
    Disable {
        /// The person's handle.
        person: String,
    },
    /// They may act again, in the roles that they still hold; they sign in by a new link.
    Enable {
        /// The person's handle.
        person: String,
    },
}

impl Person {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let (person, disabled, said) = match self.what {
            What::Disable { person } => (person, true, "person-disabled"),
            What::Enable { person } => (person, false, "person-enabled"),
        };
        let client = session.client()?;
        let asked = client.ask(Method::PATCH, &["api", "v1", "people", &person]);
        let answer: Value = asked.json(&json!({ "disabled": disabled })).read().await?;
        session.terminal.show(&answer, || session.terminal.say(said, &[("person", &person)]))?;
        Ok(Exit::Done)
    }
}
