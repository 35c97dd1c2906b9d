//! Our own connections beneath the S3 client: explicit roots, and an end to every silence.

use std::{
    error::Error as StdError,
    io,
    net::IpAddr,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        http::{
            HttpClient, HttpConnector as SdkConnector, HttpConnectorFuture, HttpConnectorSettings,
            SharedHttpConnector,
        },
        interceptors::{context::BeforeTransmitInterceptorContextMut, dyn_dispatch_hint},
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
    },
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::{Uri, body::Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, Error as ClientError, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, crypto::aws_lc_rs};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use crate::storage::{Error, s3::Settings};

/// Connections to one service.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    client: Client<HttpsConnector<HttpConnector>, Watched>,
    connect: Duration,
    silence: Duration,
}

impl Connector {
    pub(super) fn new(settings: &Settings) -> Result<Self, Error> {
        let tls = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .map_err(|_| Error::Configured("this build has no TLS"))?
            .with_root_certificates(settings.roots.clone())
            .with_no_client_auth();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(settings.patience.connect));
        let builder = HttpsConnectorBuilder::new().with_tls_config(tls);
        let builder = match settings.endpoint.scheme_str() {
            Some("https") => builder.https_only(),
            Some("http") if is_loopback(&settings.endpoint) => builder.https_or_http(),
            _ => return Err(Error::Configured("its address must begin with https://")),
        };
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(20))
            .build(builder.enable_http1().wrap_connector(tcp));
        let patience = settings.patience;
        Ok(Self { client, connect: patience.connect, silence: patience.silence })
    }
}

fn is_loopback(endpoint: &Uri) -> bool {
    let host = endpoint.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl HttpClient for Connector {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &aws_smithy_runtime_api::client::runtime_components::RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl SdkConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let this = self.clone();
        HttpConnectorFuture::new(async move {
            let request =
                request.try_into_http1x().map_err(|unfit| ConnectorError::user(unfit.into()))?;
            let progress = Progress::default();
            let watched = progress.clone();
            let request = request.map(|body| Watched { body, piece: Bytes::new(), watched });
            let response = tokio::select! {
                response = this.client.request(request) => response.map_err(failed)?,
                // Connecting is no progress that we see, and has a limit of its own.
                () = progress.stopped(this.connect, this.silence) => {
                    return Err(ConnectorError::timeout(silent()));
                }
            };
            let response =
                response.map(|body| SdkBody::from_body_1_x(Timed::new(body, this.silence)));
            HttpResponse::try_from(response)
                .map_err(|unfit| ConnectorError::other(unfit.into(), None))
        })
    }
}

fn silent() -> BoxError {
    io::Error::new(io::ErrorKind::TimedOut, "nothing moved").into()
}

/// A certificate that is not accepted now will not be at the second try.
fn failed(error: ClientError) -> ConnectorError {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(&error);
    while let Some(error) = cause {
        if let Some(rustls::Error::InvalidCertificate(_)) = error.downcast_ref() {
            return ConnectorError::user(error.to_string().into());
        }
        // An I/O error's source is its inner error's source, not the inner error itself.
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = inner.map(|inner| inner as _).or_else(|| error.source());
    }
    ConnectorError::io(error.into())
}

/// When something last moved.
#[derive(Clone, Default)]
struct Progress(Arc<Mutex<Option<Instant>>>);

impl Progress {
    fn moved(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Ends when nothing has moved for `silence`; until the first movement, `connect` longer.
    async fn stopped(&self, connect: Duration, silence: Duration) {
        let begun = Instant::now();
        loop {
            let moved = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let until = moved.unwrap_or(begun + connect) + silence;
            if until <= Instant::now() {
                return;
            }
            sleep_until(until).await;
        }
    }
}

/// Bytes on their way to the service, handed over in small pieces so that progress is seen.
#[derive(Debug)]
pub(super) struct Watched {
    body: SdkBody,
    piece: Bytes,
    watched: Progress,
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Progress")
    }
}

const PIECE_BYTES: usize = 256 * 1024;

impl Body for Watched {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.watched.moved();
        if self.piece.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(piece) => self.piece = piece,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                end => return Poll::Ready(end),
            }
        }
        let length = self.piece.len().min(PIECE_BYTES);
        Poll::Ready(Some(Ok(Frame::data(self.piece.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.piece.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (held, rest) = (self.piece.len() as u64, Body::size_hint(&self.body));
        let mut hint = SizeHint::new();
        hint.set_lower(held + rest.lower());
        if let Some(upper) = rest.upper() {
            hint.set_upper(held + upper);
        }
        hint
    }
}

/// An answer that ends when nothing comes for a while.
struct Timed {
    body: Incoming,
    silence: Duration,
    /// Restarted by whatever comes; whoever asks late is not to blame.
    until: Pin<Box<Sleep>>,
}

impl Timed {
    fn new(body: Incoming, silence: Duration) -> Self {
        Self { body, silence, until: Box::pin(sleep(silence)) }
    }
}

impl Body for Timed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            let until = Instant::now() + self.silence;
            self.until.as_mut().reset(until);
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        ready!(self.until.as_mut().poll(cx));
        Poll::Ready(Some(Err(silent())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        Body::size_hint(&self.body)
    }
}

/// Takes away what would tell the service which software, system and compiler we run.
#[derive(Debug)]
pub(super) struct Unnamed;

#[dyn_dispatch_hint]
impl Intercept for Unnamed {
    fn name(&self) -> &'static str {
        "Unnamed"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.request_mut().headers_mut();
        headers.remove("x-amz-user-agent");
        headers.insert("user-agent", "greffe");
        Ok(())
    }
}
