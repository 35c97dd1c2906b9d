//! Hidden and missing: a stranger cannot tell them apart.

use hyper::Method;
use serde_json::json;

use crate::api::service::Service;

const OWNER: &str = "contributor-rhein";
const STRANGERS: [&str; 4] = ["contributor-littoral", "pilot-ia", "coordinator", "auditor"];

#[tokio::test]
async fn a_stranger_cannot_tell_a_hidden_document_from_a_missing_one() {
    let service = Service::start().await;
    let hidden = service.deposited(OWNER, "offer", b"content").await;
    let shown = service.get(OWNER, &format!("/api/v1/documents/{hidden}")).await.json();
    let id = shown["id"].as_str().unwrap();
    let other_id = greffe::id::DocumentId::random().to_string();
    let other = greffe::documents::reference::draw();

    for stranger in STRANGERS {
        for (method, tail) in [
            (Method::GET, ""),
            (Method::GET, "/content"),
            (Method::HEAD, "/content"),
            (Method::GET, "/versions"),
            (Method::GET, "/grants"),
            (Method::GET, "/openers"),
            (Method::GET, "/age?recipient=a"),
            (Method::PUT, "/content"),
            (Method::PATCH, ""),
            (Method::DELETE, ""),
        ] {
            let ask = |name: &str| {
                let path = format!("/api/v1/documents/{name}{tail}");
                let ask = service.ask(stranger, method.clone(), &path);
                let body = if method == Method::PATCH {
                    json!({"hold": true})
                } else {
                    json!({"reason": "because"})
                };
                if matches!(method, Method::PATCH | Method::DELETE) { ask.json(body) } else { ask }
            };
            let hidden_by_id = ask(id).send().await.settled();
            assert_eq!(hidden_by_id.status, 404, "{stranger} {method} {tail}: {hidden_by_id:?}");
            for name in [&hidden[..], &other_id, &other, "nothing"] {
                let answer = ask(name).send().await.settled();
                assert_eq!(answer, hidden_by_id, "{stranger} {method} {tail} {name}");
            }
        }
    }
    let kept = service.get(OWNER, &format!("/api/v1/documents/{hidden}/content")).await;
    assert_eq!((kept.status, kept.body.as_ref()), (200, &b"content"[..]));
}

#[tokio::test]
async fn a_conflict_makes_a_party_as_unknown_as_one_that_does_not_exist() {
    let service = Service::start().await;

    for (method, tail) in [
        (Method::GET, "/restrictions"),
        (Method::GET, "/roles"),
        (Method::GET, "/recipients"),
        (Method::GET, "/grants"),
        (Method::GET, "/settings"),
        (Method::DELETE, "/people/auditor"),
    ] {
        let ask = |party: &str| {
            let path = format!("/api/v1/parties/{party}{tail}");
            service.ask("pilot-donnees", method.clone(), &path).send()
        };
        let hidden = ask("company:caisse-du-littoral").await.settled();
        let missing = ask("company:nobody").await.settled();
        let known = ask("company:rhein-energie").await;

        assert_eq!((hidden.status, known.status), (404, 403), "{method} {tail}");
        assert_eq!(hidden, missing, "{method} {tail}");
    }
}
