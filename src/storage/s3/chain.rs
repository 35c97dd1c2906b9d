//! The certificates that a service shows: vouched for by our roots alone, and looked at for their end.

use std::sync::{Arc, Mutex, PoisonError};

use ring::digest::{SHA256, digest};
use rustls::{
    DigitallySignedStruct, Error as TlsError, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use crate::{storage::LocationId, time::Instant};

/// How long before its end a chain is warned of.
const WARNED_BEFORE_SECONDS: i64 = 30 * DAY_SECONDS;
const DAY_SECONDS: i64 = 24 * 3600;

/// When the chain ends that a service showed last.
#[derive(Debug)]
pub struct Chain {
    location: LocationId,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// The first end of one of its certificates, in seconds of the epoch.
    ends: Option<i64>,
    /// SHA-256 of the service's own.
    certificate: Option<[u8; 32]>,
    warned: Option<i64>,
}

impl Chain {
    pub(super) fn new(location: &LocationId) -> Arc<Self> {
        Arc::new(Self { location: location.clone(), seen: Mutex::default() })
    }

    /// Whose chain it is.
    #[must_use]
    pub fn location(&self) -> &LocationId {
        &self.location
    }

    /// When the first of its certificates ends, in seconds of the epoch; nothing if none was shown yet.
    #[must_use]
    pub fn ends(&self) -> Option<i64> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).ends
    }

    /// SHA-256, in hex, of the service's own certificate; nothing if none was shown yet.
    pub(super) fn certificate(&self) -> Option<String> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.certificate.map(hex::encode)
    }

    /// Warns the operator, once a day, from 30 days before the end on.
    pub fn remind(&self, now: Instant) {
        let now = now.0.div_euclid(1_000_000);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(days) = seen.days_to_warn_of(now) {
            seen.warned = Some(now);
            let location = &self.location;
            tracing::warn!(%location, days, "the certificates that this location shows end soon: \
                when they have ended nothing is written or read there; ask whoever runs it");
        }
    }

    fn saw(&self, chain: &[&CertificateDer<'_>], now: UnixTime) {
        let first = chain.iter().filter_map(|certificate| ends(certificate)).min();
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.ends = first;
            let shown = chain.first().map(|certificate| digest(&SHA256, certificate));
            seen.certificate = shown.and_then(|digest| digest.as_ref().try_into().ok());
        }
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX / 1_000_000);
        self.remind(Instant(now * 1_000_000));
    }
}

impl Seen {
    /// How many days are left, if that is to be said now.
    fn days_to_warn_of(&self, now: i64) -> Option<i64> {
        let left = self.ends? - now;
        let said = self.warned.is_some_and(|warned| now - warned < DAY_SECONDS);
        (left < WARNED_BEFORE_SECONDS && !said).then_some(left.div_euclid(DAY_SECONDS))
    }
}

/// Verifies as usual, and looks at what was verified.
#[derive(Debug)]
pub(super) struct Looking {
    pub(super) verifier: Arc<WebPkiServerVerifier>,
    pub(super) chain: Arc<Chain>,
}

impl ServerCertVerifier for Looking {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let verified =
            self.verifier.verify_server_cert(end_entity, intermediates, name, ocsp, now)?;
        let chain: Vec<_> = [end_entity].into_iter().chain(intermediates).collect();
        self.chain.saw(&chain, now);
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.verifier.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.verifier.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// The end of a certificate's validity (RFC 5280, 4.1.2.5), in seconds of the epoch; nothing if it cannot be read.
fn ends(certificate: &[u8]) -> Option<i64> {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
    Some(certificate.validity().not_after.timestamp())
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    #[test]
    fn an_end_is_said_from_thirty_days_before_once_a_day() {
        let mut seen = Seen { ends: Some(100 * DAY_SECONDS), ..Seen::default() };
        let at = |seen: &Seen, day: i64| seen.days_to_warn_of(day * DAY_SECONDS);

        assert_eq!(at(&seen, 70), None);
        assert_eq!(seen.days_to_warn_of(70 * DAY_SECONDS + 1), Some(29));
        seen.warned = Some(71 * DAY_SECONDS);
        assert_eq!(seen.days_to_warn_of(72 * DAY_SECONDS - 1), None);
        assert_eq!(at(&seen, 72), Some(28));
        assert_eq!(at(&seen, 101), Some(-1), "it ended");
        assert_eq!(at(&Seen::default(), 72), None, "none was shown");
    }

    #[test]
    fn whoever_was_warned_is_warned_again_a_day_later_only() {
        let chain = Chain::new(&"paris".parse().unwrap());
        let warned_at = |seconds: i64| {
            chain.remind(Instant(seconds * 1_000_000));
            chain.seen.lock().unwrap().warned
        };
        assert_eq!(warned_at(0), None, "none was shown");
        chain.seen.lock().unwrap().ends = Some(40 * DAY_SECONDS);

        assert_eq!(warned_at(DAY_SECONDS), None);
        assert_eq!(warned_at(20 * DAY_SECONDS), Some(20 * DAY_SECONDS));
        assert_eq!(warned_at(21 * DAY_SECONDS - 1), Some(20 * DAY_SECONDS));
        assert_eq!(warned_at(21 * DAY_SECONDS), Some(21 * DAY_SECONDS));
    }

    fn certificate(year: i32) -> Vec<u8> {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 2, 3);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn the_end_is_read_in_both_forms_of_a_date() {
        for (year, seconds) in [(2031, 1_927_843_200), (2061, 2_874_614_400)] {
            assert_eq!(ends(&certificate(year)), Some(seconds), "{year}");
        }
    }

    #[test]
    fn whatever_is_cut_or_changed_gives_nothing_or_an_instant_and_never_breaks() {
        let whole = certificate(2031);

        for cut in 0..120.min(whole.len()) {
            assert_eq!(ends(&whole[..cut]), None, "{cut}");
        }
        for at in 0..whole.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[at] ^= flip;
                let _either = ends(&changed);
            }
        }
    }
}
