//! Bad input gets a clear problem, and leaves nothing behind.

use hyper::Method;
use serde_json::{Value, json};

use crate::{
    api::service::{Answer, Service},
    witness,
};

const WHO: &str = "contributor-rhein";

/// What there is of contents and documents.
async fn kept(service: &Service) -> Vec<i64> {
    let mut kept = Vec::new();
    for sql in [
        "select count(*) from version",
        "select count(*) from copy",
        "select count(*) from pending",
        "select count(*) from document",
        "select count(*) from revision",
        "select count(*) from party_text",
    ] {
        kept.push(witness::count(service, sql).await);
    }
    kept.push(walk(&service.folder().join("objects/object")));
    kept
}

fn walk(folder: &std::path::Path) -> i64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries
        .map(|entry| entry.unwrap())
        .map(|entry| match entry.file_type().unwrap().is_dir() {
            true => walk(&entry.path()),
            false => 1,
        })
        .sum()
}

fn assert_problem(answer: &Answer, status: u16, case: &str) -> Value {
    assert_eq!(answer.status, status, "{case}: {answer:?}");
    assert_eq!(answer.header("content-type"), "application/problem+json", "{case}");
    let problem = answer.json();
    assert!(problem["type"].as_str().unwrap().starts_with("/problems/"), "{case}");
    problem
}

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
async fn a_content_with_another_digest_leaves_no_object_row_or_version() {
    let service = Service::start().await;
    let reference = service.created(WHO, "a").await;
    let path = format!("/api/v1/documents/{reference}/content");
    let before = kept(&service).await;
    for size in [0, 10, 65_536, 300_000] {
        let digest = "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:";
        let put = service.ask(WHO, Method::PUT, &path).header("content-digest", digest);
        let answer = put.header("content-type", "text/plain").body(vec![7; size]).send().await;

        let problem = assert_problem(&answer, 400, "digest");
        assert_eq!(problem["type"], "/problems/other-content");
        assert_eq!(kept(&service).await, before, "{size}");
    }
    let entries = witness::entries(&service).await;
    let abandoned = entries.iter().filter(|entry| entry.facts["system"] == "abandoned");
    assert_eq!(abandoned.count(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_no_restriction_is_not_saved_and_says_where() {
    let service = Service::start().await;
    let path = "/api/v1/parties/company:rhein-energie/restrictions";
    service.token(WHO).await;
    let before = kept(&service).await;
    for (text, line) in [
        ("@id(\"a\")\nforbid (principal, action, resource) whenn { true };\n", 2),
        ("\n\n@id(\"a\")\npermit (principal, action, resource);\n", 4),
        ("forbid (principal, action, resource)\nwhen { context.nothing == 1 };\n", 2),
    ] {
        let put = service.ask(WHO, Method::PUT, path).header("content-type", "text/plain");
        let answer = put.body(text).send().await;

        let problem = assert_problem(&answer, 422, text);
        assert_eq!(problem["type"], "/problems/invalid-restriction");
        let flaws = problem["problems"].as_array().unwrap();
        assert!(!flaws.is_empty(), "{problem}");
        assert!(
            flaws.iter().any(|flaw| flaw["line"].as_i64().is_some_and(|at| at <= line && at > 0)),
            "{problem}"
        );
        let told = flaws.iter().all(|flaw| flaw.to_string().len() > 40);
        assert!(told, "{problem}");
        assert_eq!(kept(&service).await, before, "{text}");
    }
}
