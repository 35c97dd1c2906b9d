//! `greffe hold`: forbids destruction, or permits it again.

use hyper::Method;
use serde_json::{Value, json};

use crate::cli::{
    error::{Error, Exit},
    session::Session,
};

/// Forbids that a document is destroyed; --release permits it again.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe hold K3T-7KQ4-2M
  greffe hold K3T-7KQ4-2M --release")]
pub struct Hold {
    /// The document's reference or id.
    document: String,
    /// Ends the hold.
    #[arg(long)]
    release: bool,
}

impl Hold {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let path = ["api", "v1", "documents", &self.document];
        let client = session.client()?;
        let asked = client.ask(Method::PATCH, &path).json(&json!({"hold": !self.release}));
        let answer: Value = asked.read().await?;
        session.terminal.show(&answer, || {
            let values = [("document", &self.document[..])];
            if self.release {
                session.terminal.say("released", &values)
            } else {
                session.terminal.say("held", &values)
            }
        })?;
        Ok(Exit::Done)
    }
}
