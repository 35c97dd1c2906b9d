//! One database, SQLite or PostgreSQL: connections, migrations, `append`.
//!
//! One SQL text serves both through sqlx's `Any`; only `append` has a body per engine. Reads go through
//! [`Database::pool`]; every write goes through `audit`'s writer, so that nothing changes without its entry.
//!
//! **Trust:** whoever controls the database can deny service and learn opaque ids, times and sizes. A row of authority
//! that he inserts, changes, deletes or puts back does not count (see `mission`).

use std::{path::PathBuf, str::FromStr, sync::Arc};

mod append;
mod connect;
mod heads;
mod scan;
mod schema;
mod subject;
mod trips;

pub use append::{Appended, Batch, EntryRow, Item, append, compare};
pub use connect::Settings;
pub use heads::Heads;
pub use schema::{CLASSES, Class};
pub use subject::{Head, Kind, Revisions, Subject};
pub use trips::{Trips, counted};

use sqlx::{AnyConnection, AnyPool, Row};

/// What went wrong with the database.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is neither `sqlite:PATH` nor a PostgreSQL address.
    #[error(
        "a database address is `sqlite:PATH`, or `postgres://…` over a Unix socket or with `sslmode=verify-full`"
    )]
    Address,
    /// It did not answer, or refused.
    #[error("the database did not answer")]
    Sql(#[from] sqlx::Error),
    /// The schema could not be brought to this version.
    #[error("could not migrate the database")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A setting that durability rests on is not as it must be.
    #[error(
        "the database's {name} is {found}, and must be {wanted}: it would lose what was acknowledged"
    )]
    Setting {
        /// Its name.
        name: &'static str,
        /// What was read back.
        found: String,
        /// What it must be.
        wanted: &'static str,
    },
    /// A head went back, or another revision stands under its number: someone wrote behind the service's back.
    #[error("the head of {0} was put back or replaced in the database")]
    PutBack(Subject),
    /// A row holds what no version of this program writes there.
    #[error("a row of `{0}` cannot be read")]
    Row(&'static str),
}

/// Which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// One file, one process.
    Sqlite,
    /// A server, shared by several processes.
    Postgres,
}

/// Where the database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A file.
    Sqlite(PathBuf),
    /// A server, over a Unix socket or with its certificate verified.
    Postgres(String),
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            return Ok(Self::Sqlite(path.trim_start_matches("//").into()));
        }
        // `prefer`, the default, and `require` accept any certificate or none.
        let socket = text.contains("host=/") || text.contains("@%2F") || text.contains("host=%2F");
        let verified = text.contains("sslmode=verify-full") && text.contains("sslrootcert=");
        if text.starts_with("postgres") && (socket || verified) {
            return Ok(Self::Postgres(text.to_owned()));
        }
        Err(Error::Address)
    }
}

/// A database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Database {
    pool: AnyPool,
    engine: Engine,
    address: Address,
    heads: Arc<Heads>,
}

impl Database {
    /// Makes the database where there is none, and brings it to this version.
    ///
    /// # Errors
    ///
    /// [`Error::Sql`] if it cannot be made; [`Error::Migrate`] if the schema is not ours.
    pub async fn create(address: &Address) -> Result<Self, Error> {
        let database = connect::open(address, connect::Missing::Create).await?;
        schema::migrator().run(&database.pool).await?;
        Ok(database)
    }

    /// Opens a database that exists, and brings it to this version.
    ///
    /// # Errors
    ///
    /// [`Error::Sql`] if there is none: it is never made because it was missing.
    pub async fn open(address: &Address) -> Result<Self, Error> {
        let database = connect::open(address, connect::Missing::Refuse).await?;
        schema::migrator().run(&database.pool).await?;
        Ok(database)
    }

    /// Connections for reading.
    #[must_use]
    pub fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// Which engine this is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// What this process has seen of every head.
    #[must_use]
    pub fn heads(&self) -> &Heads {
        &self.heads
    }

    /// A connection of one's own, outside the pool.
    ///
    /// # Errors
    ///
    /// [`Error::Sql`] if the database does not answer.
    pub async fn connection(&self) -> Result<AnyConnection, Error> {
        connect::connection(&self.address).await
    }

    /// The engine's settings as read back, for the entry of each start.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] if one of them would lose what was acknowledged.
    pub async fn settings(&self) -> Result<Settings, Error> {
        connect::settings(self).await
    }

    /// The head of `subject`: from memory on SQLite, where this process alone writes; from its row on PostgreSQL.
    ///
    /// # Errors
    ///
    /// [`Error::PutBack`] if the row contradicts what this process has seen.
    pub async fn head(&self, subject: Subject) -> Result<Option<Head>, Error> {
        if self.engine == Engine::Sqlite
            && let Some(head) = self.heads.seen(subject)
        {
            return Ok(Some(head));
        }
        self.refresh(&[subject]).await?;
        Ok(self.heads.seen(subject))
    }

    /// Reads the rows of `subjects` into memory.
    ///
    /// # Errors
    ///
    /// [`Error::PutBack`] if one of them went back, vanished, or changed under its number.
    pub async fn refresh(&self, subjects: &[Subject]) -> Result<(), Error> {
        fail::fail_point!("database::read", |_| Err(sqlx::Error::PoolTimedOut.into()));
        let mut connection = self.pool.acquire().await?;
        // A change committed between the read and the comparison makes the row look old; a second read then does not.
        let mut outcome = Ok(());
        for _ in 0..2 {
            Trips::to_database();
            let found = append::heads_of(&mut connection, subjects).await?;
            let rows = subjects.iter().map(|subject| (*subject, found.get(subject).copied()));
            outcome =
                rows.into_iter().try_for_each(|(subject, row)| self.heads.witness(subject, row));
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }

    /// Whether a table row exists for what `sql` asks; for checks.
    ///
    /// # Errors
    ///
    /// [`Error::Sql`] if the database does not answer.
    pub async fn count(&self, sql: &'static str) -> Result<i64, Error> {
        Ok(sqlx::query(sql).fetch_one(&self.pool).await?.try_get(0)?)
    }
}

#[cfg(test)]
mod tests;
