//! An instance in a folder of its own, copied as a crash or a back-up finds it; opened here, or served by a process.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use greffe::{
    app::{self, App, Recovery},
    config::Config,
    database::Revisions,
    identity::Presented,
    mission::MissionFile,
    time::Clock,
    vault::{
        custody::{FileCustody, Ground},
        recipients::Identity,
    },
};
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    api::service::{self, Serving, serve, spread},
    crashes::{
        child::Child,
        client::{Client, OWNER, READER},
    },
};

/// Everything of one instance, and what its people need to ask it.
pub struct Instance {
    folder: TempDir,
    tokens: Arc<HashMap<String, String>>,
}

/// An instance that this process serves, until it is dropped: as if killed, nothing is closed.
pub struct Served {
    pub app: App,
    pub client: Client,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.cancel();
        self.app.writer.end(greffe::audit::Ended::Closed);
    }
}

impl Served {
    /// Ends it, and waits until its files are let go.
    pub async fn ended(mut self) {
        self.stop.cancel();
        (&mut self.serving).await.unwrap();
        self.app.close().await;
    }
}

impl Instance {
    /// A new one, whose custody was copied and read back; two people have tokens.
    pub async fn create() -> Self {
        let folder = tempfile::tempdir().unwrap();
        service::certify(folder.path());
        let identity = Identity::random();
        fs::write(folder.path().join("greffe.toml"), configuration(&identity)).unwrap();
        let mut instance = Self { folder, tokens: Arc::default() };
        let config = instance.config();
        let file = MissionFile::parse(include_str!("../../../config/mission.toml")).unwrap();
        let names = [(OWNER, "Ruth Vogel", "ruth.vogel@rhein.example")];
        app::create(&config, &file, &names).await.unwrap();
        let (custody, _) = FileCustody::open(&config.custody.file, Ground::Warn).unwrap();
        let copy = app::recovery_copy(&config).unwrap().unwrap();
        copy.write(&custody).unwrap();
        copy.read_back(&[identity], &custody, Clock::system().now()).unwrap();
        drop(custody);
        instance.sign_in().await;
        instance
    }

    /// Tokens for both people, and a recipient to whom the owner may export.
    async fn sign_in(&mut self) {
        let app = self.open().await.unwrap();
        let mut tokens = HashMap::new();
        for slug in [OWNER, READER] {
            tokens.insert(slug.to_owned(), token(&app, slug).await);
        }
        app.close().await;
        drop(app);
        self.tokens = Arc::new(tokens);
        let served = self.serve().await;
        let recipient = Identity::random().recipient().to_string();
        let new = json!({"name": "vault", "recipient": recipient});
        let path = "/api/v1/parties/company:rhein-energie/recipients";
        let added = served.client.json(OWNER, "POST", path, &new).await.unwrap();
        assert_eq!(added.status, 200, "{added:?}");
        served.ended().await;
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn config(&self) -> Arc<Config> {
        let text = fs::read_to_string(self.folder().join("greffe.toml")).unwrap();
        Arc::new(Config::parse(&text, self.folder()).unwrap())
    }

    /// All files as they are this instant, write-ahead logs too.
    pub fn copy(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        spread(self.folder(), folder.path());
        Self { folder, tokens: Arc::clone(&self.tokens) }
    }

    /// Puts what lies under `name` in `other` in the place of ours, with what SQLite keeps beside it.
    pub fn take(&self, other: &Self, name: &str) {
        for suffix in ["", "-wal", "-shm"] {
            let (ours, theirs) = (self.folder(), other.folder());
            let name = format!("{name}{suffix}");
            let (ours, theirs) = (ours.join(&name), theirs.join(&name));
            match ours.is_dir() {
                true => fs::remove_dir_all(&ours).unwrap(),
                false => drop(fs::remove_file(&ours)),
            }
            if theirs.is_dir() {
                spread(&theirs, &ours);
            } else if theirs.exists() {
                fs::copy(theirs, ours).unwrap();
            }
        }
    }

    pub async fn open(&self) -> Result<App, app::Error> {
        app::open(self.config(), Recovery::Demanded).await
    }

    /// Opens it here, and serves it.
    pub async fn serve(&self) -> Served {
        self.try_serve().await.unwrap_or_else(|error| panic!("{}", causes(&error)))
    }

    pub async fn try_serve(&self) -> Result<Served, app::Error> {
        let app = self.open().await?;
        let Serving { address, stop, ended: serving } = serve(self.folder(), &app).await;
        Ok(Served { app, client: self.client(address), stop, serving })
    }

    /// Waits until whatever served it here has let it go, after it was dropped, and its files are as they will stay.
    pub async fn let_go(&self) {
        use rustix::fs::{FlockOperation, flock};

        let (mut tick, mut before) = (tokio::time::interval(Duration::from_millis(100)), None);
        for _ in 0..300 {
            tick.tick().await;
            let lock = fs::File::open(self.folder().join("custody/signer.lock")).unwrap();
            let free = flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok();
            let now = free.then(|| standing(self.folder()));
            if now.is_some() && now == before {
                return;
            }
            before = now;
        }
        panic!("it is never let go");
    }

    /// Serves it in a process of its own.
    pub async fn spawn(&self) -> Child {
        Child::spawn(self.folder()).await
    }

    /// The token of `who`.
    pub fn token(&self, who: &str) -> &str {
        &self.tokens[who]
    }

    pub fn client(&self, address: std::net::SocketAddr) -> Client {
        let authority = fs::read_to_string(self.folder().join("authority.pem")).unwrap();
        Client::new(address, &authority, Arc::clone(&self.tokens))
    }
}

/// The tests' configuration, with recovery copies and room for many entries.
fn configuration(recovery: &Identity) -> String {
    let custody = format!(
        "any_file_system = true\nrecovery_recipients = [\"{}\"]\nrecovery_file = \"recovery.age\"",
        recovery.recipient()
    );
    let roomy = "\n[limits]\nbudget_entries_per_minute = 1000000\nfailures_per_minute = 100000\n";
    service::configuration().replace("any_file_system = true", &custody) + roomy
}

async fn token(app: &App, slug: &str) -> String {
    let mut revisions = Revisions::new(app.clock.now());
    let mission = app.registry.mission(&mut revisions).await.unwrap();
    let person = mission.person_named(slug).unwrap();
    let capacities = app.registry.capacities(person, &mut revisions).await.unwrap();
    let link = app.identity.issue_link(person, capacities[0].party).await.unwrap().expose();
    let presented = Presented {
        bearer: Some(&link),
        certificate: None,
        capacity: None,
        address: [127, 0, 0, 1].into(),
        device: "tests",
        now: app.clock.now(),
    };
    let day = Duration::from_secs(24 * 3600);
    app.identity.redeem(presented, "tests", day).await.unwrap().expose().to_string()
}

/// Every file with its length and its last change.
fn standing(folder: &Path) -> Vec<(PathBuf, u64, Option<SystemTime>)> {
    let mut standing = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Ok(file) = fs::metadata(&path) else { continue };
        match file.is_dir() {
            true => standing.extend(self::standing(&path)),
            false => standing.push((path, file.len(), file.modified().ok())),
        }
    }
    standing.sort();
    standing
}

/// An error and what caused it, in one line.
pub fn causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
