//! `greffe audit verify`: every entry of the log, hashed into the tree that was signed.

use std::{
    collections::{BTreeMap, HashSet},
    path::PathBuf,
};

use serde_json::json;

use crate::{
    audit::{
        leaf::Leaf,
        merkle::{Frontier, Hash, Node, leaf_hash},
        tile::{Level, Tile},
        trust::Policy,
    },
    cli::{
        audit::Reading,
        error::{Error, Exit},
        log::{self, Log},
        progress::Progress,
        session::Session,
    },
    id::EntryId,
    time::Instant,
};

/// How far an entry's instant may lie behind an earlier one's, in seconds: the position is the order.
const LAG_SECONDS: u64 = 30;

/// Verifies the whole log: its signature, every entry and tile, and that it goes on from the newest checkpoint that
/// this
/// profile has seen.
#[derive(clap::Args)]
pub struct Verify {
    #[command(flatten)]
    reading: Reading,
    /// Keeps what was verified in this folder, so that it can be verified again without the service.
    #[arg(long, value_name = "FOLDER", conflicts_with = "folder")]
    keep: Option<PathBuf>,
}

/// What was seen so far.
#[derive(Default)]
struct Seen {
    tree: Frontier,
    /// Hashes of each tile level, for the tiles above the entries.
    levels: BTreeMap<u8, Vec<Hash>>,
    ids: HashSet<EntryId>,
    latest: Option<Instant>,
}

impl Verify {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// [`Exit::Tampered`] if anything does not hold.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let profile = session.profile()?;
        let policy = log::policy(self.reading.policy.as_deref(), &profile)?;
        let mut log = Log::newest(self.reading.source(session)?, &policy).await?;
        let kept = profile.read("checkpoint")?;
        let older = kept.as_deref().and_then(|note| older(note, &policy, &log));
        let name = session.terminal.say("verifying", &[]);
        let progress = Progress::counting(&session.terminal, &name, log.size());
        let mut seen = Seen::default();
        while seen.tree.size() < log.size() {
            let (first, entries) = log.bundle(seen.tree.size()).await?;
            for (index, entry) in (first..).zip(&entries) {
                seen.take(index, entry)?;
                if older.as_ref().is_some_and(|(size, root)| {
                    seen.tree.size() == *size && seen.tree.root() != *root
                }) {
                    let told = Error::new(Exit::Tampered, "log-rewritten");
                    return Err(told.with("old", index + 1).with("new", log.size()));
                }
            }
            progress.advance(entries.len());
        }
        progress.finish();
        if seen.tree.root() != log.trusted.checkpoint.root {
            let told = Error::new(Exit::Tampered, "root-differs");
            return Err(told.with("size", log.size()));
        }
        self.tiles(&mut log, &seen).await?;
        if older.as_ref().is_some_and(|(size, _)| *size > log.size()) {
            let told = Error::new(Exit::Tampered, "log-shorter").with("new", log.size());
            return Err(told.with("old", older.map_or(0, |(size, _)| size)));
        }
        if let Some(folder) = &self.keep {
            log.keep(folder).await?;
        }
        let (size, origin) = (log.size(), log.trusted.checkpoint.origin.clone());
        let root = log.trusted.checkpoint.root.to_string();
        let shown = json!({"valid": true, "origin": origin, "size": size, "root": root});
        session.terminal.show(&shown, || {
            let values = [("size", &size.to_string()[..]), ("origin", &origin), ("root", &root)];
            session.terminal.say("log-valid", &values)
        })?;
        Ok(Exit::Done)
    }

    /// Compares every tile of hashes with what the entries give, so that nobody's proofs can fail later.
    async fn tiles(&self, log: &mut Log, seen: &Seen) -> Result<(), Error> {
        for tile in Tile::written(0, log.size()) {
            let Level::Hashes(level) = tile.level else { continue };
            let start = usize::try_from(tile.index * 256).expect("they are in memory");
            let end = start + usize::from(tile.width);
            let expected = seen.levels.get(&level).and_then(|hashes| hashes.get(start..end));
            if Some(&log.tile_hashes(tile).await?[..]) != expected {
                return Err(Error::new(Exit::Tampered, "tile-differs").with("tile", tile));
            }
        }
        Ok(())
    }
}

/// Size and root of a checkpoint that was kept, if it is of this log.
fn older(note: &str, policy: &Policy, log: &Log) -> Option<(u64, Hash)> {
    let older = policy.open(note.as_bytes()).ok()?.checkpoint;
    (older.origin == log.trusted.checkpoint.origin).then_some((older.size, older.root))
}

impl Seen {
    fn take(&mut self, index: u64, entry: &[u8]) -> Result<(), Error> {
        let wrong = |key| Error::new(Exit::Tampered, key).with("index", index);
        let leaf = Leaf::parse(entry).map_err(|error| wrong("entry-malformed").because(error))?;
        if !self.ids.insert(leaf.id()) {
            return Err(wrong("entry-twice"));
        }
        let latest = self.latest.unwrap_or(leaf.at());
        if latest.since(leaf.at()).as_secs() > LAG_SECONDS {
            return Err(wrong("entry-late"));
        }
        self.latest = Some(latest.max(leaf.at()));
        let levels = &mut self.levels;
        self.tree.append_each(leaf_hash(entry), |Node { level, .. }, hash| {
            if level % 8 == 0 {
                levels.entry(level / 8).or_default().push(hash);
            }
        });
        Ok(())
    }
}
