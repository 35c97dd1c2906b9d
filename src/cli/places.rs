//! `greffe places`: where sealed bytes rest, and what is known of those places.

use serde_json::Value;

use crate::cli::{
    client::api::Places as Listed,
    error::{Error, Exit},
    session::Session,
    terminal::local,
};

/// Lists the places of storage: country, who runs them, and how that is known.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe places
  greffe places --json")]
pub struct Places {}

impl Places {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let listed: Listed = session.client()?.get(&["api", "v1", "locations"]).read().await?;
        let headings = ["head-id", "head-country", "head-operator", "head-known", "head-probed"];
        session.terminal.table(headings, &listed.locations, |place| {
            let facts = place.facts.as_ref();
            let fact = |name: &str| facts.and_then(|facts| facts.get(name));
            let text = |name: &str| {
                let value = fact(name).and_then(|fact| fact.get("value")).and_then(Value::as_str);
                value.map_or_else(|| session.terminal.say("unknown", &[]), str::to_owned)
            };
            let basis = fact("country").and_then(|fact| fact.get("basis"));
            let basis = match basis {
                Some(Value::String(basis)) => basis.clone(),
                Some(Value::Object(basis)) => basis.keys().next().cloned().unwrap_or_default(),
                _ => String::new(),
            };
            let probed = place.probed_at.as_deref().map(local).unwrap_or_default();
            [place.id.clone(), text("country"), text("operator"), basis, probed]
        })?;
        Ok(Exit::Done)
    }
}
