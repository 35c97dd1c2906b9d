//! `greffe shred`: destroys a document.

use hyper::Method;
use serde_json::json;

use crate::cli::{
    client::api::Document,
    error::{Error, Exit},
    prompt,
    session::Session,
};

/// Destroys a document and every version of it: its keys first, so that no copy of the sealed bytes opens again.
///
/// It cannot be undone. What was read or exported before, and copies of custody made before, stay out of reach.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe shred K3T-7KQ4-2M --reason 'deposited by mistake'
  greffe shred K3T-7KQ4-2M --reason 'end of the mission' --force")]
pub struct Shred {
    /// The document's reference or id.
    document: String,
    /// Why; sealed, and destroyed with the document.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Does not ask for the reference to be typed.
    #[arg(long)]
    force: bool,
}

impl Shred {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses, or it was not confirmed.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let client = session.client()?;
        let path = ["api", "v1", "documents", &self.document];
        if !self.force {
            let document: Document = client.get(&path).read().await?;
            let values = [("title", &document.title[..]), ("owner", &document.owner)];
            session.terminal.note("about-to-shred", &values);
            prompt::confirm(&session.terminal, "ask-shred", &document.reference)?;
        }
        let asked = client.ask(Method::DELETE, &path).json(&json!({"reason": self.reason}));
        let answer: serde_json::Value = asked.read().await?;
        // Where the owner demands two people, the first one's wish waits for a second.
        let waits = answer.get("shredded").and_then(serde_json::Value::as_bool) == Some(false);
        let entry = answer.get("entry");
        let unanswered = answer.get("unanswered").and_then(serde_json::Value::as_array);
        let unanswered: Vec<&str> =
            unanswered.into_iter().flatten().filter_map(serde_json::Value::as_str).collect();
        if !unanswered.is_empty() {
            session.terminal.note("shred-unanswered", &[("places", &unanswered.join(", "))]);
        }
        let shown = json!({
            "document": self.document, "entry": entry, "shredded": !waits, "unanswered": unanswered,
        });
        session.terminal.show(&shown, || {
            let values = [("document", &self.document[..])];
            if waits {
                session.terminal.say("shred-waits", &values)
            } else {
                session.terminal.say("shredded", &values)
            }
        })?;
        Ok(if waits { Exit::Partly } else { Exit::Done })
    }
}
