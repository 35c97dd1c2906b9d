//! Places that are full, away or lie.

use hyper::Method;

use super::{WHO, abandoned, assert_problem, kept};
use crate::{
    api::service::{Answer, Service},
    storage::service::{self as bucket, Ruse},
    witness,
};

/// More than the objects beside it have.
static CONTENT: [u8; 200_000] = [7; 200_000];

async fn put(service: &Service, reference: &str, content: &[u8]) -> Answer {
    let path = format!("/api/v1/documents/{reference}/content");
    service.ask(WHO, Method::PUT, &path).body(content.to_vec()).send().await
}

async fn read(service: &Service, reference: &str) -> Answer {
    service.get(WHO, &format!("/api/v1/documents/{reference}/content")).await
}

/// A service that keeps its objects in this bucket.
async fn with_bucket(bucket: &bucket::Service) -> Service {
    let files = tempfile::tempdir().unwrap();
    let location = bucket.location(files.path());
    let service = Service::with(|text| {
        let (before, after) = text.split_once("[[location]]").unwrap();
        let (_, declared) = after.split_once("[location.declared]").unwrap();
        format!("{before}[[location]]\n{location}\n[location.declared]{declared}")
    });
    service.await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_full_is_said_and_keeps_nothing() {
    let full = |asked: &bucket::Asked, _| match asked.method == "PUT" && is_object(asked) {
        true => Ruse::Refuse(507, "InsufficientStorage"),
        false => Ruse::None,
    };
    let bucket = bucket::Service::with(full).await;
    let service = with_bucket(&bucket).await;
    let reference = service.created(WHO, "a").await;
    let before = kept(&service).await;

    let refused = put(&service, &reference, &CONTENT).await;

    let problem = assert_problem(&refused, 507, "full");
    assert_eq!(problem["type"], "/problems/full");
    assert_eq!(kept(&service).await, before);
    assert_eq!(objects(&bucket), [""; 0]);
    assert_eq!(abandoned(&service).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_acknowledges_and_keeps_nothing_or_half_gets_no_deposit_acknowledged() {
    for ruse in [Ruse::Swallow, Ruse::KeepHalf] {
        let played = ruse.clone();
        let lies = move |asked: &bucket::Asked, _| match asked.method == "PUT" && is_object(asked) {
            true => played.clone(),
            false => Ruse::None,
        };
        let bucket = bucket::Service::with(lies).await;
        let service = with_bucket(&bucket).await;
        let reference = service.created(WHO, "a").await;
        let before = kept(&service).await;

        let refused = put(&service, &reference, &CONTENT).await;

        assert_problem(&refused, 500, &format!("{ruse:?}"));
        assert_eq!(kept(&service).await, before, "{ruse:?}");
        assert_eq!(objects(&bucket), [""; 0], "{ruse:?}");
        assert_eq!(read(&service, &reference).await.status, 404, "{ruse:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_answers_200_with_other_bytes_gets_none_of_them_served() {
    let lies = |asked: &bucket::Asked, _| match asked.method == "GET" && is_object(asked) {
        true => Ruse::ChangeByte,
        false => Ruse::None,
    };
    let bucket = bucket::Service::with(lies).await;
    let service = with_bucket(&bucket).await;
    let reference = service.created(WHO, "a").await;
    assert_eq!(put(&service, &reference, &CONTENT).await.status, 201);

    let cut = read(&service, &reference).await;
    let after = read(&service, &reference).await;

    assert!(!cut.whole || cut.status == 500, "{cut:?}");
    assert!(CONTENT.starts_with(&cut.body) || cut.status == 500, "a wrong byte");
    let problem = assert_problem(&after, 403, "quarantined");
    assert_eq!(problem["reason"], "quarantined");
    let entries = witness::entries(&service).await;
    assert!(entries.iter().any(|entry| entry.facts.to_string().contains("integrity")));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_second_place_is_away_nothing_is_deposited_and_reading_goes_on() {
    let service = Service::start().await;
    let earlier = service.deposited(WHO, "a", b"earlier").await;
    let reference = service.created(WHO, "b").await;
    service.app.documents.settle_slots().await.unwrap();
    let before = kept(&service).await;
    let (place, away) = (service.folder().join("second"), service.folder().join("unmounted"));

    let put_once = || {
        let path = format!("/api/v1/documents/{reference}/content");
        let ask = service.ask(WHO, Method::PUT, &path).header("idempotency-key", "once");
        ask.body(CONTENT.to_vec()).send()
    };
    std::fs::rename(&place, &away).unwrap();
    let refused = put_once().await;
    let own = read(&service, &earlier).await;
    let made = place.exists();
    std::fs::rename(&away, &place).unwrap();

    let problem = assert_problem(&refused, 503, "away");
    assert_eq!(problem["type"], "/problems/unavailable");
    assert!(!refused.header("retry-after").is_empty(), "{refused:?}");
    assert_eq!((own.status, own.body.as_ref()), (200, &b"earlier"[..]));
    assert!(!made, "another file is taken for it");
    service.app.documents.sweep().await.unwrap();
    assert_eq!(kept(&service).await, before);
    assert_eq!(abandoned(&service).await, 1);
    assert_eq!(put_once().await.status, 201, "the same request, once the place is back");
    assert_eq!(read(&service, &reference).await.body.as_ref(), CONTENT);
}

/// Whether this is about what documents rest in, not about the log.
fn is_object(asked: &bucket::Asked) -> bool {
    asked.path.starts_with("object/")
}

fn objects(bucket: &bucket::Service) -> Vec<String> {
    let mut objects = bucket.objects();
    objects.retain(|name| name.starts_with("object/"));
    objects
}

#[cfg(feature = "failpoints")]
mod failing {
    use super::*;
    use crate::crashes::alone::alone;

    #[test]
    fn a_folder_without_room_is_said_and_keeps_nothing_by_half() {
        let test =
            "bad_input::stores::failing::a_folder_without_room_is_said_and_keeps_nothing_by_half";
        alone(test, without_room);
    }

    async fn without_room() {
        let service = Service::start().await;
        let reference = service.created(WHO, "a").await;
        let before = kept(&service).await;
        for (n, point) in ["storage::create", "storage::write", "storage::sync"].iter().enumerate()
        {
            fail::cfg(*point, "return(full)").unwrap();
            let refused = put(&service, &reference, &CONTENT).await;
            fail::remove(point);

            let problem = assert_problem(&refused, 507, point);
            assert_eq!(problem["type"], "/problems/full", "{point}");
            assert_eq!(kept(&service).await, before, "{point}");
            assert_eq!(abandoned(&service).await, n + 1, "{point}");
        }
        assert_eq!(put(&service, &reference, &CONTENT).await.status, 201);
    }

    #[test]
    fn while_the_database_is_away_nothing_is_answered_but_that() {
        let test =
            "bad_input::stores::failing::while_the_database_is_away_nothing_is_answered_but_that";
        alone(test, without_database);
    }

    async fn without_database() {
        let service = Service::start().await;
        let reference = service.deposited(WHO, "a", b"earlier").await;
        let before = kept(&service).await;

        fail::cfg("database::read", "return").unwrap();
        let answers = [
            read(&service, &reference).await,
            put(&service, &reference, b"later").await,
            service.get(WHO, "/api/v1/documents").await,
        ];
        fail::remove("database::read");

        for answer in answers {
            let problem = assert_problem(&answer, 503, "away");
            assert_eq!(problem["type"], "/problems/unavailable");
        }
        assert_eq!(kept(&service).await, before);
        assert_eq!(read(&service, &reference).await.body.as_ref(), b"earlier");
    }
}
