use axum::{Router, body::Body, middleware::from_fn, routing::get};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::*;
use crate::{
    audit::{self, Reason, Verdict},
    database, identity, mission,
};

/// What a client gets where a handler gives `problem`.
async fn answered(problem: Problem, language: &str) -> (StatusCode, HeaderMap, Value) {
    let router = Router::new().route("/", get(|| async move { problem })).layer(from_fn(answer));
    let request = Request::builder().uri("/").header("accept-language", language);
    let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    assert_eq!(parts.headers["content-length"], body.len().to_string());
    (parts.status, parts.headers, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn a_problem_is_written_in_the_callers_language() {
    let problem = Problem::malformed("the title is empty: write something");

    let (status, headers, english) = answered(problem.clone(), "en").await;
    let (_, french_headers, french) = answered(problem, "fr-FR").await;

    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(headers["content-type"], "application/problem+json");
    assert_eq!(
        (&headers["content-language"], &french_headers["content-language"]),
        (&"en".parse().unwrap(), &"fr".parse().unwrap())
    );
    assert_eq!(
        english,
        json!({
            "type": "/problems/malformed", "title": "The request is malformed", "status": 400,
            "detail": "the title is empty: write something",
        })
    );
    assert_eq!(french["title"], "La requête est mal formée");
}

#[tokio::test]
async fn hidden_and_missing_are_answered_alike() {
    let hidden = Problem::from(audit::Error::Refused(Verdict::Hidden));
    let subject = crate::database::Subject::MISSION;
    let missing = Problem::from(mission::Error::Missing(subject));

    assert_eq!(answered(hidden, "fr").await, answered(missing, "fr").await);
}

#[tokio::test]
async fn a_refusal_says_its_reason_and_nothing_else() {
    let verdict = Verdict::Forbidden(Reason::Conflict);

    let (status, _, body) = answered(audit::Error::Refused(verdict).into(), "en").await;

    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(
        body,
        json!({
            "type": "/problems/forbidden", "title": "Not permitted", "status": 403,
            "reason": "conflict",
        })
    );
}

#[tokio::test]
async fn what_failed_in_the_service_says_nothing_of_itself() {
    let secret = database::Error::Row("person Ada Lovelace");
    let problem = Problem::from(audit::Error::Unavailable(secret));
    assert!(problem.inner.cause.as_deref().unwrap().contains("person Ada Lovelace"));

    let (status, headers, body) = answered(problem.with_detail("Ada"), "en").await;

    assert_eq!(
        (status, &headers["retry-after"]),
        (StatusCode::SERVICE_UNAVAILABLE, &"1".parse().unwrap())
    );
    let mut members: Vec<_> = body.as_object().unwrap().keys().collect();
    members.sort();
    assert_eq!(members, ["status", "title", "type"]);
    assert!(!body.to_string().contains("Ada"));
}

#[tokio::test]
async fn who_is_not_known_is_told_how_to_sign_in_or_to_wait() {
    let (status, headers, _) = answered(identity::Error::Unknown.into(), "en").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(headers["www-authenticate"], "Bearer realm=\"greffe\"");

    let limited = identity::Error::Limited { wait_seconds: 42 };
    let (status, headers, _) = answered(limited.into(), "en").await;
    assert_eq!(
        (status, &headers["retry-after"]),
        (StatusCode::TOO_MANY_REQUESTS, &"42".parse().unwrap())
    );

    let several = identity::Error::Choose(vec!["company:a".to_owned(), "mission".to_owned()]);
    let (status, _, body) = answered(several.into(), "en").await;
    assert_eq!(
        (status, &body["capacities"]),
        (StatusCode::CONFLICT, &json!(["company:a", "mission"]))
    );
}

#[tokio::test]
async fn every_type_leads_to_a_page_that_says_what_to_do() {
    for kind in Kind::ALL {
        let request = Request::builder().uri(kind.path()).header("accept-language", "fr");
        let response = router::<()>().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();

        assert_eq!(response.status(), StatusCode::OK);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(String::from_utf8(body.to_vec()).unwrap().contains(kind.advice().fr));
    }
    let request = Request::builder().uri("/problems/none").body(Body::empty()).unwrap();
    let response = router::<()>().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

#[test]
fn a_chain_names_each_cause_once() {
    let inner = database::Error::Row("head");
    let error = mission::Error::Audit(audit::Error::Unavailable(inner));

    assert_eq!(
        causes(&error),
        "the change could not be recorded: the log could not be written: a row of `head` cannot be read"
    );
}
