//! What is true of every answer, whatever its route: an id, security headers, a time limit, a line in the service's log,
//! nothing for other sites' pages, what it cost its caller.

use std::{
    any::Any,
    time::{Duration, Instant as Moment},
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tracing::Instrument as _;

use crate::{
    app::App,
    http::{
        Kind, Problem,
        caller::{CAPACITY, Taken},
    },
    id::Id,
};

/// By which an operator finds a request in the service's log; drawn here, never taken from the request.
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// On every answer. Nothing of ours is a page that another may embed, frame or be told about.
const SECURITY: [(HeaderName, &str); 6] = [
    (header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'; frame-ancestors 'none'"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// An answer that is an entry of the log by itself, and so costs its caller one: a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted;

/// Adds the security headers, and keeps caches away where the handler does not say otherwise.
pub(super) async fn secure(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in SECURITY {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Gives the request its id, writes its line in the service's log, and counts it.
pub(super) async fn identify(request: Request, next: Next) -> Response {
    let id = Id::random().to_string();
    let method = request.method().clone();
    // The route, not the path: what a caller wrote there is no matter of the log.
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("none", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", id, %method, route);
    let since = Moment::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let (status, elapsed) = (response.status().as_u16(), since.elapsed());
    span.in_scope(|| tracing::info!(status, milliseconds = elapsed.as_millis(), "answered"));
    let labels = [("method", method.to_string()), ("route", route), ("status", status.to_string())];
    metrics::counter!("greffe_requests_total", &labels).increment(1);
    metrics::histogram!("greffe_request_seconds", &labels[..2]).record(elapsed);
    let id = HeaderValue::try_from(id).expect("an id is a header's value");
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// Refuses what a page of another site makes a browser ask, where a client certificate would answer for its user.
pub(super) async fn same_site(request: Request, next: Next) -> Response {
    if is_of_another_site(request.method(), request.headers()) {
        return Problem::new(Kind::OtherSite).into_response();
    }
    next.run(request).await
}

/// By `Sec-Fetch-Site` (Fetch Metadata), else by `Origin` for what could change something. Neither is sent by programs.
fn is_of_another_site(method: &Method, headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site != "same-origin" && site != "none";
    }
    let Some(origin) = headers.get(header::ORIGIN).filter(|_| !method.is_safe()) else {
        return false;
    };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    origin.as_bytes() != format!("https://{host}").as_bytes()
}

/// Ends a request that takes longer than `limit` to be answered; but not one that sends a content, whose pace the server
/// watches.
pub(super) async fn in_time(limit: Duration, request: Request, next: Next) -> Response {
    if request.method() == Method::PUT && request.uri().path().ends_with("/content") {
        return next.run(request).await;
    }
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(Kind::TimedOut).into_response(),
    }
}

/// Names the capacity that was taken, and charges whoever caused a refusal or asked for a list.
pub(super) async fn account(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let taken = Taken::default();
    request.extensions_mut().insert(taken.clone());
    let mut response = next.run(request).await;
    let handle = taken.handle().and_then(|handle| HeaderValue::try_from(handle).ok());
    if let Some(handle) = handle {
        response.headers_mut().insert(CAPACITY, handle);
    }
    let refused = response.extensions().get::<Problem>().map(Problem::kind);
    let counts = matches!(refused, Some(Kind::Missing | Kind::Forbidden))
        || response.extensions().get::<Counted>().is_some();
    if let Some(person) = taken.person().filter(|_| counts) {
        app.budget.spend(person, app.clock.now());
    }
    response
}

/// What is answered where code of ours panicked.
pub(super) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let said = panic.downcast_ref::<String>().cloned();
    let said = said.or_else(|| panic.downcast_ref::<&str>().map(|said| (*said).to_owned()));
    let error = std::io::Error::other(format!("panicked: {}", said.unwrap_or_default()));
    Problem::internal(&error).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_sites_pages_are_told_from_programs_and_our_own() {
        let check = |method: Method, pairs: &[(&'static str, &'static str)], other| {
            let headers = pairs.iter().map(|(name, value)| {
                (HeaderName::from_static(name), HeaderValue::from_static(value))
            });
            let found = is_of_another_site(&method, &headers.collect());
            assert_eq!(found, other, "{method} {pairs:?}");
        };

        check(Method::GET, &[], false);
        check(Method::POST, &[], false);
        check(Method::GET, &[("sec-fetch-site", "cross-site")], true);
        check(Method::GET, &[("sec-fetch-site", "same-site")], true);
        check(Method::POST, &[("sec-fetch-site", "same-origin"), ("origin", "null")], false);
        check(Method::GET, &[("sec-fetch-site", "none")], false);
        check(Method::POST, &[("origin", "https://a.example"), ("host", "b.example")], true);
        check(Method::POST, &[("origin", "http://b.example"), ("host", "b.example")], true);
        check(Method::POST, &[("origin", "null"), ("host", "b.example")], true);
        check(Method::POST, &[("origin", "https://b.example:1"), ("host", "b.example:1")], false);
        check(Method::GET, &[("origin", "https://a.example"), ("host", "b.example")], false);
    }

    #[tokio::test]
    async fn what_a_handler_says_of_security_or_caches_stays() {
        let own = [(header::CACHE_CONTROL, "max-age=1"), (header::REFERRER_POLICY, "origin")];

        let response = secure((own, "").into_response()).await;

        assert_eq!(response.headers()[header::CACHE_CONTROL], "max-age=1");
        assert_eq!(response.headers()[header::REFERRER_POLICY], "origin");
        let plain = secure(().into_response()).await;
        assert_eq!(plain.headers()[header::CACHE_CONTROL], "no-store");
        for (name, value) in SECURITY {
            assert_eq!(plain.headers()[name], value);
        }
    }
}
