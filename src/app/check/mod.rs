//! A copy of an instance is checked: what a start would compare, and every version opened. Nothing is signed or written.

mod rows;

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use ring::hmac;
use sqlx::Row as _;

use crate::{
    app::{Error, open::Parts, places},
    audit::{
        note,
        signer::{Signer, State},
        tree::{self, Found},
    },
    config::{Config, Medium},
    database::{self, Address, Database, Head, Kind},
    documents::examine,
    mission::{
        self, AuthorityRoot, DocumentRevision, MissionRevision, PartyRevision, PersonRevision,
        Registry, Scanned,
    },
    storage::Location,
    vault::{
        KeySet,
        custody::{Custody, FileCustody},
        label,
    },
};

use rows::Rows;

/// A copy of an instance, opened to look at.
pub struct Copied {
    config: Config,
    keyset: KeySet,
    database: Database,
    registry: Registry,
    append_key: hmac::Key,
    verifier: note::Verifier,
    state: State,
    locations: Vec<Location>,
    heads: Vec<Head>,
    scratch: Scratch,
}

/// Databases are opened as copies of their own: opening one writes beside it.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nobody can be told; it holds sealed bytes only.
        let _left_behind = fs::remove_dir_all(&self.0);
    }
}

impl Scratch {
    fn new() -> Result<Self, Error> {
        use std::os::unix::fs::DirBuilderExt as _;

        let name = format!("greffe-check-{}", hex::encode(crate::id::random::<8>()));
        let path = std::env::temp_dir().join(name);
        let made = fs::DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|source| Error::File { path: path.clone(), source })?;
        Ok(Self(path))
    }

    /// A copy of an SQLite file, with what was not yet written back into it.
    fn take(&self, from: &Path, name: &str) -> Result<PathBuf, Error> {
        let to = self.0.join(name);
        for end in ["", "-wal"] {
            let [from, to] = [from, &to].map(|path| {
                let mut path = path.as_os_str().to_owned();
                path.push(end);
                PathBuf::from(path)
            });
            match fs::copy(&from, to) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && end == "-wal" => {}
                copied => {
                    copied.map_err(|source| Error::File { path: from, source })?;
                }
            }
        }
        Ok(to)
    }
}

impl Copied {
    /// Opens the copy whose files `config` names; every path of it must lie in the copy already.
    ///
    /// # Errors
    ///
    /// If something is missing or does not open: a copy without custody or signer's state says nothing.
    pub async fn open(config: Config) -> Result<Self, Error> {
        let custody = Arc::new(FileCustody::open_read_only(&config.custody.file)?);
        let place = config.database.place().map_err(Error::Config)?;
        let Address::Sqlite(path) = place else {
            return Err(Error::Config("only a copy of an SQLite database is checked".to_owned()));
        };
        let scratch = Scratch::new()?;
        let database = Database::open(&Address::Sqlite(scratch.take(&path, "database")?)).await?;
        let keys = scratch.take(&config.keys.first, "keys")?;
        let shared = Arc::clone(&custody) as Arc<dyn Custody>;
        let keyset = KeySet::open_read_only(shared, &keys).await?;
        let key = Parts::signing_key(&config, &custody).await?;
        let mut signer = Signer::open(&config.signer.state_file, key)?;
        let (state, verifier) = (signer.state()?.clone(), signer.verifier().clone());
        let authority_key = custody.derive(label::AUTHORITY).await?.mac();
        let append_key = custody.derive(label::APPEND).await?.mac();
        let registry = Registry::new(database.clone(), authority_key);
        let locations = places::open_read_only(&config)?;
        let mut heads = Vec::new();
        database.scan(|head| heads.push(head)).await?;
        Ok(Self {
            config,
            keyset,
            database,
            registry,
            append_key,
            verifier,
            state,
            locations,
            heads,
            scratch,
        })
    }

    /// How many entries its log has, for progress.
    ///
    /// # Errors
    ///
    /// If the database does not answer.
    pub async fn entries(&self) -> Result<u64, Error> {
        let count = self.database.count("select coalesce(sum(n), 0) from batch").await?;
        Ok(count.unsigned_abs())
    }

    /// Looks at the log from its first entry to its last, and at authority as the log says it.
    ///
    /// # Errors
    ///
    /// Only if something cannot be read.
    pub async fn log(&self, done: &(dyn Fn(usize) + Sync)) -> Result<Vec<Found>, Error> {
        let anchored = places::anchored(&self.locations)?;
        let parts = tree::Parts {
            database: &self.database,
            append_key: &self.append_key,
            verifier: &self.verifier,
            state: &self.state,
            store: &*anchored,
        };
        let tree::Examined { mut found, written, without_facts, .. } =
            tree::examine(parts, done).await?;
        if without_facts > 0 && self.config.retention.mission_ended_on.is_none() {
            found.push(Found::new("found-facts-gone", without_facts));
        }
        let kept = self.state.authority;
        let kept = AuthorityRoot { root: kept.root, position: kept.position };
        match Scanned::of(&self.database).await?.follows(&kept, &written) {
            Ok(()) => {}
            Err(mission::Error::RootDiffers) => {
                found.push(Found::new("found-authority", "heads"));
            }
            Err(mission::Error::Database(database::Error::PutBack(subject))) => {
                found.push(Found::new("found-authority", subject));
            }
            Err(error) => return Err(error.into()),
        }
        Ok(found)
    }

    /// Opens every slot of the key set.
    ///
    /// # Errors
    ///
    /// Only if something cannot be read.
    pub async fn keys(&self) -> Result<Vec<Found>, Error> {
        let verified = self.keyset.verify().await?;
        let broken = verified.broken.iter().map(|slot| Found::new("found-slot", slot));
        let mut found: Vec<_> = broken.collect();
        let sql = "select generation from keyset where id = 0";
        let row = sqlx::query(sql).fetch_optional(self.database.pool()).await;
        if let Some(row) = row.map_err(database::Error::from)? {
            let recorded: i64 = row.try_get(0).map_err(database::Error::from)?;
            if self.keyset.generation() < recorded.unsigned_abs() {
                found.push(Found::new("found-generation", recorded));
            }
        }
        Ok(found)
    }

    /// How many bytes the objects of all versions have, for progress.
    ///
    /// # Errors
    ///
    /// If the database does not answer.
    pub async fn sealed_bytes(&self) -> Result<u64, Error> {
        let sql = "select record from version";
        let rows = sqlx::query(sql).fetch_all(self.database.pool()).await;
        let rows = rows.map_err(database::Error::from)?;
        let length = |row: &sqlx::any::AnyRow| {
            let text: String = row.try_get(0).ok()?;
            serde_json::from_str::<serde_json::Value>(&text).ok()?["sealed_len"].as_u64()
        };
        Ok(rows.iter().filter_map(length).sum())
    }

    /// Reads every subject's revision, and opens every version of every document.
    ///
    /// # Errors
    ///
    /// Only if something cannot be read.
    pub async fn documents(&self, done: &(dyn Fn(usize) + Sync)) -> Result<Vec<Found>, Error> {
        let mut found = Vec::new();
        let (registry, keyset, locations) = (&self.registry, &self.keyset, &self.locations[..]);
        let parts = examine::Parts { registry, keyset, locations };
        let mut rows = Rows::default();
        for head in &self.heads {
            match self.subject(*head, &mut rows).await {
                Ok(None) => {}
                Ok(Some(document)) => {
                    found.extend(examine::examine(parts, (head.number, &document), done).await?);
                }
                Err(mission::Error::Forged(_) | mission::Error::Unreadable { .. }) => {
                    found.push(Found::new("found-revision", head.subject));
                }
                Err(error) => return Err(error.into()),
            }
        }
        if !found.iter().any(|one| one.what == "found-revision") {
            found.extend(rows.compare(&self.database).await?);
        }
        let rows = self.database.count("select count(*) from document").await?;
        let documents = self.heads.iter().filter(|head| head.subject.kind == Kind::Document);
        if usize::try_from(rows).ok() != Some(documents.count()) {
            found.push(Found::new("found-document-row", rows));
        }
        Ok(found)
    }

    /// Reads the revision of a subject, and notes what rows it says there should be; a document's is given.
    async fn subject(
        &self,
        head: Head,
        rows: &mut Rows,
    ) -> Result<Option<Arc<DocumentRevision>>, mission::Error> {
        match head.subject.kind {
            Kind::Mission => self.registry.at::<MissionRevision>(head).await.map(|_| None),
            Kind::Party => {
                rows.party(head.number, &*self.registry.at::<PartyRevision>(head).await?);
                Ok(None)
            }
            Kind::Person => {
                rows.person(&*self.registry.at::<PersonRevision>(head).await?);
                Ok(None)
            }
            Kind::Document => {
                let document = self.registry.at::<DocumentRevision>(head).await?;
                rows.document(&document);
                Ok(Some(document))
            }
        }
    }

    /// Closes it; what was copied to look at is gone.
    pub async fn close(self) {
        self.keyset.close().await;
        self.database.pool().close().await;
        drop(self.scratch);
    }
}

/// The configuration of a copy: every file that it names, in the folder `copy` and nowhere else, but for the credentials
/// and roots of a bucket.
#[must_use]
pub fn inside(mut config: Config, copy: &Path) -> Config {
    let there = |path: &mut PathBuf| *path = within(copy, path);
    there(&mut config.custody.file);
    there(&mut config.signer.state_file);
    there(&mut config.keys.first);
    if let Some(path) = config.database.sqlite_path() {
        let path = within(copy, path);
        config.database.address = Some(format!("sqlite:{}", path.display()));
    }
    for location in &mut config.location {
        match &mut location.medium {
            Medium::Folder { path } => there(path),
            // A bucket is no part of a copy, nor is how it is reached, unless somebody put it there.
            Medium::S3(bucket) => {
                for path in [&mut bucket.credentials_file, &mut bucket.root_file] {
                    let inside = within(copy, path);
                    if inside.exists() {
                        *path = inside;
                    }
                }
            }
        }
    }
    config
}

/// Where a file lies in a copy: below it, under as much of its own path as is there.
fn within(copy: &Path, configured: &Path) -> PathBuf {
    let inside = configured.strip_prefix(copy).unwrap_or(configured);
    let parts: Vec<_> =
        inside.components().filter(|part| matches!(part, Component::Normal(_))).collect();
    let below =
        |from: usize| parts[from..].iter().fold(copy.to_owned(), |path, part| path.join(part));
    let found = (0..parts.len()).map(below).find(|path| path.exists());
    found.unwrap_or_else(|| below(parts.len().saturating_sub(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_looked_for_in_the_copy_and_nowhere_else() {
        let copy = tempfile::tempdir().unwrap();
        fs::create_dir(copy.path().join("lib")).unwrap();
        for name in ["lib/keys", "custody"] {
            fs::write(copy.path().join(name), "").unwrap();
        }
        let at = |path: &str| within(copy.path(), Path::new(path));

        assert_eq!(at("/var/lib/keys"), copy.path().join("lib/keys"));
        assert_eq!(at("/var/lib/greffe/custody"), copy.path().join("custody"));
        assert_eq!(at("/etc/hostname"), copy.path().join("hostname"));
        assert_eq!(at("../../etc/hostname"), copy.path().join("hostname"));
        let own = copy.path().join("lib/keys");
        assert_eq!(at(own.to_str().unwrap()), own);
    }
}
