//! `greffe export`: an `.age` file that opens without the service.

use std::path::PathBuf;

use serde_json::json;

use crate::cli::{
    client::api::Document,
    error::{Error, Exit},
    fetch::{Arrival, Overwrite},
    progress::Progress,
    session::Session,
    terminal::size,
};

/// Exports a document as an .age file, sealed anew to a recipient that one's party has named.
///
/// Any age program opens it with the recipient's key, without the service, and no later revocation reaches it. The
/// export is in the log.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe export K3T-7KQ4-2M --to archive
  greffe unseal K3T-7KQ4-2M.age --identity-file archive.key --output diagnostic.pdf
  age -d -i archive.key K3T-7KQ4-2M.age > diagnostic.pdf")]
pub struct Export {
    /// The document's reference or id.
    document: String,
    /// The recipient, by the name that one's party gave it.
    #[arg(long, value_name = "NAME")]
    to: String,
    /// An older version, by number or id.
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// What it is for: kept in the log, sealed, and shown to the document's owner. Some owners demand it.
    #[arg(long, value_name = "TEXT")]
    purpose: Option<String>,
    /// Where to put it [default: the reference, with .age].
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replaces the file if it is there already.
    #[arg(long)]
    force: bool,
}

impl Export {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses, or it breaks off; then no file is left.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let client = session.client()?;
        let path = match &self.output {
            Some(path) => path.clone(),
            None => {
                let path = ["api", "v1", "documents", &self.document];
                let document: Document = client.get(&path).read().await?;
                PathBuf::from(format!("{}.age", document.reference))
            }
        };
        let mut arrival = Arrival::open(&path, Overwrite::forced(self.force))?;
        arrival.restart(None)?;
        let asked = client
            .get(&["api", "v1", "documents", &self.document, "age"])
            .query("recipient", Some(&self.to))
            .query("version", self.version.as_ref())
            .purpose(self.purpose.as_deref())
            .send()
            .await;
        let answer = asked.inspect_err(|_| arrival.abandon())?;
        let progress = Progress::new(&session.terminal, &self.document, answer.length_bytes());
        arrival.take(answer, &progress).await?;
        let length = arrival.length_bytes();
        arrival.finish()?;
        let shown = json!({"document": self.document, "file": path, "size": length, "to": self.to});
        let path = path.display().to_string();
        session.terminal.show(&shown, || {
            let values = [("path", &path[..]), ("size", &size(length)), ("to", &self.to)];
            session.terminal.say("exported", &values)
        })?;
        Ok(Exit::Done)
    }
}
