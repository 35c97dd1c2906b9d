//! The certificate that the service shows, which may change while it runs.

use std::sync::{Arc, Mutex};

use rcgen::{CertificateParams, KeyPair};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs::{default_provider, sign::any_supported_type},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio_rustls::TlsAcceptor;

/// A certificate that vouches for itself, for the service's names.
#[derive(Debug)]
pub struct Shown {
    now: Mutex<Arc<CertifiedKey>>,
    pem: Mutex<String>,
}

fn made(days: i64) -> (Arc<CertifiedKey>, String) {
    let names = ["localhost".to_owned(), "mission.localhost".to_owned()];
    let mut params = CertificateParams::new(names).unwrap();
    // Certificates end at midnight in UTC here: rcgen's own instants are not in its interface.
    let end = jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::now()).date();
    let end = end.checked_add(jiff::Span::new().days(days)).unwrap();
    let (month, day) = (end.month().unsigned_abs(), end.day().unsigned_abs());
    params.not_after = rcgen::date_time_ymd(i32::from(end.year()), month, day);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let signing = any_supported_type(&key.serialize_der().try_into().unwrap()).unwrap();
    let certified = CertifiedKey::new(vec![certificate.der().clone()], signing);
    (Arc::new(certified), certificate.pem())
}

impl Shown {
    /// One that ends after so many days.
    pub fn for_days(days: i64) -> Arc<Self> {
        let (now, pem) = made(days);
        Arc::new(Self { now: Mutex::new(now), pem: Mutex::new(pem) })
    }

    /// Shows another from the next connection on.
    pub fn renew(&self) {
        let (now, pem) = made(3650);
        *self.now.lock().unwrap() = now;
        *self.pem.lock().unwrap() = pem;
    }

    /// What must be trusted to trust it.
    pub fn pem(&self) -> String {
        self.pem.lock().unwrap().clone()
    }

    pub fn acceptor(self: &Arc<Self>) -> TlsAcceptor {
        let tls = ServerConfig::builder_with_provider(default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        TlsAcceptor::from(Arc::new(tls))
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.now.lock().unwrap().clone())
    }
}
