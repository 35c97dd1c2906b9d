//! Rows that name objects, stages and versions: a row alone erases nothing, and hides no destruction.

use std::fs;

use hyper::Method;
use serde_json::json;

use crate::{api::service::Service, witness};

const OWNER: &str = "contributor-rhein";
const CONTENT: &[u8] = b"the offer of Rhein Energie";

/// What a pending row says of the copy `c`.
const NAMED: &str = "json_array(json_object('location', c.location, 'object', c.name))";

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_row_that_names_a_live_object_erases_nothing_whatever_its_version() {
    for version in ["v.id", "randomblob(16)"] {
        let service = Service::start().await;
        let reference = service.deposited(OWNER, "offer", CONTENT).await;
        let sql = format!(
            "insert into pending (version, document, copies, since, mac) \
             select {version}, v.document, {NAMED}, 0, randomblob(32) \
             from copy c join version v on v.id = c.version"
        );
        assert_eq!(witness::sql(&service, &sql).await, 1);

        service.app.documents.recover().await.unwrap();

        let objects = witness::objects(&service, &reference).await;
        assert!(objects.len() == 1 && objects[0].exists(), "{version}");
        let own = service.get(OWNER, &format!("/api/v1/documents/{reference}/content")).await;
        assert_eq!((own.status, own.body.as_ref()), (200, CONTENT), "{version}");
        assert_eq!(witness::count(&service, "select count(*) from pending").await, 0, "{version}");
    }
}

/// Keeps each pending row as it is written, then puts it back and takes away every row that would say what lives.
const PUT_BACK: [&str; 4] = [
    "insert into pending select * from kept",
    "delete from copy",
    "delete from version",
    "delete from document",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_row_that_is_put_back_after_its_deposit_erases_nothing() {
    let service = Service::start().await;
    witness::sql(&service, "create table kept as select * from pending where 1 = 0").await;
    witness::sql(
        &service,
        "create trigger keep after insert on pending begin insert into kept select * from pending \
         where version = new.version; end",
    )
    .await;
    let reference = service.deposited(OWNER, "offer", CONTENT).await;
    witness::sql(&service, "drop trigger keep").await;
    let objects = witness::objects(&service, &reference).await;
    let document = witness::document(&service, &reference).await;
    let versions = service.app.keyset.versions(document).await.unwrap();

    for statement in PUT_BACK {
        witness::sql(&service, statement).await;
    }
    service.app.documents.recover().await.unwrap();
    service.app.documents.sweep().await.unwrap();

    assert!(objects.len() == 1 && objects[0].exists());
    assert_eq!(service.app.keyset.versions(document).await.unwrap(), versions);
    assert_eq!(witness::count(&service, "select count(*) from pending").await, 0);
    let entries = witness::entries(&service).await;
    assert!(!entries.iter().any(|entry| entry.facts["system"] == "abandoned"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_row_pointed_at_another_object_erases_nothing() {
    let service = Service::start().await;
    witness::sql(&service, "create table kept as select * from pending where 1 = 0").await;
    let keep = "create trigger keep after insert on pending begin insert into kept \
                select * from pending where version = new.version; end";
    witness::sql(&service, keep).await;
    let path = format!("/api/v1/documents/{}/content", service.created(OWNER, "a").await);
    let digest = "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:";
    let put = service.ask(OWNER, Method::PUT, &path).header("content-digest", digest);
    assert_eq!(put.body(CONTENT).send().await.status, 400);
    let reference = service.deposited("contributor-littoral", "offer", CONTENT).await;
    let objects = witness::objects(&service, &reference).await;

    // Of a deposit that came to nothing, so its code is one of ours; the names are another's.
    let point = format!(
        "insert into pending select k.version, k.document, {NAMED}, k.since, k.mac from kept k, copy c \
         where k.version not in (select id from version)"
    );
    witness::sql(&service, &point).await;
    for statement in &PUT_BACK[1..] {
        witness::sql(&service, statement).await;
    }
    assert_eq!(witness::count(&service, "select count(*) from pending").await, 1);
    service.app.documents.recover().await.unwrap();

    assert!(objects.len() == 1 && objects[0].exists());
    assert_eq!(witness::count(&service, "select count(*) from pending").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_says_a_document_is_being_destroyed_destroys_nothing() {
    let service = Service::start().await;
    let reference = service.deposited(OWNER, "offer", CONTENT).await;

    witness::sql(&service, "update document set stage = 'shredding'").await;
    service.app.documents.recover().await.unwrap();

    let own = service.get(OWNER, &format!("/api/v1/documents/{reference}/content")).await;
    assert_eq!((own.status, own.body.as_ref()), (200, CONTENT));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_hides_a_destruction_hides_it_from_no_start_and_no_sweep() {
    for restarted in [false, true] {
        let service = Service::start().await;
        let reference = service.deposited(OWNER, "offer", CONTENT).await;
        let document = witness::document(&service, &reference).await;
        let objects = witness::objects(&service, &reference).await;
        let (second, away) = (service.folder().join("second"), service.folder().join("away"));
        fs::rename(&second, &away).unwrap();
        let path = format!("/api/v1/documents/{reference}");
        let shred = service.ask(OWNER, Method::DELETE, &path).json(json!({"reason": "over"}));
        assert_eq!(shred.send().await.status, 503);

        let hide = "update document set stage = 'working' where stage = 'shredding'";
        assert_eq!(witness::sql(&service, hide).await, 1);
        // An hourly comparison in between does not forget it.
        service.app.compare_or_stop().await;
        fs::rename(&away, &second).unwrap();
        let again;
        let service = if restarted {
            service.app.close().await;
            again = service.again(service.copied()).await.unwrap();
            &again
        } else {
            service.app.documents.sweep().await.unwrap();
            assert!(objects.len() == 1 && !objects[0].exists());
            &service
        };

        assert!(witness::logged(service, "shredded").await, "restarted: {restarted}");
        let keys = service.app.keyset.versions(document).await;
        assert!(matches!(keys, Err(greffe::vault::keyset::Error::Missing(_))), "{keys:?}");
        assert_eq!(service.get(OWNER, &format!("{path}/content")).await.status, 403);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_names_anothers_object_does_not_take_it_along_when_its_document_is_destroyed() {
    let service = Service::start().await;
    let mine = service.deposited("contributor-littoral", "mine", b"mine").await;
    let offer = service.deposited(OWNER, "offer", CONTENT).await;
    let of = |reference: &str| {
        format!(
            "(select id from version where document = (select id from document where reference = '{reference}'))"
        )
    };
    let (own, objects) =
        (witness::objects(&service, &mine).await, witness::objects(&service, &offer).await);

    witness::sql(&service, "create table kept as select * from copy").await;
    witness::sql(&service, &format!("delete from copy where version = {}", of(&offer))).await;
    let point =
        format!("update copy set name = (select name from kept where version = {})", of(&offer));
    witness::sql(&service, &point).await;
    let path = format!("/api/v1/documents/{mine}");
    let shredded = service.ask("contributor-littoral", Method::DELETE, &path);
    let shredded = shredded.json(json!({"reason": "mine"})).send().await;

    assert_eq!(shredded.status, 200, "{shredded:?}");
    assert!(objects.len() == 1 && objects[0].exists(), "another's");
    assert!(own.len() == 1 && !own[0].exists(), "its own");
}
