//! An instance is opened: start checks, what a crash left, the entry of the start.

use std::{
    fs::File,
    sync::{Arc, LazyLock},
};

use serde_json::{Map, Value, json};
use sqlx::Row as _;

use crate::{
    app::{App, Error, Rooms, places},
    audit::{Draft, Gate, Keyring, Writer, note, signer::Signer, tree::Tree},
    config::Config,
    database::{self, Database},
    documents::{self, Documents},
    http::Budget,
    identity::Identity,
    mission::{Authority, Registry, Setting},
    policy::{Policy, baseline_digest},
    storage::Location,
    time::Clock,
    vault::{
        self, KeySet,
        custody::{Custody, FileCustody, Ground},
        label,
        recipients::Recipient,
        recovery,
    },
};

/// Whether deposits wait for a recovery copy of custody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// They wait until one was made and read back.
    Demanded,
    /// They do not: the demonstration says so, loudly.
    Waived,
}

/// The rooms below policy.
pub(super) struct Parts {
    pub keyset: Arc<KeySet>,
    pub writer: Writer,
    pub gate: Gate,
    pub registry: Registry,
    pub authority: Authority,
    pub append_key: ring::hmac::Key,
}

impl Parts {
    pub(super) async fn start(
        custody: &FileCustody,
        keyset: Arc<KeySet>,
        database: Database,
    ) -> Result<Self, Error> {
        let append_key = custody.derive(label::APPEND).await?.mac();
        let authority_key = custody.derive(label::AUTHORITY).await?.mac();
        let keyring = Keyring::new(Arc::clone(&keyset));
        let clock = Clock::system();
        let (writer, gate) =
            Writer::start(database.clone(), keyring, append_key.clone(), clock).await?;
        let registry = Registry::new(database, authority_key);
        let authority = Authority::new(registry.clone(), writer.clone());
        Ok(Self { keyset, writer, gate, registry, authority, append_key })
    }

    pub(super) async fn signing_key(
        config: &Config,
        custody: &FileCustody,
    ) -> Result<note::Signer, Error> {
        let name = config.origin.parse().map_err(|_| Error::Origin)?;
        let key = custody.log_key().await?;
        note::Signer::from_pkcs8(name, key.pkcs8()).map_err(|_| Error::Origin)
    }

    pub(super) async fn close(self) {
        self.keyset.close().await;
        self.writer.database().pool().close().await;
    }
}

/// Opens an instance, and starts its upkeep. Nothing is served unless every check holds.
///
/// # Errors
///
/// Which check failed; then nothing was changed but what an earlier crash had begun.
pub async fn open(config: Arc<Config>, recovery: Recovery) -> Result<App, Error> {
    let lock = lock(&config)?;
    let custody = custody(&config)?;
    let database = Database::open(&config.database.place().map_err(Error::Config)?).await?;
    let settings = database.settings().await?;
    let at_least = recorded_generation(&database).await?;
    let shared = Arc::clone(&custody) as Arc<dyn Custody>;
    let (first, second) = (&config.keys.first, &config.keys.second);
    let keyset = Arc::new(KeySet::open(shared, first, second, at_least).await?);
    let recovered = recovery == Recovery::Waived || read_back(&config, &custody)?;
    let parts = Parts::start(&custody, keyset, database).await?;
    places::all_there(&parts.registry, &config).await?;
    let locations = places::open(&config)?;
    let key = Parts::signing_key(&config, &custody).await?;
    let signer = Signer::open(&config.signer.state_file, key)?;
    let anchored = places::anchored(&locations)?;
    let (writer, append_key) = (parts.writer.clone(), parts.append_key.clone());
    let tree = Tree::open(writer, append_key, signer, anchored).await?;
    let app = wire(config, custody, parts, tree, locations, recovered, lock).await?;
    // What an unfinished act would be finished by must be what the log says.
    let (root, written) = app.compare_authority().await?;
    app.authority.finish_erasing().await?;
    app.authority.commit_tag_keys().await?;
    app.documents.take_up(&written).await?;
    app.documents.recover().await?;
    app.tree.authority(root.root, root.position);
    let locations = places::entries(&app.config)?;
    app.authority.configure(Setting { locations, baseline: baseline_digest() }).await?;
    app.say_started(settings).await?;
    app.documents.probe().await?;
    app.keep_up();
    Ok(app)
}

async fn wire(
    config: Arc<Config>,
    custody: Arc<FileCustody>,
    parts: Parts,
    tree: Tree,
    locations: Vec<Location>,
    recovered: bool,
    lock: File,
) -> Result<App, Error> {
    let Parts { keyset, writer, gate, registry, authority, .. } = parts;
    let pepper = custody.derive(label::TOKEN).await?.mac();
    let policy = Policy::new(registry.clone(), gate.clone(), Arc::clone(&keyset));
    let documents = Documents::new(
        writer.clone(),
        gate.clone(),
        policy.clone(),
        registry.clone(),
        documents::Setting {
            locations,
            copies: config.copies.clone(),
            retention: config.retention.clone(),
            pending_key: custody.derive(label::PENDING).await?.mac(),
            recovered,
        },
    );
    Ok(App(Arc::new(Rooms {
        clock: writer.clock().clone(),
        identity: Identity::new(authority.clone(), pepper, config.limits.failures_per_minute),
        budget: Budget::new(config.limits.budget_entries_per_minute),
        registry,
        authority,
        policy,
        writer,
        gate,
        tree,
        documents,
        keyset,
        custody,
        config,
        upkeep: std::sync::Mutex::default(),
        _lock: lock,
    })))
}

/// An OS lock on a file beside the signer's state: it goes with the process, however that ends.
pub(super) fn lock(config: &Config) -> Result<File, Error> {
    let path = config.signer.state_file.with_extension("lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(|source| Error::File { path: path.clone(), source })?;
    let operation = rustix::fs::FlockOperation::NonBlockingLockExclusive;
    rustix::fs::flock(&file, operation).map_err(|_| Error::Locked(path))?;
    Ok(file)
}

pub(super) fn custody(config: &Config) -> Result<Arc<FileCustody>, Error> {
    let ground = if config.custody.any_file_system { Ground::Warn } else { Ground::Demand };
    let (custody, warning) = match FileCustody::open(&config.custody.file, ground) {
        Err(vault::custody::Error::Missing(path)) if config.keys.first.exists() => {
            return Err(Error::NoCustody(path));
        }
        opened => opened?,
    };
    if let Some(warning) = warning {
        tracing::warn!(%warning, "custody is not where an overwritten key is surely gone");
    }
    match recovery_copy(config)? {
        Some(recovery) => Ok(Arc::new(custody.with_recovery(recovery))),
        None => Ok(Arc::new(custody)),
    }
}

/// The recovery copy that the configuration asks for.
///
/// # Errors
///
/// If a recipient is none.
pub fn recovery_copy(config: &Config) -> Result<Option<recovery::Recovery>, Error> {
    let Some(path) = &config.custody.recovery_file else { return Ok(None) };
    let recipients = config.custody.recovery_recipients.iter();
    let recipients: Result<Vec<Recipient>, _> = recipients.map(|text| text.parse()).collect();
    let recipients = recipients.map_err(|_| {
        Error::Config("`custody.recovery_recipients` are age recipients, `age1…`".to_owned())
    })?;
    Ok(Some(recovery::Recovery::new(path, recipients)?))
}

fn read_back(config: &Config, custody: &FileCustody) -> Result<bool, Error> {
    match recovery_copy(config)? {
        Some(recovery) => Ok(recovery.state(custody)?.is_some()),
        None => Ok(false),
    }
}

/// The largest generation of the key set that a change recorded.
async fn recorded_generation(database: &Database) -> Result<u64, Error> {
    let sql = "select generation from keyset where id = 0";
    let row = sqlx::query(sql).fetch_optional(database.pool()).await;
    let row = row.map_err(database::Error::from)?;
    let generation = match row {
        Some(row) => row.try_get::<i64, _>(0).map_err(database::Error::from)?,
        None => 0,
    };
    Ok(generation.unsigned_abs())
}

impl App {
    /// The first entry of each start: what runs, configured how, on which settings, and what leaves
    /// the server.
    async fn say_started(&self, settings: database::Settings) -> Result<(), Error> {
        let location = |location: &Location| json!({ "id": location.id, "facts": location.facts });
        let settings = settings.into_iter().map(|(name, value)| (name.to_owned(), json!(value)));
        let detail = Map::from_iter([
            ("system".to_owned(), json!("start")),
            ("version".to_owned(), json!(env!("CARGO_PKG_VERSION"))),
            ("binary".to_owned(), json!(binary_digest())),
            ("configuration".to_owned(), json!(hex::encode(self.config.digest))),
            ("settings".to_owned(), Value::Object(settings.collect())),
            ("locations".to_owned(), self.documents.locations().iter().map(location).collect()),
            ("leaves".to_owned(), json!({ "database": self.database_at(), "others": [] })),
        ]);
        self.writer.enter(Draft::system(detail)).await?;
        Ok(())
    }

    fn database_at(&self) -> &'static str {
        match self.writer.database().engine() {
            database::Engine::Sqlite => "a file of this machine",
            database::Engine::Postgres => "PostgreSQL, as configured",
        }
    }
}

/// SHA-256 of the program that runs, in hex; empty where it cannot be read. It stays what it was when it was first asked
/// for: the file may be replaced while the process runs.
fn binary_digest() -> &'static str {
    static DIGEST: LazyLock<String> = LazyLock::new(|| {
        let program = std::env::current_exe().and_then(File::open);
        program.and_then(vault::payload::sha256_of).map(hex::encode).unwrap_or_default()
    });
    &DIGEST
}
