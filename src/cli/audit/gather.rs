//! `greffe audit gather`: whether receipts of several parties lie on one history.

use std::{collections::BTreeMap, path::PathBuf};

use serde_json::json;

use crate::{
    audit::trust::Trusted,
    cli::{
        audit::Reading,
        error::{Error, Exit},
        log::{self, Log},
        receipt,
        session::Session,
    },
};

/// Says whether receipts, of one party or several, all lie on one history: a log that showed different histories to
/// different parties is caught when they put their receipts together.
#[derive(clap::Args)]
pub struct Gather {
    /// The receipts' files.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    reading: Reading,
    /// Compares the receipts with each other only, not with the log: checkpoints of different sizes stay unproven.
    #[arg(long, conflicts_with = "folder")]
    offline: bool,
}

/// A checkpoint, and the receipts that bear it.
struct Seen {
    trusted: Trusted,
    file: String,
}

impl Gather {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// [`Exit::Tampered`] if they do not; [`Exit::Partly`] if that could not be told for all of them.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let policy = log::policy(self.reading.policy.as_deref(), &session.profile()?)?;
        let mut checkpoints: BTreeMap<(String, u64), Seen> = BTreeMap::new();
        let mut entries = BTreeMap::new();
        for path in &self.files {
            let (receipt, trusted) = receipt::open(path, &policy)?;
            let file = path.display().to_string();
            let origin = trusted.checkpoint.origin.clone();
            let place = (origin.clone(), receipt.proof.index);
            let (other, entry) =
                entries.entry(place).or_insert_with(|| (file.clone(), receipt.leaf.clone()));
            if *entry != receipt.leaf {
                return Err(forked(other, &file));
            }
            let seen = checkpoints
                .entry((origin, trusted.checkpoint.size))
                .or_insert_with(|| Seen { trusted: trusted.clone(), file: file.clone() });
            if seen.trusted.checkpoint.root != trusted.checkpoint.root {
                return Err(forked(&seen.file, &file));
            }
        }
        let origins = checkpoints.keys().map(|(origin, _)| origin);
        let origins: std::collections::BTreeSet<_> = origins.collect();
        if origins.len() > 1 {
            let origins = origins.into_iter().cloned().collect::<Vec<_>>().join(", ");
            return Err(Error::usage("several-logs").with("origins", origins));
        }
        let proven = if self.offline {
            checkpoints.len() == 1
        } else {
            let mut log = Log::newest(self.reading.source(session)?, &policy).await?;
            for seen in checkpoints.values() {
                log.goes_on_from(&seen.trusted).await?;
            }
            true
        };
        let (receipts, count) = (self.files.len(), checkpoints.len());
        let shown = json!({"one_history": proven, "receipts": receipts, "checkpoints": count});
        session.terminal.show(&shown, || {
            let values = [("receipts", &receipts.to_string()[..]), ("count", &count.to_string())];
            let key = if proven { "one-history" } else { "not-compared" };
            session.terminal.say(key, &values)
        })?;
        Ok(if proven { Exit::Done } else { Exit::Partly })
    }
}

fn forked(one: &str, other: &str) -> Error {
    Error::new(Exit::Tampered, "two-histories").with("one", one).with("other", other)
}
