//! `greffe openers`: who can technically open a document, whether or not they may.

use crate::cli::{
    client::api::Openers as Listed,
    error::{Error, Exit},
    session::Session,
};

/// Lists who can technically open a document: which keys, where they are, who runs the place, under which law.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe openers K3T-7KQ4-2M")]
pub struct Openers {
    /// The document's reference or id.
    document: String,
}

impl Openers {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let path = ["api", "v1", "documents", &self.document, "openers"];
        let listed: Listed = session.client()?.get(&path).read().await?;
        let headings = ["head-who", "head-with", "head-place", "head-jurisdiction"];
        session.terminal.table(headings, &listed.openers, |opener| {
            [
                opener.who.clone(),
                opener.with.clone(),
                opener.place.clone().unwrap_or_default(),
                opener.jurisdiction.clone().unwrap_or_default(),
            ]
        })?;
        Ok(Exit::Done)
    }
}
