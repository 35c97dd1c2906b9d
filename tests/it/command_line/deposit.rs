//! `greffe put`: what is sent, what is said of it, and what a break leaves.

use std::fs;

use ring::digest::{SHA256, digest};
use serde_json::json;

use super::{Asked, Desk, Reply, json, problem};

fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA256, bytes))
}

/// A service that takes every deposit.
fn takes(asked: &Asked) -> Reply {
    match &asked.method[..] {
        "POST" => json(201, &json!({"id": "d", "reference": "K3T-7KQ4-2M", "stage": "empty"})),
        "PUT" => json(
            201,
            &json!({
                "document": "d", "reference": "K3T-7KQ4-2M", "version": "v", "number": 1,
                "size": asked.body.len(), "sha256": sha256(&asked.body), "entry": "e",
                "locations": [],
            }),
        ),
        _ if asked.path.ends_with("/receipts/e") => {
            Reply::new(200).body("c2sp.org/tlog-proof@v1\nindex 41\n\nlog.example/1\n")
        }
        _ => problem(404, &json!({})),
    }
}

const NEW: [&str; 4] = ["--workstream", "e-paiement", "--kind", "diagnostic"];

async fn put(desk: &Desk, arguments: &[&str]) -> super::Ended {
    desk.run(&[&["put"], arguments].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposit_is_sent_with_its_digest_and_ends_with_the_receipt() {
    let desk = Desk::signed_in(takes).await;
    fs::write(desk.folder().join("a.pdf"), "%PDF").unwrap();

    let ended = put(&desk, &[&["a.pdf", "--receipt", "r"], &NEW[..]].concat()).await;

    assert_eq!(ended.exit, 0, "{ended:?}");
    let last = ended.out.lines().last().unwrap();
    assert_eq!(
        last,
        format!("Receipt: entry e, number 41 of the log, SHA-256 {}", sha256(b"%PDF"))
    );
    assert!(fs::read_to_string(desk.folder().join("r")).unwrap().contains("index 41"));
    let asked = desk.service.asked();
    let created: serde_json::Value = serde_json::from_slice(&asked[0].body).unwrap();
    let expected = json!({"workstream": "e-paiement", "kind": "diagnostic", "title": "a.pdf"});
    assert_eq!(created, expected);
    let sent = &asked[1];
    assert_eq!(sent.path, "/api/v1/documents/K3T-7KQ4-2M/content");
    assert_eq!(sent.header("content-type"), Some("application/pdf"));
    assert_eq!(sent.header("content-length"), Some("4"));
    assert!(sent.header("content-digest").unwrap().starts_with("sha-256=:"));
    assert_eq!(sent.header("idempotency-key").unwrap().len(), 22);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposit_that_broke_is_sent_again_as_the_same_request() {
    let desk = Desk::signed_in(|asked| match asked.number {
        0 => problem(503, &json!({"title": "busy"})).header("retry-after", 0),
        _ => takes(asked),
    })
    .await;
    fs::write(desk.folder().join("a"), "one").unwrap();

    let ended = put(&desk, &["a", "--to", "K3T-7KQ4-2M"]).await;

    assert_eq!(ended.exit, 0, "{ended:?}");
    let asked = desk.service.asked();
    let keys: Vec<_> = asked.iter().filter_map(|asked| asked.header("idempotency-key")).collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1]);
    assert_eq!(asked[1].body, "one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_keeps_other_bytes_is_evidence() {
    let desk = Desk::signed_in(|asked| match &asked.method[..] {
        "PUT" => json(201, &json!({"sha256": sha256(b"other"), "entry": "e"})),
        _ => takes(asked),
    })
    .await;
    fs::write(desk.folder().join("a"), "one").unwrap();

    let ended = put(&desk, &["a", "--to", "K3T-7KQ4-2M"]).await;

    assert_eq!((ended.exit, &ended.out[..]), (8, ""), "{ended:?}");
    assert_eq!(desk.service.paths().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_deposit_is_not_sent_again() {
    let desk = Desk::signed_in(|_| problem(403, &json!({"title": "Not permitted"}))).await;
    fs::write(desk.folder().join("a"), "one").unwrap();

    let ended = put(&desk, &["a", "--to", "K3T-7KQ4-2M"]).await;

    assert_eq!(ended.exit, 6, "{ended:?}");
    assert!(ended.err.contains("Not permitted"), "{ended:?}");
    assert_eq!(desk.service.paths().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_read_leaves_no_empty_document() {
    let desk = Desk::signed_in(takes).await;

    let ended = put(&desk, &[&["missing"], &NEW[..]].concat()).await;

    assert_eq!(ended.exit, 4, "{ended:?}");
    assert_eq!(desk.service.paths(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_files_those_that_can_be_are_deposited() {
    let desk = Desk::signed_in(takes).await;
    fs::write(desk.folder().join("a"), "one").unwrap();

    let ended = put(&desk, &[&["a", "missing"], &NEW[..]].concat()).await;

    assert_eq!(ended.exit, 3, "{ended:?}");
    assert!(ended.err.contains("missing"), "{ended:?}");
    let sent = desk.service.paths();
    assert_eq!(sent.iter().filter(|path| path.starts_with("PUT")).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_file_is_a_deposit_too() {
    let desk = Desk::signed_in(takes).await;
    fs::write(desk.folder().join("a"), "").unwrap();

    let ended = put(&desk, &["a", "--to", "K3T-7KQ4-2M", "--json"]).await;

    assert_eq!(ended.exit, 0, "{ended:?}");
    let shown: serde_json::Value = serde_json::from_str(ended.out.trim()).unwrap();
    assert_eq!((&shown["size"], &shown["index"]), (&json!(0), &json!(41)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capacity_must_be_chosen_where_there_are_several() {
    let desk = Desk::signed_in(|asked| match asked.header("greffe-capacity") {
        None => problem(409, &json!({"title": "Choose", "capacities": ["company:a", "mission"]})),
        Some(_) => takes(asked),
    })
    .await;
    fs::write(desk.folder().join("a"), "one").unwrap();

    let asked = put(&desk, &["a", "--to", "K3T-7KQ4-2M"]).await;
    let named = put(&desk, &["a", "--to", "K3T-7KQ4-2M", "--as", "company:a"]).await;

    assert_eq!((asked.exit, named.exit), (2, 0), "{asked:?} {named:?}");
    assert!(asked.err.contains("company:a, mission"), "{asked:?}");
}
