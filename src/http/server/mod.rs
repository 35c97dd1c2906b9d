//! Our own accept loop: the frameworks' leave a half-sent header open for ever.
//!
//! Whatever a client does not send in time, or does not take, ends its connection: the handshake, the first request,
//! each head, a body, an answer, a silence between requests. Who cannot log in can hold no more than a place in the
//! queue for some seconds.

use std::{io, net::SocketAddr, path::PathBuf, time::Duration};

mod accept;
mod body;
mod connection;
mod framing;
mod guard;
mod pace;
mod peer;
pub mod tls;
mod watch;

pub use accept::Server;
pub use body::TooSlow;
pub use connection::Application;
pub use peer::{Peer, Secured};
pub use tls::Tls;

/// How much of us one client may hold, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many connections are open at once; more of them wait in the system's queue.
    pub connections: usize,
    /// For the handshake, and for the head of each request, from its end of the one before: so it also ends a
    /// connection that idles in HTTP/1.1.
    pub head: Duration,
    /// From the connection's beginning to the end of its first request's head.
    pub first_request: Duration,
    /// How long a connection may be open with nothing asked, in HTTP/2.
    pub idle: Duration,
    /// The least bytes a second that a client must send of a body, or take of an answer, while we wait for it.
    pub floor_bytes_per_second: u64,
    /// Over how long that is measured.
    pub floor_window: Duration,
    /// The most bytes of a request's head.
    pub head_bytes: usize,
    /// The most fields of a request's head.
    pub head_fields: usize,
    /// How long running requests may go on after the server is told to stop.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 2048,
            head: Duration::from_secs(10),
            first_request: Duration::from_secs(12),
            idle: Duration::from_secs(60),
            floor_bytes_per_second: 1024,
            floor_window: Duration::from_secs(10),
            head_bytes: 16 * 1024,
            head_fields: 64,
            grace: Duration::from_secs(30),
        }
    }
}

/// Why the server does not start, or keeps its former certificate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is taken, or not ours.
    #[error("could not listen on {address}")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Without TLS only the machine itself may ask.
    #[error("{0} is not a loopback address: without TLS the server listens on loopback only")]
    NotLoopback(SocketAddr),
    /// A file could not be read.
    #[error("could not read {path}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{path} holds no {wanted} in PEM")]
    Pem {
        /// Which file.
        path: PathBuf,
        /// What was looked for.
        wanted: &'static str,
    },
    /// Others can read the private key.
    #[error("{path} can be read by others: give it mode 0600")]
    KeyMode {
        /// Which file.
        path: PathBuf,
    },
    /// Certificate and key, or the clients' authorities, do not go together.
    #[error("the certificates cannot be used")]
    Unusable(#[source] Box<dyn std::error::Error + Send + Sync>),
}
