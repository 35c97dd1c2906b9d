//! `greffe roles`: who holds which role in a party.

use hyper::Method;
use serde_json::{Value, json};

use crate::cli::{
    client::api::Roles as Listed,
    error::{Error, Exit},
    restrict::party_or_own,
    session::Session,
};

/// Lists, gives and takes the roles of a party; effective at the next request.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe roles
  greffe roles give contributor-acieries auditor
  greffe roles take contributor-acieries contributor --party company:acieries-du-ponant")]
pub struct Roles {
    /// The party [default: that of the capacity in which one acts].
    #[arg(long, value_name = "PARTY", global = true)]
    party: Option<String>,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(clap::Subcommand)]
enum What {
    /// Gives somebody a role.
    Give {
        /// The person's handle.
        person: String,
        /// contributor, access-manager, pilot, coordinator, committee, secretariat, auditor or operator.
        role: String,
    },
    /// Takes a role from somebody.
    Take {
        /// The person's handle.
        person: String,
        /// Which role.
        role: String,
    },
    /// Removes somebody from the party: every role in it, and what they signed in with to act for it.
    Remove {
        /// The person's handle.
        person: String,
    },
}

impl Roles {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let client = session.client()?;
        let party = party_or_own(&client, self.party).await?;
        let path = ["api", "v1", "parties", &party, "roles"];
        let (method, person, role) = match self.what {
            None => {
                let listed: Listed = client.get(&path).read().await?;
                let headings = ["head-person", "head-role"];
                session.terminal.table(headings, &listed.roles, |held| {
                    [held.person.clone(), held.role.clone()]
                })?;
                return Ok(Exit::Done);
            }
            Some(What::Remove { person }) => {
                let path = ["api", "v1", "parties", &party, "people", &person];
                let asked = client.ask(Method::DELETE, &path);
                let answer: Value = asked.read().await?;
                let values = [("person", &person[..]), ("party", &party)];
                session.terminal.show(&answer, || session.terminal.say("removed", &values))?;
                return Ok(Exit::Done);
            }
            Some(What::Give { person, role }) => (Method::POST, person, role),
            Some(What::Take { person, role }) => (Method::DELETE, person, role),
        };
        let given = method == Method::POST;
        let asked = client.ask(method, &path).json(&json!({"person": person, "role": role}));
        let answer: Value = asked.read().await?;
        session.terminal.show(&answer, || {
            let values = [("person", &person[..]), ("role", &role), ("party", &party)];
            if given {
                session.terminal.say("role-given", &values)
            } else {
                session.terminal.say("role-taken", &values)
            }
        })?;
        Ok(Exit::Done)
    }
}
