//! TLS as the server speaks it: 1.3, a hybrid key exchange first, our order of suites, nothing resumed.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use rustls::{
    RootCertStore, ServerConfig, SupportedProtocolVersion,
    crypto::{
        CryptoProvider,
        aws_lc_rs::{self, cipher_suite as suites, kx_group as groups},
    },
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{NoServerSessionStorage, WebPkiClientVerifier, danger::ClientCertVerifier},
    version::{TLS12, TLS13},
};
use tokio_rustls::TlsAcceptor;

use crate::http::server::Error;

/// The files that say who the server is, and whose client certificates count.
#[derive(Debug, Clone)]
pub struct Files {
    /// The server's certificate and those between it and its authority, in PEM.
    pub chain: PathBuf,
    /// Its private key, in PEM, readable by nobody else.
    pub key: PathBuf,
    /// The authorities whose client certificates are accepted; without them no client is asked for one.
    pub clients: Option<PathBuf>,
    /// The oldest version that is spoken.
    pub oldest: Oldest,
}

/// The oldest version of TLS that is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Oldest {
    /// 1.2 with authenticated encryption and ephemeral keys only, for clients that cannot do better.
    Tls12,
    /// 1.3.
    #[default]
    Tls13,
}

/// The server's side of TLS, which can be read anew while it runs.
#[derive(Debug)]
pub struct Tls {
    files: Files,
    current: RwLock<Arc<ServerConfig>>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// Which of them cannot be used, and why.
    pub fn read(files: Files) -> Result<Self, Error> {
        let current = RwLock::new(Arc::new(configuration(&files)?));
        Ok(Self { files, current })
    }

    /// Reads the files again, for the connections that come from now on.
    ///
    /// # Errors
    ///
    /// Which of them cannot be used; then all stays as it was.
    pub fn reread(&self) -> Result<(), Error> {
        let new = Arc::new(configuration(&self.files)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone().into()
    }
}

/// Suites and groups in our order; the client's does not count.
fn provider(oldest: Oldest) -> CryptoProvider {
    let mut cipher_suites = vec![
        suites::TLS13_AES_256_GCM_SHA384,
        suites::TLS13_AES_128_GCM_SHA256,
        suites::TLS13_CHACHA20_POLY1305_SHA256,
    ];
    if oldest == Oldest::Tls12 {
        cipher_suites.extend([
            suites::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            suites::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            suites::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            suites::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        ]);
    }
    CryptoProvider {
        cipher_suites,
        kx_groups: vec![
            groups::X25519MLKEM768,
            groups::X25519,
            groups::SECP384R1,
            groups::SECP256R1,
        ],
        ..aws_lc_rs::default_provider()
    }
}

fn configuration(files: &Files) -> Result<ServerConfig, Error> {
    let provider = Arc::new(provider(files.oldest));
    let versions: &[&SupportedProtocolVersion] = match files.oldest {
        Oldest::Tls12 => &[&TLS13, &TLS12],
        Oldest::Tls13 => &[&TLS13],
    };
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(versions)
        .map_err(unusable)?;
    let builder = match &files.clients {
        Some(path) => builder.with_client_cert_verifier(clients(path, provider)?),
        None => builder.with_no_client_auth(),
    };
    let mut tls = builder
        .with_single_cert(certificates(&files.chain)?, key(&files.key)?)
        .map_err(unusable)?;
    tls.ignore_client_order = true;
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // A resumed session would bring back a client certificate that has been withdrawn since, and early data could be
    // played again.
    tls.session_storage = Arc::new(NoServerSessionStorage {});
    tls.send_tls13_tickets = 0;
    tls.max_early_data_size = 0;
    Ok(tls)
}

fn clients(
    path: &Path,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, Error> {
    let mut roots = RootCertStore::empty();
    for authority in certificates(path)? {
        roots.add(authority).map_err(unusable)?;
    }
    WebPkiClientVerifier::builder_with_provider(roots.into(), provider)
        .allow_unauthenticated()
        .build()
        .map_err(unusable)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let pem = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(Error::Pem { path: path.to_owned(), wanted: "certificate" }),
    }
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    let pem = zeroize::Zeroizing::new(read(path)?);
    let mode = fs::metadata(path).map_err(unread(path))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(Error::KeyMode { path: path.to_owned() });
    }
    PrivateKeyDer::from_pem_slice(&pem)
        .map_err(|_| Error::Pem { path: path.to_owned(), wanted: "private key" })
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(unread(path))
}

fn unread(path: &Path) -> impl Fn(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Read { path: path.clone(), source }
}

fn unusable(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Unusable(Box::new(error))
}
