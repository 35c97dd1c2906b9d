//! `greffe conflict`: declares who must see nothing of whom.

use hyper::Method;
use serde_json::{Value, json};

use crate::cli::{
    client::{Client, api::Conflicts},
    error::{Error, Exit},
    session::Session,
};

/// Declares a conflict of interest: from the next request on the person sees nothing of the party, in any capacity.
///
/// Without a person, lists what was declared.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe conflict
  greffe conflict pilot-donnees --with company:caisse-du-littoral --reason 'two banks on one market'
  greffe conflict pilot-donnees --with company:caisse-du-littoral --end")]
pub struct Conflict {
    /// The person's handle.
    #[arg(requires = "with")]
    person: Option<String>,
    /// With which party.
    #[arg(long, value_name = "PARTY", requires = "person")]
    with: Option<String>,
    /// Only when they act in this capacity, e.g. workstream:souverainete-donnees.
    #[arg(long, value_name = "CAPACITY")]
    only_as: Option<String>,
    /// Why.
    #[arg(long, value_name = "TEXT", conflicts_with = "end", requires = "person")]
    reason: Option<String>,
    /// Ends the conflict.
    #[arg(long)]
    end: bool,
}

impl Conflict {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let client = session.client()?;
        let (Some(person), Some(with)) = (&self.person, &self.with) else {
            return list(session, &client).await;
        };
        if !self.end && self.reason.is_none() {
            return Err(Error::usage("conflict-needs-reason"));
        }
        let mut wanted = json!({"person": person, "with": with});
        if let Some(capacity) = &self.only_as {
            wanted["capacity"] = json!(capacity);
        }
        if let Some(reason) = &self.reason {
            wanted["says"] = json!(reason);
        }
        let method = if self.end { Method::DELETE } else { Method::POST };
        let asked = client.ask(method, &["api", "v1", "conflicts"]).json(&wanted);
        let answer: Value = asked.read().await?;
        session.terminal.show(&answer, || {
            let values = [("person", &person[..]), ("party", with)];
            if self.end {
                session.terminal.say("conflict-ended", &values)
            } else {
                session.terminal.say("conflict-declared", &values)
            }
        })?;
        Ok(Exit::Done)
    }
}

async fn list(session: &Session, client: &Client) -> Result<Exit, Error> {
    let listed: Conflicts = client.get(&["api", "v1", "conflicts"]).read().await?;
    let headings = ["head-person", "head-with", "head-capacity", "head-grounds"];
    session.terminal.table(headings, &listed.conflicts, |conflict| {
        let capacity = conflict.capacity.clone().unwrap_or_default();
        [conflict.person.clone(), conflict.with.clone(), capacity, conflict.says.clone()]
    })?;
    Ok(Exit::Done)
}
