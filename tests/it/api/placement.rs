//! Where a version may rest: decided at each write, again when rules move meanwhile, recorded, and explained.

use hyper::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    api::service::{Answer, Service},
    bad_input::walk,
    witness,
};

const WHO: &str = "contributor-acieries";
const DECIDER: &str = "access-acieries";
const SETTINGS: &str = "/api/v1/parties/company:acieries-du-ponant/settings";
const EXPLAINED: &str = "/api/v1/parties/company:acieries-du-ponant/placement";

async fn set(service: &Service, placement: Value) {
    let change = json!({ "placement": placement });
    let set = service.ask(DECIDER, Method::PATCH, SETTINGS).json(change).send().await;
    assert_eq!(set.status, 200, "{set:?}");
}

/// How many objects rest.
fn stored(service: &Service) -> i64 {
    walk(&service.folder().join("objects/object"))
}

async fn put(service: &Service, reference: &str) -> Answer {
    let path = format!("/api/v1/documents/{reference}/content");
    service.ask(WHO, Method::PUT, &path).body(&b"content"[..]).send().await
}

/// How often the log says that a deposit may rest nowhere, with what speaks against each place.
async fn refusals(service: &Service) -> Vec<String> {
    let entries = witness::entries(service).await;
    let refused = entries.iter().filter(|entry| entry.facts["reason"] == "no-placement");
    refused.map(|entry| entry.facts["placement"].to_string()).collect()
}

#[tokio::test]
async fn a_version_that_may_rest_nowhere_is_refused_with_the_rule_and_recorded() {
    let service = Service::start().await;
    let reference = service.created(WHO, "a").await;
    set(&service, json!({"countries": ["DE"]})).await;

    let refused = put(&service, &reference).await;

    assert_eq!((refused.status, &refused.json()["reason"]), (403, &"no-placement".into()));
    let says = "folder: the owner wants the soil in DE, and it is in FR";
    assert!(refused.json()["detail"].as_str().unwrap().contains(says), "{refused:?}");
    assert_eq!(stored(&service), 0);
    assert_eq!(witness::count(&service, "select count(*) from pending").await, 0);
    let refusals = refusals(&service).await;
    assert!(refusals.len() == 1 && refusals[0].contains(says), "{refusals:?}");
}

#[tokio::test]
async fn rules_from_a_sensitivity_on_bind_that_document_and_not_the_one_beside_it() {
    let service = Service::start().await;
    let confidential = service.created(WHO, "a").await;
    let new = json!({
        "workstream": "intelligence-artificielle", "kind": "diagnostic", "title": "b",
        "sensitivity": "business-secret",
    });
    let secret = service.post(WHO, "/api/v1/documents", new).await.json();
    let secret = secret["reference"].as_str().unwrap().to_owned();
    set(&service, json!({"from": {"business-secret": {"qualifications": ["SecNumCloud 3.2"]}}}))
        .await;

    let (passes, refused) = (put(&service, &confidential).await, put(&service, &secret).await);

    assert_eq!((passes.status, refused.status), (201, 403), "{refused:?}");
    let says = "the owner, from business secret on, wants as qualification SecNumCloud 3.2";
    assert!(refused.json()["detail"].as_str().unwrap().contains(says), "{refused:?}");
    assert_eq!(stored(&service), 1);
}

#[tokio::test]
async fn rules_that_move_while_a_version_comes_leave_nothing_of_it() {
    let service = Service::start().await;
    let reference = service.created(WHO, "a").await;
    let (mut line, token) = (service.connect().await, service.token(WHO).await);
    let head = format!(
        "PUT /api/v1/documents/{reference}/content HTTP/1.1\r\nHost: 127.0.0.1\r\n\
         Authorization: Bearer {token}\r\nContent-Length: 7\r\nExpect: 100-continue\r\n\
         Connection: close\r\n\r\n"
    );
    line.write_all(head.as_bytes()).await.unwrap();
    let mut wanted = [0; 25];
    line.read_exact(&mut wanted).await.unwrap();
    assert_eq!(&wanted, b"HTTP/1.1 100 Continue\r\n\r\n");

    set(&service, json!({"never": ["folder"]})).await;
    line.write_all(b"content").await.unwrap();
    let mut answer = String::new();
    let _ = line.read_to_string(&mut answer).await;

    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("no-placement"), "{answer}");
    assert_eq!(stored(&service), 0);
    assert_eq!(witness::count(&service, "select count(*) from version").await, 0);
    let refusals = refusals(&service).await;
    assert!(refusals.len() == 1 && refusals[0].contains("never uses this place"), "{refusals:?}");
}

#[tokio::test]
async fn each_location_is_explained_with_the_rules_that_it_passes_and_fails() {
    let service = Service::start().await;
    let further = json!({"business-secret": {"control": ["DE"]}});
    set(&service, json!({"countries": ["FR"], "operators_at_least": 1, "from": further})).await;

    let common = service.get(DECIDER, EXPLAINED).await.json();
    let secret = service.get(DECIDER, &format!("{EXPLAINED}?sensitivity=business-secret")).await;
    let wrong = service.get(DECIDER, &format!("{EXPLAINED}?sensitivity=secret")).await;

    assert_eq!(common["places"], json!(["folder"]), "{common}");
    let rules = common["locations"][0]["rules"].as_array().unwrap();
    let rule = |at: usize| ["whose", "rule", "from"].map(|key| rules[at][key].as_str().unwrap());
    assert_eq!(rule(0), ["mission", "known", "all"]);
    assert_eq!(rule(rules.len() - 1), ["owner", "soil", "all"]);
    let secret = secret.json();
    assert_eq!(secret["places"], json!([]));
    assert!(secret["nowhere"].as_str().is_some_and(|why| why.contains("control")), "{secret}");
    let failed = secret["locations"][0]["rules"].as_array().unwrap().iter();
    let failed: Vec<_> = failed.filter(|rule| rule["passes"] == false).collect();
    assert_eq!(failed.len(), 2, "seat and control: {failed:?}");
    assert!(failed.iter().all(|rule| rule["from"] == "business-secret" && rule["found"] == "FR"));
    assert_eq!(wrong.status, 400);
}

#[tokio::test]
async fn rules_that_cannot_be_are_refused_and_the_former_stand() {
    let service = Service::start().await;
    set(&service, json!({"countries": ["FR"]})).await;

    for (placement, says) in [
        (json!({"countries": ["Germany"]}), "no country"),
        (json!({"operators_at_least": 0}), "1 to 9"),
        (json!({"from": {"confidential": {"from": {"ordinary": {}}}}}), "no further ones"),
    ] {
        let change = json!({ "placement": placement });
        let refused = service.ask(DECIDER, Method::PATCH, SETTINGS).json(change).send().await;
        assert_eq!(refused.status, 422, "{refused:?}");
        assert!(refused.json()["detail"].as_str().unwrap().contains(says), "{refused:?}");
    }
    let settings = service.get(DECIDER, SETTINGS).await.json();
    assert_eq!(settings["placement"]["countries"], json!(["FR"]));
}
