//! Who is shown where a party's documents rested, page by page; and who is told nothing.

use serde_json::{Value, json};

use super::{AUDITOR, CONTENT, OWNER, asked, now, sound};
use crate::{api::service::Service, witness};

const RHEIN: &str = "company:rhein-energie";

async fn page(service: &Service, who: &str, party: &str, query: &str) -> Value {
    let answer = service.get(who, &format!("/api/v1/parties/{party}/residency{query}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

fn references(page: &Value) -> Vec<String> {
    let documents = page["documents"].as_array().unwrap().iter();
    documents.map(|one| one["reference"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_stranger_is_told_the_same_of_what_is_hidden_as_of_what_is_missing() {
    let service = Service::start().await;
    let hidden = service.deposited(OWNER, "plan", CONTENT).await;
    let id = witness::document(&service, &hidden).await.to_string();
    let (other, drawn) =
        (greffe::id::DocumentId::random().to_string(), greffe::documents::reference::draw());

    for stranger in ["contributor-littoral", "pilot-ia", "coordinator", "committee"] {
        for query in ["", "?at=2020-01-01T00:00:00Z"] {
            for accept in ["application/json", "image/svg+xml"] {
                let ask = async |name: &str| {
                    let path = format!("/api/v1/documents/{name}/residency{query}");
                    let ask = service.ask(stranger, hyper::Method::GET, &path);
                    ask.header("accept", accept).send().await.settled()
                };
                let missing = ask(&other).await;
                assert_eq!(missing.status, 404, "{missing:?}");
                for name in [&hidden, &id, &drawn] {
                    assert_eq!(ask(name).await, missing, "{stranger} {name}");
                }
            }
        }
    }
}

#[tokio::test]
async fn what_is_shown_is_entered_before_and_an_auditor_who_may_not_know_of_it_is_shown_it() {
    let service = Service::start().await;
    let reference = service.deposited(OWNER, "plan", CONTENT).await;
    witness::signed(&service).await;

    let (owner, auditor) = (
        asked(&service, OWNER, &reference, None).await,
        asked(&service, AUDITOR, &reference, None).await,
    );

    assert_eq!(sound(&owner)["versions"], sound(&auditor)["versions"]);
    let entries = witness::entries(&service).await;
    let shown = entries.iter().filter(|entry| entry.facts["shows"] == "residency");
    let shown: Vec<_> = shown.map(|entry| (&entry.act[..], entry.is("intent"))).collect();
    assert_eq!(shown, [("audit", true), ("audit", true)]);
}

#[tokio::test]
async fn a_party_is_shown_its_own_in_the_order_of_their_creation_and_nobody_elses() {
    let service = Service::start().await;
    let mut own = Vec::new();
    for count in 0..53 {
        own.push(service.created(OWNER, &format!("plan {count}")).await);
    }
    let instant = now(&service);
    let foreign = service.deposited("contributor-littoral", "theirs", CONTENT).await;
    own.push(service.deposited(OWNER, "late", CONTENT).await);
    // A row alone makes nobody an owner.
    witness::sql(
        &service,
        "update entry set owner = (select owner from entry e where e.act = 'deposit' limit 1) where act = 'deposit'",
    )
    .await;

    let first = page(&service, OWNER, RHEIN, &format!("?at={instant}")).await;
    let next = first["next"].as_str().unwrap();
    let second = page(&service, OWNER, RHEIN, &format!("?at={instant}&after={next}")).await;
    let later = page(&service, OWNER, RHEIN, &format!("?after={next}")).await;

    assert_eq!((references(&first), second["next"].clone()), (own[..50].to_vec(), Value::Null));
    assert_eq!(references(&second), own[50..53], "as of that instant");
    assert_eq!(references(&later), own[50..], "{foreign} is none of theirs");
    for one in later["documents"].as_array().unwrap() {
        assert_eq!((&one["owner"], &one["contradictions"]), (&json!(RHEIN), &json!([])));
    }
}

#[tokio::test]
async fn the_missions_auditor_is_shown_everybodys_and_each_owner_gets_an_entry() {
    let service = Service::start().await;
    let one = service.deposited(OWNER, "plan", CONTENT).await;
    let other = service.deposited("contributor-littoral", "theirs", CONTENT).await;
    let before = witness::entries(&service).await.len();

    let all = page(&service, AUDITOR, "mission", "").await;
    let missions = page(&service, "coordinator", "mission", "").await;
    let of_one = page(&service, AUDITOR, RHEIN, "").await;

    assert_eq!((references(&all), references(&of_one)), (vec![one.clone(), other], vec![one]));
    assert_eq!(references(&missions), [""; 0], "the mission itself owns none");
    let entries = witness::entries(&service).await;
    let shown = entries[before..].iter().filter(|entry| entry.facts["shows"] == "residency");
    let owners: Vec<_> = shown.map(|entry| entry.facts["owner"].clone()).collect();
    assert_eq!(owners.len(), 5, "{owners:?}");
    assert_eq!(owners[0], owners[3], "the mission, asked by auditor and coordinator");
    assert!(owners[1..3].contains(&owners[4]) && owners[1] != owners[2], "{owners:?}");
    assert!(all["next"].is_null() && all["documents"][0]["versions"][0]["number"] == 1);
    let contributor =
        service.get("contributor-acieries", "/api/v1/parties/company:acieries-du-ponant/residency");
    assert_eq!(contributor.await.status, 403);
}

#[tokio::test]
async fn a_document_whose_creation_was_taken_from_the_rows_is_missed() {
    let service = Service::start().await;
    let hidden = service.created(OWNER, "hidden").await;
    let shown = service.created(OWNER, "shown").await;
    witness::signed(&service).await;
    let id = witness::document(&service, &hidden).await;
    let id = hex::encode_upper(id.as_bytes());
    let created =
        format!("id = (select entry from revision where hex(subject) = '64{id}' and number = 1)");

    for (typed, found) in [
        (format!("update entry set facts = '' where {created}"), "found-entry-altered"),
        (format!("delete from entry where {created}"), "found-entries-missing"),
    ] {
        assert_eq!(witness::sql(&service, &typed).await, 1);

        let listed = page(&service, OWNER, RHEIN, "").await;

        assert_eq!(references(&listed), [&shown[..]], "{typed}");
        let named = listed["contradictions"].as_array().unwrap().iter().map(|one| &one["what"]);
        assert_eq!(named.collect::<Vec<_>>(), [found], "{typed}: {listed}");
    }
}
