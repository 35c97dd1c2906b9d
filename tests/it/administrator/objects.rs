//! Whoever administers the database writes into it: nobody gains a right, and no wrong byte is served.

use hyper::Method;
use serde_json::json;

use crate::{api::service::Service, witness};

const OWNER: &str = "contributor-rhein";
const STRANGER: &str = "contributor-littoral";
const CONTENT: &[u8] = b"the offer of Rhein Energie";

const OWNERS: &str = "(select owner from document order by created_at limit 1)";

/// What is typed, and whether the owner may be refused too because of it.
const SCRIPTS: &[(&str, &[&str])] = &[
    (
        "a grant inserted",
        &["insert into document_grant (id, document, owner, grantee, until, created_at) \
      select randomblob(16), id, owner, (select hex(party) from member limit 1), 9223372036854775807, created_at from document"],
    ),
    (
        "a standing grant inserted",
        &["insert into standing_grant (id, owner, grantee, workstream, kind, sensitivity, until) \
      select randomblob(16), owner, '*', workstream, kind, 9, 9223372036854775807 from document"],
    ),
    (
        "everybody made a member of the owner",
        &["insert into member (person, party, number) \
      select distinct person, OWNERS, 1 from member where true on conflict do nothing"],
    ),
    (
        "memberships moved",
        &[
            "delete from member where party = OWNERS",
            "update member set party = OWNERS where rowid in \
      (select min(rowid) from member group by person)",
        ],
    ),
    ("memberships deleted", &["delete from member"]),
    ("credentials moved to the owner", &["update credential set capacity = OWNERS"]),
    (
        "credentials given to another person",
        &[
            "update credential set person = (select person from member where party = OWNERS limit 1), capacity = OWNERS",
        ],
    ),
    (
        "verifiers swapped",
        &[
            "create table v as select id, verifier from credential",
            "update credential set verifier = randomblob(32)",
            "update credential set verifier = (select verifier from v where v.id <> credential.id order by v.id limit 1) where capacity = OWNERS",
        ],
    ),
    (
        "credentials prolonged",
        &["update credential set expires_at = 9223372036854775807, generation = generation + 1"],
    ),
    ("heads deleted", &["delete from head"]),
    ("heads put back", &["update head set number = number - 1 where number > 1"]),
    (
        "digests exchanged",
        &[
            "update head set digest = (select digest from head h where h.subject <> head.subject limit 1)",
        ],
    ),
    (
        "revisions exchanged",
        &[
            "update revision set bytes = coalesce((select bytes from revision r where substr(r.subject, 1, 1) = substr(revision.subject, 1, 1) \
      and r.subject <> revision.subject limit 1), bytes)",
        ],
    ),
    ("authentication codes erased", &["update revision set mac = zeroblob(32)"]),
    ("revisions deleted", &["delete from revision"]),
    (
        "the document given to all workstreams' owner",
        &["update document set owner = (select party from member where party <> OWNERS limit 1)"],
    ),
    ("version records emptied", &["update version set record = '{}'"]),
    ("copies moved to another place", &["update copy set location = 'elsewhere'"]),
    ("copies renamed", &["update copy set name = 'object/' || hex(randomblob(16))"]),
    (
        "texts inserted",
        &[
            "insert into party_text (party, digest, sealed) select OWNERS, randomblob(32), randomblob(64)",
        ],
    ),
    ("batches deleted", &["delete from batch"]),
    (
        "a batch inserted",
        &["insert into batch (start, n, batch_id, appended_at, payload, mac) \
      select (select next from sequence), 1, randomblob(16), appended_at, payload, mac from batch limit 1"],
    ),
    ("the sequence put back", &["update sequence set next = 1"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gains_a_right_by_what_is_typed_into_the_database() {
    let edit = "\n[limits]\nbudget_entries_per_minute = 100000\nfailures_per_minute = 100000\n";
    for (case, script) in SCRIPTS {
        let service = Service::with(|text| text + edit).await;
        let reference = service.deposited(OWNER, "offer", CONTENT).await;
        let path = format!("/api/v1/documents/{reference}/content");
        assert_eq!(service.get(STRANGER, &path).await.status, 404, "{case}");

        for statement in *script {
            witness::sql(&service, &statement.replace("OWNERS", OWNERS)).await;
        }

        for tail in ["", "/content", "/grants", "/accesses", "/age?recipient=a"] {
            let path = format!("/api/v1/documents/{reference}{tail}");
            let answer = service.get(STRANGER, &path).await;
            assert!(answer.status >= 400, "{case}: {tail}: {answer:?}");
            assert!(!answer.body.windows(CONTENT.len()).any(|bytes| bytes == CONTENT), "{case}");
        }
        let share = json!({"to": "company:caisse-du-littoral"});
        let grants = format!("/api/v1/documents/{reference}/grants");
        let shared = service.post(STRANGER, &grants, share).await;
        assert!(shared.status >= 400, "{case}: {shared:?}");
        let own = service.get(OWNER, &path).await;
        assert!(own.status >= 400 || own.body.as_ref() == CONTENT, "{case}: {own:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_revoked_stays_so_when_its_row_comes_back() {
    let service = Service::start().await;
    let minted = service.post(OWNER, "/api/v1/tokens", json!({"label": "lost"})).await.json();
    let token = minted["token"].as_str().unwrap().to_owned();
    let me = || service.ask(OWNER, Method::GET, "/api/v1/me").send_raw(Some(token.clone()));
    assert_eq!(me().await.status, 200);
    witness::sql(&service, "create table kept as select * from credential").await;

    let path = format!("/api/v1/tokens/{}", minted["id"].as_str().unwrap());
    assert_eq!(service.ask(OWNER, Method::DELETE, &path).send().await.status, 200);
    let revoked = me().await.status;
    witness::sql(&service, "delete from credential").await;
    witness::sql(&service, "insert into credential select * from kept").await;

    assert_eq!((revoked, me().await.status), (401, 401));
    assert_eq!(service.get(OWNER, "/api/v1/me").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_was_taken_back_stays_so_when_its_rows_are_put_back() {
    let service = Service::start().await;
    let reference = service.deposited(OWNER, "offer", CONTENT).await;
    let grants = format!("/api/v1/documents/{reference}/grants");
    let to = json!({"to": "company:caisse-du-littoral"});
    let grant = service.post(OWNER, &grants, to).await.json()["id"].as_str().unwrap().to_owned();
    let content = format!("/api/v1/documents/{reference}/content");
    assert_eq!(service.get(STRANGER, &content).await.status, 200);
    for table in ["head", "revision", "document", "document_grant"] {
        let keep = format!("create table kept_{table} as select * from {table}");
        witness::sql(&service, &keep).await;
    }

    let ended = service.ask(OWNER, Method::DELETE, &format!("{grants}/{grant}")).send().await;
    assert_eq!(ended.status, 200);
    for table in ["head", "revision", "document", "document_grant"] {
        witness::sql(&service, &format!("delete from {table}")).await;
        witness::sql(&service, &format!("insert into {table} select * from kept_{table}")).await;
    }

    let answer = service.get(STRANGER, &content).await;
    assert!(answer.status >= 400, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_row_that_names_a_live_object_erases_nothing() {
    let service = Service::start().await;
    let reference = service.deposited(OWNER, "offer", CONTENT).await;
    let sql = "insert into pending (name, record_name, version, document, location, since, mac) \
               select c.name, c.record_name, v.id, v.document, c.location, 0, randomblob(32) \
               from copy c join version v on v.id = c.version";
    witness::sql(&service, sql).await;

    service.app.documents.recover().await.unwrap();

    let objects = witness::objects(&service, &reference).await;
    assert!(objects.iter().all(|object| object.exists()) && objects.len() == 1);
    let own = service.get(OWNER, &format!("/api/v1/documents/{reference}/content")).await;
    assert_eq!((own.status, own.body.as_ref()), (200, CONTENT));
    assert_eq!(witness::count(&service, "select count(*) from pending").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_row_of_another_version_that_names_a_live_object_erases_nothing() {
    let service = Service::start().await;
    let reference = service.deposited(OWNER, "offer", CONTENT).await;
    let sql = "insert into pending (name, record_name, version, document, location, since, mac) \
               select c.name, c.record_name, randomblob(16), v.document, c.location, 0, \
               randomblob(32) \
               from copy c join version v on v.id = c.version";
    witness::sql(&service, sql).await;

    service.app.documents.recover().await.ok();

    let objects = witness::objects(&service, &reference).await;
    assert!(objects.iter().all(|object| object.exists()) && objects.len() == 1);
    let own = service.get(OWNER, &format!("/api/v1/documents/{reference}/content")).await;
    assert_eq!((own.status, own.body.as_ref()), (200, CONTENT));
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
         where name = new.name; end",
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
                select * from pending where name = new.name; end";
    witness::sql(&service, keep).await;
    let path = format!("/api/v1/documents/{}/content", service.created(OWNER, "a").await);
    let digest = "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:";
    let put = service.ask(OWNER, Method::PUT, &path).header("content-digest", digest);
    assert_eq!(put.body(CONTENT).send().await.status, 400);
    let reference = service.deposited("contributor-littoral", "offer", CONTENT).await;
    let objects = witness::objects(&service, &reference).await;

    // Of a deposit that came to nothing, so its code is one of ours; the names are another's.
    let point = "insert into pending select c.name, c.record_name, k.version, k.document, k.location, \
                 k.since, k.mac from kept k, copy c where k.version not in (select id from version)";
    witness::sql(&service, point).await;
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
    let point = format!(
        "update copy set name = (select name from kept where version = {0}), \
         record_name = (select record_name from kept where version = {0})",
        of(&offer)
    );
    witness::sql(&service, &point).await;
    let path = format!("/api/v1/documents/{mine}");
    let shredded = service.ask("contributor-littoral", Method::DELETE, &path);
    let shredded = shredded.json(json!({"reason": "mine"})).send().await;

    assert_eq!(shredded.status, 200, "{shredded:?}");
    assert!(objects.len() == 1 && objects[0].exists(), "another's");
    assert!(own.len() == 1 && !own[0].exists(), "its own");
}
