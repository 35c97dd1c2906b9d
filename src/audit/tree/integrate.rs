//! One round: from what was sequenced to a signed, published tree.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::StreamExt as _;
use sqlx::Row as _;

use crate::{
    audit::{
        Ended, Stopped,
        anchor::Anchor,
        bundle,
        checkpoint::Checkpoint,
        merkle::{Frontier, Hash, Node, Plan, Tree as Size, leaf_hash},
        note::Note,
        sequencer::batch_mac,
        signer::{Answer, Request},
        tile::{FULL, Level, Tile},
        tree::{Error, Published, Tree},
    },
    causes::causes,
    database,
    id::BatchId,
    storage::Name,
};

/// Entries in one round.
const MOST: u64 = 16_384;
/// Between two rounds while entries keep coming.
const EVERY: Duration = Duration::from_millis(200);
/// A checkpoint is signed anew this often though nothing was appended; it shows that someone is there.
const IDLE: Duration = Duration::from_secs(600);

impl Tree {
    /// Integrates, signs and publishes until the log ends. A contradiction ends the log for good.
    pub async fn run(self) {
        let mut grown = self.inner.writer.grown();
        let mut ended = self.inner.writer.ended();
        loop {
            match self.round(None).await {
                Ok(true) => {}
                Ok(false) => {
                    tokio::select! {
                        changed = grown.changed() => if changed.is_err() { return },
                        _ = ended.wait_for(Option::is_some) => return,
                        () = tokio::time::sleep(IDLE) => {}
                    }
                }
                Err(error) if error.is_transient() => {
                    tracing::warn!(error = %causes(&error), "the log is not signed just now");
                }
                Err(error) => {
                    tracing::error!(error = %causes(&error), "the log contradicts itself");
                    self.inner.writer.end(Ended::Contradiction);
                    return;
                }
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                _ = ended.wait_for(Option::is_some) => return,
            }
        }
    }

    /// One round, up to `limit` entries in all; whether the tree grew.
    ///
    /// # Errors
    ///
    /// Any but a failure of the disk or the network shows that the log was altered.
    pub async fn round(&self, limit: Option<u64>) -> Result<bool, Error> {
        let mut frontier = self.inner.frontier.lock().await;
        let old = Size { size: frontier.size(), root: frontier.root() };
        let mut limit = limit;
        let (grown, completed, note) = loop {
            let leaves = self.sequenced(old.size, limit).await?;
            if leaves.is_empty() {
                return Ok(false);
            }
            let (grown, completed) = self.grow(&frontier, &leaves)?;
            let new = Size { size: grown.size(), root: grown.root() };
            let proof = self.consistency(old.size, new.size, &completed).await?;
            match self.sign(old, new, proof).await? {
                Answer::Signed(note) => break (grown, completed, note),
                // An earlier round signed and could not keep what it signed: that tree comes first.
                Answer::Ahead(note) if limit.is_none() => limit = Some(self.size_of(&note)?),
                Answer::Ahead(_) => return Err(Error::Batch(old.size)),
            }
        };
        let new = Size { size: grown.size(), root: grown.root() };
        let tiles = self.tiles(old.size, new.size, &completed).await?;
        fail::fail_point!("audit::signed", |_| Err(Error::Batch(old.size)));
        self.swap(old, new, &note, tiles).await?;
        *frontier = grown;
        self.inner.writer.unsigned().signed(new.size);
        let at = self.inner.writer.clock().now();
        self.inner.published.send_replace(Published { tree: new, note: note.clone(), at });
        self.anchor(Anchor(new), &note).await?;
        Ok(true)
    }

    /// The leaves that follow the tree, their batches' codes checked.
    pub(super) async fn sequenced(
        &self,
        from: u64,
        limit: Option<u64>,
    ) -> Result<Vec<Hash>, Error> {
        let sql = "select start, n, batch_id, payload, mac from batch where start >= $1 order by start limit 256";
        let rows = sqlx::query(sql)
            .bind(i64::try_from(from).map_err(|_| Error::Batch(from))?)
            .fetch_all(self.inner.writer.database().pool())
            .await
            .map_err(database::Error::from)?;
        let mut leaves = Vec::new();
        for row in rows {
            let next = from + leaves.len() as u64;
            if leaves.len() as u64 >= MOST || limit.is_some_and(|limit| next >= limit) {
                break;
            }
            let broken = || Error::Batch(next);
            let read = || -> Result<_, sqlx::Error> {
                let (start, n): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
                let (id, payload): (Vec<u8>, Vec<u8>) = (row.try_get(2)?, row.try_get(3)?);
                Ok((start, n, id, payload, row.try_get::<Vec<u8>, _>(4)?))
            };
            let (start, n, id, payload, mac) = read().map_err(database::Error::from)?;
            let id = BatchId::from_slice(&id).map_err(|_| broken())?;
            let ours = batch_mac(&self.inner.append_key, id, &payload);
            let entries = bundle::entries(&payload).map_err(|_| broken())?;
            let whole = usize::try_from(n).is_ok_and(|n| n == entries.len());
            // The code is no secret once it stands in the row, so it may be compared as it is.
            if u64::try_from(start) != Ok(next) || ours != mac || !whole {
                return Err(broken());
            }
            leaves.extend(entries.into_iter().map(leaf_hash));
        }
        Ok(leaves)
    }

    /// Appends leaves; every subtree that they complete, by level and index.
    pub(super) fn grow(
        &self,
        frontier: &Frontier,
        leaves: &[Hash],
    ) -> Result<(Frontier, BTreeMap<Node, Hash>), Error> {
        let (mut grown, mut completed) = (frontier.clone(), BTreeMap::new());
        for leaf in leaves {
            let position = i64::try_from(grown.size()).map_err(|_| Error::Batch(grown.size()))?;
            self.inner.writer.unsigned().check(position, leaf)?;
            grown.append_each(*leaf, |node, hash| {
                completed.insert(node, hash);
            });
        }
        Ok((grown, completed))
    }

    /// The rows of tiles that the growth writes.
    async fn tiles(
        &self,
        old: u64,
        new: u64,
        completed: &BTreeMap<Node, Hash>,
    ) -> Result<Vec<(u8, u64, u16, Vec<u8>)>, Error> {
        let mut rows = Vec::new();
        for tile in Tile::written(old, new) {
            let Level::Hashes(level) = tile.level else { continue };
            let first = tile.index * u64::from(FULL);
            let known = (old >> (8 * u32::from(level))).clamp(first, first + u64::from(FULL));
            let before = usize::try_from(known - first).expect("at most 256") * 32;
            let mut hashes = match before {
                0 => Vec::new(),
                _ => self.tile_row(level, tile.index).await?,
            };
            hashes.truncate(before);
            for index in known..first + u64::from(tile.width) {
                let node = Node { level: level * 8, index };
                let hash = completed.get(&node).ok_or(crate::audit::tile::Error::Elsewhere)?;
                hashes.extend_from_slice(hash.as_bytes());
            }
            rows.push((level, tile.index, tile.width, hashes));
        }
        Ok(rows)
    }

    pub(super) async fn consistency(
        &self,
        old: u64,
        new: u64,
        completed: &BTreeMap<Node, Hash>,
    ) -> Result<Vec<Hash>, Error> {
        let plan = Plan::consistency(old, new)?;
        let mut hashes = BTreeMap::new();
        for node in plan.nodes() {
            let hash = match completed.get(&node) {
                Some(hash) => *hash,
                None => self.node(node, old).await?,
            };
            hashes.insert(node, hash);
        }
        plan.fill(|node| {
            hashes.get(&node).copied().ok_or(crate::audit::tile::Error::Elsewhere.into())
        })
    }

    /// The signer compares with its own memory, and is durable before it answers.
    pub(super) async fn sign(
        &self,
        old: Size,
        new: Size,
        proof: Vec<Hash>,
    ) -> Result<Answer, Error> {
        let signer = Arc::clone(&self.inner.signer);
        let authority = *self.inner.authority.lock().expect("no holder of this lock panics");
        let signing = tokio::task::spawn_blocking(move || {
            let mut signer = signer.lock().expect("no holder of this lock panics");
            signer.sign(&Request { old, new, proof: &proof, authority })
        });
        Ok(signing.await.map_err(|_| Error::Batch(old.size))??)
    }

    fn size_of(&self, note: &Note) -> Result<u64, Error> {
        let checkpoint = Checkpoint::open(note.to_string().as_bytes(), &self.inner.verifier)?;
        Ok(checkpoint.tree().size)
    }

    /// Tiles and tree row in one compare-and-swap: a stale leader changes nothing.
    async fn swap(
        &self,
        old: Size,
        new: Size,
        note: &Note,
        tiles: Vec<(u8, u64, u16, Vec<u8>)>,
    ) -> Result<(), Error> {
        let (note, tiles) = (note.to_string(), Arc::new(tiles));
        let size = |size: u64| i64::try_from(size).expect("a tree is smaller than 2^63");
        let (old, old_root) = (size(old.size), old.root.0.to_vec());
        let (new, new_root) = (size(new.size), new.root.0.to_vec());
        let swapped = self.inner.writer.upkeep(move |change| {
            let (note, tiles) = (note.clone(), Arc::clone(&tiles));
            let (old_root, new_root) = (old_root.clone(), new_root.clone());
            Box::pin(async move {
                for (level, place, width, hashes) in tiles.iter() {
                    sqlx::query(
                        "insert into tile (tile_level, place, width, hashes) values ($1, $2, $3, $4) \
                         on conflict (tile_level, place) \
                         do update set width = excluded.width, hashes = excluded.hashes",
                    )
                    .bind(i64::from(*level))
                    .bind(size(*place))
                    .bind(i64::from(*width))
                    .bind(hashes.clone())
                    .execute(&mut *change.sql())
                    .await?;
                }
                let row = sqlx::query(
                    "update tree set size = $1, root = $2, signed_checkpoint = $3 \
                     where id = 0 and size = $4 and root = $5 returning size",
                )
                .bind(new)
                .bind(new_root)
                .bind(note)
                .bind(old)
                .bind(old_root)
                .fetch_optional(change.sql())
                .await?;
                row.map(|_| ()).ok_or(Stopped::Moved)
            })
        });
        Ok(swapped.await?)
    }

    /// The anchor in the store, whose name carries size and root; what it holds is the signed note.
    pub(super) async fn anchor(&self, anchor: Anchor, note: &Note) -> Result<(), Error> {
        let name = Name::new(anchor.to_string()).expect("an anchor's name is digits and hex");
        let bytes = bytes::Bytes::from(note.to_string());
        let length = bytes.len() as u64;
        let sealed = futures::stream::iter([Ok(bytes)]).boxed();
        self.inner.store.create(&name, sealed, Some(length)).await?;
        let signer = Arc::clone(&self.inner.signer);
        let acknowledged = tokio::task::spawn_blocking(move || {
            signer.lock().expect("no holder of this lock panics").acknowledge(anchor)
        });
        Ok(acknowledged.await.map_err(|_| Error::Batch(anchor.0.size))??)
    }
}

impl Error {
    /// Whether trying again may help: the disk or the network, not the log.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        use crate::audit::{Error as Write, signer};

        match self {
            Self::Database(database::Error::Sql(_))
            | Self::Storage(_)
            | Self::Signer(signer::Error::File { .. }) => true,
            Self::Write(error) => !matches!(error, Write::Moved | Write::Stopped),
            _ => false,
        }
    }
}
