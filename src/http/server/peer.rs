//! Who is at the other end, as far as the connection shows.

use std::{net::SocketAddr, sync::Arc};

use rustls::{
    CipherSuite, NamedGroup, ProtocolVersion, ServerConnection, pki_types::CertificateDer,
};

/// The other end of a connection; every request bears it among its extensions.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Where it comes from. Nothing that a request says of itself changes this.
    pub address: SocketAddr,
    /// What TLS established; `None` on the operator's own address.
    pub secured: Option<Arc<Secured>>,
}

/// What a handshake established.
#[derive(Debug)]
pub struct Secured {
    /// The client's own certificate, if it showed one, checked against the configured authorities.
    pub client_certificate: Option<CertificateDer<'static>>,
    /// The group of the key exchange.
    pub group: Option<NamedGroup>,
    /// The cipher suite.
    pub suite: Option<CipherSuite>,
    /// The version of TLS.
    pub version: Option<ProtocolVersion>,
}

impl Peer {
    /// The client's certificate, if there is one.
    #[must_use]
    pub fn client_certificate(&self) -> Option<&CertificateDer<'static>> {
        self.secured.as_ref()?.client_certificate.as_ref()
    }
}

impl Secured {
    pub(super) fn of(connection: &ServerConnection) -> Self {
        let certificates = connection.peer_certificates();
        Self {
            client_certificate: certificates
                .and_then(<[_]>::first)
                .map(|certificate| certificate.clone().into_owned()),
            group: connection.negotiated_key_exchange_group().map(|group| group.name()),
            suite: connection.negotiated_cipher_suite().map(|suite| suite.suite()),
            version: connection.protocol_version(),
        }
    }
}
