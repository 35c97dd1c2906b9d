//! What runs out is gone with its keys, from older copies too; every proof and receipt holds; a hold keeps.

use std::{fs, path::PathBuf, sync::Arc};

use greffe::{
    audit::{receipt::Receipt, trust::Policy},
    database::Revisions,
    id::PersonId,
    vault::{KeySet, custody::Custody, keyset::Slot},
};
use hyper::Method;
use serde_json::{Value, json};
use sqlx::{Connection as _, Row as _};

use crate::{api::service::Service, witness};

const OWNER: &str = "contributor-rhein";
const YEAR: i64 = 366 * 24 * 3600;
/// Entries made before time passes, at least.
const SOME: usize = 8;

/// The text of the receipt of a deposit of `who`, once it is signed.
async fn receipt(service: &Service, who: &str) -> Vec<u8> {
    let reference = service.created(who, "a").await;
    let path = format!("/api/v1/documents/{reference}/content");
    let made = service.ask(who, Method::PUT, &path).body("content").send().await.json();
    let entry = made["entry"].as_str().unwrap().to_owned();
    let mut published = service.app.tree.watch();
    loop {
        published.mark_unchanged();
        let answer = service.get(who, &format!("/api/v1/receipts/{entry}")).await;
        if answer.status == 200 {
            return answer.body.to_vec();
        }
        published.changed().await.unwrap();
    }
}

/// Time passes, once all is signed: the oldest unsigned entry would be too old.
async fn pass(service: &Service, seconds: i64) {
    witness::signed(service).await;
    service.app.clock.pass_seconds(seconds);
}

fn trust(service: &Service) -> Policy {
    let key = service.app.tree.verifier();
    let text = format!("log {key} https://greffe.example/log\nquorum none\n");
    Policy::parse(text.as_bytes()).unwrap()
}

/// Everything that entries from before `position` show to the mission's auditor, who signs in now.
async fn shown(service: &Service, position: usize) -> Vec<Value> {
    let path = "/api/v1/audit/entries";
    let mut page = service.get("auditor", path).await.json();
    let mut entries = Vec::new();
    loop {
        entries.extend(page["entries"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        page = service.get("auditor", &format!("{path}?cursor={next}")).await.json();
    }
    entries.retain(|entry| entry["position"].as_u64().unwrap() < position as u64);
    entries
}

async fn people(service: &Service) -> Vec<PersonId> {
    let mut revisions = Revisions::new(service.app.clock.now());
    let mission = service.app.registry.mission(&mut revisions).await.unwrap();
    mission.people.iter().map(|entry| entry.person).collect()
}

/// The key set and the database as they are, copied elsewhere.
fn copies(service: &Service, folder: &std::path::Path) -> [PathBuf; 2] {
    let mut kept = Vec::new();
    for name in ["keys.sqlite", "greffe.sqlite"] {
        for end in ["", "-wal"] {
            let from = service.folder().join(format!("{name}{end}"));
            if from.exists() {
                fs::copy(from, folder.join(format!("{name}{end}"))).unwrap();
            }
        }
        kept.push(folder.join(name));
    }
    kept.try_into().unwrap()
}

async fn system(service: &Service, what: &str) -> Vec<Value> {
    let entries = witness::entries(service).await.into_iter().map(|entry| entry.facts);
    entries.filter(|facts| facts["system"] == what).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_did_runs_out_with_its_keys_and_every_proof_holds() {
    let (service, yesterday) = (Service::start().await, tempfile::tempdir().unwrap());
    let before = receipt(&service, OWNER).await;
    assert_eq!(service.get("pilot-ia", "/api/v1/documents/unknown/content").await.status, 404);
    let old = witness::entries(&service).await.len();
    let [keys, database] = copies(&service, yesterday.path());
    assert!(old > SOME && shown(&service, old).await.iter().any(|told| told["person"] == OWNER));
    let month = service.app.clock.now().month();

    pass(&service, YEAR + 31 * 24 * 3600).await;
    let due = service.app.expire().await.unwrap();

    // Whoever acted in that month: two who are named above, and the auditor who looked.
    assert_eq!((due.months, due.held, due.facts), (3, 0, 0));
    let again = shown_again(&service, old).await;
    assert!(again.iter().all(|told| told["person"].is_null() && told["address"].is_null()));
    assert!(again.iter().any(|told| told["personal_expired"] == true));
    assert!(again.iter().all(|told| told["facts"].is_object() && told["facts_expired"] == false));
    assert_eq!(sealed(&service.folder().join("greffe.sqlite"), old).await, 0);
    Receipt::parse(&before).unwrap().verify(&trust(&service)).unwrap();
    assert_eq!(
        (system(&service, "expiring").await.len(), system(&service, "expired").await.len()),
        (1, 1)
    );
    assert!(service.app.expire().await.unwrap().is_nothing());
    assert_eq!(system(&service, "expired").await.len(), 1, "nothing is said of nothing");
    // Yesterday's database holds the sealed openings: today's keys do not open them, nor do yesterday's.
    assert!(sealed(&database, old).await > 0);
    for person in people(&service).await {
        let key = service.app.keyset.personal_key(person, &month).await;
        assert!(matches!(key, Err(greffe::vault::keyset::Error::Missing(Slot::Month(..)))));
    }
    let custody = Arc::clone(&service.app.custody) as Arc<dyn Custody>;
    assert!(KeySet::open_read_only(custody, &keys).await.is_err());
}

/// How many entries of a database before `old` have something sealed for whoever acted, or name them by an index.
async fn sealed(path: &std::path::Path, old: usize) -> i64 {
    let mut copy = sqlx::SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
    let sql = "select count(*) from entry \
               where position < $1 and length(personal_sealed) + length(person_index) > 0";
    sqlx::query(sql).bind(old as i64).fetch_one(&mut copy).await.unwrap().get(0)
}

/// What the auditor is shown once more, with a token of the present.
async fn shown_again(service: &Service, old: usize) -> Vec<Value> {
    service.forget_tokens().await;
    shown(service, old).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_keeps_the_months_of_whoever_touched_the_document_until_it_ends() {
    let service = Service::start().await;
    let held = service.deposited("contributor-acieries", "held", b"held").await;
    service.deposited(OWNER, "not held", b"not held").await;
    let path = format!("/api/v1/documents/{held}");
    let patch = |hold: bool| {
        let ask = service.ask("access-acieries", Method::PATCH, &path);
        ask.json(json!({"hold": hold})).send()
    };
    assert_eq!(patch(true).await.status, 200);
    let old = witness::entries(&service).await.len();

    pass(&service, YEAR + 31 * 24 * 3600).await;
    let due = service.app.expire().await.unwrap();

    assert_eq!((due.months, due.held), (1, 2));
    let told = shown_again(&service, old).await;
    let known = |who: &str| told.iter().filter(|told| told["person"] == who).count();
    assert!(known("contributor-acieries") > 0 && known("access-acieries") > 0, "{told:?}");
    assert_eq!(known(OWNER), 0);

    assert_eq!(patch(false).await.status, 200);
    assert_eq!(service.app.expire().await.unwrap().months, 2);
    let told = shown(&service, old).await;
    assert!(told.iter().all(|told| told["person"].is_null()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_erased_is_not_said_to_be_and_is_erased_the_next_time() {
    let service = Service::start().await;
    service.deposited(OWNER, "a", b"content").await;
    let month = service.app.clock.now().month();
    let (second, away) = (service.folder().join("second"), service.folder().join("away"));
    pass(&service, YEAR + 31 * 24 * 3600).await;

    fs::rename(&second, &away).unwrap();
    let failed = service.app.expire().await;

    assert!(failed.is_err(), "{failed:?}");
    assert_eq!(system(&service, "expired").await, Vec::<Value>::new());
    fs::rename(&away, &second).unwrap();
    assert_eq!(service.app.expire().await.unwrap().months, 1);
    assert_eq!(system(&service, "expired").await.len(), 1);
    let slots = service.app.keyset.months_before("9999-12").await.unwrap();
    assert!(!slots.iter().any(|slot| matches!(slot, Slot::Month(_, of) if *of == month)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destruction_that_a_missing_place_stopped_ends_once_the_place_is_back() {
    let service = Service::start().await;
    let reference = service.deposited(OWNER, "a", b"content").await;
    let objects = witness::objects(&service, &reference).await;
    let (second, away) = (service.folder().join("second"), service.folder().join("away"));
    let path = format!("/api/v1/documents/{reference}");

    fs::rename(&second, &away).unwrap();
    let answer =
        service.ask(OWNER, Method::DELETE, &path).json(json!({"reason": "r"})).send().await;

    assert_eq!(answer.status, 503, "{answer:?}");
    let read = service.get(OWNER, &format!("{path}/content")).await;
    assert_eq!(read.status, 403, "{read:?}");
    assert!(service.app.documents.sweep().await.is_err());
    assert_eq!(system(&service, "shredded").await, Vec::<Value>::new());
    fs::rename(&away, &second).unwrap();
    let both = tokio::join!(service.app.documents.sweep(), service.app.documents.sweep());
    both.0.and(both.1).unwrap();
    service.app.documents.sweep().await.unwrap();
    assert_eq!(system(&service, "shredded").await.len(), 1);
    assert!(objects.len() == 1 && !objects[0].exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_run_out_only_once_the_mission_has_ended_and_every_proof_holds() {
    let ended = |on: &'static str| {
        move |text: String| text + "\n[retention]\nmission_ended_on = \"" + on + "\"\n"
    };
    for (on, is_over) in [("2026-01-01", true), ("2099-01-01", false)] {
        let service = Service::with(ended(on)).await;
        let before = receipt(&service, OWNER).await;
        let old = witness::entries(&service).await.len();
        let kept = service.app.tree.published().tree.size;
        let root = greffe::mission::Scanned::of(service.app.writer.database()).await.unwrap();
        service.app.tree.authority(root.root().root, root.root().position);

        pass(&service, 6 * YEAR).await;
        let due = service.app.expire().await.unwrap();

        assert_eq!(due.facts > 0, is_over, "{on}: {due:?}");
        let told = shown_again(&service, old).await;
        assert!(told.len() > SOME);
        assert_eq!(told.iter().any(|told| told["facts"].is_object()), !is_over, "{told:?}");
        assert!(told.iter().all(|told| told["facts_expired"] == is_over));
        Receipt::parse(&before).unwrap().verify(&trust(&service)).unwrap();
        let proved = service.app.tree.prove(kept - 1).await.unwrap();
        assert!(matches!(proved, greffe::audit::tree::Covered::Yes(_)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_without_content_is_swept_after_the_configured_hours() {
    let service = Service::with(|text| text + "\n[retention]\nempty_hours = 2\n").await;
    service.created(OWNER, "empty").await;
    let kept = service.deposited(OWNER, "kept", b"kept").await;
    let empty = "select count(*) from document where stage = 'empty'";

    pass(&service, 3600).await;
    service.app.documents.sweep().await.unwrap();
    assert_eq!(witness::count(&service, empty).await, 1);
    pass(&service, 3601).await;
    service.app.documents.sweep().await.unwrap();

    assert_eq!(witness::count(&service, empty).await, 0);
    let own = service.get(OWNER, &format!("/api/v1/documents/{kept}/content")).await;
    assert_eq!(own.body.as_ref(), b"kept");
}
