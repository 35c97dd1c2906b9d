//! `greffe show`: what is known of one document.

use crate::cli::{
    client::api::Document,
    error::{Error, Exit},
    session::Session,
    terminal::{clean, local, size},
};

/// Shows what is known of a document: title, owner, kind, protection, stage.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe show K3T-7KQ4-2M
  greffe show K3T-7KQ4-2M --json")]
pub struct Show {
    /// The document's reference or id.
    document: String,
}

impl Show {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let path = ["api", "v1", "documents", &self.document];
        let document: Document = session.client()?.get(&path).read().await?;
        let terminal = &session.terminal;
        terminal.show(&document, || {
            let number = document.number.map(|number| number.to_string()).unwrap_or_default();
            let rows = [
                ("head-reference", document.reference.clone()),
                ("head-title", document.title.clone()),
                ("head-owner", document.owner.clone()),
                ("head-workstream", document.workstream.clone()),
                ("head-kind", document.kind.clone()),
                ("head-sensitivity", document.sensitivity.clone()),
                ("head-protection", document.protection.clone()),
                ("head-stage", document.stage.clone()),
                ("head-version", number),
                ("head-size", document.size.map(size).unwrap_or_default()),
                ("head-created", local(&document.created_at)),
            ];
            let headings = rows.iter().map(|(key, value)| (terminal.say(key, &[]), value));
            let lines = headings.map(|(heading, value)| format!("{heading:<16}{value}"));
            clean(&lines.collect::<Vec<_>>().join("\n"))
        })?;
        Ok(Exit::Done)
    }
}
