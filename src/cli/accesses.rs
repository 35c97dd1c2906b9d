//! `greffe accesses`: who asked for a document, and what came of it.

use crate::cli::{
    client::api::{Entries, Entry},
    error::{Error, Exit},
    session::Session,
    terminal::local,
};

/// Lists every access to a document that is in the log: permitted and refused.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe accesses K3T-7KQ4-2M
  greffe accesses K3T-7KQ4-2M --json")]
pub struct Accesses {
    /// The document's reference or id.
    document: String,
}

impl Accesses {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let client = session.client()?;
        let mut cursor: Option<String> = None;
        let mut all = Vec::new();
        loop {
            let path = ["api", "v1", "documents", &self.document, "accesses"];
            let page: Entries = client.get(&path).query("cursor", cursor.as_ref()).read().await?;
            all.extend(page.entries);
            if page.next.is_none() || page.next == cursor {
                break;
            }
            cursor = page.next;
        }
        show(session, &all)?;
        Ok(Exit::Done)
    }
}

/// Shows entries of the log as a table.
///
/// # Errors
///
/// If standard output cannot be written.
pub fn show(session: &Session, entries: &[Entry]) -> Result<(), Error> {
    let headings = [
        "head-when",
        "head-act",
        "head-class",
        "head-decision",
        "head-person",
        "head-capacity",
        "head-reference",
        "head-entry",
        "head-said",
    ];
    let known = |text: &Option<String>| text.clone().unwrap_or_default();
    session.terminal.table(headings, entries, |entry| {
        [
            local(&entry.at),
            entry.act.clone(),
            known(&entry.class),
            known(&entry.decision),
            match entry.personal_expired {
                true => session.terminal.say("personal-expired", &[]),
                false => known(&entry.person),
            },
            known(&entry.capacity),
            known(&entry.reference),
            entry.entry.clone(),
            entry.texts.values().cloned().collect::<Vec<_>>().join("; "),
        ]
    })
}
