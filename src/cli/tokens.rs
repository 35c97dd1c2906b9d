//! `greffe tokens`: one's own tokens, one for each script or machine.

use std::path::PathBuf;

use hyper::Method;
use serde_json::json;

use crate::cli::{
    client::api::{Minted, Tokens as Listed},
    error::{Error, Exit},
    profile::replace,
    session::Session,
    terminal::local,
};

/// Lists, makes and revokes one's own tokens.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe tokens
  greffe tokens new --label nightly --days 30 --output nightly.token --as company:rhein-energie
  greffe tokens revoke n6cJ3nYf1nTqQxS5cQyB0w
  greffe tokens revoke --all")]
pub struct Tokens {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(clap::Subcommand)]
enum What {
    /// Makes a token for one capacity; its secret is shown this once.
    New {
        /// What to call it.
        #[arg(long, value_name = "TEXT")]
        label: String,
        /// For how many days it is good.
        #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
        days: u32,
        /// File to write it to (mode 0600), in place of standard output.
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Revokes a token: it is refused from the next request on.
    Revoke {
        /// Its id, from the list.
        #[arg(required_unless_present = "all")]
        token_id: Option<String>,
        /// All of one's own but the one in use, in every capacity: tokens, links and certificates. greffe logout ends
        /// that one too.
        #[arg(long, conflicts_with = "token_id")]
        all: bool,
    },
}

impl Tokens {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        match self.what {
            None => list(session).await,
            Some(What::New { label, days, output }) => new(session, label, days, output).await,
            Some(What::Revoke { token_id: Some(id), .. }) => {
                let path = ["api", "v1", "tokens", &id];
                session.client()?.ask(Method::DELETE, &path).send().await?;
                session.terminal.note("token-revoked", &[]);
                Ok(Exit::Done)
            }
            Some(What::Revoke { token_id: None, .. }) => {
                session.client()?.ask(Method::DELETE, &["api", "v1", "tokens"]).send().await?;
                session.terminal.note("tokens-revoked", &[]);
                Ok(Exit::Done)
            }
        }
    }
}

async fn list(session: &Session) -> Result<Exit, Error> {
    let listed: Listed = session.client()?.get(&["api", "v1", "tokens"]).read().await?;
    let headings = ["head-id", "head-label", "head-capacity", "head-until"];
    session.terminal.table(headings, &listed.tokens, |token| {
        let until = token.expires_at.as_deref().map(local);
        let capacity = token.capacity.clone().unwrap_or_default();
        let id = if token.current { format!("{} *", token.id) } else { token.id.clone() };
        [id, token.label.clone(), capacity, until.unwrap_or_default()]
    })?;
    Ok(Exit::Done)
}

async fn new(
    session: &Session,
    label: String,
    days: u32,
    output: Option<PathBuf>,
) -> Result<Exit, Error> {
    let client = session.client()?;
    let mut wanted = json!({"label": label, "days": days});
    if let Some(capacity) = session.capacity() {
        wanted["capacity"] = capacity.into();
    }
    let asked = client.ask(Method::POST, &["api", "v1", "tokens"]).json(&wanted);
    let minted: Minted = asked.read().await?;
    let Some(path) = output else {
        let shown =
            json!({"id": minted.id, "token": minted.token, "expires_at": minted.expires_at});
        session.terminal.show(&shown, || minted.token.clone())?;
        session.terminal.note("token-shown-once", &[]);
        return Ok(Exit::Done);
    };
    if let Err(error) = replace(&path, format!("{}\n", minted.token).as_bytes()) {
        // A secret that nobody has is of no use; it must not stay live.
        client.ask(Method::DELETE, &["api", "v1", "tokens", &minted.id]).send().await?;
        let told = Error::new(Exit::Failed, "file-unwritable").because(error);
        return Err(told.with("path", path.display()));
    }
    let shown = json!({"id": minted.id, "file": path, "expires_at": minted.expires_at});
    session.terminal.show(&shown, || minted.id.clone())?;
    Ok(Exit::Done)
}
