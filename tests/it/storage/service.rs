//! s3s-fs behind a door that records what is asked and plays ruses.

use std::{
    convert::Infallible,
    fs,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use greffe::storage::{
    Error, Store,
    s3::{Access, Patience, Pool, S3, Settings},
};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    Request, Response, StatusCode,
    body::{Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use rustls::{RootCertStore, ServerConfig};
use s3s::{auth::SimpleAuth, service::S3Service, service::S3ServiceBuilder};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::Notify,
};
use tokio_rustls::TlsAcceptor;

const BUCKET: &str = "mission";
const KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "a secret that only tests know";

/// What is done with one call in place of answering it honestly.
#[derive(Debug, Clone)]
pub enum Ruse {
    /// Nothing.
    None,
    /// Answer so, and do nothing.
    Refuse(u16, &'static str),
    /// Do it, then say that it failed.
    KeepAndRefuse(u16),
    /// Say that it was done, and do nothing.
    Swallow,
    /// Keep the first half.
    KeepHalf,
    /// Take the head of the call and nothing more.
    Hang,
    /// Do it, and never answer.
    Silence,
    HalfBody,
    EmptyBody,
    StallHalfway,
    ExtraBytes,
    ChangeByte,
    OtherRange,
    LongerRange,
    WholeForRange,
    ListStrangeNames,
    /// Send the head of the answer and nothing more.
    HeadOnly,
}

/// One call, as the service saw it.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub query: String,
    headers: Vec<(String, String)>,
}

/// Picks the ruse for a call, knowing how many were played before.
type Choose = Box<dyn Fn(&Asked, usize) -> Ruse + Send + Sync>;
type Body = UnsyncBoxBody<Bytes, std::io::Error>;

struct State {
    inner: S3Service,
    choose: Choose,
    asked: Mutex<Vec<Asked>>,
    /// Key and id of each upload that has begun and not ended.
    uploads: Mutex<Vec<(String, String)>>,
    changed: Notify,
    played: AtomicUsize,
    folder: PathBuf,
    handshakes_failed: AtomicUsize,
}

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

    /// It as a location of a configuration, its files in `folder`.
    pub fn location(&self, folder: &std::path::Path) -> String {
        let (credentials, root) = (folder.join("credentials"), folder.join("root.pem"));
        fs::write(&credentials, format!("{KEY}\n{SECRET}\n")).unwrap();
        fs::write(&root, "").unwrap();
        format!(
            "[[location]]\nid = \"bucket\"\nkind = \"s3\"\nendpoint = \"http://localhost:{}\"\n\
             bucket = \"{BUCKET}\"\nregion = \"eu-test-1\"\npath_style = true\n\
             credentials_file = {credentials:?}\nroot_file = {root:?}\n",
            self.address.port()
        )
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

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, state: Arc<State>) {
    while let Ok((socket, _)) = listener.accept().await {
        socket.set_nodelay(true).unwrap();
        let (tls, state) = (tls.clone(), state.clone());
        tokio::spawn(async move {
            match tls {
                Some(tls) => match tls.accept(socket).await {
                    Ok(stream) => serve(stream, state).await,
                    Err(_) => {
                        state.handshakes_failed.fetch_add(1, Ordering::SeqCst);
                    }
                },
                None => serve(socket, state).await,
            }
        });
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, state: Arc<State>) {
    let answer = service_fn(move |request| {
        let state = state.clone();
        async move { Ok::<_, Infallible>(state.answer(request).await) }
    });
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
}

impl State {
    fn record(&self, request: &Request<Incoming>) -> Asked {
        let text = |value: &hyper::header::HeaderValue| value.to_str().unwrap().to_owned();
        let headers = request.headers().iter();
        let asked = Asked {
            method: request.method().as_str().to_owned(),
            path: request.uri().path().trim_start_matches(&format!("/{BUCKET}/")).to_owned(),
            query: request.uri().query().unwrap_or_default().to_owned(),
            headers: headers.map(|(name, value)| (name.to_string(), text(value))).collect(),
        };
        self.asked.lock().unwrap().push(asked.clone());
        asked
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let asked = self.record(&request);
        let ruse = (self.choose)(&asked, self.played.load(Ordering::SeqCst));
        if !matches!(ruse, Ruse::None) {
            self.played.fetch_add(1, Ordering::SeqCst);
        }
        match ruse {
            Ruse::Refuse(status, code) => {
                let _ = request.into_body().collect().await;
                refusal(status, code)
            }
            Ruse::Hang => {
                // The body is held and never read.
                let _held = request;
                std::future::pending().await
            }
            Ruse::Swallow => {
                let _ = request.into_body().collect().await;
                let answer =
                    Response::builder().header("etag", "\"d41d8cd98f00b204e9800998ecf8427e\"");
                answer.body(full(Bytes::new())).unwrap()
            }
            Ruse::KeepAndRefuse(status) => {
                self.honest(&asked, request).await;
                refusal(status, "InternalError")
            }
            Ruse::KeepHalf => {
                let response = self.honest(&asked, request).await;
                let kept = fs::File::options().write(true).open(self.folder.join(asked.path));
                let kept = kept.unwrap();
                kept.set_len(kept.metadata().unwrap().len() / 2).unwrap();
                response
            }
            Ruse::Silence => {
                self.honest(&asked, request).await;
                std::future::pending().await
            }
            Ruse::ListStrangeNames => listing(&[
                "anchor/../../etc/passwd",
                "other/1",
                "anchor/1",
                "anchor/\u{e9}",
                "anchor",
                "",
            ]),
            ruse => {
                let response = self.honest(&asked, request).await;
                if response.status().is_success() { twist(ruse, response).await } else { response }
            }
        }
    }

    async fn honest(&self, asked: &Asked, request: Request<Incoming>) -> Response<Body> {
        if asked.method == "GET" && asked.query.split('&').any(|part| part == "uploads") {
            return self.list_uploads(asked);
        }
        let id = asked.query.split('&').find_map(|part| part.strip_prefix("uploadId="));
        if id.is_some_and(|id| id.starts_with("crashed-")) {
            self.end_upload(id.unwrap());
            return Response::builder().status(204).body(full(Bytes::new())).unwrap();
        }
        let response = match self.inner.call(request.map(s3s::Body::from)).await {
            Ok(response) => response,
            Err(_) => return refusal(500, "InternalError"),
        };
        let (head, body) = response.into_parts();
        let bytes = BodyExt::collect(body).await.map(|all| all.to_bytes()).unwrap_or_default();
        if head.status.is_success() {
            match (asked.method.as_str(), id) {
                ("POST", None) => {
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    let id = text.split("<UploadId>").nth(1).and_then(|t| t.split('<').next());
                    let begun = (asked.path.clone(), id.unwrap().to_owned());
                    self.uploads.lock().unwrap().push(begun);
                }
                ("POST" | "DELETE", Some(id)) => self.end_upload(id),
                _ => {}
            }
        }
        Response::from_parts(head, full(bytes))
    }

    fn end_upload(&self, id: &str) {
        self.uploads.lock().unwrap().retain(|(_, other)| other != id);
        self.changed.notify_waiters();
    }

    fn list_uploads(&self, asked: &Asked) -> Response<Body> {
        let prefix = asked.query.split('&').find_map(|part| part.strip_prefix("prefix="));
        let prefix = prefix.unwrap_or_default().replace("%2F", "/");
        let uploads = self.uploads.lock().unwrap();
        let ours = uploads.iter().filter(|(key, _)| key.starts_with(&prefix));
        let listed: String = ours
            .map(|(key, id)| format!("<Upload><Key>{key}</Key><UploadId>{id}</UploadId></Upload>"))
            .collect();
        let text = format!(
            "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>{listed}\
             </ListMultipartUploadsResult>"
        );
        Response::new(full(text.into()))
    }
}

fn full(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

fn refusal(status: u16, code: &str) -> Response<Body> {
    let text = format!("<Error><Code>{code}</Code><Message>a ruse</Message></Error>");
    Response::builder().status(status).body(full(text.into())).unwrap()
}

fn listing(keys: &[&str]) -> Response<Body> {
    let contents: String =
        keys.iter().map(|key| format!("<Contents><Key>{key}</Key></Contents>")).collect();
    let text =
        format!("<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>");
    Response::new(full(text.into()))
}

/// An end that comes after what was before it has gone out.
async fn broken_off() -> Result<Frame<Bytes>, std::io::Error> {
    tokio::task::yield_now().await;
    Err(std::io::Error::other("a ruse"))
}

/// Changes an honest answer.
async fn twist(ruse: Ruse, response: Response<Body>) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    let mut bytes = body.collect().await.unwrap().to_bytes().to_vec();
    let half = bytes.len() / 2;
    let rest = match ruse {
        Ruse::HalfBody => {
            bytes.truncate(half);
            stream::once(broken_off()).boxed()
        }
        Ruse::EmptyBody => {
            bytes.clear();
            stream::once(broken_off()).boxed()
        }
        Ruse::HeadOnly => {
            bytes.clear();
            stream::pending().boxed()
        }
        Ruse::StallHalfway => {
            bytes.truncate(half);
            stream::pending().boxed()
        }
        _ => stream::empty().boxed(),
    };
    match ruse {
        Ruse::ChangeByte => bytes[half] ^= 1,
        Ruse::ExtraBytes => {
            bytes.extend_from_slice(b"and more");
            head.headers.remove("content-length");
        }
        Ruse::OtherRange => {
            head.headers.insert("content-range", "bytes 0-299989/300000".parse().unwrap());
        }
        Ruse::LongerRange => {
            head.headers.insert("content-range", "bytes 10-399999/400000".parse().unwrap());
        }
        Ruse::WholeForRange => {
            head.status = StatusCode::OK;
            head.headers.remove("content-range");
        }
        _ => {}
    }
    let first = stream::once(async move { Ok(Frame::data(Bytes::from(bytes))) });
    Response::from_parts(head, StreamBody::new(first.chain(rest)).boxed_unsync())
}
