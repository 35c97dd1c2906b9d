//! A log is looked at from its first entry to its last, and nothing is signed or written: for copies of an instance.

use std::collections::{BTreeMap, HashSet};

use ring::hmac;
use serde::Deserialize;
use sqlx::Row as _;

use crate::{
    audit::{
        bundle,
        leaf::Leaf,
        merkle::{Frontier, Hash, Node, Tree as Size, leaf_hash},
        note::Verifier,
        opening::Opening,
        sequencer::batch_mac,
        signer::{State, standing},
        tile::{Level, Tile},
        tree::{Error, start},
        written::{Fact, Written},
    },
    database::{self, Database},
    id::{BatchId, DocumentId, EntryId, PartyId},
    storage::Store,
};

/// Batches read at a time.
const SLICE: i64 = 64;

/// What contradicts, in a word of a closed list, and of what.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Found {
    /// Which contradiction, e.g. `found-entry-missing`.
    pub what: &'static str,
    /// Of what: a position, a name, an id.
    pub of: String,
}

impl Found {
    /// A contradiction of something.
    #[must_use]
    pub fn new(what: &'static str, of: impl ToString) -> Self {
        Self { what, of: of.to_string() }
    }
}

/// What a log consists of.
#[derive(Clone, Copy)]
pub struct Parts<'l> {
    /// Its rows.
    pub database: &'l Database,
    /// The key of its batches' codes.
    pub append_key: &'l hmac::Key,
    /// The log's public key.
    pub verifier: &'l Verifier,
    /// What its signer remembers.
    pub state: &'l State,
    /// Where its anchors are.
    pub store: &'l dyn Store,
}

/// What was found, and what the log says of authority.
#[derive(Debug, Default)]
pub struct Examined {
    /// Every contradiction.
    pub found: Vec<Found>,
    /// The heads that were written since the root that the signer keeps.
    pub written: Vec<Written>,
    /// How many entries were looked at.
    pub entries: u64,
    /// How many of them no longer say what they state.
    pub without_facts: u64,
}

/// What facts say that the columns beside them say too, and what they wrote.
#[derive(Deserialize)]
struct Facts {
    what: String,
    act: String,
    owner: Option<PartyId>,
    document: Option<DocumentId>,
    capacity: Option<PartyId>,
    #[serde(default)]
    written: Vec<Fact>,
}

struct Examination<'l> {
    parts: Parts<'l>,
    signed: Size,
    tree: Frontier,
    levels: BTreeMap<u8, Vec<Hash>>,
    ids: HashSet<EntryId>,
    seen: Examined,
}

/// Looks at the whole log. `done` is told how many entries more were looked at.
///
/// # Errors
///
/// Only if something cannot be read: what contradicts is in [`Examined::found`].
pub async fn examine(parts: Parts<'_>, done: &(dyn Fn(usize) + Sync)) -> Result<Examined, Error> {
    let mut seen = Examined::default();
    let signed = match start::row(parts.database, parts.verifier).await {
        Ok((row, _)) => {
            let largest = start::largest_anchor(parts.store, parts.verifier).await?;
            if let Err(contradiction) = standing(row, parts.state, largest) {
                seen.found.push(Found::new("found-history", contradiction));
            }
            row
        }
        Err(Error::Database(database::Error::Sql(error))) => {
            return Err(database::Error::Sql(error).into());
        }
        Err(error) => {
            seen.found.push(Found::new("found-checkpoint", error));
            parts.state.tree
        }
    };
    let (tree, levels, ids) = (Frontier::default(), BTreeMap::new(), HashSet::new());
    let mut examination = Examination { parts, signed, tree, levels, ids, seen };
    while examination.slice(done).await? {}
    examination.end().await?;
    Ok(examination.seen)
}

impl Examination<'_> {
    fn found(&mut self, what: &'static str, of: impl ToString) {
        self.seen.found.push(Found::new(what, of));
    }

    /// Looks at some batches; whether there may be more.
    async fn slice(&mut self, done: &(dyn Fn(usize) + Sync)) -> Result<bool, Error> {
        let sql = "select start, n, batch_id, payload, mac from batch where start >= $1 order by start limit $2";
        let rows = sqlx::query(sql)
            .bind(i64::try_from(self.tree.size()).map_err(|_| Error::Batch(0))?)
            .bind(SLICE)
            .fetch_all(self.parts.database.pool())
            .await
            .map_err(database::Error::from)?;
        let more = i64::try_from(rows.len()).is_ok_and(|count| count == SLICE);
        for row in rows {
            let next = self.tree.size();
            let read = || -> Result<_, sqlx::Error> {
                let id = BatchId::from_slice(&row.try_get::<Vec<u8>, _>(2)?).ok();
                let (payload, mac): (Vec<u8>, Vec<u8>) = (row.try_get(3)?, row.try_get(4)?);
                Ok((row.try_get::<i64, _>(0)?, row.try_get::<i64, _>(1)?, id, payload, mac))
            };
            let (start, n, id, payload, mac) = read().map_err(database::Error::from)?;
            let entries = bundle::entries(&payload).unwrap_or_default();
            let ours = id.is_some_and(|id| batch_mac(self.parts.append_key, id, &payload) == mac);
            let whole = usize::try_from(n).is_ok_and(|n| n == entries.len());
            if u64::try_from(start) != Ok(next) || !ours || !whole {
                self.found("found-batch", next);
                return Ok(false);
            }
            self.entries(start, &entries).await?;
            done(entries.len());
        }
        Ok(more)
    }

    /// Puts the leaves of a batch into the tree, and compares each with its row.
    async fn entries(&mut self, start: i64, leaves: &[&[u8]]) -> Result<(), Error> {
        let count = i64::try_from(leaves.len()).map_err(|_| Error::Batch(self.tree.size()))?;
        let sql = "select position, id, facts, document, owner, capacity, act, decision \
                   from entry where position >= $1 and position < $2 order by position";
        let rows = sqlx::query(sql)
            .bind(start)
            .bind(start + count)
            .fetch_all(self.parts.database.pool())
            .await
            .map_err(database::Error::from)?;
        let mut rows = rows.iter().peekable();
        for (position, leaf) in (start..).zip(leaves) {
            let row = rows.next_if(|row| row.try_get(0).is_ok_and(|at: i64| at == position));
            self.entry(position, leaf, row).map_err(database::Error::from)?;
            let levels = &mut self.levels;
            self.tree.append_each(leaf_hash(leaf), |Node { level, .. }, hash| {
                if level % 8 == 0 {
                    levels.entry(level / 8).or_default().push(hash);
                }
            });
            self.seen.entries += 1;
            for tree in [self.signed, self.parts.state.tree] {
                if tree.size == self.tree.size() && tree.root != self.tree.root() {
                    self.found("found-root", tree.size);
                }
            }
        }
        Ok(())
    }

    fn entry(
        &mut self,
        position: i64,
        leaf: &[u8],
        row: Option<&sqlx::any::AnyRow>,
    ) -> Result<(), sqlx::Error> {
        let Ok(leaf) = Leaf::parse(leaf) else {
            self.found("found-leaf", position);
            return Ok(());
        };
        if !self.ids.insert(leaf.id()) {
            self.found("found-entry-twice", position);
        }
        let Some(row) = row else {
            self.found("found-entry-missing", position);
            return Ok(());
        };
        let id: Vec<u8> = row.try_get(1)?;
        let disclosure: String = row.try_get(2)?;
        if disclosure.is_empty() {
            self.seen.without_facts += 1;
            return Ok(());
        }
        let opened = Opening::open(&disclosure, leaf.facts()).ok();
        let facts = opened.and_then(|opening| opening.value::<Facts>().ok());
        let bytes = |column: usize| row.try_get::<Vec<u8>, _>(column);
        let same = match &facts {
            None => false,
            Some(facts) => {
                let id_of = |party: Option<PartyId>| {
                    party.map(|id| id.as_bytes().to_vec()).unwrap_or_default()
                };
                let document = facts.document.map(|id| id.as_bytes().to_vec()).unwrap_or_default();
                id == leaf.id().as_bytes()
                    && bytes(3)? == document
                    && bytes(4)? == id_of(facts.owner)
                    && bytes(5)? == id_of(facts.capacity)
                    && row.try_get::<String, _>(6)? == facts.act
                    && row.try_get::<String, _>(7)? == facts.what
            }
        };
        if !same {
            self.found("found-entry-altered", position);
        }
        let kept = self.parts.state.authority.position;
        if u64::try_from(position).is_ok_and(|position| position >= kept) {
            let written = facts.map(|facts| facts.written).unwrap_or_default();
            self.seen.written.extend(written.into_iter().filter_map(Written::read));
        }
        Ok(())
    }

    /// Compares what stands beside the entries: the sequence, the signed size, the tiles.
    async fn end(&mut self) -> Result<(), Error> {
        let database = self.parts.database;
        let size = self.tree.size();
        for tree in [self.signed, self.parts.state.tree] {
            if tree.size > size {
                self.found("found-entries-missing", format!("{size}–{}", tree.size));
            }
        }
        let next = database.count("select next from sequence where id = 0").await?;
        let rows = database.count("select count(*) from entry").await?;
        if next.unsigned_abs() != size || rows.unsigned_abs() > size {
            self.found("found-sequence", next.max(rows));
        }
        let sound = self.signed.size.min(size);
        for tile in Tile::written(0, sound) {
            let Level::Hashes(level) = tile.level else { continue };
            let from = usize::try_from(tile.index * 256).map_err(|_| Error::Batch(size))?;
            let to = from + usize::from(tile.width);
            let wanted = self.levels.get(&level).and_then(|hashes| hashes.get(from..to));
            let sql = "select hashes from tile where tile_level = $1 and place = $2";
            let row = sqlx::query(sql)
                .bind(i64::from(level))
                .bind(i64::try_from(tile.index).map_err(|_| Error::Batch(size))?)
                .fetch_optional(database.pool())
                .await
                .map_err(database::Error::from)?;
            let stored = match row {
                Some(row) => row.try_get::<Vec<u8>, _>(0).map_err(database::Error::from)?,
                None => Vec::new(),
            };
            let wanted: Option<Vec<u8>> =
                wanted.map(|hashes| hashes.iter().flat_map(|hash| hash.0).collect());
            if wanted.is_none_or(|wanted| !stored.starts_with(&wanted)) {
                self.found("found-tile", tile);
            }
        }
        Ok(())
    }
}
