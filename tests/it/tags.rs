//! Tags: a party's auditor finds what is tagged for it, the mission's auditor what was left untagged.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use greffe::{database::Revisions, id::PartyId};
use hyper::Method;
use serde_json::{Value, json};

use crate::{
    api::service::Service,
    command_line::walk::{Ended, command},
    witness,
};

const PARTY: &str = "company:acieries-du-ponant";
const OWNER: &str = "contributor-acieries";
const OWN_AUDITOR: &str = "auditor as company:acieries-du-ponant";
const MISSIONS_AUDITOR: &str = "auditor as mission";

/// A service whose company has an auditor.
async fn start() -> Service {
    let service = Service::start().await;
    let roles = format!("/api/v1/parties/{PARTY}/roles");
    let wanted = json!({"person": "auditor", "role": "auditor"});
    let given = service.post("access-acieries", &roles, wanted).await;
    assert_eq!(given.status, 200, "{given:?}");
    service
}

/// `greffe audit …`, typed by `who` in a folder of their own.
async fn audit(service: &Service, home: &Path, who: &str, arguments: &[&str]) -> Ended {
    signed(service).await;
    let token = home.join("token");
    fs::write(&token, service.token(who).await).unwrap();
    fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
    let key = service.app.tree.verifier();
    let policy = format!("log {key} https://greffe.example/log\nquorum none\n");
    fs::write(home.join("policy"), policy).unwrap();
    let server = format!("https://{}", service.address);
    let authority = service.folder().join("authority.pem").display().to_string();
    let common =
        ["--server", &server, "--ca", &authority, "--token-file", "token", "--json", "audit"];
    let arguments: Vec<_> =
        [&common[..], arguments].concat().iter().map(ToString::to_string).collect();
    let home = home.to_owned();
    let run = move || {
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        command(&home, &home, &arguments)
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

/// Waits until all that was entered is signed.
async fn signed(service: &Service) {
    let all = witness::entries(service).await.len() as u64;
    let mut published = service.app.tree.watch();
    published.wait_for(|published| published.tree.size >= all).await.unwrap();
}

async fn party(service: &Service) -> PartyId {
    let mut revisions = Revisions::new(service.app.clock.now());
    let mission = service.app.registry.mission(&mut revisions).await.unwrap();
    mission.party_named(PARTY).unwrap().party
}

fn lines(ended: &Ended) -> Vec<Value> {
    ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_left_untagged_is_found_by_the_missions_auditor_and_by_no_scan() {
    let (service, home) = (start().await, tempfile::tempdir().unwrap());
    let home = home.path();
    service.deposited(OWNER, "tagged", b"tagged").await;
    let before = audit(&service, home, MISSIONS_AUDITOR, &["tags", "--policy", "policy"]).await;
    assert_eq!(before.exit, 0, "{before:?}");
    assert_eq!(
        (&lines(&before)[0]["tagged"], &lines(&before)[0]["unproved"]),
        (&json!(true), &json!(0))
    );

    let untagged = format!("return({})", party(&service).await);
    fail::cfg("audit::untagged", &untagged).unwrap();
    let from = witness::entries(&service).await.len();
    let reference = service.created(OWNER, "untagged").await;
    fail::remove("audit::untagged");
    let left = witness::entries(&service).await.split_off(from);
    let left: Vec<_> = left
        .iter()
        .map(|entry| greffe::id::EntryId::from_slice(&entry.id).unwrap().to_string())
        .collect();
    assert_eq!(left.len(), 1, "{reference}");

    let keys = audit(&service, home, OWN_AUDITOR, &["keys", "--output", "keys"]).await;
    assert_eq!(keys.exit, 0, "{keys:?}");
    let mode = fs::metadata(home.join("keys")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let scan = ["scan", "--key-file", "keys", "--policy", "policy"];
    let scanned = audit(&service, home, OWN_AUDITOR, &scan).await;
    assert_eq!(scanned.exit, 0, "{scanned:?}");
    let found: Vec<_> = lines(&scanned).iter().map(|line| line["entry"].clone()).collect();
    let deposits = witness::entries(&service).await;
    let deposit = deposits.iter().find(|entry| entry.facts["step"] == "version").unwrap();
    let deposit = greffe::id::EntryId::from_slice(&deposit.id).unwrap().to_string();
    assert!(found.contains(&json!(deposit)) && !found.contains(&json!(left[0])), "{found:?}");

    let told = audit(&service, home, MISSIONS_AUDITOR, &["tags", "--policy", "policy"]).await;
    assert_eq!(told.exit, 8, "{told:?}");
    assert!(lines(&told).iter().all(|line| line["entry"] == left[0]), "{told:?}");
    let lacks: Vec<_> = lines(&told).iter().map(|line| line["lacks"].clone()).collect();
    assert_eq!(lacks, ["owner", "capacity"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_destroyed_document_leaves_is_counted_as_unproved() {
    let (service, home) = (start().await, tempfile::tempdir().unwrap());
    let reference = service.deposited(OWNER, "gone", b"gone").await;
    let document = witness::document(&service, &reference).await;
    let path = format!("/api/v1/documents/{reference}");
    let shred = service.ask("access-acieries", Method::DELETE, &path);
    assert_eq!(shred.json(json!({"reason": "a test"})).send().await.status, 200);

    let told =
        audit(&service, home.path(), MISSIONS_AUDITOR, &["tags", "--policy", "policy"]).await;

    assert_eq!(told.exit, 0, "{told:?}");
    let about = witness::entries(&service).await.into_iter();
    let about = about.filter(|entry| entry.document == document.as_bytes()).count();
    assert_eq!(lines(&told)[0]["unproved"], json!(about));
}

#[tokio::test(flavor = "multi_thread")]
async fn tag_keys_are_for_the_partys_own_auditors_and_every_asking_is_entered() {
    let service = start().await;
    let own = format!("/api/v1/parties/{PARTY}/tag-keys");
    let mission = "/api/v1/parties/mission/tag-keys";

    let told = service.get(OWN_AUDITOR, &own).await;
    assert_eq!(told.status, 200, "{told:?}");
    let key = &told.json()["keys"][0];
    assert_eq!(key["key"].as_str().unwrap().len(), 43);
    for (who, path, status) in [
        ("access-acieries", &own[..], 403),
        (OWNER, &own, 403),
        (MISSIONS_AUDITOR, &own, 403),
        ("contributor-rhein", &own, 403),
        (MISSIONS_AUDITOR, mission, 200),
        (OWN_AUDITOR, mission, 403),
        ("coordinator", mission, 403),
        ("coordinator", "/api/v1/audit/tags", 403),
        (OWN_AUDITOR, "/api/v1/audit/tags", 403),
        ("access-acieries", "/api/v1/audit/tags", 403),
        (MISSIONS_AUDITOR, "/api/v1/audit/tags", 200),
    ] {
        let answer = service.get(who, path).await;
        assert_eq!(answer.status, status, "{who} {path}: {answer:?}");
        assert!(
            status == 200
                || !answer
                    .body
                    .windows(20)
                    .any(|part| part == &key["key"].as_str().unwrap().as_bytes()[..20])
        );
    }

    let entries = witness::entries(&service).await;
    let shown = entries.iter().filter(|entry| entry.facts["shows"] == "tag keys").count();
    let refused =
        entries.iter().filter(|entry| entry.act == "audit" && entry.is("refusal")).count();
    assert_eq!((shown, refused), (2, 9));
}
