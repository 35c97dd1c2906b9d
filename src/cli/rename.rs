//! `greffe rename`: another title for a document.

use hyper::Method;
use serde_json::{Value, json};

use crate::cli::{
    error::{Error, Exit},
    session::Session,
};

/// Gives a document another title; like the former one, it is sealed.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe rename K3T-7KQ4-2M 'Diagnostic, second reading'")]
pub struct Rename {
    /// The document's reference or id.
    document: String,
    /// The new title.
    title: String,
}

impl Rename {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let path = ["api", "v1", "documents", &self.document];
        let client = session.client()?;
        let asked = client.ask(Method::PATCH, &path).json(&json!({"title": self.title}));
        let answer: Value = asked.read().await?;
        let values = [("document", &self.document[..]), ("title", &self.title)];
        session.terminal.show(&answer, || session.terminal.say("renamed", &values))?;
        Ok(Exit::Done)
    }
}
