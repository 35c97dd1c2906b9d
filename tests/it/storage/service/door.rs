//! The door: every call is recorded, then answered honestly or by a ruse.

use std::{
    convert::Infallible,
    fs,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use s3s::service::S3Service;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::Notify,
};
use tokio_rustls::TlsAcceptor;

use crate::storage::service::{
    BUCKET,
    ruse::{Body, Ruse, full, listing, refusal, twist},
};

/// One call, as the service saw it.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: Vec<(String, String)>,
    /// The body of what is to be kept, as far as the service took it.
    pub sent: Bytes,
}

/// Picks the ruse for a call, knowing how many were played before.
pub type Choose = Box<dyn Fn(&Asked, usize) -> Ruse + Send + Sync>;

/// What stands behind the door.
pub struct State {
    pub inner: S3Service,
    pub choose: Choose,
    pub asked: Mutex<Vec<Asked>>,
    /// Key and id of each upload that has begun and not ended.
    pub uploads: Mutex<Vec<(String, String)>>,
    pub changed: Notify,
    pub let_go: Notify,
    pub played: AtomicUsize,
    pub folder: PathBuf,
    pub handshakes_failed: AtomicUsize,
}

pub async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, state: Arc<State>) {
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

/// A body as it came, or as it was left.
enum Taken {
    Whole(Bytes),
    Left(Incoming),
}

fn whole(taken: Taken) -> s3s::Body {
    match taken {
        Taken::Whole(bytes) => bytes.into(),
        Taken::Left(body) => body.into(),
    }
}

/// The key in a path that may begin with the bucket's name.
fn key(path: &str) -> &str {
    let path = path.trim_start_matches('/');
    path.strip_prefix(BUCKET).and_then(|path| path.strip_prefix('/')).unwrap_or(path)
}

/// The head of a call.
fn read(request: &Request<Incoming>) -> Asked {
    let text = |value: &hyper::header::HeaderValue| value.to_str().unwrap().to_owned();
    let headers = request.headers().iter();
    Asked {
        method: request.method().as_str().to_owned(),
        path: key(request.uri().path()).to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        headers: headers.map(|(name, value)| (name.to_string(), text(value))).collect(),
        sent: Bytes::new(),
    }
}

impl State {
    /// Takes what is to be kept, unless the ruse takes the head only.
    async fn take(&self, request: Request<Incoming>) -> (Asked, Ruse, Request<Taken>) {
        let mut asked = read(&request);
        let ruse = (self.choose)(&asked, self.played.load(Ordering::SeqCst));
        let (head, body) = request.into_parts();
        let body = match ruse {
            Ruse::Hang => Taken::Left(body),
            _ => {
                let sent = BodyExt::collect(body).await;
                Taken::Whole(sent.map(|all| all.to_bytes()).unwrap_or_default())
            }
        };
        if let (Taken::Whole(sent), "PUT") = (&body, asked.method.as_str()) {
            asked.sent = sent.clone();
        }
        self.asked.lock().unwrap().push(asked.clone());
        self.changed.notify_waiters();
        (asked, ruse, Request::from_parts(head, body))
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let (asked, ruse, request) = self.take(request).await;
        if !matches!(ruse, Ruse::None) {
            self.played.fetch_add(1, Ordering::SeqCst);
        }
        match ruse {
            Ruse::Refuse(status, code) => refusal(status, code),
            Ruse::Hang => {
                // The body is held and never read.
                let _held = request;
                std::future::pending().await
            }
            Ruse::Swallow => {
                let answer =
                    Response::builder().header("etag", "\"d41d8cd98f00b204e9800998ecf8427e\"");
                answer.body(full(Bytes::new())).unwrap()
            }
            Ruse::KeepAndRefuse(status) => {
                self.honest(&asked, request).await;
                refusal(status, "InternalError")
            }
            Ruse::Wait => {
                self.let_go.notified().await;
                self.honest(&asked, request).await
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
            Ruse::ListNothing => listing(&[]),
            Ruse::OtherRegion => {
                let text = "<LocationConstraint>us-east-1</LocationConstraint>";
                Response::new(full(text.into()))
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

    async fn honest(&self, asked: &Asked, request: Request<Taken>) -> Response<Body> {
        // What stands behind makes a bucket that is not there.
        if !self.folder.is_dir() {
            return refusal(404, "NoSuchBucket");
        }
        if asked.method == "GET" && asked.query.split('&').any(|part| part == "uploads") {
            return self.list_uploads(asked);
        }
        let id = asked.query.split('&').find_map(|part| part.strip_prefix("uploadId="));
        if id.is_some_and(|id| id.starts_with("crashed-")) {
            let _crashed = self.end_upload(id.unwrap());
            return Response::builder().status(204).body(full(Bytes::new())).unwrap();
        }
        // What stands behind calls a second abort of one upload a denied one.
        if asked.method == "DELETE" && id.is_some_and(|id| !self.end_upload(id)) {
            return refusal(404, "NoSuchUpload");
        }
        let response = match self.inner.call(request.map(whole)).await {
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
                ("POST", Some(id)) => {
                    let _completed = self.end_upload(id);
                }
                _ => {}
            }
        }
        Response::from_parts(head, full(bytes))
    }

    /// Forgets an upload, if it was going on.
    fn end_upload(&self, id: &str) -> bool {
        let mut uploads = self.uploads.lock().unwrap();
        let before = uploads.len();
        uploads.retain(|(_, other)| other != id);
        self.changed.notify_waiters();
        uploads.len() < before
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
