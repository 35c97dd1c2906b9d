//! `greffe unshare`: takes grants back.

use hyper::Method;
use serde_json::json;

use crate::cli::{
    client::api::Grants,
    error::{Error, Exit},
    session::Session,
    share::granted_on,
};

/// Takes back what `greffe share` gave: refused from the next request on, and readings that are open end within a
/// minute. What was read or exported before stays where it is.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe unshare K3T-7KQ4-2M company:rhein-energie
  greffe unshare K3T-7KQ4-2M n6cJ3nYf1nTqQxS5cQyB0w
  greffe unshare --standing workstream:e-paiement")]
pub struct Unshare {
    /// The document's reference or id.
    #[arg(required_unless_present = "standing")]
    document: Option<String>,
    /// Whose grants, or the id of one grant.
    #[arg(required_unless_present = "standing")]
    grantee: Option<String>,
    /// Whose standing grants on what the party owns, or the id of one.
    #[arg(long, value_name = "WHO", conflicts_with_all = ["document", "grantee"])]
    standing: Option<String>,
    /// The party, with --standing [default: that of the capacity in which one acts].
    #[arg(long, value_name = "PARTY", requires = "standing")]
    party: Option<String>,
}

impl Unshare {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses, or there is no such grant.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let client = session.client()?;
        let (what, of) = granted_on(&client, self.document, self.party).await?;
        let who = self.grantee.or(self.standing).unwrap_or_default();
        let listed: Grants = client.get(&["api", "v1", what, &of, "grants"]).read().await?;
        let matching = listed.grants.iter();
        let matching: Vec<_> =
            matching.filter(|grant| grant.id == who || grant.to == who).collect();
        if matching.is_empty() {
            let key = if what == "parties" { "no-such-standing" } else { "no-such-grant" };
            let told = Error::new(Exit::NotFound, key).with("who", &who);
            return Err(told.with("document", &of));
        }
        for grant in matching {
            let path = ["api", "v1", what, &of, "grants", &grant.id];
            client.ask(Method::DELETE, &path).send().await?;
            let ended = json!({"of": of, "grant": grant.id, "to": grant.to});
            session.terminal.show(&ended, || {
                let values = [("document", &of[..]), ("to", &grant.to)];
                session.terminal.say("unshared", &values)
            })?;
        }
        Ok(Exit::Done)
    }
}
