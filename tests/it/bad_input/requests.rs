//! Requests that name what is not there, or say what cannot be.

use hyper::Method;
use serde_json::{Value, json};

use super::{WHO, assert_problem, kept};
use crate::{api::service::Service, witness};

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_cannot_be_made_is_not() {
    let service = Service::start().await;
    let good = json!({
        "workstream": "intelligence-artificielle", "kind": "diagnostic", "title": "a",
    });
    let with = |name: &str, value: Value| {
        let mut new = good.clone();
        new[name] = value;
        new
    };
    let cases = [
        ("workstream", with("workstream", json!("nothing-of-ours"))),
        ("kind", with("kind", json!("poem"))),
        ("long", with("title", json!("é".repeat(2048)))),
        ("nul", with("title", json!("a\0b"))),
        ("bidi", with("title", json!("a\u{202e}fdp.exe"))),
        ("lines", with("title", json!("a\nb"))),
        ("empty", with("title", json!(""))),
        ("unknown", with("colour", json!("red"))),
        ("type", with("title", json!(7))),
        ("sensitivity", with("sensitivity", json!("secret"))),
    ];
    service.token(WHO).await;
    let before = kept(&service).await;
    for (case, new) in cases {
        let answer = service.post(WHO, "/api/v1/documents", new).await;

        assert!((400..500).contains(&answer.status), "{case}: {answer:?}");
        let problem = assert_problem(&answer, answer.status, case);
        let says = problem["detail"].as_str().is_some_and(|says| says.len() > 5);
        assert!(says || answer.status == 404, "{case}: {problem}");
        assert_eq!(kept(&service).await, before, "{case}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_no_restriction_is_not_saved_and_says_where() {
    let service = Service::start().await;
    let path = "/api/v1/parties/company:rhein-energie/restrictions";
    service.token(WHO).await;
    let before = kept(&service).await;
    for (text, line) in [
        ("@id(\"a\")\nforbid (principal, action, resource) whenn { true };\n", 2),
        ("\n\n@id(\"a\")\npermit (principal, action, resource);\n", 3),
        ("forbid (principal, action, resource)\nwhen { context.nothing == 1 };\n", 2),
    ] {
        let put = service.ask(WHO, Method::PUT, path).header("content-type", "text/plain");
        let answer = put.body(text).send().await;

        let problem = assert_problem(&answer, 422, text);
        assert_eq!(problem["type"], "/problems/invalid-restriction");
        let flaws = problem["problems"].as_array().unwrap();
        assert!(!flaws.is_empty(), "{problem}");
        let lines: Vec<_> = flaws.iter().map(|flaw| flaw["line"].as_i64().unwrap()).collect();
        assert!(lines.contains(&line), "line {line}: {problem}");
        for flaw in flaws {
            let (says, hint) = (flaw["says"].as_str().unwrap(), flaw["hint"].as_str().unwrap());
            assert!(says.len() > 10 && hint.len() > 10, "{flaw}");
        }
        assert_eq!(kept(&service).await, before, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_no_name_can_hold_are_taken_nowhere() {
    let service = Service::start().await;
    let reference = service.deposited(WHO, "a", b"content").await;
    let document = format!("/api/v1/documents/{reference}");
    let grants = format!("{document}/grants");
    let before = kept(&service).await;
    let long = "é".repeat(2048);
    for words in [&long, "a\0b", "a\u{202e}fdp.exe", "a\u{2066}b", "a\u{7}b"] {
        for (method, path, body) in [
            (Method::PATCH, &document[..], json!({"title": words})),
            (Method::POST, &grants, json!({"to": "mission", "purpose": words})),
            (Method::POST, "/api/v1/tokens", json!({"label": words})),
            (Method::DELETE, &document, json!({"reason": words})),
        ] {
            let answer = service.ask(WHO, method.clone(), path).json(body).send().await;

            let case = format!("{method} {path} {}", words.escape_debug());
            let problem = assert_problem(&answer, answer.status, &case);
            assert!([400, 422].contains(&answer.status), "{case}: {problem}");
            assert!(problem["detail"].as_str().is_some_and(|says| says.len() > 5), "{problem}");
            assert_eq!(kept(&service).await, before, "{case}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_has_ended_opens_nothing_and_none_is_made_that_has() {
    let service = Service::start().await;
    let reference = service.deposited(WHO, "a", b"content").await;
    let path = format!("/api/v1/documents/{reference}/content");
    let grants = format!("/api/v1/documents/{reference}/grants");
    let reader = "contributor-littoral";
    let until = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let grant = json!({"to": "company:caisse-du-littoral", "until": until.to_string()});
    assert_eq!(service.post(WHO, &grants, grant.clone()).await.status, 201);
    assert_eq!(service.get(reader, &path).await.status, 200);

    witness::settled(&service).await;
    service.app.clock.pass_seconds(3601);
    let ended = service.get(reader, &path).await;
    let before = kept(&service).await;
    let again = service.post(WHO, &grants, grant).await;

    let problem = assert_problem(&ended, 404, "ended");
    assert_eq!(problem["type"], "/problems/missing");
    let problem = assert_problem(&again, 422, "made");
    assert!(problem["detail"].as_str().is_some_and(|says| says.len() > 10), "{problem}");
    assert_eq!(kept(&service).await, before);
}
