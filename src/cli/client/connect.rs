//! The connection: TLS 1.3 to a service whose authority one was given, never the system's roots.
//!
//! Trust: whoever holds the key of the given authority can pose as the service and see what is sent to it; nobody
//! else can. rustls and aws-lc-rs do the handshake.

use std::{fs, path::Path, sync::Arc, time::Duration};

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    version::TLS13,
};

use crate::cli::client::{Error, Trust};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A connector that trusts what `trust` names and nothing else.
///
/// # Errors
///
/// [`Error::Pem`] if a file is missing or holds nothing of use.
pub fn connector(trust: &Trust) -> Result<HttpsConnector<HttpConnector>, Error> {
    let mut http = HttpConnector::new();
    http.set_connect_timeout(Some(CONNECT_TIMEOUT));
    http.set_nodelay(true);
    http.enforce_http(false);
    let builder = HttpsConnectorBuilder::new().with_tls_config(tls(trust)?).https_only();
    Ok(builder.enable_http1().enable_http2().wrap_connector(http))
}

fn tls(trust: &Trust) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    let authority = Path::new("the certificate authority");
    for certificate in certificates(authority, trust.authority.as_bytes())? {
        roots.add(certificate).map_err(|source| pem(authority, source))?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .expect("the provider has suites of TLS 1.3")
        .with_root_certificates(roots);
    let Some((certificate_file, key_file)) = &trust.certificate else {
        return Ok(builder.with_no_client_auth());
    };
    let key = PrivateKeyDer::from_pem_file(key_file).map_err(|source| pem(key_file, source))?;
    let text = fs::read(certificate_file).map_err(|source| pem(certificate_file, source))?;
    let chain = certificates(certificate_file, &text)?;
    builder.with_client_auth_cert(chain, key).map_err(|source| pem(certificate_file, source))
}

fn certificates(path: &Path, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    let certificates = read.map_err(|source| pem(path, source))?;
    if certificates.is_empty() {
        return Err(pem(path, rustls::pki_types::pem::Error::NoItemsFound));
    }
    Ok(certificates)
}

fn pem(path: &Path, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Pem { path: path.to_owned(), source: source.into() }
}
