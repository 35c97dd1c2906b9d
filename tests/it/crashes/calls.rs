//! Every k-th call to log, database, key set, custody, store and signer fails once, kept and not kept.
//!
//! One k for each fail point, and each commit up to the one that makes a version; all of them with `GREFFE_ALL=1`, one fail
//! point only with `GREFFE_POINT=NAME`.

use std::{
    env,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use serde_json::json;

use crate::crashes::{
    alone::alone,
    client::{OWNER, READER, with_status},
    instance::{Instance, Served},
    known::{Document, Fate, Known},
    settled::{recorded, settled},
};

/// Where a step of the key set or of custody fails: before it takes effect, and after.
pub const STEPS: [&str; 10] = [
    "vault::keyset::begin",
    "vault::keyset::first",
    "vault::keyset::second",
    "vault::keyset::committed",
    "vault::keyset::turn",
    "vault::keyset::end",
    "vault::custody::begin",
    "vault::custody::begun",
    "vault::custody::end",
    "vault::custody::ended",
];

/// Where another call fails before it takes effect, and where after it did: then it is kept and looks as if it were not.
const CALLS: [&str; 20] = [
    "audit::change",
    "audit::changed",
    "audit::append",
    "audit::before_commit",
    "audit::after_commit",
    "audit::signed",
    "audit::signer",
    "database::read",
    "vault::custody::recovery",
    "storage::create",
    "storage::kept",
    "storage::write",
    "storage::sync",
    "storage::rename",
    "storage::sync_folder",
    "storage::read",
    "storage::erase",
    "storage::erased",
    "documents::sealed",
    "documents::erased",
];

fn points() -> impl Iterator<Item = &'static str> {
    CALLS.into_iter().chain(STEPS)
}

const RESTRICTIONS: &str = "/api/v1/parties/company:rhein-energie/restrictions";
const CLOSED: &str =
    "@id(\"closed\")\nforbid (principal, action == Action::\"export\", resource);\n";

/// What the clients of one story know at its end.
struct Told {
    known: Known,
    /// Exports were forbidden, allowed, and forbidden again.
    restricted: [Fate; 3],
    finalised: Fate,
}

async fn restrict(served: &Served, text: &'static str) -> Fate {
    let headers = [("content-type", "text/plain")];
    let answer = served.client.ask(OWNER, "PUT", RESTRICTIONS, &headers, text).await;
    if answer.is_some_and(|answer| answer.status == 200) { Fate::Done } else { Fate::Asked }
}

/// Create, deposit, grant, read, restrict, export, finalise, shred: each is asked, whatever became of the others.
async fn story(served: &Served) -> Told {
    let client = &served.client;
    let (mut known, mut restricted) = (Known::default(), [Fate::NotAsked; 3]);
    let mut finalised = Fate::NotAsked;
    let content: Vec<u8> = (0..150_000).map(|at: u32| at.to_be_bytes()[3]).collect();
    if let Some(mut document) = Document::create(client, content).await {
        document.deposit(client).await;
        document.grant(client).await;
        document.read(client, READER, 70_000, 140_000).await;
        for (at, text) in [CLOSED, "", CLOSED].into_iter().enumerate() {
            restricted[at] = restrict(served, text).await;
            let exported = document.export(client).await;
            if at != 1 && restricted[at] == Fate::Done {
                assert_ne!(exported, Some(200), "exported though that is forbidden");
            }
        }
        let change = json!({"stage": "final"});
        let answer = client.json(OWNER, "PATCH", &document.path(""), &change).await;
        finalised = match with_status(answer, 200) {
            Some(_) => Fate::Done,
            None => Fate::Asked,
        };
        known.documents.push(document);
    }
    known.see(client).await;
    if let Some(mut doomed) = Document::create(client, b"to be destroyed".to_vec()).await {
        doomed.deposit(client).await;
        doomed.shred(client).await;
        known.documents.push(doomed);
    }
    Told { known, restricted, finalised }
}

/// What stands after a restart.
async fn judged(crashed: &Instance, mut told: Told, when: &str) {
    let served = crashed.serve().await;
    settled(&served.app, crashed.folder(), &told.known, when).await;
    let client = &served.client;
    for document in &mut told.known.documents {
        document.check(client, when).await;
        if document.deposit == Fate::Asked && document.shred == Fate::NotAsked {
            let path = document.path("");
            let stage = with_status(client.get(OWNER, &path).await, 200).unwrap()["stage"].clone();
            if stage != "final" {
                document.deposit_again(client, when).await;
            }
        }
    }
    if let Some(document) = told.known.documents.first() {
        let exported = document.export(client).await.unwrap();
        if told.restricted[2] == Fate::Done {
            assert_ne!(exported, 200, "{when}: the restriction is lost");
        }
        let stage = with_status(client.get(OWNER, &document.path("")).await, 200);
        if told.finalised == Fate::Done {
            assert_eq!(stage.unwrap()["stage"], "final", "{when}");
        }
    }
    recorded(&served.app, &told.known, when).await;
    served.ended().await;
}

/// How often each point is passed in a story in which nothing fails.
async fn passed(template: &Instance) -> Vec<(&'static str, u32)> {
    let instance = template.copy();
    let served = instance.serve().await;
    let counts: Vec<_> = points()
        .map(|point| {
            let count = Arc::new(AtomicU32::new(0));
            let counted = Arc::clone(&count);
            let count_one = move || {
                counted.fetch_add(1, Ordering::SeqCst);
            };
            fail::cfg_callback(point, count_one).unwrap();
            (point, count)
        })
        .collect();
    let told = story(&served).await;
    for point in points() {
        fail::remove(point);
    }
    let fates = told.known.documents.iter().map(|document| document.deposit);
    assert!(fates.eq([Fate::Done; 2]), "untouched, it goes through");
    assert_eq!((told.restricted, told.finalised), ([Fate::Done; 3], Fate::Done));
    assert_eq!(told.known.documents[1].shred, Fate::Done);
    drop(served);
    instance.let_go().await;
    judged(&instance, told, "nothing failed").await;
    counts.into_iter().map(|(point, count)| (point, count.load(Ordering::SeqCst))).collect()
}

async fn matrix() {
    let template = Instance::create().await;
    let all = env::var_os("GREFFE_ALL").is_some();
    let only = env::var("GREFFE_POINT").ok();
    let mut runs = 0;
    for (point, count) in passed(&template).await {
        assert!(count > 0, "{point} is never passed");
        if only.as_ref().is_some_and(|only| only != point) {
            continue;
        }
        let calls = match point {
            _ if all => 1..=count,
            // Create, begin, version.
            "audit::after_commit" => 1..=3,
            _ => count.div_ceil(2)..=count.div_ceil(2),
        };
        for k in calls {
            let instance = template.copy();
            let served = instance.serve().await;
            let action = match k {
                1 => "1*return->off".to_owned(),
                k => format!("{}*off->1*return->off", k - 1),
            };
            fail::cfg(point, &action).unwrap();
            let told = story(&served).await;
            fail::remove(point);
            drop(served);
            instance.let_go().await;
            judged(&instance, told, &format!("{point}, call {k}")).await;
            runs += 1;
        }
        eprintln!("{point}: {count} calls");
    }
    eprintln!("{runs} stories");
}

#[test]
fn a_call_that_fails_kept_or_not_loses_nothing_and_leaves_nothing_by_half() {
    let test =
        "crashes::calls::a_call_that_fails_kept_or_not_loses_nothing_and_leaves_nothing_by_half";
    alone(test, matrix);
}
