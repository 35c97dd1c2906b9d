//! What the service does not take: bad input, other sites' pages, floods; and what it says then.

use hyper::Method;
use serde_json::json;

use crate::api::service::{ANYONE, Service};

const WHO: &str = "contributor-rhein";

#[tokio::test]
async fn a_document_that_cannot_be_made_is_refused_with_what_to_do_and_leaves_nothing() {
    let service = Service::start().await;
    let good =
        json!({"workstream": "intelligence-artificielle", "kind": "diagnostic", "title": "a"});

    for (name, value, status) in [
        ("workstream", json!("nothing"), 422),
        ("kind", json!("nothing"), 422),
        ("title", json!(""), 400),
        ("title", json!("a".repeat(4096)), 400),
        ("title", json!("a\u{0}b"), 400),
        ("title", json!("a\u{202e}b"), 400),
        ("title", json!("a\nb"), 400),
        ("title", json!(7), 400),
        ("sensitivity", json!("secret"), 422),
        ("protection", json!("none"), 422),
        ("owner", json!("company:acieries-du-ponant"), 403),
        ("colour", json!("red"), 400),
    ] {
        let mut wanted = good.clone();
        wanted[name] = value.clone();
        let answer = service.post(WHO, "/api/v1/documents", wanted).await;
        assert_eq!(answer.status, status, "{name}: {value}: {answer:?}");
        let told = answer.json();
        assert!(status == 403 || told["detail"].is_string(), "{told}");
    }
    let count = service.app.writer.database().count("select count(*) from document").await;
    assert_eq!(count.unwrap(), 0);
}

#[tokio::test]
async fn a_problem_is_told_in_the_language_that_is_asked_for_and_documented() {
    let service = Service::start().await;
    let ask = |language: &'static str| {
        let path = "/api/v1/documents/nothing";
        service.ask(WHO, Method::GET, path).header("accept-language", language).send()
    };

    let (english, french) = (ask("en").await, ask("fr-FR, en;q=0.5").await);
    let page = service.get(ANYONE, english.json()["type"].as_str().unwrap()).await;

    assert_eq!(english.json()["title"], "No such thing");
    assert_eq!(french.json()["title"], "Rien de tel");
    assert_eq!(
        (french.header("content-language"), french.header("vary")),
        ("fr", "accept-language")
    );
    assert_eq!(page.status, 200);
}

#[tokio::test]
async fn a_page_of_another_site_changes_and_learns_nothing() {
    let service = Service::start().await;
    let reference = service.deposited(WHO, "a", b"content").await;
    let path = format!("/api/v1/documents/{reference}/content");

    let cross = service.ask(WHO, Method::GET, &path).header("sec-fetch-site", "cross-site");
    let cross = cross.send().await;
    let origin = service.ask(WHO, Method::PUT, &path).header("origin", "https://evil.example");
    let origin = origin.body("other").send().await;
    let versions =
        service.get(WHO, &format!("/api/v1/documents/{reference}/versions")).await.json();

    assert_eq!((cross.status, &cross.json()["type"]), (403, &json!("/problems/other-site")));
    assert_eq!((origin.status, cross.header("greffe-capacity")), (403, ""));
    assert_eq!(versions["versions"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn whoever_floods_the_log_waits_and_nobody_else_does() {
    let tight = |text: String| text + "\n[limits]\nbudget_entries_per_minute = 5\n";
    let service = Service::with(tight).await;
    let path = "/api/v1/documents/nothing";
    for _ in 0..5 {
        assert_eq!(service.get(WHO, path).await.status, 404);
    }

    let flooded = service.get(WHO, path).await;
    let other = service.get("contributor-littoral", path).await;

    assert_eq!((flooded.status, &flooded.json()["type"]), (429, &json!("/problems/over-budget")));
    assert!((1..=60).contains(&flooded.header("retry-after").parse::<u32>().unwrap()));
    assert_eq!(other.status, 404);
    let sql = "select count(*) from entry where decision = 'refusal'";
    assert_eq!(service.app.writer.database().count(sql).await.unwrap(), 6);
}

#[tokio::test]
async fn a_capacity_that_the_credential_has_not_is_told_with_those_it_has() {
    let service = Service::start().await;
    let ask = |capacity: &'static str| {
        service.ask(WHO, Method::GET, "/api/v1/me").header("greffe-capacity", capacity).send()
    };

    let (other, own) = (ask("mission").await, ask("company:rhein-energie").await);

    assert_eq!((other.status, &other.json()["type"]), (409, &json!("/problems/choose-capacity")));
    assert_eq!(other.json()["capacities"], json!(["company:rhein-energie"]));
    assert_eq!((own.status, own.header("greffe-capacity")), (200, "company:rhein-energie"));
}

#[tokio::test]
async fn a_sign_in_link_works_once() {
    let service = Service::start().await;
    let sign_in = |link: String| {
        let ask = service.ask(ANYONE, Method::POST, "/api/v1/sign-in");
        ask.json(json!({"link": link, "label": "laptop"})).send()
    };
    let mut revisions = greffe::database::Revisions::new(service.app.clock.now());
    let mission = service.app.registry.mission(&mut revisions).await.unwrap();
    let person = mission.person_named(WHO).unwrap();
    let party = mission.party_named("company:rhein-energie").unwrap().party;
    let link = service.app.identity.issue_link(person, party).await.unwrap();
    let code = format!("https://greffe.example/#{}", *link.expose());

    let (first, second) = (sign_in(code.clone()).await, sign_in(code).await);
    let nonsense = sign_in("nonsense".to_owned()).await;

    assert_eq!((first.status, second.status, nonsense.status), (201, 401, 401));
    assert!(first.json()["token"].as_str().unwrap().starts_with("greffe_"));
    assert_eq!(first.header("cache-control"), "no-store");
}
