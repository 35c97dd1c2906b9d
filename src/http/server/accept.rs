//! Accepting connections, not too many, until told to stop.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::warn;

use crate::http::server::{
    Error, Limits, Tls,
    connection::{self, Application, Ends},
};

/// A listening address.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<Tls>>,
    limits: Limits,
}

impl Server {
    /// Listens for TLS.
    ///
    /// # Errors
    ///
    /// [`Error::Listen`].
    pub async fn listen(address: SocketAddr, tls: Arc<Tls>, limits: Limits) -> Result<Self, Error> {
        Self::bind(address, Some(tls), limits).await
    }

    /// Listens without TLS, for the operator on the machine itself.
    ///
    /// # Errors
    ///
    /// [`Error::NotLoopback`], [`Error::Listen`].
    pub async fn listen_plainly(address: SocketAddr, limits: Limits) -> Result<Self, Error> {
        if !address.ip().is_loopback() {
            return Err(Error::NotLoopback(address));
        }
        Self::bind(address, None, limits).await
    }

    async fn bind(
        address: SocketAddr,
        tls: Option<Arc<Tls>>,
        limits: Limits,
    ) -> Result<Self, Error> {
        let failed = |source| Error::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address, tls, limits })
    }

    /// Where it listens; with the port that the system chose, if it was to choose.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is cancelled, then lets running requests end, and returns when none is left or the grace
    /// period is over.
    pub async fn serve<A: Application>(self, application: A, stop: CancellationToken) {
        let ends = Ends { stop, cut: CancellationToken::new() };
        let places = Arc::new(Semaphore::new(self.limits.connections));
        let connections = TaskTracker::new();
        loop {
            let (socket, address, place) = tokio::select! {
                accepted = self.accept(&places) => accepted,
                () = ends.stop.cancelled() => break,
            };
            let (tls, application) = (self.tls.clone(), application.clone());
            let (limits, ends) = (self.limits, ends.clone());
            connections.spawn(async move {
                connection::serve(socket, address, tls, application, limits, ends).await;
                drop(place);
            });
        }
        drop(self.listener);
        connections.close();
        if timeout(self.limits.grace, connections.wait()).await.is_err() {
            warn!(connections = connections.len(), "cut what was still running");
            ends.cut.cancel();
            connections.wait().await;
        }
    }

    /// The next connection, once there is a place for it.
    async fn accept(
        &self,
        places: &Arc<Semaphore>,
    ) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
        let place = places.clone().acquire_owned().await.expect("places are never closed");
        loop {
            match self.listener.accept().await {
                Ok((socket, address)) => {
                    // Small answers do not wait for more.
                    let _ = socket.set_nodelay(true);
                    return (socket, address, place);
                }
                Err(error) => {
                    // Too many open files, or a client that went away: neither is helped by trying at once.
                    warn!(%error, "could not accept a connection");
                    sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }
}
