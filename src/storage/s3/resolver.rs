//! Names to addresses: the system's, but that `localhost` and whatever ends with it is this machine (RFC 6761, 6.3).

use std::{
    future::Future,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    task::{Context, Poll, ready},
    vec,
};

use hyper::Uri;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower::Service;

/// Resolves names.
#[derive(Clone, Debug)]
pub(super) struct Resolver(GaiResolver);

impl Default for Resolver {
    fn default() -> Self {
        Self(GaiResolver::new())
    }
}

/// Whether a name is this machine's, whatever a name server says.
pub(super) fn is_local(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

/// The addresses behind a service's name, sorted; none if it has none now.
pub(super) async fn addresses(endpoint: &Uri) -> Vec<IpAddr> {
    let host = endpoint.host().unwrap_or_default().trim_matches(['[', ']']);
    if is_local(host) {
        return vec![Ipv4Addr::LOCALHOST.into()];
    }
    let Ok(found) = tokio::net::lookup_host((host, 443)).await else { return Vec::new() };
    let mut found: Vec<_> = found.map(|address| address.ip()).collect();
    found.sort_unstable();
    found.dedup();
    found
}

type Addresses = Result<vec::IntoIter<SocketAddr>, io::Error>;

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = Addresses> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        ready!(self.0.poll_ready(cx))?;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        if is_local(name.as_str()) {
            // The connector puts the port in.
            let here: [SocketAddr; 2] =
                [(Ipv4Addr::LOCALHOST, 0).into(), (Ipv6Addr::LOCALHOST, 0).into()];
            return Box::pin(async move { Ok(Vec::from(here).into_iter()) });
        }
        let asked = self.0.call(name);
        Box::pin(async move { Ok(asked.await?.collect::<Vec<_>>().into_iter()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_ends_with_localhost_is_this_machine_and_nothing_else() {
        for name in ["localhost", "mission.localhost", "a.b.LOCALHOST", "localhost."] {
            assert!(is_local(name), "{name}");
        }
        for name in ["localhost.example.eu", "notlocalhost", "mission", "", "localhost.localdomain"]
        {
            assert!(!is_local(name), "{name}");
        }
    }
}
