//! One of the two places of a key set: an SQLite file that is read and written by nobody else.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sqlx::{
    ConnectOptions, Connection, Executor, SqliteConnection, SqlitePool, query,
    sqlite::{
        SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqlitePoolOptions,
        SqliteSynchronous,
    },
};

use crate::vault::keyset::{Error, op::Op};

const SCHEMA: &str = "
    create table head (one integer primary key check (one = 0), format integer not null,
        generation integer not null, wrapped blob not null, chain blob not null,
        cursor integer not null, mac blob not null);
    create table node_page (number integer primary key, used integer not null, sealed blob not null);
    create index node_page_free on node_page (number) where used < 256;
    create table bucket_page (number integer primary key, node blob not null, used integer not null,
        sealed blob not null);
    create index bucket_page_node on bucket_page (node, used);
    create table bucket (id integer primary key, node blob not null, page integer not null,
        used integer not null, stale integer not null);
    create index bucket_node on bucket (node, used);
    create index bucket_stale on bucket (id) where stale = 1;
    create table slot (kind integer not null, subject blob not null, bucket integer not null,
        sealed blob not null, primary key (kind, subject)) without rowid;
    create index slot_bucket on slot (bucket);
    create table pending (document blob not null, version blob not null,
        primary key (document, version)) without rowid;";

/// Which of the two places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rank {
    First,
    Second,
}

/// An open place.
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) connection: SqliteConnection,
    rank: Rank,
    /// Device and inode when it was opened: another file under the name is another place.
    identity: (u64, u64),
}

impl Place {
    /// Makes an empty key set at `path`, where nothing may be.
    pub(super) async fn create(path: &Path, rank: Rank) -> Result<Self, Error> {
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        made.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Error::Exists(path.to_owned()),
            _ => away(rank, path, error),
        })?;
        let mut place = Self::open(path, rank).await?;
        place.connection.execute(SCHEMA).await?;
        sync_folder(path).map_err(|error| away(rank, path, error))?;
        Ok(place)
    }

    /// Opens the key set at `path`.
    pub(super) async fn open(path: &Path, rank: Rank) -> Result<Self, Error> {
        let identity = identity(path).map_err(|error| away(rank, path, error))?;
        let locking = match rank {
            Rank::First => SqliteLockingMode::Normal,
            Rank::Second => SqliteLockingMode::Exclusive,
        };
        let connection = options(path).locking_mode(locking).connect().await;
        let connection = connection.map_err(|error| away(rank, path, io::Error::other(error)))?;
        Ok(Self { path: path.to_owned(), connection, rank, identity })
    }

    /// Connections that only read.
    pub(super) async fn reads(path: &Path) -> Result<SqlitePool, Error> {
        let pool = SqlitePoolOptions::new().min_connections(1).max_connections(2);
        let options = options(path).pragma("query_only", "on");
        Ok(pool.test_before_acquire(false).connect_with(options).await?)
    }

    /// Begins a transaction, after seeing that the place is still where it was.
    pub(super) async fn begin(&mut self) -> Result<(), Error> {
        let present = identity(&self.path).and_then(|identity| {
            let same = identity == self.identity;
            same.then_some(()).ok_or_else(|| io::Error::other("another file took its name"))
        });
        present.map_err(|error| away(self.rank, &self.path, error))?;
        self.run("begin immediate").await
    }

    pub(super) async fn commit(&mut self) -> Result<(), Error> {
        self.run("commit").await
    }

    /// Undoes what was applied since [`begin`](Self::begin), if anything was begun.
    pub(super) async fn roll_back(&mut self) {
        // Where no transaction is open, it has been rolled back already.
        let _no_transaction = query("rollback").execute(&mut self.connection).await;
    }

    pub(super) async fn apply(&mut self, ops: &[Op]) -> Result<(), Error> {
        for op in ops {
            op.apply(&mut self.connection).await.map_err(|error| self.blame(error))?;
        }
        Ok(())
    }

    /// Replaces the key set at `path` by a copy of this one, durably; the present one there must not be open.
    pub(super) async fn copy_to(&mut self, path: &Path, rank: Rank) -> Result<(), Error> {
        let fresh = beside(path, ".new");
        let lost = |error| away(rank, path, error);
        remove(&fresh).map_err(lost)?;
        let target = fresh.to_string_lossy().into_owned();
        query("vacuum into $1")
            .bind(target)
            .execute(&mut self.connection)
            .await
            .map_err(|error| away(rank, path, io::Error::other(error)))?;
        let replaced = (|| {
            let file = File::open(&fresh)?;
            fs::set_permissions(&fresh, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
            file.sync_all()?;
            remove(&beside(path, "-wal"))?;
            remove(&beside(path, "-shm"))?;
            fs::rename(&fresh, path)?;
            sync_folder(path)
        })();
        replaced.map_err(lost)
    }

    pub(super) async fn close(self) {
        // The file is durable whatever closing says.
        let _closed = self.connection.close().await;
    }

    async fn run(&mut self, sql: &'static str) -> Result<(), Error> {
        let done = query(sql).execute(&mut self.connection).await;
        done.map(drop).map_err(|error| self.blame(error.into()))
    }

    /// A failure of the second place is said to be one.
    fn blame(&self, error: Error) -> Error {
        match (self.rank, error) {
            (Rank::Second, Error::Store(source)) => {
                away(self.rank, &self.path, io::Error::other(source))
            }
            (_, error) => error,
        }
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("secure_delete", "on")
        // Kibibytes, negative by convention: ids are random, so a large set touches pages all over.
        .pragma("cache_size", "-16384")
        .busy_timeout(Duration::from_secs(5))
        .statement_cache_capacity(64)
}

pub(super) fn away(rank: Rank, path: &Path, source: io::Error) -> Error {
    let (path, source) = (path.to_owned(), Arc::new(source));
    match rank {
        Rank::First => Error::FirstPlaceAway { path, source },
        Rank::Second => Error::SecondPlaceAway { path, source },
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
