//! `greffe versions`: what was deposited under one reference, and when.

use crate::cli::{
    client::api::Versions as Listed,
    error::{Error, Exit},
    session::Session,
    terminal::{local, size},
};

/// Lists the versions of a document.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe versions K3T-7KQ4-2M")]
pub struct Versions {
    /// The document's reference or id.
    document: String,
}

impl Versions {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let path = ["api", "v1", "documents", &self.document, "versions"];
        let listed: Listed = session.client()?.get(&path).read().await?;
        let headings = [
            "head-number",
            "head-version",
            "head-size",
            "head-created",
            "head-entry",
            "head-copies",
        ];
        session.terminal.table(headings, &listed.versions, |version| {
            let copies = version.copies.iter().map(|copy| {
                let at = copy.scrubbed_at.as_deref().map(local).unwrap_or_default();
                format!("{} ({at})", copy.location)
            });
            [
                version.number.to_string(),
                version.version.clone(),
                size(version.size),
                local(&version.created_at),
                version.entry.clone(),
                copies.collect::<Vec<_>>().join(", "),
            ]
        })?;
        Ok(Exit::Done)
    }
}
