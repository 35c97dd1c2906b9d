//! One connection, from its handshake to its end.

use std::{convert::Infallible, future::Future, net::SocketAddr, pin::Pin, sync::Arc};

use axum::{body::Body, response::Response};
use hyper::{
    Request, StatusCode,
    body::Incoming,
    server::conn::{http1, http2},
    service::{Service, service_fn},
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use tracing::debug;

use crate::http::server::{
    Limits, Peer, Secured, Tls,
    body::{Download, Upload},
    guard::Guarded,
    watch::{Verdict, Watch, Watched},
};

/// What answers requests: axum's `Router`, for one.
pub trait Application:
    tower::Service<Request<Body>, Response = Response, Error = Infallible, Future: Send + 'static>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<A> Application for A where
    A: tower::Service<
            Request<Body>,
            Response = Response,
            Error = Infallible,
            Future: Send + 'static,
        > + Clone
        + Send
        + Sync
        + 'static
{
}

/// When connections are to end.
#[derive(Debug, Clone, Default)]
pub(super) struct Ends {
    /// Answer what is running, take nothing new.
    pub(super) stop: CancellationToken,
    /// Now.
    pub(super) cut: CancellationToken,
}

/// Serves one connection to its end.
pub(super) async fn serve<A: Application>(
    socket: TcpStream,
    address: SocketAddr,
    tls: Option<Arc<Tls>>,
    application: A,
    limits: Limits,
    ends: Ends,
) {
    let watch = Watch::new(limits, Instant::now());
    let socket = Watched::new(socket, watch.clone());
    let Some(tls) = tls else {
        let peer = Peer { address, secured: None };
        let service = service(application, peer, watch.clone(), limits);
        let guarded = TokioIo::new(Guarded::new(socket, limits));
        let connection = http1_builder(limits).serve_connection(guarded, service);
        return drive(connection, watch, limits, ends).await;
    };
    let handshake = timeout(limits.head, tls.acceptor().accept(socket));
    let stream = tokio::select! {
        handshake = handshake => match handshake {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return debug!(%address, %error, "a handshake failed"),
            Err(_) => return debug!(%address, "a handshake took too long"),
        },
        () = ends.stop.cancelled() => return,
    };
    let secured = Secured::of(stream.get_ref().1);
    let peer = Peer { address, secured: Some(Arc::new(secured)) };
    // The client named its protocol in the handshake: sniffing for it would wait without a limit.
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let service = service(application, peer, watch.clone(), limits);
    if is_http2 {
        let connection = http2_builder(limits).serve_connection(TokioIo::new(stream), service);
        drive(connection, watch, limits, ends).await;
    } else {
        let guarded = TokioIo::new(Guarded::new(stream, limits));
        let connection = http1_builder(limits).serve_connection(guarded, service);
        drive(connection, watch, limits, ends).await;
    }
}

fn http1_builder(limits: Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_headers(limits.head_fields)
        .max_header_size(limits.head_bytes);
    builder
}

fn http2_builder(limits: Limits) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.head)
        .keep_alive_timeout(limits.head)
        .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(100)
        // What one upload may have on its way; more only costs memory.
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(2 << 20);
    builder
}

/// Hands requests to the application, with their peer, and watches both bodies.
fn service<A: Application>(
    application: A,
    peer: Peer,
    watch: Arc<Watch>,
    limits: Limits,
) -> impl Service<
    Request<Incoming>,
    Response = Response<Download>,
    Error = Infallible,
    Future: Send + 'static,
> {
    service_fn(move |request: Request<Incoming>| {
        let (watch, running) = (watch.clone(), watch.request());
        let mut request = request.map(|body| Body::new(Upload::new(body, watch.floor())));
        request.extensions_mut().insert(peer.clone());
        let too_large = request.headers().len() > limits.head_fields;
        let answer = application.clone().oneshot(request);
        async move {
            let response = if too_large {
                let mut refusal = Response::new(Body::empty());
                *refusal.status_mut() = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
                refusal
            } else {
                answer.await?
            };
            Ok(response.map(|body| Download::new(body, &watch, running)))
        }
    })
}

/// A connection of either protocol.
trait Drive: Future<Output = hyper::Result<()>> {
    fn graceful_shutdown(self: Pin<&mut Self>);
}

impl<I, B, S> Drive for http1::Connection<I, S>
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
    B: http_body::Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    S: hyper::service::HttpService<Incoming, ResBody = B>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn graceful_shutdown(self: Pin<&mut Self>) {
        http1::Connection::graceful_shutdown(self);
    }
}

impl<I, B, S> Drive for http2::Connection<I, S, TokioExecutor>
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    S: hyper::service::HttpService<Incoming, ResBody = B>,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn graceful_shutdown(self: Pin<&mut Self>) {
        http2::Connection::graceful_shutdown(self);
    }
}

/// Runs a connection until it ends, is to end, or has to.
async fn drive(connection: impl Drive, watch: Arc<Watch>, limits: Limits, ends: Ends) {
    let mut connection = std::pin::pin!(connection);
    let mut look_at = Instant::now();
    let mut ending = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    debug!(%error, "a connection failed");
                }
                return;
            }
            () = sleep_until(look_at) => match watch.look(Instant::now()) {
                Verdict::LookAgain(later) => look_at = Instant::now() + later,
                Verdict::Idle if ending => return,
                Verdict::Idle => {
                    connection.as_mut().graceful_shutdown();
                    ending = true;
                    look_at = Instant::now() + limits.head;
                }
                Verdict::Slow(why) => return debug!(why, "a connection was cut"),
            },
            () = ends.stop.cancelled(), if !ending => {
                connection.as_mut().graceful_shutdown();
                ending = true;
            }
            () = ends.cut.cancelled() => return,
        }
    }
}
