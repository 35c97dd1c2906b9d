//! `greffe directory`: the workstreams, companies and people that one may know of.

use serde_json::Value;

use crate::cli::{
    error::{Error, Exit},
    session::Session,
};

/// Lists the workstreams, companies or people of the mission that one may know of.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe directory workstreams
  greffe directory people --json")]
pub struct Directory {
    /// Which.
    what: What,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum What {
    /// The workstreams.
    Workstreams,
    /// The companies.
    Companies,
    /// The people.
    People,
}

impl Directory {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let name = match self.what {
            What::Workstreams => "workstreams",
            What::Companies => "companies",
            What::People => "people",
        };
        let mut listed: Value = session.client()?.get(&["api", "v1", name]).read().await?;
        let Value::Array(rows) = listed[name].take() else { return Ok(Exit::Done) };
        let language = session.terminal.language.code();
        session.terminal.table(["head-handle", "head-name", "head-of"], &rows, |row| {
            let text = |value: &Value| match value {
                Value::String(text) => text.clone(),
                Value::Object(languages) => {
                    languages.get(language).and_then(Value::as_str).unwrap_or_default().to_owned()
                }
                _ => String::new(),
            };
            let of = ["employer", "country"].iter().map(|field| text(&row[*field]));
            [text(&row["handle"]), text(&row["name"]), of.collect()]
        })?;
        Ok(Exit::Done)
    }
}
