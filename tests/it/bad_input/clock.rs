//! A clock that is set back, or a year ahead.

use hyper::Method;
use serde_json::json;

use super::{WHO, assert_problem, kept};
use crate::{api::service::Service, witness};

const SECRET: &[u8] = b"what only a reader may see";

/// Whatever is asked is answered with 503; no byte leaves, and nothing is recorded.
async fn stands_still(service: &Service, reference: &str, case: &str) {
    let document = format!("/api/v1/documents/{reference}");
    let content = format!("{document}/content");
    let new = json!({
        "workstream": "intelligence-artificielle", "kind": "diagnostic", "title": "a",
    });
    let before = (kept(service).await, witness::entries(service).await.len());

    let answers = [
        service.get(WHO, &content).await,
        service.ask(WHO, Method::HEAD, &content).send().await,
        service.ask(WHO, Method::PUT, &content).body("other").send().await,
        service.post(WHO, "/api/v1/documents", new).await,
        service.ask(WHO, Method::DELETE, &document).json(json!({"reason": "a test"})).send().await,
        service.get(WHO, "/api/v1/documents").await,
    ];

    for answer in answers {
        assert_eq!(answer.status, 503, "{case}: {answer:?}");
        assert!(!answer.header("retry-after").is_empty(), "{case}: {answer:?}");
        if !answer.body.is_empty() {
            let problem = assert_problem(&answer, 503, case);
            assert_eq!(problem["type"], "/problems/unavailable", "{case}");
        }
    }
    assert_eq!((kept(service).await, witness::entries(service).await.len()), before, "{case}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_done_by_a_clock_that_was_set_back_or_a_year_ahead() {
    let service = Service::start().await;
    let reference = service.deposited(WHO, "a", SECRET).await;
    let path = format!("/api/v1/documents/{reference}/content");
    for (case, seconds) in
        [("an hour back", -3600), ("a year ahead", 366 * 24 * 3600), ("a minute back", -60)]
    {
        assert_eq!(service.get(WHO, &path).await.body.as_ref(), SECRET, "{case}");
        witness::settled(&service).await;

        service.app.clock.step_seconds(seconds);
        stands_still(&service, &reference, case).await;
        service.app.clock.step_seconds(-seconds);

        assert_eq!(service.get(WHO, &path).await.body.as_ref(), SECRET, "{case}: set right");
    }
}
