//! The rooms of one instance, wired: what handlers and commands are given.

mod check;
mod create;
mod expire;
mod open;
mod mission;
mod places;
mod upkeep;

use std::{ops::Deref, path::PathBuf, sync::Arc};

use crate::{
    audit::{self, Gate, Writer, tree::Tree},
    config::Config,
    database,
    documents::Documents,
    http::Budget,
    identity::Identity,
    mission::{Authority, Error as MissionError, Registry},
    policy::Policy,
    storage,
    time::Clock,
    vault::{self, KeySet, custody::FileCustody},
};

pub use check::{Copied, inside};
pub use create::create;
pub use expire::due;
pub use mission::present;
pub use open::{Recovery, open, recovery_copy};
pub use places::add_location;

/// Why an instance could not be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process has it open.
    #[error("another process has this instance open ({0} is locked): stop it first")]
    Locked(PathBuf),
    /// A file or folder could not be used.
    #[error("could not use {path}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The origin is no name of a log.
    #[error("`origin` is no name of a log: a host and path, without spaces or `+`")]
    Origin,
    /// The configuration says something that cannot be used.
    #[error("{0}")]
    Config(String),
    /// The database.
    #[error("the database cannot be used")]
    Database(#[from] database::Error),
    /// Custody.
    #[error("custody cannot be used")]
    Custody(#[from] vault::custody::Error),
    /// Custody is missing, and there are documents that only it opens.
    #[error(
        "custody is missing at {0} while the key set exists: put it back, nothing else opens the documents"
    )]
    NoCustody(PathBuf),
    /// The key set.
    #[error("the key set cannot be used")]
    Keys(#[from] vault::keyset::Error),
    /// Recovery copies.
    #[error("the recovery copy cannot be used")]
    Recovery(#[from] vault::recovery::Error),
    /// The log.
    #[error("the log cannot be written")]
    Audit(#[from] audit::Error),
    /// The tree.
    #[error("the log cannot be served")]
    Tree(#[from] audit::tree::Error),
    /// The signer.
    #[error("the log's signer cannot be used")]
    Signer(#[from] audit::signer::Error),
    /// Authority.
    #[error("authority cannot be read")]
    Mission(#[from] MissionError),
    /// A store.
    #[error("a place of storage cannot be used")]
    Storage(#[from] storage::Error),
    /// Copies rest where the configuration names no location any more: they could be neither read nor erased.
    #[error(
        "sealed copies rest at {} ({copies} in all), which the configuration does not name any more: put it back; a \
         location can go once nothing rests there",
        .locations.join(" and "),
    )]
    Removed {
        /// Which are missing.
        locations: Vec<String>,
        /// How many copies rest there, unfinished ones among them.
        copies: i64,
    },
    /// What a crash left could not be swept.
    #[error("what an earlier run left could not be finished")]
    Documents(#[from] crate::documents::Error),
}

/// One running instance. Cheap to clone: every layer of every request has one.
#[derive(Clone, Debug)]
pub struct App(Arc<Rooms>);

impl Deref for App {
    type Target = Rooms;

    fn deref(&self) -> &Rooms {
        &self.0
    }
}

/// What an instance consists of.
#[derive(Debug)]
pub struct Rooms {
    /// The clock of decisions and entries.
    pub clock: Clock,
    /// Who may what, read.
    pub registry: Registry,
    /// Who may what, changed.
    pub authority: Authority,
    /// Who is asking.
    pub identity: Identity,
    /// May they.
    pub policy: Policy,
    /// Changes.
    pub writer: Writer,
    /// Disclosures.
    pub gate: Gate,
    /// The signed log.
    pub tree: Tree,
    /// The product.
    pub documents: Documents,
    /// Keys, for names that are opened in memory.
    pub keyset: Arc<KeySet>,
    /// Custody, where a recovery copy is made.
    pub custody: Arc<FileCustody>,
    /// What each caller may cause.
    pub budget: Budget,
    /// What the operator decided.
    pub config: Arc<Config>,
    /// What runs in the background, until the instance is closed.
    upkeep: std::sync::Mutex<Vec<tokio::task::JoinHandle<()>>>,
    /// Keeps every other process out.
    _lock: std::fs::File,
}
