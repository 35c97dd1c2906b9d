//! s3s-fs behind a door that records what is asked and plays ruses.

mod door;
mod ruse;
mod shown;

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use greffe::storage::{
    Error, Store,
    s3::{Patience, Pool, S3, Settings, Style, Trailers},
};
use s3s::{
    S3Result,
    auth::SimpleAuth,
    host::{S3Host, VirtualHost},
    service::S3ServiceBuilder,
};
use tokio::{net::TcpListener, sync::Notify};

use door::{Choose, State, accept};

pub use door::Asked;
pub use ruse::Ruse;
pub use shown::Shown;

const BUCKET: &str = "mission";
pub const KEY: &str = "AKIDEXAMPLE";
pub const SECRET: &str = "a secret that only tests know";

pub struct Service {
    folder: tempfile::TempDir,
    files: tempfile::TempDir,
    address: SocketAddr,
    state: Arc<State>,
    pub shown: Option<Arc<Shown>>,
    patience: Patience,
}

/// Names the bucket before the host, where a host's name is asked for and not the bucket's own.
struct ByHost;

impl S3Host for ByHost {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        Ok(match host.split_once('.') {
            Some((bucket, rest)) if rest.starts_with("localhost") => {
                VirtualHost::new(rest).with_bucket(bucket)
            }
            _ => VirtualHost::new(host),
        })
    }
}

impl Service {
    pub async fn honest() -> Self {
        Self::start(Box::new(|_, _| Ruse::None), None).await
    }

    pub async fn with(choose: impl Fn(&Asked, usize) -> Ruse + Send + Sync + 'static) -> Self {
        let mut service = Self::start(Box::new(choose), None).await;
        service.patience = Patience {
            connect: Duration::from_millis(600),
            silence: Duration::from_millis(1500),
            tries: 3,
        };
        service
    }

    pub async fn over_tls() -> Self {
        Self::showing(Shown::for_days(3650)).await
    }

    pub async fn showing(shown: Arc<Shown>) -> Self {
        Self::start(Box::new(|_, _| Ruse::None), Some(shown)).await
    }

    pub async fn over_tls_with(
        choose: impl Fn(&Asked, usize) -> Ruse + Send + Sync + 'static,
    ) -> Self {
        Self::start(Box::new(choose), Some(Shown::for_days(3650))).await
    }

    async fn start(choose: Choose, shown: Option<Arc<Shown>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let mut inner = S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder.path()).unwrap());
        inner.set_auth(SimpleAuth::from_single(KEY, SECRET));
        inner.set_host(ByHost);
        let state = Arc::new(State {
            inner: inner.build(),
            choose,
            asked: Mutex::default(),
            uploads: Mutex::default(),
            changed: Notify::new(),
            let_go: Notify::new(),
            played: AtomicUsize::new(0),
            folder: folder.path().join(BUCKET),
            handshakes_failed: AtomicUsize::new(0),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let acceptor = shown.as_ref().map(Shown::acceptor);
        tokio::spawn(accept(listener, acceptor, state.clone()));
        let files = tempfile::tempdir().unwrap();
        let service = Self { folder, files, address, state, shown, patience: Patience::default() };
        service.arrange(service.files.path());
        service
    }

    /// Writes the files by which the service is reached.
    fn arrange(&self, folder: &Path) {
        write(&folder.join("credentials"), &format!("{KEY}\n{SECRET}\n"));
        write(
            &folder.join("roots.pem"),
            &self.shown.as_ref().map_or_else(String::new, |s| s.pem()),
        );
    }

    /// A file by which [`Service::store`] reaches it: `credentials` or `roots.pem`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    fn endpoint(&self) -> String {
        let scheme = if self.shown.is_some() { "https" } else { "http" };
        format!("{scheme}://localhost:{}", self.address.port())
    }

    fn settings(&self) -> Settings {
        Settings {
            location: "bucket".parse().unwrap(),
            endpoint: self.endpoint().parse().unwrap(),
            region: "eu-test-1".into(),
            bucket: BUCKET.into(),
            style: Style::Path,
            trailers: Trailers::Never,
            credentials_file: self.file("credentials"),
            root_file: self.file("roots.pem"),
            patience: self.patience,
        }
    }

    pub fn store(&self) -> Arc<dyn Store> {
        self.store_with(|_| {}).unwrap()
    }

    pub fn store_with(&self, change: impl Fn(&mut Settings)) -> Result<Arc<dyn Store>, Error> {
        let mut settings = self.settings();
        change(&mut settings);
        Ok(Arc::new(S3::new(&settings, Pool::new(40 * 1024 * 1024))?))
    }

    pub fn store_at(&self, endpoint: &str) -> Result<Arc<dyn Store>, Error> {
        self.store_with(|settings| settings.endpoint = endpoint.parse().unwrap())
    }

    pub fn store_as(&self, id: &str, secret: &str) -> Arc<dyn Store> {
        write(&self.file("credentials"), &format!("{id}\n{secret}\n"));
        self.store()
    }

    pub fn store_trusting(&self, other: &Shown) -> Arc<dyn Store> {
        let path = self.file("other.pem");
        write(&path, &other.pem());
        self.store_with(|settings| settings.root_file = path.clone()).unwrap()
    }

    /// The keys that the service holds.
    pub fn objects(&self) -> Vec<String> {
        let root = self.folder.path().join(BUCKET);
        let (mut left, mut keys) = (vec![root.clone()], Vec::new());
        while let Some(folder) = left.pop() {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                if entry.file_type().unwrap().is_dir() {
                    left.push(entry.path());
                } else {
                    let path = entry.path();
                    keys.push(path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        keys.sort();
        keys
    }

    /// Takes the bucket away, with all that is in it.
    pub fn remove_bucket(&self) {
        fs::remove_dir_all(self.folder.path().join(BUCKET)).unwrap();
    }

    /// Where the object lies.
    pub fn object(&self, key: &str) -> PathBuf {
        self.folder.path().join(BUCKET).join(key)
    }

    pub fn remove(&self, key: &str) {
        fs::remove_file(self.object(key)).unwrap();
    }

    pub fn truncate(&self, key: &str, length: u64) {
        fs::File::options().write(true).open(self.object(key)).unwrap().set_len(length).unwrap();
    }

    /// Lets go what waits.
    pub fn let_go(&self) {
        self.state.let_go.notify_one();
    }

    pub fn uploads(&self) -> Vec<String> {
        self.state.uploads.lock().unwrap().iter().map(|(key, _)| key.clone()).collect()
    }

    /// Everything that was sent to be kept: path, query and bytes of each call.
    pub fn sent(&self) -> Vec<Asked> {
        let asked = self.state.asked.lock().unwrap();
        asked.iter().filter(|asked| asked.method == "PUT").cloned().collect()
    }

    /// Waits until a call was made of which this is so.
    pub async fn until(&self, made: impl Fn(&Asked) -> bool) {
        let made = async {
            loop {
                let changed = self.state.changed.notified();
                if self.state.asked.lock().unwrap().iter().any(&made) {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), made).await.expect("the call is made");
    }

    /// The bucket's location in a configuration, of which `folder` holds credentials and roots.
    pub fn location(&self, folder: &Path) -> String {
        self.arrange(folder);
        format!(
            "id = \"folder\"\nkind = \"s3\"\nendpoint = \"{}\"\n\
             bucket = \"{BUCKET}\"\nregion = \"eu-test-1\"\n\
             credentials_file = \"{}/credentials\"\nroot_file = \"{}/roots.pem\"\n",
            self.endpoint(),
            folder.display(),
            folder.display()
        )
    }

    /// Waits until no upload is left.
    pub async fn uploads_end(&self) {
        let end = async {
            loop {
                let changed = self.state.changed.notified();
                if self.uploads().is_empty() {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), end).await.expect("every upload is aborted");
    }

    /// Begins an upload as a server that then crashed would have.
    pub async fn begin_upload(&self, key: &str) {
        let count = self.state.uploads.lock().unwrap().len();
        self.state.uploads.lock().unwrap().push((key.into(), format!("crashed-{count}")));
    }

    /// How many calls of this method had this in their query.
    pub fn asked(&self, method: &str, query: &str) -> usize {
        let asked = self.state.asked.lock().unwrap();
        asked.iter().filter(|asked| asked.method == method && asked.query.contains(query)).count()
    }

    pub fn headers(&self) -> Vec<(String, String)> {
        self.state.asked.lock().unwrap().iter().flat_map(|asked| asked.headers.clone()).collect()
    }

    pub fn handshakes_failed(&self) -> usize {
        self.state.handshakes_failed.load(Ordering::SeqCst)
    }
}

/// Writes a file that nobody else may read.
pub fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
