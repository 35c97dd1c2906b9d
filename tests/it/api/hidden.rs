//! Hidden and missing: a stranger cannot tell them apart.

use greffe::audit::{opening::Opening, receipt::Receipt};
use hyper::Method;
use serde_json::{Value, json};
use sqlx::Row as _;

use crate::{
    api::{log::receipt, service::Service},
    witness,
};

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
        (Method::GET, "/residency"),
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

/// A refusal as it stays: its leaf, its row as far as it names nothing, its receipt, and what the refused may see of it.
#[derive(Debug, PartialEq)]
struct Stays {
    leaf_bytes: usize,
    sealed_bytes: Vec<i64>,
    openings: Vec<(String, usize)>,
    shown: Value,
    entries: i64,
}

async fn stays(service: &Service, who: &str, name: &str) -> Stays {
    let count = "select count(*) from entry";
    let before = witness::count(service, count).await;
    let refused = service.get(who, &format!("/api/v1/documents/{name}/content")).await;
    assert_eq!(refused.status, 404, "{refused:?}");
    let entries = witness::count(service, count).await - before;

    let sql = "select length(asked_sealed), length(texts_sealed), length(personal_sealed), \
               length(person_index), length(id) from entry order by position desc limit 1";
    let row = sqlx::query(sql).fetch_one(service.app.writer.database().pool()).await.unwrap();
    let sealed_bytes = (0..5).map(|column| row.get(column)).collect();
    let listed = service.get(who, "/api/v1/audit/entries?decision=refused").await;
    assert_eq!(listed.status, 200, "{listed:?}");
    let mut shown = listed.json()["entries"][0].clone();
    assert_eq!(shown["asked"]["subject"], name, "{shown}");
    let entry = shown["entry"].as_str().unwrap().to_owned();
    let proof = receipt(service, who, &entry).await;
    let proof = Receipt::parse(&proof.body).unwrap();
    let length = |opening: &Opening| (opening.name().to_owned(), opening.json().len());
    // What tells one refusal from another of the same thing.
    for drawn in ["entry", "position", "at"] {
        shown[drawn] = Value::Null;
    }
    shown["asked"]["subject"] = Value::Null;
    Stays {
        leaf_bytes: proof.leaf.to_bytes().len(),
        sealed_bytes,
        openings: proof.openings().iter().map(length).collect(),
        shown,
        entries,
    }
}

#[tokio::test]
async fn what_stays_of_a_refusal_does_not_tell_hidden_from_missing() {
    let service = Service::start().await;
    let hidden = service.deposited(OWNER, "offer", b"content").await;
    let id = witness::document(&service, &hidden).await.to_string();
    let drawn = greffe::documents::reference::draw();
    let random = greffe::id::DocumentId::random().to_string();

    for stranger in ["contributor-littoral", "access-acieries"] {
        service.token(stranger).await;
        for (hidden, missing) in [(&hidden, &drawn), (&id, &random)] {
            let of_hidden = stays(&service, stranger, hidden).await;
            let of_missing = stays(&service, stranger, missing).await;

            assert_eq!(of_hidden, of_missing, "{stranger}");
            assert_eq!(of_hidden.entries, 1);
            let shown = of_hidden.shown;
            assert_eq!((&shown["owner"], &shown["facts"]), (&Value::Null, &Value::Null));
        }
    }
}
