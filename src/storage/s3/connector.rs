//! Our own connections beneath the S3 client: to roots that are configured, and to nothing in clear but this machine.

use std::{
    error::Error as StdError,
    io,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
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
use hyper::{HeaderMap, Uri, header};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, Error as ClientError, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use jiff::Timestamp;
use rustls::{ClientConfig, RootCertStore, client::WebPkiServerVerifier, crypto::aws_lc_rs};

use tower_http::timeout::TimeoutBody;

use crate::storage::{
    Error,
    s3::{
        Chain, Settings,
        chain::Looking,
        files::{self, Watched as File},
        progress::{Progress, Watched, silent},
        resolver::{Resolver, is_local},
    },
};

type Connections = Client<HttpsConnector<HttpConnector<Resolver>>, Watched>;

/// Connections to one service.
#[derive(Debug, Clone)]
pub(super) struct Connector(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    roots: File<Arc<RootCertStore>>,
    chain: Arc<Chain>,
    scheme: Scheme,
    /// Those under the roots of one turn of their file; others take their place when it changes.
    connections: Mutex<(u64, Connections)>,
    connect: Duration,
    silence: Duration,
    /// By how many seconds the service's clock was ahead of ours when it answered last.
    ahead: Mutex<Option<i64>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Https,
    /// To this machine only.
    Http,
}

impl Connector {
    pub(super) fn new(settings: &Settings, chain: Arc<Chain>) -> Result<Self, Error> {
        let scheme = match settings.endpoint.scheme_str() {
            Some("https") => Scheme::Https,
            Some("http") if is_loopback(&settings.endpoint) => Scheme::Http,
            _ => return Err(Error::Configured("its address must begin with https://")),
        };
        let roots = File::open(&settings.location, &settings.root_file, files::roots)?;
        let (turn, trusted) = roots.current();
        if scheme == Scheme::Https && trusted.is_empty() {
            let why = "it holds no authority".to_owned();
            return Err(Error::Unusable { path: settings.root_file.clone(), why });
        }
        let patience = settings.patience;
        let connections = connections(&trusted, &chain, scheme, patience.connect)?;
        Ok(Self(Arc::new(Inner {
            roots,
            chain,
            scheme,
            connections: Mutex::new((turn, connections)),
            connect: patience.connect,
            silence: patience.silence,
            ahead: Mutex::default(),
        })))
    }

    /// By how many seconds the service's clock was ahead of ours when it answered last; nothing if it did not say.
    pub(super) fn clock_ahead_seconds(&self) -> Option<i64> {
        *self.0.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Connections under the roots that stand in their file now.
    fn connections(&self) -> Connections {
        let (turn, roots) = self.roots.current();
        let mut held = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        if held.0 < turn {
            match connections(&roots, &self.chain, self.scheme, self.connect) {
                Ok(connections) => *held = (turn, connections),
                Err(error) => {
                    let location = self.chain.location();
                    tracing::error!(%location, %error, "the former roots are used");
                    held.0 = turn;
                }
            }
        }
        held.1.clone()
    }
}

fn connections(
    roots: &Arc<RootCertStore>,
    chain: &Arc<Chain>,
    scheme: Scheme,
    connect: Duration,
) -> Result<Connections, Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let tls = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|_| Error::Configured("this build has no TLS"))?;
    let tls = match scheme {
        Scheme::Http => tls.with_root_certificates(RootCertStore::empty()).with_no_client_auth(),
        Scheme::Https => {
            let verifier =
                WebPkiServerVerifier::builder_with_provider(Arc::clone(roots), provider).build();
            let verifier =
                verifier.map_err(|_| Error::Configured("its `root_file` holds no authority"))?;
            let looking = Looking { verifier, chain: Arc::clone(chain) };
            let tls = tls.dangerous().with_custom_certificate_verifier(Arc::new(looking));
            tls.with_no_client_auth()
        }
    };
    let mut tcp = HttpConnector::new_with_resolver(Resolver::default());
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(connect));
    let builder = HttpsConnectorBuilder::new().with_tls_config(tls);
    let builder = match scheme {
        Scheme::Https => builder.https_only(),
        Scheme::Http => builder.https_or_http(),
    };
    Ok(Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(20))
        .build(builder.enable_http1().wrap_connector(tcp)))
}

fn is_loopback(endpoint: &Uri) -> bool {
    let host = endpoint.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    is_local(host) || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
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
        let this = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move {
            let request =
                request.try_into_http1x().map_err(|unfit| ConnectorError::user(unfit.into()))?;
            let progress = Progress::default();
            let watched = progress.clone();
            let request = request.map(|body| Watched::new(body, watched));
            let response = tokio::select! {
                response = this.connections().request(request) => response.map_err(failed)?,
                // Connecting is no progress that we see, and has a limit of its own.
                () = progress.stopped(this.connect, this.silence) => {
                    return Err(ConnectorError::timeout(silent()));
                }
            };
            *this.ahead.lock().unwrap_or_else(PoisonError::into_inner) = ahead(response.headers());
            let response =
                response.map(|body| SdkBody::from_body_1_x(TimeoutBody::new(this.silence, body)));
            HttpResponse::try_from(response)
                .map_err(|unfit| ConnectorError::other(unfit.into(), None))
        })
    }
}

/// What the header `Date` says (RFC 9110, 6.6.1), less our own clock.
fn ahead(headers: &HeaderMap) -> Option<i64> {
    let date = headers.get(header::DATE)?.to_str().ok()?;
    let said = jiff::fmt::rfc2822::parse(date).ok()?.timestamp();
    Some(said.as_second() - Timestamp::now().as_second())
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
