//! `greffe audit keys`: fetches one's party's tag keys, for `greffe audit scan`.

use std::path::PathBuf;

use serde_json::json;
use zeroize::Zeroizing;

use crate::cli::{
    client::api::TagKeys,
    error::{Error, Exit},
    profile::replace,
    restrict::party_or_own,
    session::Session,
};

/// Fetches the tag keys of the party whose auditor one is, one a line: whose, year, turn, key. With them `greffe audit
/// scan` finds every entry that is tagged for the party, without asking the service which they are.
///
/// They open nothing. Whoever has them learns which entries of the public log concern the party, so keep the file as one
/// keeps the log's contents. When an auditor leaves, later entries are tagged by a new key.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe audit keys --output our-tag-keys
  greffe audit scan --key-file our-tag-keys --compare")]
pub struct Keys {
    /// File for the keys (mode 0600); one that exists is replaced.
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

impl Keys {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If one is not the party's auditor, or the file cannot be written.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let client = session.client()?;
        let party = party_or_own(&client, None).await?;
        let found: TagKeys =
            client.get(&["api", "v1", "parties", &party, "tag-keys"]).read().await?;
        let mut text = Zeroizing::new(String::new());
        for key in &found.keys {
            text.push_str(&format!("{party} {} {} {}\n", key.year, key.turn, key.key));
        }
        replace(&self.output, text.as_bytes()).map_err(|error| {
            let told = Error::new(Exit::Failed, "file-unwritable").because(error);
            told.with("path", self.output.display())
        })?;
        let count = found.keys.len();
        let shown = json!({"party": party, "keys": count, "file": self.output});
        session.terminal.show(&shown, || self.output.display().to_string())?;
        Ok(Exit::Done)
    }
}
