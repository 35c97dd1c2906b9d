//! The tree over the log: integrated, signed and published within a second of the append.
//!
//! What was sequenced is integrated deterministically, so a crash anywhere repeats the same bytes:
//!
//! | step | after a crash right there |
//! |---|---|
//! | batches read, their codes and leaf hashes checked | integration is repeated |
//! | signed, durable with the signer | the signer gives the same note for the same tree, and refuses another |
//! | tiles and tree row, one compare-and-swap | the anchor is written again |
//! | anchor in the store, acknowledged to the signer | done |

mod attest;
mod examine;
mod integrate;
mod serve;
mod start;
mod written;

use std::sync::{Arc, Mutex};

use ring::hmac;
use sqlx::Row as _;
use tokio::sync::watch;

use crate::{
    audit::{
        Error as WriteError, Replaced, Writer, anchor, checkpoint,
        merkle::{self, Frontier, Hash, Node, Tree as Size},
        note::{Note, Verifier},
        signer::{self, Authority, Contradiction, Signer},
        tile::{self, Tile},
    },
    database, storage,
    storage::Store,
    time::Instant,
};

pub use attest::{Attested, Unattested};
pub use examine::{Examined, Found, Parts, examine};
pub use serve::Covered;

/// Why the tree could not grow or be served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database did not answer.
    #[error("could not read the log's tree")]
    Database(#[from] database::Error),
    /// The new tree could not be kept.
    #[error("could not keep the log's tree")]
    Write(#[from] WriteError),
    /// A batch is missing, or its code is not ours.
    #[error("the batch at position {0} is missing, altered or not ours")]
    Batch(u64),
    /// A leaf is not the one that this server appended.
    #[error("the log was altered before it was signed")]
    Replaced(#[from] Replaced),
    /// The signer refused.
    #[error("the signer refused the tree")]
    Signer(#[from] signer::Error),
    /// Database, store and signer contradict each other.
    #[error("the log was put back: the service refuses to serve")]
    Contradiction(#[from] Contradiction),
    /// The tree row or a checkpoint is not what the signer signed.
    #[error("the signed checkpoint is not one of ours")]
    Checkpoint(#[from] checkpoint::Error),
    /// A client holds a checkpoint, signed by us, that this log does not have.
    #[error("a client holds a signed checkpoint of {0} entries that this log does not have")]
    Forked(u64),
    /// The tiles do not give what was asked.
    #[error("the log's tiles contradict its tree")]
    Tiles(#[from] tile::Error),
    /// There is no such subtree or entry.
    #[error("the log has no such entry")]
    Merkle(#[from] merkle::Error),
    /// The store did not keep or give an anchor.
    #[error("could not keep the anchor")]
    Storage(#[from] storage::Error),
    /// An anchor is not what its name says.
    #[error("an anchor is not what its name says")]
    Anchor(#[from] anchor::Error),
}

/// What is published: the last signed tree, its checkpoint, and when.
#[derive(Clone, Debug)]
pub struct Published {
    /// Size and root.
    pub tree: Size,
    /// The signed note.
    pub note: Note,
    /// When it was signed.
    pub at: Instant,
}

/// The tree. Cheap to clone.
#[derive(Clone)]
pub struct Tree {
    inner: Arc<Inner>,
}

struct Inner {
    writer: Writer,
    append_key: hmac::Key,
    origin: String,
    verifier: Verifier,
    /// Held through one signature, never across an await.
    signer: Arc<Mutex<Signer>>,
    /// Owned by the one round at a time.
    frontier: tokio::sync::Mutex<Frontier>,
    store: Arc<dyn Store>,
    authority: Mutex<Authority>,
    published: watch::Sender<Published>,
}

impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tree({})", self.inner.origin)
    }
}

impl Tree {
    /// The log's name.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.inner.origin
    }

    /// The log's public key.
    #[must_use]
    pub fn verifier(&self) -> &Verifier {
        &self.inner.verifier
    }

    /// The last signed checkpoint.
    #[must_use]
    pub fn published(&self) -> Published {
        self.inner.published.borrow().clone()
    }

    /// Changes when a checkpoint is signed.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Published> {
        self.inner.published.subscribe()
    }

    /// Takes note of a root over all heads of authority, taken at `position`; it goes with the next signature.
    pub fn authority(&self, root: [u8; 32], position: u64) {
        let mut authority = self.inner.authority.lock().expect("no holder of this lock panics");
        *authority = Authority { root, position };
    }

    /// The row of a tile, with at least the width asked for.
    async fn tile_row(&self, level: u8, place: u64) -> Result<Vec<u8>, Error> {
        let sql = "select hashes from tile where tile_level = $1 and place = $2";
        let row = sqlx::query(sql)
            .bind(i64::from(level))
            .bind(i64::try_from(place).map_err(|_| tile::Error::Elsewhere)?)
            .fetch_optional(self.inner.writer.database().pool())
            .await
            .map_err(database::Error::from)?;
        let row = row.ok_or(tile::Error::Elsewhere)?;
        Ok(row.try_get(0).map_err(database::Error::from)?)
    }

    /// The hash of a subtree that lies wholly within the tree of `size`.
    async fn node(&self, node: Node, size: u64) -> Result<Hash, Error> {
        let tile = Tile::holding(node, size)?;
        let tile::Level::Hashes(level) = tile.level else {
            return Err(tile::Error::Elsewhere.into());
        };
        let bytes = self.tile_row(level, tile.index).await?;
        let bytes = bytes.get(..usize::from(tile.width) * 32).ok_or(tile::Error::Elsewhere)?;
        Ok(tile.node(bytes, node)?)
    }
}

#[cfg(test)]
mod tests;
