//! A service whose answers the test makes up, over real TLS: what a hostile or broken one may send.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use futures::{StreamExt, stream};
use http_body_util::{BodyExt, StreamBody, combinators::UnsyncBoxBody};
use hyper::{HeaderMap, Request, Response, body::Frame, body::Incoming, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio_rustls::TlsAcceptor;

/// A request that arrived.
#[derive(Clone, Debug)]
pub struct Asked {
    /// E.g. `GET`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its whole body.
    pub body: Bytes,
    /// How many requests came before it.
    pub number: usize,
}

impl Asked {
    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
    cut: bool,
}

impl Reply {
    /// An empty one.
    pub fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new(), cut: false }
    }

    /// Adds a header.
    pub fn header(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Breaks the connection behind the body.
    pub fn cut(mut self) -> Self {
        self.cut = true;
        self
    }
}

type Answer = Arc<dyn Fn(&Asked) -> Reply + Send + Sync>;
type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// The service; it stops with the test.
pub struct Counterfeit {
    /// `https://localhost:PORT`.
    pub address: String,
    /// Its authority (PEM).
    pub authority: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Counterfeit {
    /// Starts it on a free port.
    pub async fn start(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let (authority, config) = certificates();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (acceptor, kept) = (TlsAcceptor::from(Arc::new(config)), asked.clone());
        let answer: Answer = Arc::new(answer);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(acceptor.clone(), socket, answer.clone(), kept.clone()));
            }
        });
        Self { address, authority, asked }
    }

    /// What was asked, as `METHOD PATH`.
    pub fn paths(&self) -> Vec<String> {
        self.asked().iter().map(|asked| format!("{} {}", asked.method, asked.path)).collect()
    }

    /// What was asked.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve(
    acceptor: TlsAcceptor,
    socket: tokio::net::TcpStream,
    answer: Answer,
    kept: Arc<Mutex<Vec<Asked>>>,
) {
    // A client that does not trust the certificate ends the handshake; that is its test's business.
    let Ok(stream) = acceptor.accept(socket).await else { return };
    let service = service_fn(move |request: Request<Incoming>| {
        let (answer, kept) = (answer.clone(), kept.clone());
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
            let mut log = kept.lock().unwrap();
            let path = head.uri.path_and_query().unwrap().to_string();
            let (method, headers) = (head.method.to_string(), head.headers);
            let asked = Asked { method, path, headers, body, number: log.len() };
            log.push(asked.clone());
            drop(log);
            Ok::<_, Infallible>(respond(answer(&asked)))
        }
    });
    let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

fn respond(reply: Reply) -> Response<Body> {
    let sent = stream::iter([Ok(Frame::data(reply.body))]);
    let cut = stream::once(async {
        // What came before is on its way by then.
        tokio::task::yield_now().await;
        Err(std::io::Error::other("cut"))
    });
    let body = if reply.cut {
        StreamBody::new(sent.chain(cut)).boxed_unsync()
    } else {
        StreamBody::new(sent).boxed_unsync()
    };
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(body).unwrap()
}

/// A server's certificate, its key and the authority that vouches for it (PEM).
pub struct Issued {
    pub authority: String,
    pub certificate: String,
    pub key: String,
}

impl Issued {
    /// For `localhost` and 127.0.0.1, by a new authority.
    pub fn new() -> Self {
        let named = |name: &str| {
            let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
            let mut params = CertificateParams::new(names).unwrap();
            params.distinguished_name.push(DnType::CommonName, name);
            params
        };
        let mut root = named("the tests' authority");
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root_key = KeyPair::generate().unwrap();
        let authority = root.self_signed(&root_key).unwrap().pem();
        let key = KeyPair::generate().unwrap();
        let leaf = named("the tests' service").signed_by(&key, &Issuer::new(root, root_key));
        Self { authority, certificate: leaf.unwrap().pem(), key: key.serialize_pem() }
    }
}

/// A new authority (PEM), and a server's configuration under it.
fn certificates() -> (String, ServerConfig) {
    let issued = Issued::new();
    let chain = vec![CertificateDer::from_pem_slice(issued.certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    // With HTTP/2 a reset may overtake what was sent before it.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    (issued.authority, config)
}
