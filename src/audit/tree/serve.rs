//! What outsiders may fetch: tiles, bundles, proofs; and the checkpoints that they hold against us.

use std::collections::{BTreeMap, btree_map::Entry};

use sqlx::Row as _;

use crate::{
    audit::{
        Ended, bundle,
        checkpoint::Checkpoint,
        merkle::{Hash, Plan},
        proof::Proof,
        tile::{self, FULL, Level, Tile},
        tree::{Error, Published, Tree},
    },
    database,
};

/// Whether an entry is in the signed tree yet.
#[derive(Clone, Debug)]
pub enum Covered {
    /// It is: the proof, without `extra`.
    Yes(Box<Proof>),
    /// It was appended, and is not signed yet.
    NotYet,
}

impl Tree {
    /// The bytes of a tile of hashes or an entry bundle.
    ///
    /// # Errors
    ///
    /// [`Error::Tiles`] if the published tree has no such tile.
    pub async fn tile(&self, tile: Tile) -> Result<Vec<u8>, Error> {
        let size = self.published().tree.size;
        let level = match tile.level {
            Level::Entries => 0,
            Level::Hashes(level) => level,
        };
        let count = size.checked_shr(8 * u32::from(level)).unwrap_or(0);
        let end = tile.index.saturating_mul(u64::from(FULL)).saturating_add(u64::from(tile.width));
        if end > count {
            return Err(tile::Error::Elsewhere.into());
        }
        match tile.level {
            Level::Hashes(level) => {
                let mut bytes = self.tile_row(level, tile.index).await?;
                bytes.truncate(usize::from(tile.width) * 32);
                Ok(bytes)
            }
            Level::Entries => self.bundle(tile.index * u64::from(FULL), end).await,
        }
    }

    /// The entries from `start` to `end`, as a bundle.
    async fn bundle(&self, start: u64, end: u64) -> Result<Vec<u8>, Error> {
        let leaves = self.leaves(start, end).await?;
        let bytes = bundle::write(leaves.iter().map(Vec::as_slice));
        bytes.map_err(|_| Error::Batch(start))
    }

    /// The leaves from `start` to `end`, by their exact bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Batch`] if the log does not hold them.
    pub async fn leaves(&self, start: u64, end: u64) -> Result<Vec<Vec<u8>>, Error> {
        let broken = || Error::Batch(start);
        // The first is found by its key: a condition on its end would look at every batch before it.
        let rows = sqlx::query(
            "select start, payload from batch where start < $1 and start >= \
             (select coalesce(max(start), 0) from batch where start <= $2) order by start",
        )
        .bind(i64::try_from(end).map_err(|_| broken())?)
        .bind(i64::try_from(start).map_err(|_| broken())?)
        .fetch_all(self.inner.writer.database().pool())
        .await
        .map_err(database::Error::from)?;
        let mut leaves = Vec::new();
        for row in rows {
            let first: i64 = row.try_get(0).map_err(database::Error::from)?;
            let payload: Vec<u8> = row.try_get(1).map_err(database::Error::from)?;
            let entries = bundle::entries(&payload).map_err(|_| broken())?;
            for (position, entry) in (first.unsigned_abs()..).zip(entries) {
                if (start..end).contains(&position) {
                    leaves.push(entry.to_vec());
                }
            }
        }
        if leaves.len() as u64 == end - start { Ok(leaves) } else { Err(broken()) }
    }

    /// The proof that the entry at `position` is in the published tree.
    ///
    /// # Errors
    ///
    /// [`Error::Tiles`] if the tiles contradict the tree.
    pub async fn prove(&self, position: u64) -> Result<Covered, Error> {
        let Published { tree, note, .. } = self.published();
        if position >= tree.size {
            return Ok(Covered::NotYet);
        }
        let hashes = self.fill(&Plan::inclusion(position, tree.size)?, tree.size).await?;
        let proof = Proof { extra: None, index: position, hashes, checkpoint: note };
        Ok(Covered::Yes(Box::new(proof)))
    }

    /// The proof that the published tree begins with the tree of `old` entries.
    ///
    /// # Errors
    ///
    /// [`Error::Merkle`] if it is not that large.
    pub async fn prove_growth(&self, old: u64) -> Result<(Vec<Hash>, Published), Error> {
        let published = self.published();
        let size = published.tree.size;
        Ok((self.fill(&Plan::consistency(old, size)?, size).await?, published))
    }

    pub(super) async fn fill(&self, plan: &Plan, size: u64) -> Result<Vec<Hash>, Error> {
        let (mut hashes, mut tiles) = (BTreeMap::new(), BTreeMap::new());
        for node in plan.nodes() {
            let tile = Tile::holding(node, size)?;
            if let Entry::Vacant(unread) = tiles.entry((tile.level, tile.index)) {
                unread.insert(self.tile(tile).await?);
            }
            let bytes = &tiles[&(tile.level, tile.index)];
            hashes.insert(node, tile.node(bytes, node)?);
        }
        plan.fill(|node| hashes.get(&node).copied().ok_or(tile::Error::Elsewhere.into()))
    }

    /// Compares a checkpoint that a client kept: one that we signed must be of this history.
    ///
    /// A checkpoint that our key did not sign says nothing. One that it did sign, beyond our tree or with another root at
    /// its size, ends the log for good.
    ///
    /// # Errors
    ///
    /// [`Error::Forked`].
    pub async fn presented(&self, checkpoint: &[u8]) -> Result<(), Error> {
        let Ok(held) = Checkpoint::open(checkpoint, &self.inner.verifier) else { return Ok(()) };
        let ours = self.published().tree;
        let root = if held.size > ours.size {
            None
        } else {
            let root = self.fill(&Plan::root(held.size), ours.size).await?;
            root.first().copied()
        };
        let same = root == Some(held.root) || held.size == 0;
        if !same {
            tracing::error!(size = held.size, "a client holds a checkpoint of another history");
            self.inner.writer.end(Ended::Contradiction);
            return Err(Error::Forked(held.size));
        }
        Ok(())
    }
}
