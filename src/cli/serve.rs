//! `greffe serve`: the service, until it is told to stop.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    app::{self, App},
    audit::Ended,
    cli::{
        error::{Error, Exit},
        init,
        session::Session,
    },
    config::Config,
    http::{
        self,
        server::{Limits, Server, Tls, tls},
    },
};

/// Serves the API over TLS, and health and metrics on the operator's address, until SIGTERM or Ctrl-C.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe serve --config /etc/greffe/greffe.toml")]
pub struct Serve {
    /// The configuration.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

impl Serve {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// Which check at start failed, or why it cannot listen.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        tracing_subscriber::fmt().json().with_writer(std::io::stderr).init();
        let config = Arc::new(init::read(&self.config)?);
        // Found before the start is entered in the log.
        Tls::read(files(&config)).map_err(unusable)?;
        let opened = app::open(Arc::clone(&config), app::Recovery::Demanded).await;
        let app = opened.map_err(init::failed)?;
        let serving = Serving::start(&app).await?;
        session.terminal.note("serving", &[("address", &serving.address.to_string())]);
        let _told = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
        let mut log = app.writer.ended();
        tokio::select! {
            () = stop_signal() => {}
            ended = log.wait_for(Option::is_some) => {
                let why = ended.ok().and_then(|ended| *ended);
                serving.stop().await;
                return Err(stopped(why));
            }
        }
        serving.stop().await;
        app.close().await;
        Ok(Exit::Done)
    }
}

/// A start finds out what is uncertain, so whoever watches over the service may start it again; not so a contradiction.
fn stopped(why: Option<Ended>) -> Error {
    match why {
        Some(Ended::Uncertain) => Error::new(Exit::Later, "log-uncertain"),
        Some(Ended::Closed | Ended::Contradiction) | None => {
            Error::new(Exit::Tampered, "log-stopped")
        }
    }
}

/// Both listeners of a running instance.
pub(super) struct Serving {
    /// Where the API listens.
    pub address: std::net::SocketAddr,
    stop: CancellationToken,
    ends: Vec<tokio::task::JoinHandle<()>>,
}

impl Serving {
    pub(super) async fn start(app: &App) -> Result<Self, Error> {
        let config = &app.config;
        let tls = Tls::read(files(config)).map_err(unusable)?;
        let limits = limits(config);
        let api = Server::listen(config.listen, Arc::new(tls), limits).await.map_err(unusable)?;
        let operator = Server::listen_plainly(config.operator_listen, limits).await;
        let operator = operator.map_err(unusable)?;
        let (address, stop) = (api.address(), CancellationToken::new());
        let ends = vec![
            tokio::spawn(api.serve(http::router(app.clone()), stop.clone())),
            tokio::spawn(operator.serve(http::operator(app.clone()), stop.clone())),
        ];
        Ok(Self { address, stop, ends })
    }

    /// Stops accepting, and waits for what runs.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        for end in self.ends {
            // A listener that panicked has ended too.
            let _ended = end.await;
        }
    }
}

fn unusable(error: http::server::Error) -> Error {
    Error::new(Exit::Failed, "cannot-serve").because(error)
}

fn files(config: &Config) -> tls::Files {
    tls::Files {
        chain: config.tls.certificate_file.clone(),
        key: config.tls.key_file.clone(),
        clients: config.tls.client_authority_file.clone(),
        oldest: if config.tls.accept_tls12 { tls::Oldest::Tls12 } else { tls::Oldest::Tls13 },
    }
}

fn limits(config: &Config) -> Limits {
    let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds));
    Limits {
        connections: config.limits.connections,
        head: seconds(config.limits.header_timeout_seconds),
        first_request: seconds(config.limits.first_request_seconds),
        idle: seconds(config.limits.idle_seconds),
        floor_bytes_per_second: config.limits.body_floor_bytes_per_second,
        grace: seconds(config.limits.stop_seconds),
        ..Limits::default()
    }
}

pub(super) async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};

    let interrupted = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
        }
        Err(_) => drop(interrupted.await),
    }
}
