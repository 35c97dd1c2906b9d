//! What was erased opens no more: not with today's everything and copies of yesterday, nor is it left anywhere.

mod attacker;
mod canaries;
#[cfg(feature = "failpoints")]
mod interleaved;
mod raw_disk;

use std::collections::BTreeSet;

use greffe::{
    database::Revisions,
    id::{DocumentId, PersonId, VersionId},
    vault::payload::sha256,
};
use serde_json::json;
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::crashes::{
    client::{OWNER, with_status},
    instance::{Instance, Served},
};
use attacker::{Attacker, Target};

const TITLE: &str = "Titre-quartz-7731";
const CONTENT: &str = "Contenu-feldspath-4180: the offer, in words of its own";
const PURPOSE: &str = "Motif-mica-2295";
const REASON: &str = "Raison-gneiss-6604";
const NAME: &str = "Ruth Vogel";
const ADDRESS: &str = "ruth.vogel@rhein.example";

/// A document with a title, a content, a purpose and a digest, of a person with a name.
async fn target(served: &Served) -> (String, Target) {
    let client = &served.client;
    let new = json!({
        "workstream": "intelligence-artificielle", "kind": "diagnostic", "title": TITLE,
    });
    let created = client.json(OWNER, "POST", "/api/v1/documents", &new).await;
    let created = with_status(created, 201).unwrap();
    let reference = created["reference"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/documents/{reference}");
    let headers = [("content-type", "text/plain"), ("idempotency-key", "a-key-of-the-owner")];
    let put = client.ask(OWNER, "PUT", &format!("{path}/content"), &headers, CONTENT).await;
    let deposited = with_status(put, 201).unwrap();
    let grant = json!({"to": "company:caisse-du-littoral", "purpose": PURPOSE});
    let granted = client.json(OWNER, "POST", &format!("{path}/grants"), &grant).await;
    with_status(granted, 201).unwrap();
    let id = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let document: DocumentId = id(&created["id"]).parse().unwrap();
    let version: VersionId = id(&deposited["version"]).parse().unwrap();
    let digest = hex::encode(sha256(CONTENT.as_bytes())).into_bytes();
    let wanted = vec![
        ("title", TITLE.into()),
        ("content", CONTENT.into()),
        ("purpose", PURPOSE.into()),
        ("digest", digest),
        ("reason", REASON.into()),
        ("name", NAME.into()),
        ("address", ADDRESS.into()),
    ];
    (reference, Target { document, version, person: person(served).await, wanted })
}

async fn person(served: &Served) -> PersonId {
    let mut revisions = Revisions::new(served.app.clock.now());
    let mission = served.app.registry.mission(&mut revisions).await.unwrap();
    mission.person_named(OWNER).unwrap()
}

/// A reader that keeps what it read from being cleared away: an open transaction on a SQLite file.
async fn held_open(file: &std::path::Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut reader = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql("begin; select count(*) from sqlite_schema").execute(&mut reader).await.unwrap();
    reader
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_erased_opens_with_nothing_of_today_and_yesterday_together() {
    let instance = Instance::create().await;
    let served = instance.serve().await;
    let (reference, target) = target(&served).await;
    let mut readers = Vec::new();
    for file in ["keys.sqlite", "greffe.sqlite"] {
        readers.push(held_open(&instance.folder().join(file)).await);
    }
    let yesterday = instance.copy();
    let before = Attacker { folders: vec![yesterday.folder().to_owned()] };
    let custody = yesterday.folder().join("custody/custody");
    let control = before.attack(&custody, &target).await;

    let path = format!("/api/v1/documents/{reference}");
    let reason = json!({"reason": REASON});
    let gone = served.client.json(OWNER, "DELETE", &path, &reason).await.unwrap();
    assert_eq!(gone.status, 200, "{gone:?}");
    let shredded = instance.copy();
    served.app.authority.erase_person(target.person).await.unwrap();
    let erased = instance.copy();

    // The attack is one that works, while its keys live.
    let all = ["title", "content", "purpose", "digest", "name", "address"];
    assert_eq!(control.stolen, BTreeSet::from(all), "{control:?}");
    let mut loot = Vec::new();
    for today in [&shredded, &erased] {
        let folders = vec![today.folder().to_owned(), yesterday.folder().to_owned()];
        let attacker = Attacker { folders };
        loot.push(attacker.attack(&today.folder().join("custody/custody"), &target).await);
    }
    let person = BTreeSet::from(["name", "address"]);
    assert_eq!(loot[0].stolen, person, "the document was shredded: {:?}", loot[0]);
    assert_eq!(loot[1].stolen, BTreeSet::new(), "the person was erased too: {:?}", loot[1]);
    assert!(loot.iter().all(|loot| loot.sets_opened > 0), "today's own set opens: {loot:?}");
    drop(readers);

    // Every proof stays valid, and nobody acts as the erased.
    served.ended().await;
    let again = instance.serve().await;
    let me = again.client.get(OWNER, "/api/v1/me").await.unwrap();
    assert_eq!(me.status, 401, "{me:?}");
    let known = crate::crashes::known::Known::default();
    crate::crashes::settled::settled(&again.app, instance.folder(), &known, "erased").await;
}
