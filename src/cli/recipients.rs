//! `greffe recipients`: to whom a party's exports may be sealed.

use hyper::Method;
use serde_json::{Value, json};

use crate::cli::{
    client::api::Recipients as Listed,
    error::{Error, Exit},
    restrict::party_or_own,
    session::Session,
};

/// Lists, adds and removes the recipients to whom a party's exports may be sealed.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe recipients
  greffe recipients add archive age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p
  greffe recipients remove archive")]
pub struct Recipients {
    /// The party [default: that of the capacity in which one acts].
    #[arg(long, value_name = "PARTY", global = true)]
    party: Option<String>,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(clap::Subcommand)]
enum What {
    /// Adds a recipient.
    Add {
        /// How to call it.
        name: String,
        /// The recipient, as age-keygen writes it: age1…
        recipient: String,
    },
    /// Removes a recipient; what was exported to it stays readable to whoever has it.
    Remove {
        /// How it is called.
        name: String,
    },
}

impl Recipients {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let client = session.client()?;
        let party = party_or_own(&client, self.party).await?;
        let path = ["api", "v1", "parties", &party, "recipients"];
        let (asked, key, name) = match self.what {
            None => {
                let listed: Listed = client.get(&path).read().await?;
                let headings = ["head-name", "head-recipient"];
                session.terminal.table(headings, &listed.recipients, |one| {
                    [one.name.clone(), one.recipient.clone()]
                })?;
                return Ok(Exit::Done);
            }
            Some(What::Add { name, recipient }) => {
                let wanted = json!({"name": name, "recipient": recipient});
                (client.ask(Method::POST, &path).json(&wanted), "recipient-added", name)
            }
            Some(What::Remove { name }) => {
                let path = ["api", "v1", "parties", &party, "recipients", &name];
                (client.ask(Method::DELETE, &path), "recipient-removed", name)
            }
        };
        let answer: Value = asked.read().await?;
        let values = [("name", &name[..]), ("party", &party)];
        session.terminal.show(&answer, || session.terminal.say(key, &values))?;
        Ok(Exit::Done)
    }
}
