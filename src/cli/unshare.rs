//! `greffe unshare`: takes grants back.

use hyper::Method;
use serde_json::json;

use crate::cli::{
    client::api::Grants,
    error::{Error, Exit},
    session::Session,
};

/// Takes back what `greffe share` gave: refused from the next request on, and readings that are open end within a
/// minute. What was read or exported before stays where it is.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe unshare K3T-7KQ4-2M company:rhein-energie
  greffe unshare K3T-7KQ4-2M n6cJ3nYf1nTqQxS5cQyB0w")]
pub struct Unshare {
    /// The document's reference or id.
    document: String,
    /// Whose grants, or the id of one grant.
    grantee: String,
}

impl Unshare {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses, or there is no such grant.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let client = session.client()?;
        let grants = ["api", "v1", "documents", &self.document, "grants"];
        let listed: Grants = client.get(&grants).read().await?;
        let matching = listed.grants.iter();
        let matching: Vec<_> =
            matching.filter(|grant| grant.id == self.grantee || grant.to == self.grantee).collect();
        if matching.is_empty() {
            let told = Error::new(Exit::NotFound, "no-such-grant").with("who", &self.grantee);
            return Err(told.with("document", &self.document));
        }
        for grant in matching {
            let path = ["api", "v1", "documents", &self.document, "grants", &grant.id];
            client.ask(Method::DELETE, &path).send().await?;
            let ended = json!({"document": self.document, "grant": grant.id, "to": grant.to});
            session.terminal.show(&ended, || {
                let values = [("document", &self.document[..]), ("to", &grant.to)];
                session.terminal.say("unshared", &values)
            })?;
        }
        Ok(Exit::Done)
    }
}
