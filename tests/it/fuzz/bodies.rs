//! Bodies of requests, changed: whatever comes, the service answers, and never by a failure of its own.

use std::time::{Duration, Instant};

use hyper::Method;
use serde_json::json;

use super::{mutate::Random, seconds};
use crate::api::service::{ANYONE, Service};

const WHO: &str = "contributor-rhein";
const PARTY: &str = "/api/v1/parties/company:rhein-energie";

/// Each route that reads a body, with one that is well formed. None of them takes a right from whoever asks.
fn bodies(document: &str) -> Vec<(Method, String, Vec<u8>)> {
    let json = |method, path: String, body: serde_json::Value| {
        (method, path, body.to_string().into_bytes())
    };
    let checked = format!("{PARTY}/restrictions/check");
    vec![
        json(
            Method::POST,
            "/api/v1/documents".into(),
            json!({
                "workstream": "intelligence-artificielle", "kind": "diagnostic", "title": "offre",
                "sensitivity": "confidential", "protection": "managed",
            }),
        ),
        json(Method::PATCH, document.into(), json!({"title": "été", "sensitivity": "ordinary"})),
        json(
            Method::POST,
            format!("{document}/grants"),
            json!({"to": "mission", "until": "2030-01-01T00:00:00Z", "purpose": "a reading"}),
        ),
        json(Method::POST, "/api/v1/tokens".into(), json!({"label": "nightly", "days": 2})),
        json(
            Method::POST,
            "/api/v1/conflicts".into(),
            json!({"person": "pilot-ia", "with": "company:rhein-energie", "says": "a market"}),
        ),
        json(Method::POST, format!("{PARTY}/grants"), json!({"to": "mission"})),
        json(
            Method::POST,
            format!("{PARTY}/recipients"),
            json!({"name": "vault", "recipient": "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq"}),
        ),
        (Method::POST, checked, b"forbid (principal, action, resource);\n".to_vec()),
        json(
            Method::POST,
            "/api/v1/sign-in".into(),
            json!({"link": "greffe-link_CQkJCQkJCQkJCQkJCQkJCQ_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc", "label": "a"}),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_body_makes_the_service_fail() {
    let roomy = "\n[limits]\nbudget_entries_per_minute = 1000000\nfailures_per_minute = 1000000\n";
    let service = Service::with(|text| text + roomy).await;
    let reference = service.created(WHO, "a").await;
    let document = format!("/api/v1/documents/{reference}");
    let bodies = bodies(&document);
    let seeds: Vec<_> = bodies.iter().map(|(.., body)| body.clone()).collect();
    let (mut random, mut asked) = (Random::of("bodies"), 0);
    let (began, time) = (Instant::now(), Duration::from_secs_f64(seconds() / 4.0));
    while asked < 50 || began.elapsed() < time {
        let (method, path, good) = random.pick(&bodies);
        let mixed = if random.below(4) == 0 { &seeds[..] } else { std::slice::from_ref(good) };
        let body = random.mutated(mixed);
        let text = path.ends_with("/check");
        let media_type = if text { "text/plain" } else { "application/json" };
        let who = if path.ends_with("/sign-in") { ANYONE } else { WHO };
        let ask = service.ask(who, method.clone(), path).header("content-type", media_type);

        let answer = ask.body(body.clone()).send().await;

        let case = format!("{method} {path} b\"{}\"", body.escape_ascii());
        assert!(answer.status < 500, "{case}: {answer:?}");
        if answer.status >= 400 {
            let told = answer.json();
            assert!(
                told["type"].as_str().is_some_and(|kind| kind.starts_with("/problems/")),
                "{case}"
            );
        }
        asked += 1;
    }
    assert_eq!(service.get(WHO, &document).await.status, 200);
    eprintln!("bodies: {asked} requests");
}
