//! From what a request presents to a caller.

use std::{collections::BTreeMap, net::IpAddr};

use ring::digest::{SHA256, digest};

use crate::{
    audit::{Actor, Method},
    database::Revisions,
    id::PersonId,
    identity::{
        Caller, Error, Identity, Token,
        caller::{Live, confirm},
        rows::{self, Row},
        verifier::Claim,
    },
    mission::{CredentialKind, PersonRevision, network_of},
    time::Instant,
};

/// Longest device name that is kept, in characters.
const LONGEST_DEVICE: usize = 200;

/// What a request presents.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'r> {
    /// What stands after `Bearer` in the header `Authorization`.
    pub bearer: Option<&'r str>,
    /// The client certificate's DER, of which the connection has proved to have the key.
    pub certificate: Option<&'r [u8]>,
    /// The header `Greffe-Capacity`: `company:ID`, `workstream:ID` or `mission`.
    pub capacity: Option<&'r str>,
    /// The peer's address.
    pub address: IpAddr,
    /// The header `User-Agent`.
    pub device: &'r str,
    /// The present instant.
    pub now: Instant,
}

impl Identity {
    /// Who presents this, and in which capacity. A token has one; of a certificate's several the
    /// header chooses.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] (401) if nothing that lives was presented; [`Error::Choose`] (409) if the
    /// capacity is to be named; [`Error::Limited`] (429) if this source failed too often.
    pub async fn authenticate(&self, presented: Presented<'_>) -> Result<Caller, Error> {
        let found = match (presented.bearer, presented.certificate) {
            (Some(bearer), _) => self.by_token(bearer, &presented).await,
            (None, Some(_)) => self.by_certificate(&presented).await,
            // Nobody's mistake, and nothing that could be guessed at.
            (None, None) => return Err(Error::Unknown),
        };
        match found {
            Err(Error::Unknown) => Err(self.failed(presented.address, presented.now)),
            found => found,
        }
    }

    /// Takes note of a failure: unknown, or from a source that must wait.
    pub(super) fn failed(&self, address: IpAddr, now: Instant) -> Error {
        match self.inner.limiter.wait_seconds(address, now) {
            Some(wait_seconds) => {
                self.inner.limiter.refused();
                Error::Limited { wait_seconds }
            }
            None => {
                self.inner.limiter.failed(address, now);
                Error::Unknown
            }
        }
    }

    async fn by_token(&self, bearer: &str, presented: &Presented<'_>) -> Result<Caller, Error> {
        let row = match Token::parse(bearer) {
            Ok(token) if token.kind == CredentialKind::Token => {
                self.verified(&token, presented.address, presented.now).await?
            }
            Ok(_) | Err(_) => None,
        };
        let row = row.ok_or(Error::Unknown)?;
        let mut revisions = Revisions::new(presented.now);
        let live = match confirm(&self.registry, &row.claim, &mut revisions).await {
            Err(Error::Unknown) => {
                self.inner.rows.forget(row.claim.id);
                return Err(Error::Unknown);
            }
            live => live?,
        };
        let mission = self.registry.mission(&mut revisions).await.map_err(Error::Authority)?;
        let handle = mission.party(row.claim.capacity).map(|party| party.handle.as_str());
        if let (Some(wanted), Some(handle)) = (presented.capacity, handle)
            && wanted != handle
        {
            return Err(Error::Choose(vec![handle.to_owned()]));
        }
        Ok(caller(presented, row.claim, &live))
    }

    async fn by_certificate(&self, presented: &Presented<'_>) -> Result<Caller, Error> {
        let fingerprint = fingerprint(presented.certificate.ok_or(Error::Unknown)?);
        let mut revisions = Revisions::new(presented.now);
        let mission = self.registry.mission(&mut revisions).await.map_err(Error::Authority)?;
        let mut found: BTreeMap<String, (Claim, Live)> = BTreeMap::new();
        let mut person: Option<PersonId> = None;
        for row in rows::by_certificate(self.registry.database().pool(), &fingerprint).await? {
            if !self.inner.pepper.fits(&fingerprint, &row.claim, &row.verifier) {
                continue;
            }
            let live = match confirm(&self.registry, &row.claim, &mut revisions).await {
                Err(Error::Unknown) => continue,
                live => live?,
            };
            // One certificate is one person's.
            let listed = live.credential.certificate == hex::encode(fingerprint);
            if listed && person.is_none_or(|person| person == row.claim.person) {
                person = Some(row.claim.person);
                let handle = mission.party(row.claim.capacity).map(|party| party.handle.clone());
                found.insert(handle.unwrap_or_default(), (row.claim, live));
            }
        }
        let chosen = match presented.capacity {
            Some(wanted) => found.get(wanted),
            None if found.len() == 1 => found.values().next(),
            None => None,
        };
        match chosen {
            Some((claim, live)) => Ok(caller(presented, *claim, live)),
            None if found.is_empty() => Err(Error::Unknown),
            None => Err(Error::Choose(found.into_keys().collect())),
        }
    }

    /// The row of a token or link, if its verifier fits the secret presented.
    pub(super) async fn verified(
        &self,
        token: &Token,
        address: IpAddr,
        now: Instant,
    ) -> Result<Option<Row>, Error> {
        let row = match self.inner.rows.held(token.id) {
            Some(row) => Some(row),
            // Whoever failed too often costs no more look-ups, but whoever's credential is in use
            // passes.
            None if self.inner.limiter.wait_seconds(address, now).is_some() => None,
            None => rows::by_id(self.registry.database().pool(), token.id).await?,
        };
        let fits = |row: &Row| {
            row.claim.kind == token.kind
                && self.inner.pepper.fits(token.secret().expose(), &row.claim, &row.verifier)
        };
        let row = row.filter(fits);
        if let Some(row) = &row {
            self.inner.rows.hold(row.clone());
        }
        Ok(row)
    }
}

/// SHA-256 of a certificate's DER.
pub(super) fn fingerprint(der: &[u8]) -> [u8; 32] {
    digest(&SHA256, der).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

pub(super) fn caller(presented: &Presented<'_>, claim: Claim, live: &Live) -> Caller {
    let method = match claim.kind {
        CredentialKind::Certificate => Method::Certificate,
        CredentialKind::Token | CredentialKind::Link => Method::Token,
    };
    let actor = Actor {
        person: claim.person,
        capacity: claim.capacity,
        credential: claim.id,
        method,
        authenticated_at: live.credential.issued_at,
        certificate: has_certificate(presented, &live.person),
        network: network_of(&live.party.networks, presented.address).map(str::to_owned),
        address: presented.address.to_canonical(),
        device: device(presented.device),
    };
    Caller::new(actor, claim)
}

/// Whether the connection bears a certificate that this person lists and that lives: another's
/// would prove nothing.
fn has_certificate(presented: &Presented<'_>, person: &PersonRevision) -> bool {
    let Some(der) = presented.certificate else { return false };
    let fingerprint = hex::encode(fingerprint(der));
    person.credentials.iter().any(|listed| {
        listed.kind == CredentialKind::Certificate
            && listed.certificate == fingerprint
            && listed.generation == person.generation
            && presented.now < listed.expires_at
    })
}

/// What the client calls itself, without what could mislead a reader of the log.
fn device(given: &str) -> String {
    let visible =
        given.chars().filter(|c| crate::mission::plain(&c.to_string(), 1).is_ok() || *c == ' ');
    visible.take(LONGEST_DEVICE).collect()
}
