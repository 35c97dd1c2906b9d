//! What somebody types at the database: it changes nothing of the evidence, or is named in it.

use serde_json::{Value, json};

use super::{CONTENT, OWNER, asked, now, sound};
use crate::{api::service::Service, witness};

/// A document with a deposit, a hold and its end, all signed, and the instant after the deposit.
pub async fn scene() -> (Service, String, greffe::time::Instant) {
    scene_with(|text| text).await
}

async fn scene_with(
    edit: impl FnOnce(String) -> String,
) -> (Service, String, greffe::time::Instant) {
    let service = Service::with(edit).await;
    let reference = service.deposited(OWNER, "plan", CONTENT).await;
    let instant = now(&service);
    for hold in [true, false] {
        let path = format!("/api/v1/documents/{reference}");
        let held = service.ask(OWNER, hyper::Method::PATCH, &path).json(json!({"hold": hold}));
        assert_eq!(held.send().await.status, 200);
    }
    let id = witness::document(&service, &reference).await;
    witness::signed(&service).await;
    (service, id.to_string(), instant)
}

/// Every contradiction of an answer, by its word.
pub fn named(answer: &Value) -> Vec<String> {
    let own = answer["contradictions"].as_array().unwrap().iter();
    let documents = answer["documents"].as_array().unwrap().iter();
    let all = own.chain(documents.flat_map(|one| one["contradictions"].as_array().unwrap()));
    all.map(|one| one["what"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn rows_of_copies_versions_and_documents_are_no_evidence() {
    let (service, id, instant) = scene().await;
    let before = asked(&service, OWNER, &id, Some(instant)).await;
    sound(&before);

    for typed in [
        "update copy set location = 'overseas', name = 'object/other'",
        "delete from copy",
        "update version set record = '{}', number = 7, created_at = 0, entry = x'00'",
        "delete from version",
        "update document set number = 9, stage = 'shredded', created_at = 0, workstream = x'00'",
        "update document set owner = (select owner from entry where owner <> document.owner limit 1)",
        "delete from document",
    ] {
        witness::sql(&service, typed).await;

        assert_eq!(asked(&service, OWNER, &id, Some(instant)).await, before, "{typed}");
    }
}

#[tokio::test]
async fn a_revision_that_sql_put_in_counts_for_nothing() {
    let (service, id, instant) = scene().await;
    let (before, today) =
        (asked(&service, OWNER, &id, Some(instant)).await, asked(&service, OWNER, &id, None).await);

    let inserted = witness::sql(
        &service,
        "insert into revision (subject, number, digest, previous, entry, bytes, mac) \
         select subject, number + 1, digest, digest, entry, bytes, mac from revision \
         where hex(substr(subject, 1, 1)) = '64' and number = 4",
    );
    assert_eq!(inserted.await, 1);

    assert_eq!(asked(&service, OWNER, &id, Some(instant)).await, before);
    let after = asked(&service, OWNER, &id, None).await;
    assert_eq!(sound(&after)["revision"], sound(&today)["revision"]);
}

#[tokio::test]
async fn whoever_rewrites_what_the_evidence_leans_on_is_found_out() {
    const OF_DOCUMENT: &str = "hex(substr(subject, 1, 1)) = '64'";
    let second = |sql: &str| format!("{sql} where {OF_DOCUMENT} and number = 2");
    let of_deposit =
        "id = (select entry from revision where hex(substr(subject, 1, 1)) = '64' and number = 2)";
    for (typed, found) in [
        (
            second("update revision set bytes = replace(bytes, 'working', 'shredded')"),
            "found-revision",
        ),
        (
            second(
                "update revision set (bytes, digest, mac, entry, previous) = (select bytes, digest, mac, entry, previous \
                 from revision other where other.subject = revision.subject and other.number = 1)",
            ),
            "found-revision",
        ),
        (format!("delete from revision where {OF_DOCUMENT} and number = 3"), "found-revision"),
        (format!("delete from revision where {OF_DOCUMENT} and number = 2"), "found-revision"),
        (
            format!("update revision set entry = x'00000000000000000000000000000000' where {OF_DOCUMENT} and number = 3"),
            "found-revision",
        ),
        (
            format!("update entry set at = at - 3600000000 where {of_deposit}"),
            "found-entry-altered",
        ),
        (format!("update entry set facts = '' where {of_deposit}"), "found-entry-altered"),
        (
            format!("update entry set facts = (select facts from entry other where other.position = 1) where {of_deposit}"),
            "found-entry-altered",
        ),
        (format!("delete from entry where {of_deposit}"), "found-revision"),
        (
            "update batch set payload = zeroblob(length(payload)) where start <= (select position from entry \
             where OF) and start + n > (select position from entry where OF)"
                .replace("OF", of_deposit),
            "found-entry-altered",
        ),
        (
            "update revision set bytes = replace(bytes, 'Lyon', 'Lynn') where hex(substr(subject, 1, 1)) = '6D'"
                .to_owned(),
            "found-revision",
        ),
    ] {
        let (service, id, instant) = scene().await;
        assert_eq!(witness::sql(&service, &typed).await.min(1), 1, "{typed}");

        let answer = asked(&service, OWNER, &id, Some(instant)).await;

        assert!(named(&answer).contains(&found.to_owned()), "{typed}: {answer}");
    }
}

#[tokio::test]
async fn once_facts_have_run_out_the_services_own_code_is_evidence_and_that_is_said() {
    let ended = |text: String| text + "\n[retention]\nmission_ended_on = \"2020-12-31\"\n";
    let (service, id, instant) = scene_with(ended).await;
    let before = asked(&service, OWNER, &id, Some(instant)).await;

    witness::sql(&service, "update entry set facts = ''").await;

    let after = asked(&service, OWNER, &id, Some(instant)).await;
    let (before, after) = (sound(&before), sound(&after));
    assert_eq!(before["versions"], after["versions"]);
    assert_eq!([&before["revision"]["stated"], &after["revision"]["stated"]], [true, false]);
}
