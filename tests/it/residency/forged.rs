//! Somebody who can do more than type: who holds custody, or rewrites the log's batches beside its rows.

use greffe::{
    mission::joined,
    vault::{custody::Custody as _, label},
};
use ring::{
    digest::{SHA256, digest},
    hmac,
};
use sqlx::Row as _;

use super::{
    OWNER, asked,
    sql::{named, scene},
};
use crate::api::service::Service;

/// Row `number` of the document's revisions: key, entry, digest of the one before, bytes.
async fn revision(service: &Service, number: i64) -> (Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>) {
    let sql = "select subject, entry, previous, bytes from revision \
               where hex(substr(subject, 1, 1)) = '64' and number = $1";
    let row = sqlx::query(sql).bind(number).fetch_one(service.app.writer.database().pool()).await;
    let row = row.unwrap();
    (row.get(0), row.get(1), row.get(2), row.get(3))
}

#[tokio::test]
async fn whoever_holds_custody_rewrites_no_revision_of_which_the_log_states_the_digest() {
    let (service, id, instant) = scene().await;
    let (subject, entry, previous, bytes) = revision(&service, 2).await;
    let text = String::from_utf8(bytes).unwrap().replace("[\"folder\"]", "[\"abroad\"]");
    let digest = digest(&SHA256, text.as_bytes());
    let key = service.app.custody.derive(label::AUTHORITY).await.unwrap().mac();
    let number = 2_i64;
    let message = joined(&[&subject, &number.to_be_bytes(), digest.as_ref(), &previous, &entry]);
    let code = hmac::sign(&key, &message);
    let forged = sqlx::query(
        "update revision set bytes = $1, digest = $2, mac = $3 where subject = $4 and number = $5",
    )
    .bind(text.into_bytes())
    .bind(digest.as_ref())
    .bind(code.as_ref())
    .bind(&subject)
    .bind(number)
    .execute(service.app.writer.database().pool())
    .await;
    assert_eq!(forged.unwrap().rows_affected(), 1);

    let answer = asked(&service, OWNER, &id, Some(instant)).await;

    assert_eq!(named(&answer), ["found-revision"], "{answer}");
    assert_eq!(answer["documents"][0]["versions"], serde_json::json!([]));
    let registry = &service.app.registry;
    let document: greffe::id::DocumentId = id.parse().unwrap();
    let counts = registry.numbered::<greffe::mission::DocumentRevision>(document, 2).await;
    assert!(counts.is_ok(), "by its code alone it would count");
}

#[tokio::test]
async fn a_leaf_that_is_rewritten_with_its_row_does_not_lead_to_the_signed_root() {
    let (service, id, instant) = scene().await;
    let pool = service.app.writer.database().pool().clone();
    let (_, entry, ..) = revision(&service, 2).await;
    let row = sqlx::query("select position, at from entry where id = $1").bind(&entry);
    let row = row.fetch_one(&pool).await.unwrap();
    let (position, at): (i64, i64) = (row.get(0), row.get(1));
    let sql = "select start, payload from batch where start <= $1 order by start desc limit 1";
    let batch = sqlx::query(sql).bind(position).fetch_one(&pool).await.unwrap();
    let (start, mut payload): (i64, Vec<u8>) = (batch.get(0), batch.get(1));
    let earlier = greffe::time::Instant(at - 3_600_000_000);
    let old = greffe::time::Instant(at).to_second();
    for place in 0..payload.len() - old.len() {
        if payload[place..].starts_with(old.as_bytes()) {
            payload[place..place + old.len()].copy_from_slice(earlier.to_second().as_bytes());
        }
    }
    let rewritten = sqlx::query("update batch set payload = $1 where start = $2");
    rewritten.bind(payload).bind(start).execute(&pool).await.unwrap();
    let moved = sqlx::query("update entry set at = $1 where id = $2").bind(earlier.0).bind(&entry);
    moved.execute(&pool).await.unwrap();

    let answer = asked(&service, OWNER, &id, Some(instant)).await;

    assert!(named(&answer).contains(&"found-entry-altered".to_owned()), "{answer}");
}
