//! The service as it runs, with the people of the shipped mission as its clients.

mod ask;
mod configuration;
mod folder;
mod tls;

use std::{collections::HashMap, net::SocketAddr, path::Path, sync::Arc};

use bytes::Bytes;
use greffe::{
    app::{self, App, Recovery},
    config::Config,
    database::Revisions,
    mission::MissionFile,
};
use http_body_util::Full;
use hyper::{Method, Request};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use rcgen::{CertificateParams, CertifiedIssuer, DnType, KeyPair};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs::default_provider};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{net::TcpStream, sync::Mutex};
use tokio_util::sync::DropGuard;

pub use ask::{Answer, Ask};
pub use configuration::configuration;
use configuration::on_its_engine;
pub use folder::{Serving, serve, spread};
pub use tls::{certify, client, trust};

/// A client over TLS.
pub type Https = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Nobody: a request without a credential.
pub const ANYONE: &str = "anyone";

/// A running service.
pub struct Service {
    folder: TempDir,
    /// Its configuration, whose paths are relative to its folder.
    text: String,
    pub app: App,
    pub address: SocketAddr,
    client: Https,
    authority: Arc<CertifiedIssuer<'static, KeyPair>>,
    trust: ClientConfig,
    tokens: Mutex<HashMap<String, String>>,
    _stop: DropGuard,
}

impl Service {
    pub async fn start() -> Self {
        Self::with(|text| text).await
    }

    /// A service whose configuration is changed by `edit`.
    pub async fn with(edit: impl FnOnce(String) -> String) -> Self {
        // What failed in the service is shown with the test that failed.
        let log = tracing_subscriber::fmt().with_max_level(tracing::Level::ERROR);
        let _shared = log.with_test_writer().try_init();
        let (folder, text) = (tempfile::tempdir().unwrap(), edit(on_its_engine().await));
        let authority = Arc::new(certify(folder.path()));
        let config = Config::parse(&text, folder.path()).unwrap();
        let file = MissionFile::parse(include_str!("../../../../config/mission.toml")).unwrap();
        let names = [("contributor-rhein", "Ruth Vogel", "ruth.vogel@rhein.example")];
        app::create(&config, &file, &names).await.unwrap();
        Self::open(folder, text, authority, HashMap::new()).await.unwrap()
    }

    /// What stands in `folder`, a copy of this service's, served as this one is; whoever has a token keeps it.
    pub async fn again(&self, folder: TempDir) -> Result<Self, app::Error> {
        let tokens = self.tokens.lock().await.clone();
        Self::open(folder, self.text.clone(), Arc::clone(&self.authority), tokens).await
    }

    /// The same, with its configuration changed by `edit`.
    pub async fn again_with(
        &self,
        folder: TempDir,
        edit: impl FnOnce(String) -> String,
    ) -> Result<Self, app::Error> {
        let tokens = self.tokens.lock().await.clone();
        Self::open(folder, edit(self.text.clone()), Arc::clone(&self.authority), tokens).await
    }

    async fn open(
        folder: TempDir,
        text: String,
        authority: Arc<CertifiedIssuer<'static, KeyPair>>,
        tokens: HashMap<String, String>,
    ) -> Result<Self, app::Error> {
        let config = Arc::new(Config::parse(&text, folder.path()).unwrap());
        let app = app::open(config, Recovery::Waived).await?;
        let Serving { address, stop, .. } = serve(folder.path(), &app).await;
        let _stop = stop.drop_guard();
        let trust = trust(&authority.pem());
        let client = client(trust.clone());
        let tokens = Mutex::new(tokens);
        Ok(Self { folder, text, app, address, client, authority, trust, tokens, _stop })
    }

    /// A copy of all its files, as a crash or a back-up finds them this instant.
    pub fn copied(&self) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        spread(self.folder(), folder.path());
        folder
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The same service, as a client that shows a certificate of its own over TLS.
    pub fn with_certificate(&self, name: &str) -> Https {
        let key = KeyPair::generate().unwrap();
        let mut leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
        leaf.distinguished_name.push(DnType::CommonName, name);
        let chain = vec![leaf.signed_by(&key, &self.authority).unwrap().der().clone()];
        let key = rustls::pki_types::PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.der().clone()).unwrap();
        let trust = ClientConfig::builder_with_provider(default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)
            .unwrap();
        client(trust)
    }

    /// A connection of its own, to write on by hand.
    pub async fn connect(&self) -> tokio_rustls::client::TlsStream<TcpStream> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(self.trust.clone()));
        connector.connect("127.0.0.1".try_into().unwrap(), stream).await.unwrap()
    }

    /// A request of `who`: a person of the mission file, in their only capacity or `NAME as HANDLE`.
    pub fn ask(&self, who: &str, method: Method, path: &str) -> Ask<'_> {
        let uri = format!("https://{}{path}", self.address);
        let request = Request::builder().method(method).uri(uri);
        Ask {
            service: self,
            client: self.client.clone(),
            who: who.to_owned(),
            request,
            body: Bytes::new(),
        }
    }

    pub async fn get(&self, who: &str, path: &str) -> Answer {
        self.ask(who, Method::GET, path).send().await
    }

    pub async fn post(&self, who: &str, path: &str, body: Value) -> Answer {
        self.ask(who, Method::POST, path).json(body).send().await
    }

    /// A document of `who` with this content; its reference.
    pub async fn deposited(&self, who: &str, title: &str, content: &[u8]) -> String {
        let reference = self.created(who, title).await;
        let path = format!("/api/v1/documents/{reference}/content");
        let put = self.ask(who, Method::PUT, &path).header("content-type", "text/plain");
        let answer = put.body(content.to_vec()).send().await;
        assert_eq!(answer.status, 201, "{answer:?}");
        reference
    }

    /// A document of `who` without content; its reference.
    pub async fn created(&self, who: &str, title: &str) -> String {
        let new = serde_json::json!({
            "workstream": "intelligence-artificielle", "kind": "diagnostic", "title": title,
        });
        let answer = self.post(who, "/api/v1/documents", new).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["reference"].as_str().unwrap().to_owned()
    }

    /// Everybody signs in anew, since time has passed.
    pub async fn forget_tokens(&self) {
        self.tokens.lock().await.clear();
    }

    /// The token of `who`, got by a sign-in link as everybody gets theirs.
    pub async fn token(&self, who: &str) -> String {
        let mut tokens = self.tokens.lock().await;
        if let Some(token) = tokens.get(who) {
            return token.clone();
        }
        let (slug, handle) = who.split_once(" as ").unwrap_or((who, ""));
        let mut revisions = Revisions::new(self.app.clock.now());
        let mission = self.app.registry.mission(&mut revisions).await.unwrap();
        let person = mission.person_named(slug).unwrap_or_else(|| panic!("nobody is {slug}"));
        let capacities = self.app.registry.capacities(person, &mut revisions).await.unwrap();
        let capacity = capacities.iter().find(|found| handle.is_empty() || found.handle == handle);
        let capacity = capacity.unwrap_or_else(|| panic!("{who}: {capacities:?}"));
        let link = self.app.identity.issue_link(person, capacity.party).await.unwrap();
        let body = serde_json::json!({"link": link.expose().to_string()}).to_string();
        let answer = self.ask(ANYONE, Method::POST, "/api/v1/sign-in");
        let answer = answer.header("content-type", "application/json").body(body).send_raw(None);
        let token = answer.await.json()["token"].as_str().unwrap().to_owned();
        tokens.insert(who.to_owned(), token.clone());
        token
    }
}
