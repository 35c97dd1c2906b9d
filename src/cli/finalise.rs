//! `greffe finalise`: declares a document final.

use hyper::Method;
use serde_json::{Value, json};

use crate::cli::{
    error::{Error, Exit},
    session::Session,
};

/// Declares the latest version final: no later one is accepted, and those who read finals may read it.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe finalise K3T-7KQ4-2M")]
pub struct Finalise {
    /// The document's reference or id.
    document: String,
}

impl Finalise {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let path = ["api", "v1", "documents", &self.document];
        let asked = session.client()?;
        let asked = asked.ask(Method::PATCH, &path).json(&json!({"stage": "final"}));
        let answer: Value = asked.read().await?;
        let said = || session.terminal.say("finalised", &[("document", &self.document)]);
        session.terminal.show(&answer, said)?;
        Ok(Exit::Done)
    }
}
