//! `greffe audit prove`: a proof that an entry is in the log, made from its tiles.

use std::path::PathBuf;

use serde_json::json;

use crate::{
    audit::{
        merkle::{Plan, leaf_hash, verify_inclusion},
        proof::Proof,
        receipt,
    },
    cli::{
        audit::Reading,
        error::{Error, Exit},
        log::{self, Log},
        profile::replace,
        session::Session,
    },
};

/// Proves that an entry is in the log, by its number; the proof is made here, not by the service.
#[derive(clap::Args)]
pub struct Prove {
    /// The entry's number in the log, from 0.
    index: u64,
    #[command(flatten)]
    reading: Reading,
    /// File for the proof (a tlog-proof), in place of standard output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Prove {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// [`Exit::Tampered`] if the tiles do not lead to the signed root.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let policy = log::policy(self.reading.policy.as_deref(), &session.profile()?)?;
        let mut log = Log::newest(self.reading.source(session)?, &policy).await?;
        let (index, size) = (self.index, log.size());
        let plan = Plan::inclusion(index, size).map_err(|_| {
            Error::new(Exit::NotFound, "no-such-index").with("index", index).with("size", size)
        })?;
        let (first, entries) = log.bundle(index).await?;
        let place = usize::try_from(index - first).expect("a bundle has 256 entries at most");
        let entry = entries.get(place).expect("a bundle has all its entries");
        let hashes = log.hashes(&plan).await?;
        let root = &log.trusted.checkpoint.root;
        verify_inclusion(&leaf_hash(entry), index, size, &hashes, root)
            .map_err(|_| Error::new(Exit::Tampered, "entry-not-included").with("index", index))?;
        let none: [&str; 0] = [];
        let extra = Some(receipt::extra(entry, none));
        let proof = Proof { extra, index, hashes, checkpoint: log.note.clone() }.to_string();
        let Some(path) = self.output else {
            session.terminal.line(proof.trim_end())?;
            return Ok(Exit::Done);
        };
        replace(&path, proof.as_bytes()).map_err(|error| {
            Error::new(Exit::Failed, "file-unwritable").with("path", path.display()).because(error)
        })?;
        let shown = json!({"index": index, "size": size, "file": path});
        session.terminal.show(&shown, || path.display().to_string())?;
        Ok(Exit::Done)
    }
}
