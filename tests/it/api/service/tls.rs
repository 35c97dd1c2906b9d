//! Certificates of a service, and who trusts them.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs::default_provider};

use crate::api::service::Https;

pub fn certify(folder: &Path) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "the tests' authority");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    leaf.distinguished_name.push(DnType::CommonName, "the tests' service");
    let chain = leaf.signed_by(&key, &authority).unwrap().pem();
    let files = [
        ("chain.pem", chain),
        ("key.pem", key.serialize_pem()),
        ("authority.pem", authority.pem()),
    ];
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    authority
}

pub fn trust(authority: &str) -> ClientConfig {
    use rustls::pki_types::{CertificateDer, pem::PemObject as _};

    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
    ClientConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

pub fn client(trust: ClientConfig) -> Https {
    let builder = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(trust);
    Client::builder(TokioExecutor::new()).build(builder.https_only().enable_http1().build())
}
