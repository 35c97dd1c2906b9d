//! The service as it runs, with the people of the shipped mission as its clients.

use std::{
    collections::HashMap, fs, net::SocketAddr, os::unix::fs::PermissionsExt as _, path::Path,
    sync::Arc,
};

use bytes::Bytes;
use greffe::{
    app::{self, App, Recovery},
    config::Config,
    database::Revisions,
    http::{
        self,
        server::{
            Limits, Server, Tls,
            tls::{Files, Oldest},
        },
    },
    mission::MissionFile,
};
use http_body_util::{BodyExt as _, Full};
use hyper::{HeaderMap, Method, Request};
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs::default_provider};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{net::TcpStream, sync::Mutex};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Nobody: a request without a credential.
pub const ANYONE: &str = "anyone";

/// A running service.
pub struct Service {
    folder: TempDir,
    pub app: App,
    pub address: SocketAddr,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    authority: CertifiedIssuer<'static, KeyPair>,
    trust: ClientConfig,
    tokens: Mutex<HashMap<String, String>>,
    _stop: DropGuard,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Whether the body came to its end as announced.
    pub whole: bool,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The same but for what is drawn anew for each answer.
    pub fn settled(mut self) -> Self {
        for name in ["date", "request-id"] {
            assert!(self.headers.remove(name).is_some(), "no {name}");
        }
        self
    }
}

/// A request that is being put together.
pub struct Ask<'s> {
    service: &'s Service,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    who: String,
    request: hyper::http::request::Builder,
    body: Bytes,
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
        let folder = tempfile::tempdir().unwrap();
        let authority = certify(folder.path());
        let config = Config::parse(&edit(configuration()), folder.path()).unwrap();
        let file = MissionFile::parse(include_str!("../../../config/mission.toml")).unwrap();
        let names = [("contributor-rhein", "Ruth Vogel", "ruth.vogel@rhein.example")];
        app::create(&config, &file, &names).await.unwrap();
        let app = app::open(Arc::new(config), Recovery::Waived).await.unwrap();
        let tls = Tls::read(Files {
            chain: folder.path().join("chain.pem"),
            key: folder.path().join("key.pem"),
            clients: Some(folder.path().join("authority.pem")),
            oldest: Oldest::Tls13,
        });
        let any = "127.0.0.1:0".parse().unwrap();
        let server = Server::listen(any, Arc::new(tls.unwrap()), Limits::default()).await.unwrap();
        let (address, stop) = (server.address(), CancellationToken::new());
        tokio::spawn(server.serve(http::router(app.clone()), stop.clone()));
        let _stop = stop.drop_guard();
        let trust = trust(&authority.pem());
        let client = client(trust.clone());
        Self { folder, app, address, client, authority, trust, tokens: Mutex::default(), _stop }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The same service, as a client that shows a certificate of its own over TLS.
    pub fn with_certificate(
        &self,
        name: &str,
    ) -> Client<HttpsConnector<HttpConnector>, Full<Bytes>> {
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

impl Ask<'_> {
    /// Over this client's connections.
    pub fn over(mut self, client: &Client<HttpsConnector<HttpConnector>, Full<Bytes>>) -> Self {
        self.client = client.clone();
        self
    }

    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.request = self.request.header(name, value.as_ref());
        self
    }

    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    pub fn json(self, body: Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    pub async fn send(self) -> Answer {
        let token = match self.who.as_str() {
            ANYONE => None,
            who => Some(self.service.token(who).await),
        };
        self.send_raw(token).await
    }

    /// With this token in place of the caller's own.
    pub async fn send_raw(self, token: Option<String>) -> Answer {
        let request = match token {
            Some(token) => self.request.header("authorization", format!("Bearer {token}")),
            None => self.request,
        };
        let request = request.body(Full::new(self.body)).unwrap();
        let (parts, mut body) = self.client.request(request).await.unwrap().into_parts();
        let (mut bytes, mut whole) = (Vec::new(), true);
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => bytes.extend_from_slice(&frame.into_data().unwrap_or_default()),
                Err(_) => whole = false,
            }
        }
        let (status, headers) = (parts.status.as_u16(), parts.headers);
        Answer { status, headers, body: bytes.into(), whole }
    }
}

pub fn certify(folder: &Path) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "the tests' authority");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    leaf.distinguished_name.push(DnType::CommonName, "the tests' service");
    let chain = leaf.signed_by(&key, &authority).unwrap().pem();
    let files = [
        ("chain.pem", chain),
        ("key.pem", key.serialize_pem()),
        ("authority.pem", authority.pem()),
    ];
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    authority
}

pub fn trust(authority: &str) -> ClientConfig {
    use rustls::pki_types::{CertificateDer, pem::PemObject as _};

    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
    ClientConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

pub fn client(trust: ClientConfig) -> Client<HttpsConnector<HttpConnector>, Full<Bytes>> {
    let builder = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(trust);
    Client::builder(TokioExecutor::new()).build(builder.https_only().enable_http1().build())
}

/// The configuration of such a service, whose paths are relative to its folder.
pub fn configuration() -> String {
    r#"
listen = "127.0.0.1:0"
operator_listen = "127.0.0.1:0"
origin = "greffe.example/tests"

[database]
address = "sqlite:greffe.sqlite"

[custody]
file = "custody/custody"
any_file_system = true

[keys]
first = "keys.sqlite"
second = "second/keys.sqlite"

[signer]
state_file = "custody/signer"

[tls]
certificate_file = "chain.pem"
key_file = "key.pem"

[[location]]
id = "folder"
kind = "folder"
path = "objects"

[location.declared]
by = "the tests"
on = "2026-11-24"
country = "FR"
region = "own"
city = "Lyon"
operator = "Hébergeur (exemple)"
seat = "FR"
control_holder = "its founders"
control_country = "FR"
access_logs = false
"#
    .to_owned()
}
