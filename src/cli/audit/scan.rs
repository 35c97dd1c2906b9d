//! `greffe audit scan`: finds a party's entries by its tag keys, without asking anybody which they are.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::{
    audit::{encoding, leaf::Leaf},
    cli::{
        audit::Reading,
        client::api::Entries,
        error::{Error, Exit},
        log::{self, Log},
        session::Session,
        terminal::local,
    },
    vault::{Secret, TagKey},
};

/// Finds every entry that is tagged for a party, by its tag keys; --compare says which of them the service does not
/// show.
#[derive(clap::Args)]
pub struct Scan {
    /// File with the party's tag keys (mode 0600): one a line, in base64url or hex; # begins a remark.
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    #[command(flatten)]
    reading: Reading,
    /// Compares with the entries that the service shows; exit code 8 if it hides one.
    #[arg(long)]
    compare: bool,
}

/// An entry that is tagged for the party.
#[derive(serde::Serialize)]
struct Found {
    index: u64,
    entry: String,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    shown: Option<bool>,
}

impl Scan {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// [`Exit::Tampered`] if the service hides an entry, or the log is not what was signed.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let keys = keys(&self.key_file)?;
        let policy = log::policy(self.reading.policy.as_deref(), &session.profile()?)?;
        let log = Log::newest(self.reading.source(session)?, &policy).await?;
        let mut found = Vec::new();
        let tagged = |index, leaf: Leaf| {
            if keys.iter().any(|key| leaf.is_tagged_for(key)) {
                let (entry, at) = (leaf.id().to_string(), leaf.at().to_string());
                found.push(Found { index, entry, at, shown: None });
            }
        };
        log.leaves(&session.terminal, tagged).await?;
        let mut hidden = 0;
        if self.compare {
            let shown = shown(session).await?;
            for entry in &mut found {
                let is_shown = shown.contains(&entry.entry);
                hidden += u64::from(!is_shown);
                entry.shown = Some(is_shown);
            }
        }
        let headings = ["head-number", "head-entry", "head-when", "head-shown"];
        session.terminal.table(headings, &found, |entry| {
            let shown = match entry.shown {
                Some(true) => session.terminal.say("shown", &[]),
                Some(false) => session.terminal.say("hidden", &[]),
                None => String::new(),
            };
            [entry.index.to_string(), entry.entry.clone(), local(&entry.at), shown]
        })?;
        if hidden > 0 {
            return Err(Error::new(Exit::Tampered, "entries-hidden").with("count", hidden));
        }
        Ok(Exit::Done)
    }
}

/// The ids of all entries that the service shows to the caller.
async fn shown(session: &Session) -> Result<HashSet<String>, Error> {
    let client = session.client()?;
    let (mut cursor, mut shown): (Option<String>, HashSet<_>) = (None, HashSet::new());
    loop {
        let asked = client.get(&["api", "v1", "audit", "entries"]);
        let page: Entries = asked.query("cursor", cursor.as_ref()).read().await?;
        shown.extend(page.entries.into_iter().map(|entry| entry.entry));
        if page.next.is_none() || page.next == cursor {
            return Ok(shown);
        }
        cursor = page.next;
    }
}

fn keys(path: &Path) -> Result<Vec<TagKey>, Error> {
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(|error| {
        Error::new(Exit::NotFound, "file-unreadable").with("path", path.display()).because(error)
    })?);
    let mut keys = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default();
        // The key is the last word: before it may stand whose it is, and for which year.
        let Some(word) = line.split_whitespace().last() else { continue };
        let bytes = hex::decode(word).ok().or_else(|| encoding::from_base64url(word));
        let key = bytes.map(Zeroizing::new).and_then(|bytes| Secret::from_slice(&bytes));
        let wrong =
            || Error::usage("not-a-tag-key").with("line", number).with("path", path.display());
        keys.push(TagKey::new(key.ok_or_else(wrong)?));
    }
    Ok(keys)
}
