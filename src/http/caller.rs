//! Who asks: the credential that a request bears, the capacity in which it acts.
//!
//! A handler that needs a caller says so in its signature; no middleware authenticates. Headers in which a proxy could say
//! whence a request came are read nowhere: the peer's address is the connection's.

use std::{
    convert::Infallible,
    net::IpAddr,
    sync::{Arc, OnceLock},
};

use axum::{
    extract::FromRequestParts,
    http::{
        HeaderMap, HeaderName,
        header::{AUTHORIZATION, USER_AGENT},
        request::Parts,
    },
};

use crate::{
    app::App,
    database::Revisions,
    http::{Kind, Problem, header::single, server::Peer},
    id::PersonId,
    identity::{Caller, Presented},
    time::Instant,
};

/// The capacity in which a request acts, and in which its answer says that it acted.
pub const CAPACITY: HeaderName = HeaderName::from_static("greffe-capacity");

/// Who turned out to ask, told to the middleware around the handler.
#[derive(Clone, Debug, Default)]
pub(super) struct Taken(Arc<OnceLock<(PersonId, String)>>);

impl Taken {
    /// Whoever asked, if they authenticated.
    pub(super) fn person(&self) -> Option<PersonId> {
        self.0.get().map(|taken| taken.0)
    }

    /// The handle of the capacity.
    pub(super) fn handle(&self) -> Option<&str> {
        self.0.get().map(|taken| taken.1.as_str())
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let origin = Origin::of(parts);
        let peer = parts.extensions.get::<Peer>().cloned();
        let certificate = peer.as_ref().and_then(Peer::client_certificate);
        let presented = Presented {
            bearer: bearer(&parts.headers)?,
            certificate: certificate.map(|certificate| &certificate[..]),
            capacity: single(&parts.headers, CAPACITY)?,
            ..origin.presents("", app.clock.now())
        };
        // By a wrong clock every credential has ended; the caller has nothing to mend.
        app.writer.timely()?;
        let caller = app.identity.authenticate(presented).await?;
        app.budget.check(caller.actor.person, app.clock.now())?;
        if let Some(taken) = parts.extensions.get::<Taken>() {
            let mut revisions = Revisions::new(app.clock.now());
            let mission = app.registry.mission(&mut revisions).await?;
            let party = mission.party(caller.actor.capacity);
            let handle = party.map(|party| party.handle.clone()).unwrap_or_default();
            let _ = taken.0.set((caller.actor.person, handle));
        }
        Ok(caller)
    }
}

/// From where a request comes, without anybody having authenticated.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    address: IpAddr,
    device: String,
}

impl Origin {
    fn of(parts: &Parts) -> Self {
        let peer = parts.extensions.get::<Peer>();
        let peer = peer.expect("the accept loop gives every request its peer");
        let device = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
        Self { address: peer.address.ip(), device: device.unwrap_or_default().to_owned() }
    }

    /// What is presented with a code in the body, and with nothing else.
    pub(super) fn presents<'r>(&'r self, code: &'r str, now: Instant) -> Presented<'r> {
        let (address, device) = (self.address, &self.device[..]);
        Presented { bearer: Some(code), certificate: None, capacity: None, address, device, now }
    }
}

/// The client certificate of this very connection, which has proved to have its key.
#[derive(Clone, Debug)]
pub(super) struct OwnCertificate(pub Vec<u8>);

impl<S: Send + Sync> FromRequestParts<S> for OwnCertificate {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let peer = parts.extensions.get::<Peer>();
        let shown = peer.and_then(Peer::client_certificate);
        shown.map(|der| Self(der.to_vec())).ok_or_else(|| {
            let says = "connect with the client certificate that is to be listed: none was shown";
            Problem::new(Kind::Refused).with_detail(says)
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

/// The token of `Authorization` (RFC 6750, 2.1). Another scheme authenticates nobody, whatever else is shown.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let unknown = |_| Problem::unknown_caller();
    let Some(value) = single(headers, AUTHORIZATION).map_err(unknown)? else { return Ok(None) };
    let (scheme, token) = value.split_once(' ').ok_or_else(Problem::unknown_caller)?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    if is_bearer { Ok(Some(token.trim_matches(' '))) } else { Err(Problem::unknown_caller()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&'static str]) -> Result<Option<String>, u16> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        let read = bearer(&headers).map(|bearer| bearer.map(str::to_owned));
        read.map_err(|problem| problem.status().as_u16())
    }

    #[test]
    fn a_bearer_token_is_read_in_any_case_of_its_scheme() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["Bearer greffe_x"]), Ok(Some("greffe_x".to_owned())));
        assert_eq!(read(&["bEARER  greffe_x "]), Ok(Some("greffe_x".to_owned())));
    }

    #[test]
    fn anything_else_in_its_place_authenticates_nobody() {
        for values in [&["Basic YTpi"][..], &["greffe_x"], &[""], &["Bearer a", "Bearer b"]] {
            assert_eq!(read(values), Err(401), "{values:?}");
        }
    }
}
