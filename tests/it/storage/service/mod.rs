//! s3s-fs behind a door that records what is asked and plays ruses.

mod door;
mod ruse;

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use greffe::storage::{
    Error, Store,
    s3::{Access, Patience, Pool, S3, Settings},
};
use rustls::{RootCertStore, ServerConfig};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use tokio::{net::TcpListener, sync::Notify};
use tokio_rustls::TlsAcceptor;

use door::{Choose, State, accept};

pub use door::Asked;
pub use ruse::Ruse;

const BUCKET: &str = "mission";
const KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "a secret that only tests know";

pub struct Service {
    folder: tempfile::TempDir,
    address: SocketAddr,
    state: Arc<State>,
    roots: Arc<RootCertStore>,
    secure: bool,
    patience: Patience,
}

impl Service {
    pub async fn honest() -> Self {
        Self::start(Box::new(|_, _| Ruse::None), None, RootCertStore::empty()).await
    }

    pub async fn with(choose: impl Fn(&Asked, usize) -> Ruse + Send + Sync + 'static) -> Self {
        let mut service = Self::start(Box::new(choose), None, RootCertStore::empty()).await;
        service.patience = Patience {
            connect: Duration::from_millis(600),
            silence: Duration::from_millis(1500),
            tries: 3,
        };
        service
    }

    pub async fn over_tls() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let key = made.signing_key.serialize_der().try_into().unwrap();
        let tls = ServerConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        Self::start(Box::new(|_, _| Ruse::None), Some(acceptor), roots).await
    }

    async fn start(choose: Choose, tls: Option<TlsAcceptor>, roots: RootCertStore) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let mut inner = S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder.path()).unwrap());
        inner.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let state = Arc::new(State {
            inner: inner.build(),
            choose,
            asked: Mutex::default(),
            uploads: Mutex::default(),
            changed: Notify::new(),
            played: AtomicUsize::new(0),
            folder: folder.path().join(BUCKET),
            handshakes_failed: AtomicUsize::new(0),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let secure = tls.is_some();
        tokio::spawn(accept(listener, tls, state.clone()));
        let (roots, patience) = (Arc::new(roots), Patience::default());
        Self { folder, address, state, roots, secure, patience }
    }

    fn settings(&self) -> Settings {
        let scheme = if self.secure { "https" } else { "http" };
        Settings {
            endpoint: format!("{scheme}://localhost:{}", self.address.port()).parse().unwrap(),
            region: "eu-test-1".into(),
            bucket: BUCKET.into(),
            access: Access { id: KEY.into(), secret: SECRET.to_owned().into() },
            roots: self.roots.clone(),
            patience: self.patience,
        }
    }

    pub fn store(&self) -> Arc<dyn Store> {
        Arc::new(S3::new(&self.settings(), Pool::new(40 * 1024 * 1024)).unwrap())
    }

    pub fn store_at(&self, endpoint: &str) -> Result<Arc<dyn Store>, Error> {
        let settings = Settings { endpoint: endpoint.parse().unwrap(), ..self.settings() };
        Ok(Arc::new(S3::new(&settings, Pool::new(0))?))
    }

    pub fn store_as(&self, id: &str, secret: &str) -> Arc<dyn Store> {
        let access = Access { id: id.into(), secret: secret.to_owned().into() };
        Arc::new(S3::new(&Settings { access, ..self.settings() }, Pool::new(0)).unwrap())
    }

    pub fn store_trusting_nobody(&self) -> Arc<dyn Store> {
        let roots = Arc::new(RootCertStore::empty());
        Arc::new(S3::new(&Settings { roots, ..self.settings() }, Pool::new(0)).unwrap())
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

    pub fn remove(&self, key: &str) {
        fs::remove_file(self.folder.path().join(BUCKET).join(key)).unwrap();
    }

    pub fn truncate(&self, key: &str, length: u64) {
        let path = self.folder.path().join(BUCKET).join(key);
        fs::File::options().write(true).open(path).unwrap().set_len(length).unwrap();
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

    /// The bucket's location in a configuration, of which `folder` holds the credentials.
    pub fn location(&self, folder: &Path) -> String {
        fs::write(folder.join("credentials"), format!("{KEY}\n{SECRET}\n")).unwrap();
        fs::set_permissions(folder.join("credentials"), fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(folder.join("roots.pem"), "").unwrap();
        format!(
            "id = \"folder\"\nkind = \"s3\"\nendpoint = \"http://localhost:{}\"\n\
             bucket = \"{BUCKET}\"\nregion = \"eu-test-1\"\n\
             credentials_file = \"{}/credentials\"\nroot_file = \"{}/roots.pem\"\n",
            self.address.port(),
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
