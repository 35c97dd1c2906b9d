//! `greffe audit`: the log, read and verified by whoever wants to.

mod entries;
mod gather;
mod keys;
mod prove;
mod scan;
mod tags;
mod verify;

use std::path::PathBuf;

use crate::cli::{
    error::{Error, Exit},
    log::Source,
    session::Session,
};

/// Reads, verifies and searches the log.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe audit entries --document K3T-7KQ4-2M --since 2026-11-01T00:00:00Z
  greffe audit verify --keep mirror
  greffe audit verify --folder mirror --policy policy
  greffe audit prove 1234 --output entry.tlog-proof
  greffe audit keys --output our-tag-keys
  greffe audit scan --key-file our-tag-keys --compare
  greffe audit tags
  greffe audit gather ours.tlog-proof theirs.tlog-proof")]
pub struct Audit {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    Entries(entries::Entries),
    Verify(verify::Verify),
    Prove(prove::Prove),
    Keys(keys::Keys),
    Scan(scan::Scan),
    Tags(tags::Tags),
    Gather(gather::Gather),
}

impl Audit {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// [`Exit::Tampered`] if something does not hold.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        match self.what {
            What::Entries(command) => command.run(session).await,
            What::Verify(command) => command.run(session).await,
            What::Prove(command) => command.run(session).await,
            What::Keys(command) => command.run(session).await,
            What::Scan(command) => command.run(session).await,
            What::Tags(command) => command.run(session).await,
            What::Gather(command) => command.run(session).await,
        }
    }
}

/// From where the log is read, and whom to believe.
#[derive(Clone, Debug, clap::Args)]
pub struct Reading {
    /// Reads the log from this folder (checkpoint and tile/…, as `audit verify --keep` leaves them), not the service.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// File that says which logs and witnesses to believe (a tlog-policy) [default: the one kept at the sign-in].
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

impl Reading {
    fn source(&self, session: &Session) -> Result<Source, Error> {
        Ok(match &self.folder {
            Some(folder) => Source::Folder(folder.clone()),
            None => Source::Service(Box::new(session.client()?)),
        })
    }
}
