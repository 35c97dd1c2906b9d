//! A mission in a folder of its own, with the real database, key set, writer and registry, for the
//! tests of this room and of those below.

mod engines;
mod gates;

use std::sync::Arc;

use async_trait::async_trait;
use sqlx::Connection as _;

use crate::{
    audit::{ActName, Actor, Administer, Again, Draft, Gate, Keyring, Method, Warrant, Writer},
    database::{Address, Database, Revisions, Subject},
    id::{CredentialId, EntryId, PartyId, PersonId},
    mission::{
        Authority, Import, MissionFile, MissionRevision, PartyRevision, PersonRevision, Registry,
        Setting,
    },
    time::{Clock, Instant},
    vault::{
        KeySet,
        custody::{FileCustody, Ground},
    },
};

/// The founding mission, imported.
pub(crate) struct World {
    pub _folder: tempfile::TempDir,
    address: Address,
    pub database: Database,
    pub keys: Arc<KeySet>,
    pub registry: Registry,
    pub authority: Authority,
    pub gate: Gate,
    pub clock: Clock,
}

/// A key that custody would derive.
pub(crate) fn hmac_key(byte: u8) -> ring::hmac::Key {
    ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &[byte; 32])
}

impl World {
    /// The founding mission.
    pub async fn start() -> Self {
        Self::empty().await.with_founding_mission().await
    }

    /// The founding mission on SQLite, and on PostgreSQL where `GREFFE_TEST_POSTGRES` names a server.
    pub async fn on_each_engine() -> Vec<Self> {
        let mut worlds = vec![Self::start().await];
        if let Some(address) = schema_of_its_own().await {
            let folder = tempfile::tempdir().unwrap();
            worlds.push(Self::at(folder, address).await.with_founding_mission().await);
        }
        worlds
    }

    async fn with_founding_mission(self) -> Self {
        let world = self;
        let file = MissionFile::parse(include_str!("../../../config/mission.toml")).unwrap();
        let import = Import::new(&file, Setting::default());
        import.write(&world.authority, &world.keys).await.unwrap();
        world
    }

    /// Nothing imported yet.
    pub async fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = Address::Sqlite(folder.path().join("greffe.sqlite"));
        Self::at(folder, address).await
    }

    async fn at(folder: tempfile::TempDir, address: Address) -> Self {
        let database = Database::create(&address).await.unwrap();
        let custody = FileCustody::create(&folder.path().join("custody"), Ground::Warn).unwrap().0;
        let (first, second) =
            (folder.path().join("keys.sqlite"), folder.path().join("second.sqlite"));
        let keys = KeySet::create(Arc::new(custody), &first, &second).await.unwrap();
        let keys = Arc::new(keys);
        let clock = Clock::system();
        let keyring = Keyring::new(Arc::clone(&keys));
        let started = Writer::start(database.clone(), keyring, hmac_key(1), clock.clone()).await;
        let (writer, gate) = started.unwrap();
        let registry = Registry::new(database.clone(), hmac_key(2));
        let authority = Authority::new(registry.clone(), writer);
        Self { _folder: folder, address, database, keys, registry, authority, gate, clock }
    }

    /// The registry as a process that was just started has it: nothing seen, nothing held.
    pub async fn restarted(&self) -> Registry {
        let database = Database::open(&self.address).await.unwrap();
        Registry::new(database, hmac_key(2))
    }

    pub fn revisions(&self) -> Revisions {
        Revisions::new(self.clock.now())
    }

    pub async fn mission(&self) -> Arc<MissionRevision> {
        self.registry.mission(&mut self.revisions()).await.unwrap()
    }

    pub async fn party(&self, handle: &str) -> Arc<PartyRevision> {
        let party = self.party_id(handle).await;
        self.registry.read(party, &mut self.revisions()).await.unwrap()
    }

    pub async fn party_id(&self, handle: &str) -> PartyId {
        self.mission().await.party_named(handle).unwrap().party
    }

    pub async fn person(&self, slug: &str) -> Arc<PersonRevision> {
        let person = self.person_id(slug).await;
        self.registry.read(person, &mut self.revisions()).await.unwrap()
    }

    pub async fn person_id(&self, slug: &str) -> PersonId {
        self.mission().await.person_named(slug).unwrap()
    }

    /// A right of `slug`, acting for `capacity`, over `owner` (or over nobody but themselves).
    pub async fn right(&self, slug: &str, capacity: &str, owner: Option<&str>) -> Right {
        let actor = Actor {
            person: self.person_id(slug).await,
            capacity: self.party_id(capacity).await,
            credential: CredentialId::random(),
            method: Method::Token,
            authenticated_at: Instant(0),
            certificate: false,
            network: None,
            address: "192.0.2.1".parse().unwrap(),
            device: "test".into(),
        };
        let owner = match owner {
            Some(handle) => Some(self.party_id(handle).await),
            None => None,
        };
        let over = owner.map_or(actor.person.into(), Subject::from);
        let right = Right {
            over,
            registry: self.registry.clone(),
            clock: self.clock.clone(),
            actor,
            owner,
            revisions: self.revisions(),
        };
        right.again().await.unwrap()
    }

    /// A right of `slug`, acting for `capacity`, over the person called `other`.
    pub async fn right_over(&self, slug: &str, capacity: &str, other: &str) -> Right {
        let right = self.right(slug, capacity, None).await;
        let over = self.person_id(other).await.into();
        Right { over, ..right }.again().await.unwrap()
    }

    /// Runs SQL as whoever controls the database would; how many rows it touched.
    pub async fn by_sql(&self, sql: &'static str) -> u64 {
        sqlx::query(sql).execute(self.database.pool()).await.unwrap().rows_affected()
    }

    /// How many rows `sql` counts.
    pub async fn count(&self, sql: &'static str) -> i64 {
        self.database.count(sql).await.unwrap()
    }
}

/// A schema of its own on the server that `GREFFE_TEST_POSTGRES` names, if it names one.
async fn schema_of_its_own() -> Option<Address> {
    let server = std::env::var("GREFFE_TEST_POSTGRES").ok()?;
    let schema = format!("t{}", hex::encode(crate::id::random::<16>()));
    sqlx::any::install_default_drivers();
    let mut connection = sqlx::AnyConnection::connect(&server).await.unwrap();
    let sql = sqlx::AssertSqlSafe(format!("create schema {schema}"));
    sqlx::query(sql).execute(&mut connection).await.unwrap();
    Some(format!("{server}&options[search_path]={schema}").parse().unwrap())
}

/// A right as policy gives it: decided on the heads of the actor and of the party, decided again on
/// the present ones.
#[derive(Debug)]
pub(crate) struct Right {
    registry: Registry,
    clock: Clock,
    pub actor: Actor,
    pub over: Subject,
    owner: Option<PartyId>,
    revisions: Revisions,
}

impl Right {
    /// The same right, once more.
    fn again_from_here(&self) -> Self {
        let (registry, clock, actor) =
            (self.registry.clone(), self.clock.clone(), self.actor.clone());
        Self { registry, clock, actor, revisions: self.revisions.clone(), ..*self }
    }
}

#[async_trait]
impl Warrant for Right {
    type Act = Administer;

    fn revisions(&self) -> &Revisions {
        &self.revisions
    }

    fn subject(&self) -> Option<Subject> {
        Some(self.over)
    }

    fn draft(&self) -> Draft {
        Draft {
            id: EntryId::random(),
            act: ActName::Administer,
            actor: Some(self.actor.clone()),
            owner: self.owner,
            ..Draft::system(Default::default())
        }
    }

    async fn again(mut self) -> Result<Self, Again> {
        self.revisions = Revisions::new(self.clock.now());
        let subjects = [Subject::MISSION, self.actor.person.into(), self.over];
        for subject in subjects {
            let head = self.registry.database().head(subject).await.unwrap();
            self.revisions.read(head.unwrap());
        }
        Ok(self)
    }
}
