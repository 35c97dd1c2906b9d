//! Connections, and the settings that durability rests on, read back.

use std::sync::Arc;

use sqlx::{AnyConnection, AnyPool, Connection as _, Executor as _, Row as _, any::AnyPoolOptions};

use crate::database::{Address, Database, Engine, Error, Heads};

/// What to do where there is no database.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    Create,
    Refuse,
}

/// Settings as read back: name and value.
pub type Settings = Vec<(&'static str, String)>;

const READERS: u32 = 8;
/// A server stopped while it holds the sequence row must not stop everybody.
const POSTGRES: &str = "set default_transaction_isolation = 'read committed'; \
    set synchronous_commit = on; set lock_timeout = '2s'; set statement_timeout = '60s'; \
    set idle_in_transaction_session_timeout = '5s'; set client_min_messages = warning";
const SQLITE: &str = "pragma journal_mode = wal; pragma synchronous = full; \
    pragma busy_timeout = 5000; pragma secure_delete = on; \
    pragma temp_store = memory; pragma trusted_schema = off";
/// KiB of pages. A reader's are dropped at each commit, so more would only be memory.
const SQLITE_READER: &str = "pragma cache_size = -4096";
const SQLITE_WRITER: &str = "pragma cache_size = -65536";

pub(super) async fn open(address: &Address, missing: Missing) -> Result<Database, Error> {
    sqlx::any::install_default_drivers();
    let pool = AnyPoolOptions::new()
        .max_connections(READERS)
        .min_connections(1)
        .test_before_acquire(matches!(address, Address::Postgres(_)))
        .after_connect(|connection, _| {
            Box::pin(async move { prepare(connection, SQLITE_READER).await })
        })
        .connect(&url(address, missing))
        .await?;
    let engine = match address {
        Address::Sqlite(_) => Engine::Sqlite,
        Address::Postgres(_) => Engine::Postgres,
    };
    let database =
        Database { pool, engine, address: address.clone(), heads: Arc::new(Heads::default()) };
    settings(&database).await?;
    Ok(database)
}

pub(super) async fn connection(address: &Address) -> Result<AnyConnection, Error> {
    let mut connection = AnyConnection::connect(&url(address, Missing::Refuse)).await?;
    prepare(&mut connection, SQLITE_WRITER).await?;
    Ok(connection)
}

async fn prepare(connection: &mut AnyConnection, cache: &'static str) -> Result<(), sqlx::Error> {
    if connection.backend_name() == "PostgreSQL" {
        connection.execute(POSTGRES).await?;
        return Ok(());
    }
    connection.execute(SQLITE).await?;
    connection.execute(cache).await?;
    Ok(())
}

fn url(address: &Address, missing: Missing) -> String {
    match address {
        Address::Postgres(url) => url.clone(),
        Address::Sqlite(path) => {
            let mode = if missing == Missing::Create { "rwc" } else { "rw" };
            format!("sqlite://{}?mode={mode}", path.display())
        }
    }
}

pub(super) async fn settings(database: &Database) -> Result<Settings, Error> {
    // Of those without a value that they must have, the entry of each start says what it is.
    let wanted: &[(&str, &[&str])] = match database.engine {
        Engine::Sqlite => &[("journal_mode", &["wal"]), ("synchronous", &["2", "3"])],
        Engine::Postgres => &[
            ("fsync", &["on"]),
            ("full_page_writes", &["on"]),
            ("synchronous_commit", &["on", "remote_apply"]),
            ("synchronous_standby_names", &[]),
            ("log_statement", &[]),
            ("log_min_duration_statement", &[]),
        ],
    };
    let mut read = Settings::new();
    for (name, values) in wanted {
        let found = setting(&database.pool, database.engine, name).await?;
        if let [wanted, ..] = values
            && !values.contains(&found.as_str())
        {
            return Err(Error::Setting { name, found, wanted });
        }
        read.push((name, found));
    }
    Ok(read)
}

async fn setting(pool: &AnyPool, engine: Engine, name: &'static str) -> Result<String, Error> {
    let sql = match engine {
        Engine::Sqlite => format!("pragma {name}"),
        Engine::Postgres => format!("show {name}"),
    };
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_one(pool).await?;
    Ok(row.try_get::<String, _>(0).or_else(|_| row.try_get::<i64, _>(0).map(|n| n.to_string()))?)
}
