//! No byte leaves before its entry is durable, and none after what forbids it: judged from the log.
//!
//! `GREFFE_RACES` says how often each is raced; 4 times if it does not. `policy::tests::races` races the same without
//! HTTP between.

mod stuck;
mod trace;

use futures::future::{join, join_all};
use greffe::id::EntryId;
use hyper::Method;
use serde_json::json;

use crate::{
    api::service::{Answer, Service},
    witness::{self, Entry},
};

const OWNER: &str = "access-acieries";
const AUTHOR: &str = "contributor-acieries";
const READER: &str = "contributor-littoral";
const SECRET: &[u8] = b"what only a reader may see";

fn rounds() -> usize {
    let asked = std::env::var("GREFFE_RACES").ok().and_then(|text| text.parse().ok());
    asked.unwrap_or(4)
}

async fn roomy() -> Service {
    Service::with(|text| text + "\n[limits]\nbudget_entries_per_minute = 1000000\n").await
}

async fn shared(service: &Service) -> (String, String) {
    let reference = service.deposited(AUTHOR, "offer", SECRET).await;
    let grant = share(service, &reference, json!({"to": "company:caisse-du-littoral"})).await;
    (reference, grant)
}

async fn share(service: &Service, reference: &str, grant: serde_json::Value) -> String {
    let path = format!("/api/v1/documents/{reference}/grants");
    let shared = service.post(OWNER, &path, grant).await;
    assert_eq!(shared.status, 201, "{shared:?}");
    shared.json()["id"].as_str().unwrap().to_owned()
}

/// Reads again and again until refused, by several readers at once.
async fn read_on(service: &Service, reference: &str, token: &str) {
    let path = format!("/api/v1/documents/{reference}/content");
    join_all((0..3).map(|_| read_until_refused(service, READER, &path, token))).await;
}

async fn read_until_refused(service: &Service, who: &str, path: &str, token: &str) {
    for _ in 0..200 {
        let ask = service.ask(who, Method::GET, path);
        let answer = ask.send_raw(Some(token.to_owned())).await;
        if answer.status != 200 {
            assert!(!answer.body.windows(SECRET.len()).any(|bytes| bytes == SECRET));
            return;
        }
    }
    panic!("{path}: read on and on after it was forbidden");
}

fn readings<'e>(entries: &'e [Entry], document: &'e [u8]) -> impl Iterator<Item = &'e Entry> {
    let of = move |entry: &&Entry| entry.document == document && entry.is("intent");
    entries.iter().filter(of).filter(|entry| entry.act == "read")
}

/// No reading stands in the log after the entry that `forbidden` answers with.
async fn judged(service: &Service, reference: &str, forbidden: &Answer) {
    assert_eq!(forbidden.status, 200, "{forbidden:?}");
    let document = witness::document(service, reference).await;
    let end: EntryId = forbidden.json()["entry"].as_str().unwrap().parse().unwrap();
    let late = "select count(*) from entry where document = $1 and act = 'read' \
                and decision = 'intent' and position > (select position from entry where id = $2)";
    let late: i64 = sqlx::query_scalar(late)
        .bind(document.as_bytes().to_vec())
        .bind(end.as_bytes().to_vec())
        .fetch_one(service.app.writer.database().pool())
        .await
        .unwrap();
    assert_eq!(late, 0, "{reference}: read after it was forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_is_in_the_log_once_before_its_bytes_and_once_after() {
    let service = roomy().await;
    let (reference, _) = shared(&service).await;
    let document = witness::document(&service, &reference).await;
    let path = format!("/api/v1/documents/{reference}/content");
    for n in 1..=5 {
        let answer = service.get(READER, &path).await;

        let entries = witness::entries(&service).await;
        assert_eq!((answer.status, answer.body.as_ref()), (200, SECRET));
        assert_eq!(readings(&entries, document.as_bytes()).count(), n);
    }

    let mut grown = service.app.writer.grown();
    let sent = loop {
        let entries = witness::entries(&service).await;
        let outcomes = entries.into_iter().filter(|entry| entry.is("outcome"));
        let sent: Vec<_> = outcomes.map(|entry| entry.facts["sent"].clone()).collect();
        if sent.len() == 5 {
            break sent;
        }
        grown.changed().await.unwrap();
    };
    for told in sent {
        assert_eq!(told, json!({"from": 0, "bytes": SECRET.len(), "complete": true}));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reading_stands_after_the_grant_was_taken_back() {
    let service = roomy().await;
    let token = service.token(READER).await;
    for _ in 0..rounds() {
        let (reference, grant) = shared(&service).await;
        let path = format!("/api/v1/documents/{reference}/grants/{grant}");

        let end = service.ask(OWNER, Method::DELETE, &path).send();
        let (forbidden, ()) = join(end, read_on(&service, &reference, &token)).await;

        judged(&service, &reference, &forbidden).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reading_stands_after_a_restriction_forbade_it() {
    let service = roomy().await;
    let token = service.token(READER).await;
    let party = "/api/v1/parties/company:acieries-du-ponant/restrictions";
    let text = "@id(\"closed\")\nforbid (principal, action == Action::\"read\", resource);\n";
    let put = |text: &'static str| {
        let ask = service.ask(OWNER, Method::PUT, party).header("content-type", "text/plain");
        ask.body(text).send()
    };
    for _ in 0..rounds() {
        let (reference, _) = shared(&service).await;

        let (forbidden, ()) = join(put(text), read_on(&service, &reference, &token)).await;

        judged(&service, &reference, &forbidden).await;
        assert_eq!(put("").await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reading_stands_after_a_conflict_was_declared() {
    let service = roomy().await;
    let token = service.token(READER).await;
    let which = json!({"person": READER, "with": "company:acieries-du-ponant"});
    for _ in 0..rounds() {
        let (reference, _) = shared(&service).await;
        let conflict = json!({
            "person": READER, "with": "company:acieries-du-ponant", "says": "a competitor",
        });

        let declared = service.post("coordinator", "/api/v1/conflicts", conflict);
        let (forbidden, ()) = join(declared, read_on(&service, &reference, &token)).await;

        judged(&service, &reference, &forbidden).await;
        let ended = service.ask("coordinator", Method::DELETE, "/api/v1/conflicts");
        let ended = ended.json(which.clone()).send().await;
        assert_eq!(ended.status, 200, "{ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reading_stands_after_its_actor_was_removed_from_his_party() {
    let edit = "\n[limits]\nbudget_entries_per_minute = 1000000\nfailures_per_minute = 100000\n";
    let service = Service::with(|text| text + edit).await;
    let reference = service.deposited(AUTHOR, "offer", SECRET).await;
    let party = "/api/v1/parties/company:acieries-du-ponant";
    let removal = format!("{party}/people/{AUTHOR}");
    for _ in 0..rounds() {
        service.forget_tokens().await;
        let token = service.token(AUTHOR).await;

        let removed = service.ask(OWNER, Method::DELETE, &removal).send();
        let path = format!("/api/v1/documents/{reference}/content");
        let readers = (0..3).map(|_| read_until_refused(&service, AUTHOR, &path, &token));
        let (forbidden, _) = join(removed, join_all(readers)).await;

        judged(&service, &reference, &forbidden).await;
        let role = json!({"person": AUTHOR, "role": "contributor"});
        let back = service.post(OWNER, &format!("{party}/roles"), role).await;
        assert_eq!(back.status, 200, "{back:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reading_stands_after_its_token_was_revoked() {
    let edit = "\n[limits]\nbudget_entries_per_minute = 1000000\nfailures_per_minute = 100000\n";
    let service = Service::with(|text| text + edit).await;
    for _ in 0..rounds() {
        let (reference, _) = shared(&service).await;
        let minted = service.post(READER, "/api/v1/tokens", json!({"label": "raced"})).await.json();
        let path = format!("/api/v1/tokens/{}", minted["id"].as_str().unwrap());
        let token = minted["token"].as_str().unwrap();

        let revoked = service.ask(READER, Method::DELETE, &path).send();
        let (forbidden, ()) = join(revoked, read_on(&service, &reference, token)).await;

        judged(&service, &reference, &forbidden).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reading_stands_after_the_instant_at_which_its_grant_ended() {
    let service = roomy().await;
    let token = service.token(READER).await;
    for _ in 0..rounds() {
        let reference = service.deposited(AUTHOR, "offer", SECRET).await;
        let until = jiff::Timestamp::now() + jiff::SignedDuration::from_millis(400);
        let grant = json!({"to": "company:caisse-du-littoral", "until": until.to_string()});
        share(&service, &reference, grant).await;

        read_on(&service, &reference, &token).await;

        let entries = witness::entries(&service).await;
        let document = witness::document(&service, &reference).await;
        let last = readings(&entries, document.as_bytes()).map(|entry| entry.at).max();
        assert!(last.is_none_or(|last| last < until.as_microsecond()), "{last:?}, {until}");
    }
}
