//! The log as an outsider reads it: over HTTP or from a folder of tiles, every hash checked against a signed root.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    audit::{
        bundle,
        leaf::Leaf,
        merkle::{self, Frontier, Hash, Node, Plan, leaf_hash},
        note::Note,
        tile::{self, Level, Tile},
        trust::{Policy, Trusted},
    },
    cli::{
        client::Client,
        error::{Error, Exit},
        profile::{Profile, replace},
        progress::Progress,
        terminal::Terminal,
    },
};

/// Where tiles and bundles come from.
pub enum Source {
    /// A service.
    Service(Box<Client>),
    /// A folder with `checkpoint` and `tile/…`, as the service serves them.
    Folder(PathBuf),
}

/// A log, at one checkpoint that a policy vouches for.
pub struct Log {
    source: Source,
    /// The signed checkpoint, as it stands.
    pub note: Note,
    /// What it says.
    pub trusted: Trusted,
    tiles: BTreeMap<String, Vec<u8>>,
}

/// The trust policy: of the file that was named, else the one that was kept at the sign-in.
///
/// # Errors
///
/// If there is none, or it is malformed.
pub fn policy(file: Option<&Path>, profile: &Profile) -> Result<Policy, Error> {
    let text = match file {
        Some(path) => fs::read(path).map_err(|error| {
            let told = Error::new(Exit::NotFound, "file-unreadable").because(error);
            told.with("path", path.display())
        })?,
        None => profile.read("policy")?.ok_or(Error::usage("needs-policy"))?.into_bytes(),
    };
    Policy::parse(&text).map_err(|error| Error::usage("policy-malformed").because(error))
}

impl Source {
    async fn read(&self, path: &str) -> Result<Vec<u8>, Error> {
        match self {
            Self::Service(client) => {
                let segments: Vec<_> = std::iter::once("log").chain(path.split('/')).collect();
                Ok(client.get(&segments).send().await?.bytes().await?.to_vec())
            }
            Self::Folder(folder) => fs::read(folder.join(path)).map_err(|error| {
                let told = Error::new(Exit::NotFound, "file-unreadable").because(error);
                told.with("path", folder.join(path).display())
            }),
        }
    }
}

impl Log {
    /// The log at its newest checkpoint.
    ///
    /// # Errors
    ///
    /// [`Exit::Tampered`] if `policy` does not vouch for the checkpoint.
    pub async fn newest(source: Source, policy: &Policy) -> Result<Self, Error> {
        let text = source.read("checkpoint").await?;
        let note = Note::parse(&text)
            .map_err(|error| Error::new(Exit::Tampered, "checkpoint-untrusted").because(error))?;
        let trusted = policy
            .open_note(&note)
            .map_err(|error| Error::new(Exit::Tampered, "checkpoint-untrusted").because(error))?;
        Ok(Self { source, note, trusted, tiles: BTreeMap::new() })
    }

    /// How many entries the checkpoint covers.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.trusted.checkpoint.size
    }

    /// The hashes of `plan`, from tiles, which are not believed: whoever uses them verifies the proof that they make.
    ///
    /// # Errors
    ///
    /// If a tile cannot be had or is malformed.
    pub async fn hashes(&mut self, plan: &Plan) -> Result<Vec<Hash>, Error> {
        let mut found = BTreeMap::new();
        for node in plan.nodes() {
            found.insert(node, self.node(node).await?);
        }
        plan.fill(|node| Ok(found[&node]))
    }

    async fn node(&mut self, node: Node) -> Result<Hash, Error> {
        let malformed = |error| Error::new(Exit::Tampered, "tile-malformed").because(error);
        let tile = Tile::holding(node, self.size()).map_err(malformed)?;
        let path = tile.to_string();
        if !self.tiles.contains_key(&path) {
            let read = self.tile(tile).await?;
            self.tiles.insert(path.clone(), read);
        }
        tile.node(&self.tiles[&path], node).map_err(malformed)
    }

    /// The bytes of a tile or bundle; of a partial one that is gone, the beginning of the full one.
    async fn tile(&self, tile: Tile) -> Result<Vec<u8>, Error> {
        match self.source.read(&tile.to_string()).await {
            Err(error) if error.exit == Exit::NotFound && tile.full() != tile => {
                let bytes = self.source.read(&tile.full().to_string()).await?;
                let width = usize::from(tile.width);
                if tile.level != Level::Entries {
                    return Ok(bytes.into_iter().take(width * 32).collect());
                }
                let malformed = |error| Error::new(Exit::Tampered, "tile-malformed").because(error);
                let entries = bundle::entries(&bytes).map_err(malformed)?;
                bundle::write(entries.into_iter().take(width)).map_err(malformed)
            }
            read => read,
        }
    }

    /// The hashes of a tile, as they are read.
    ///
    /// # Errors
    ///
    /// If it cannot be had or is malformed.
    pub async fn tile_hashes(&self, tile: Tile) -> Result<Vec<Hash>, Error> {
        let bytes = self.tile(tile).await?;
        tile::hashes(&bytes, tile.width)
            .map_err(|error| Error::new(Exit::Tampered, "tile-malformed").because(error))
    }

    /// Writes the log to `folder`, as a service would serve it; the checkpoint last.
    ///
    /// # Errors
    ///
    /// If a tile cannot be had, or the folder cannot be written.
    pub async fn keep(&self, folder: &Path) -> Result<(), Error> {
        let write = |path: &str, bytes: &[u8]| {
            let file = folder.join(path);
            let parent = file.parent().unwrap_or(folder);
            let written = fs::create_dir_all(parent).and_then(|()| replace(&file, bytes));
            written.map_err(|error| {
                let told = Error::new(Exit::Failed, "file-unwritable").because(error);
                told.with("path", file.display())
            })
        };
        for tile in Tile::written(0, self.size()) {
            let bytes = self.tile(tile).await?;
            write(&tile.to_string(), &bytes)?;
        }
        write("checkpoint", self.note.to_string().as_bytes())
    }

    /// The entries of the bundle that holds entry `index`, with the number of the first.
    ///
    /// They are not believed: whoever uses them hashes them into the tree.
    ///
    /// # Errors
    ///
    /// If the bundle cannot be had or is malformed.
    pub async fn bundle(&self, index: u64) -> Result<(u64, Vec<Vec<u8>>), Error> {
        let malformed = |error| Error::new(Exit::Tampered, "tile-malformed").because(error);
        let (first, left) = (index / 256 * 256, self.size() - index / 256 * 256);
        let width = u16::try_from(left.min(256)).expect("256 at most");
        let tile = Tile { level: Level::Entries, index: index / 256, width };
        let bytes = self.tile(tile).await?;
        let entries = bundle::read(&bytes, width).map_err(malformed)?;
        Ok((first, entries.into_iter().map(<[u8]>::to_vec).collect()))
    }

    /// Gives every leaf, in order, with its number; all of the log is hashed into the signed tree on the way.
    ///
    /// # Errors
    ///
    /// [`Exit::Tampered`] if an entry is malformed, or the entries are not what was signed: then nothing that was given counts.
    pub async fn leaves(
        &self,
        terminal: &Terminal,
        mut take: impl FnMut(u64, Leaf),
    ) -> Result<(), Error> {
        let progress = Progress::counting(terminal, &terminal.say("verifying", &[]), self.size());
        let mut tree = Frontier::default();
        while tree.size() < self.size() {
            let (first, entries) = self.bundle(tree.size()).await?;
            for (index, entry) in (first..).zip(&entries) {
                let leaf = Leaf::parse(entry).map_err(|error| {
                    let told = Error::new(Exit::Tampered, "entry-malformed").because(error);
                    told.with("index", index)
                })?;
                tree.append(leaf_hash(entry));
                take(index, leaf);
            }
            progress.advance(entries.len());
        }
        progress.finish();
        if tree.root() != self.trusted.checkpoint.root {
            return Err(Error::new(Exit::Tampered, "root-differs").with("size", self.size()));
        }
        Ok(())
    }

    /// Proves that this log goes on from `older`, a checkpoint that was seen before.
    ///
    /// # Errors
    ///
    /// [`Exit::Tampered`] if it does not: the log was rewritten, or another is shown.
    pub async fn goes_on_from(&mut self, older: &Trusted) -> Result<(), Error> {
        let (old, new) = (&older.checkpoint, self.trusted.checkpoint.clone());
        let tampered = || {
            let told = Error::new(Exit::Tampered, "log-rewritten");
            told.with("old", old.size).with("new", new.size)
        };
        if old.origin != new.origin {
            return Err(tampered());
        }
        let plan = Plan::consistency(old.size, new.size).map_err(|_| tampered())?;
        let proof = self.hashes(&plan).await?;
        merkle::verify_consistency(old.size, &old.root, new.size, &new.root, &proof)
            .map_err(|_| tampered())
    }
}

/// Compares the newest checkpoint of the service with the one that was seen before, and keeps it: so every user is a
/// witness of the log. `before` is what was kept when the command began.
///
/// # Errors
///
/// [`Exit::Tampered`] if the log does not go on from what was seen.
pub async fn witness(
    client: &Client,
    profile: &Profile,
    before: Option<&str>,
) -> Result<(), Error> {
    let policy = policy(None, profile)?;
    let mut log = match Log::newest(Source::Service(Box::new(client.clone())), &policy).await {
        // A log without entries has no checkpoint yet; one that had some before is another matter.
        Err(error) if error.exit == Exit::NotFound && before.is_none() => return Ok(()),
        log => log?,
    };
    let older = before.and_then(|note| policy.open(note.as_bytes()).ok());
    if let Some(older) = &older {
        log.goes_on_from(older).await?;
    }
    if older.is_none_or(|older| older.checkpoint.size < log.size()) {
        profile.keep("checkpoint", &log.note.to_string())?;
    }
    Ok(())
}
