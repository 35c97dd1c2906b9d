//! A server with a small application, its certificates, and clients of several kinds.

use std::{
    convert::Infallible,
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Extension, Router,
    body::{Body, Bytes},
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::{any, get, put},
};
use futures::{Stream, StreamExt as _};
use greffe::http::server::{
    Limits, Peer, Server, Tls, TooSlow,
    tls::{Files, Oldest},
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::{ClientConfig, RootCertStore, crypto::CryptoProvider, pki_types::ServerName};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::{Notify, watch},
    task::JoinHandle,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_util::sync::CancellationToken;

/// Time-outs that a test can wait for.
pub fn short() -> Limits {
    Limits {
        head: Duration::from_millis(1000),
        first_request: Duration::from_millis(1500),
        idle: Duration::from_millis(2000),
        floor_bytes_per_second: 1024,
        floor_window: Duration::from_millis(1500),
        grace: Duration::from_secs(5),
        ..Limits::default()
    }
}

/// By when whatever is too slow for [`short`] must have ended.
pub const BY_THEN: Duration = Duration::from_secs(8);

/// What the application has seen.
#[derive(Clone)]
pub struct Seen {
    /// Requests to `/wait` that have begun.
    pub waiting: watch::Sender<usize>,
    /// Lets them end.
    pub release: Arc<Notify>,
    /// Endless answers that are under way.
    pub endless: watch::Sender<usize>,
}

impl Default for Seen {
    fn default() -> Self {
        let (waiting, endless) = (watch::Sender::new(0), watch::Sender::new(0));
        Self { waiting, release: Arc::default(), endless }
    }
}

pub struct House {
    folder: tempfile::TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
    pub tls: Arc<Tls>,
    pub address: SocketAddr,
    pub stop: CancellationToken,
    pub serving: JoinHandle<()>,
    pub seen: Seen,
}

pub fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate and its key, in PEM.
pub fn leaf(name: &str, authority: &CertifiedIssuer<'static, KeyPair>) -> (String, String) {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, authority).unwrap().pem(), key.serialize_pem())
}

pub fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

impl House {
    pub async fn open() -> Self {
        Self::with(short(), Oldest::Tls13).await
    }

    pub async fn with(limits: Limits, oldest: Oldest) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = authority("the house");
        let (certificate, key) = leaf("localhost", &authority);
        let files = Files {
            chain: folder.path().join("chain.pem"),
            key: folder.path().join("key.pem"),
            clients: Some(folder.path().join("clients.pem")),
            oldest,
        };
        write(&files.chain, &certificate, 0o644);
        write(&files.key, &key, 0o600);
        write(files.clients.as_ref().unwrap(), &authority.pem(), 0o644);
        let tls = Arc::new(Tls::read(files).unwrap());
        let any_port = "127.0.0.1:0".parse().unwrap();
        let server = Server::listen(any_port, tls.clone(), limits).await.unwrap();
        let (address, stop, seen) = (server.address(), CancellationToken::new(), Seen::default());
        let serving = tokio::spawn(server.serve(application(seen.clone()), stop.clone()));
        Self { folder, authority, tls, address, stop, serving, seen }
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub fn authority(&self) -> &CertifiedIssuer<'static, KeyPair> {
        &self.authority
    }

    /// A client's configuration that trusts the house.
    pub fn client(&self, provider: CryptoProvider, alpn: &[&str]) -> ClientConfig {
        self.client_with(provider, alpn, None)
    }

    pub fn client_with(
        &self,
        provider: CryptoProvider,
        alpn: &[&str],
        identity: Option<(String, String)>,
    ) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.der().clone()).unwrap();
        let builder = ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut client = match identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                use rustls::pki_types::pem::PemObject as _;
                let key = rustls::pki_types::PrivateKeyDer::from_pem_slice(key.as_bytes());
                let certificate =
                    rustls::pki_types::CertificateDer::from_pem_slice(certificate.as_bytes());
                builder.with_client_auth_cert(vec![certificate.unwrap()], key.unwrap()).unwrap()
            }
        };
        client.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        client
    }

    pub async fn connect(&self, client: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
        let socket = TcpStream::connect(self.address).await?;
        socket.set_nodelay(true)?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(client)).connect(name, socket).await
    }

    /// A connection that speaks HTTP/1.1, as most clients' would.
    pub async fn http1(&self) -> TlsStream<TcpStream> {
        let client = self.client(rustls::crypto::aws_lc_rs::default_provider(), &["http/1.1"]);
        self.connect(client).await.unwrap()
    }

    pub async fn http2(
        &self,
    ) -> hyper::client::conn::http2::SendRequest<http_body_util::Full<Bytes>> {
        let client = self.client(rustls::crypto::aws_lc_rs::default_provider(), &["h2"]);
        let stream = hyper_util::rt::TokioIo::new(self.connect(client).await.unwrap());
        let executor = hyper_util::rt::TokioExecutor::new();
        let (send, connection) =
            hyper::client::conn::http2::handshake(executor, stream).await.unwrap();
        tokio::spawn(connection);
        send
    }

    /// Sends bytes as they are and gives all that comes back until the server closes.
    pub async fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = self.http1().await;
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(BY_THEN, stream.read_to_end(&mut answer)).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

fn application(seen: Seen) -> Router {
    Router::new()
        .route("/hello", get(|| async { "hello" }))
        .route("/path/{*rest}", any(|| async { "reached" }))
        .route("/peer", get(peer))
        .route("/count", put(count))
        .route("/wait", get(wait))
        .route("/endless", get(endless))
        .with_state(seen)
}

async fn peer(Extension(peer): Extension<Peer>) -> String {
    let shown = peer.client_certificate().is_some();
    match &peer.secured {
        Some(tls) => format!(
            "{} {:?} {:?} {:?} certificate: {shown}",
            peer.address.ip(),
            tls.version.unwrap(),
            tls.suite.unwrap(),
            tls.group.unwrap()
        ),
        None => format!("{} plainly", peer.address.ip()),
    }
}

async fn count(body: Body) -> Response {
    let mut bytes = body.into_data_stream();
    let mut count = 0;
    while let Some(piece) = bytes.next().await {
        match piece {
            Ok(piece) => count += piece.len(),
            Err(error) if is_too_slow(&error) => {
                return StatusCode::REQUEST_TIMEOUT.into_response();
            }
            Err(_) => return StatusCode::BAD_REQUEST.into_response(),
        }
    }
    count.to_string().into_response()
}

fn is_too_slow(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(|error| error.is::<TooSlow>())
}

async fn wait(State(seen): State<Seen>) -> &'static str {
    let released = seen.release.notified();
    seen.waiting.send_modify(|waiting| *waiting += 1);
    released.await;
    "waited"
}

async fn endless(State(seen): State<Seen>) -> Body {
    seen.endless.send_modify(|count| *count += 1);
    Body::from_stream(Endless(seen.endless))
}

/// Bytes without end; dropped, it says so.
struct Endless(watch::Sender<usize>);

impl Stream for Endless {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(Some(Ok(Bytes::from_static(&[0; 65536]))))
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}
