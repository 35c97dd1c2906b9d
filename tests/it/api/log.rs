//! The log as outsiders fetch it, entries opened for those permitted, receipts.

use greffe::{
    audit::{checkpoint::Checkpoint, receipt::Receipt, trust::Policy},
    vault::custody::Custody,
};
use hyper::Method;
use serde_json::json;

use crate::api::service::{ANYONE, Answer, Service};

const OWNER: &str = "contributor-rhein";

/// The receipt of `entry`, once the log has signed it.
pub(super) async fn receipt(service: &Service, who: &str, entry: &str) -> Answer {
    let mut published = service.app.tree.watch();
    loop {
        published.mark_unchanged();
        let answer = service.get(who, &format!("/api/v1/receipts/{entry}")).await;
        if answer.status != 202 {
            return answer;
        }
        assert_eq!(answer.header("retry-after"), "1");
        published.changed().await.unwrap();
    }
}

fn trust(service: &Service) -> Policy {
    let key = service.app.tree.verifier();
    Policy::parse(format!("log {key} https://greffe.example/log\nquorum none\n").as_bytes())
        .unwrap()
}

async fn deposit(service: &Service) -> (String, String) {
    let reference = service.created(OWNER, "a").await;
    let path = format!("/api/v1/documents/{reference}/content");
    let made = service.ask(OWNER, Method::PUT, &path).body("content").send().await.json();
    (reference, made["entry"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn key_and_checkpoint_are_for_everybody() {
    let service = Service::start().await;

    let key = service.get(ANYONE, "/log/vkey").await;
    let checkpoint = service.get(ANYONE, "/log/checkpoint").await;

    let verifier = String::from_utf8(key.body.to_vec()).unwrap().trim().parse().unwrap();
    let opened = Checkpoint::open(&checkpoint.body, &verifier).unwrap();
    assert_eq!(opened.origin, "greffe.example/tests");
    assert_eq!(checkpoint.header("content-type"), "text/plain; charset=utf-8");
}

#[tokio::test]
async fn a_depositor_gets_a_receipt_that_verifies_without_the_service() {
    let service = Service::start().await;
    let (_, entry) = deposit(&service).await;

    let answer = receipt(&service, OWNER, &entry).await;

    let read = Receipt::parse(&answer.body).unwrap();
    read.verify(&trust(&service)).unwrap();
    let names: Vec<_> = read.openings().iter().map(|opening| opening.name()).collect();
    assert_eq!(names, ["facts", "sha256", "personal"]);
    let digest = ring::digest::digest(&ring::digest::SHA256, b"content");
    let told: String = read.opening("sha256").unwrap().value().unwrap();
    assert_eq!(told, hex::encode(digest));
    assert_eq!(
        answer.header("content-disposition"),
        format!("attachment; filename=\"{entry}.tlog-proof\"")
    );
}

#[tokio::test]
async fn a_receipt_is_for_whoever_acted_and_for_auditors() {
    let service = Service::start().await;
    let (_, entry) = deposit(&service).await;

    let auditor = receipt(&service, "auditor", &entry).await;
    let stranger = receipt(&service, "contributor-littoral", &entry).await;
    let unknown = greffe::id::EntryId::random().to_string();
    let none = receipt(&service, "contributor-littoral", &unknown).await;

    let read = Receipt::parse(&auditor.body).unwrap();
    read.verify(&trust(&service)).unwrap();
    assert!(read.opening("facts").is_some());
    assert!(read.opening("sha256").is_none(), "contents are not the auditor's");
    assert_eq!(stranger.status, 404);
    assert_eq!(stranger.settled(), none.settled());
}

#[tokio::test]
async fn tiles_are_for_everybody_and_bundles_for_auditors() {
    let service = Service::start().await;
    let (_, entry) = deposit(&service).await;
    receipt(&service, OWNER, &entry).await;
    let size = service.app.tree.published().tree.size;
    assert!(size < 256, "{size}");

    let hashes = service.get(ANYONE, &format!("/log/tile/0/000.p/{size}")).await;
    let beyond = service.get(ANYONE, "/log/tile/0/000").await;
    let spelt = service.get(ANYONE, &format!("/log/tile/00/000.p/{size}")).await;
    let path = format!("/log/tile/entries/000.p/{size}");
    let (nobody, auditor) = (service.get(ANYONE, &path).await, service.get("auditor", &path).await);
    let own = service.get(OWNER, &path).await;

    assert_eq!((hashes.status, hashes.body.len() as u64), (200, size * 32));
    assert!(hashes.header("cache-control").contains("immutable"));
    assert_eq!((beyond.status, spelt.status, nobody.status), (404, 404, 401));
    assert_eq!((auditor.status, own.status), (200, 200));
    let leaves = greffe::audit::bundle::entries(&auditor.body).unwrap();
    assert_eq!(leaves.len() as u64, size);
}

#[tokio::test]
async fn entries_are_shown_to_whom_they_concern() {
    let service = Service::start().await;
    let (reference, _) = deposit(&service).await;
    let path = format!("/api/v1/documents/{reference}/content");
    assert_eq!(service.get("contributor-littoral", &path).await.status, 404);

    let refused = "/api/v1/audit/entries?act=read&decision=refused";
    let owner = service.get(OWNER, refused).await.json();
    let asker = service.get("contributor-littoral", refused).await.json();
    let other = service.get("access-acieries", refused).await.json();
    let auditor = service.get("auditor", refused).await.json();

    let seen = &owner["entries"][0];
    assert_eq!(
        (&seen["reference"], &seen["person"]),
        (&json!(reference), &json!("contributor-littoral"))
    );
    assert_eq!(seen["facts"]["reason"], "no-grant");
    let own = &asker["entries"][0];
    assert_eq!(own["asked"], json!({"act": "read", "subject": reference, "status": 404}));
    assert!(own["facts"].is_null() && own["document"].is_null() && own["owner"].is_null());
    assert_eq!(other["entries"], json!([]));
    assert_eq!(auditor["entries"][0]["entry"], seen["entry"]);
    assert_eq!(service.get("committee", refused).await.status, 403);
}

#[tokio::test]
async fn an_auditors_questions_stand_in_the_log_of_whom_they_are_about() {
    let service = Service::start().await;
    deposit(&service).await;
    assert_eq!(service.get("auditor", "/api/v1/audit/entries").await.status, 200);

    let asked = service.get(OWNER, "/api/v1/audit/entries?act=audit&person=auditor").await.json();

    let entry = &asked["entries"][0];
    assert_eq!(entry["capacity"], "mission");
    assert_eq!(entry["facts"]["shows"], "entries");
}

#[tokio::test]
async fn a_checkpoint_that_nobody_signed_or_that_is_ours_changes_nothing() {
    let service = Service::start().await;
    let kept = service.get(ANYONE, "/log/checkpoint").await.body;

    let ours = presented(&service, &kept).await;
    let nobodys = presented(&service, b"what nobody signed").await;

    assert_eq!((ours.status, nobodys.status), (200, 200));
    assert_eq!(service.get(OWNER, "/api/v1/tokens").await.status, 200);
}

#[tokio::test]
async fn a_checkpoint_of_another_history_that_we_signed_ends_the_log() {
    let service = Service::start().await;
    let reference = service.deposited(OWNER, "a", b"content").await;
    let key = Custody::log_key(&*service.app.custody).await.unwrap();
    let origin = "greffe.example/tests".parse().unwrap();
    let signer = greffe::audit::note::Signer::from_pkcs8(origin, key.pkcs8()).unwrap();
    let root = greffe::audit::merkle::Hash([7; 32]);
    let other = Checkpoint { origin: "greffe.example/tests".to_owned(), size: 3, root };
    let other = other.sign(&signer).unwrap().to_string();

    let refused = presented(&service, other.as_bytes()).await;
    let after = service.get(OWNER, &format!("/api/v1/documents/{reference}/content")).await;

    assert_eq!((refused.status, after.status), (503, 503));
    assert_eq!(after.json()["type"], "/problems/unavailable");
}

/// `me`, asked with a checkpoint.
async fn presented(service: &Service, checkpoint: &[u8]) -> Answer {
    let ask = service.ask(OWNER, Method::GET, "/api/v1/me");
    ask.header("greffe-checkpoint", base64(checkpoint)).send().await
}

fn base64(bytes: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    STANDARD.encode(bytes)
}
