//! `greffe readers`: who may read a document, and why.

use crate::cli::{
    client::api::Readers as Listed,
    error::{Error, Exit},
    session::Session,
    terminal::local,
};

/// Lists everybody who may read a document now, in which capacity, and why.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe readers K3T-7KQ4-2M")]
pub struct Readers {
    /// The document's reference or id.
    document: String,
}

impl Readers {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let path = ["api", "v1", "documents", &self.document, "readers"];
        let listed: Listed = session.client()?.get(&path).read().await?;
        let headings = ["head-person", "head-name", "head-capacity", "head-grounds", "head-until"];
        session.terminal.table(headings, &listed.readers, |reader| {
            [
                reader.person.clone(),
                reader.name.clone().unwrap_or_default(),
                reader.capacity.clone(),
                reader.grounds.join(", "),
                reader.until.as_deref().map(local).unwrap_or_default(),
            ]
        })?;
        Ok(Exit::Done)
    }
}
