//! Looks at a place: what contradicts what is known of it stops writes there, is entered and shown, and ends when it is gone.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use greffe::{
    storage::{Probe, Store, Verdict, probe},
    time::Clock,
};
use hyper::Method;

use crate::{
    api::service::Service as Instance,
    storage::{
        service::{Asked, Ruse, Service, Shown},
        whole::on_bucket,
    },
    witness,
};

const WHO: &str = "contributor-rhein";

async fn looked(store: &Arc<dyn Store>, before: Option<&Probe>) -> Probe {
    probe(&**store, before, Clock::system().now()).await
}

fn is_canary(asked: &Asked, method: &str) -> bool {
    asked.method == method && asked.path.starts_with("probe/")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_place_is_as_known_and_keeps_nothing_of_a_look() {
    let bucket = Service::over_tls().await;
    let store = bucket.store();

    let first = looked(&store, None).await;
    let second = looked(&store, Some(&first)).await;

    assert_eq!((first.verdict, &first.says[..]), (Verdict::AsKnown, &[][..]), "{first:?}");
    assert_eq!((second.verdict, second.says.len()), (Verdict::AsKnown, 0), "{second:?}");
    assert!(first.shown.certificate.is_some() && first.shown.certificate_ends.is_some());
    assert_eq!(first.shown.addresses.len(), 1);
    assert!(first.shown.clock_ahead_seconds.is_some_and(|ahead| ahead.abs() < 60), "{first:?}");
    assert_eq!(bucket.objects(), [""; 0]);
}

/// What a provider does, and what is found out by a look.
type Lie = (&'static str, fn(&Asked) -> Ruse, Verdict, &'static str);

const LIES: [Lie; 9] = [
    (
        "other region",
        |asked| if asked.query.contains("location") { Ruse::OtherRegion } else { Ruse::None },
        Verdict::Contradicted,
        "says that its bucket is in \"us-east-1\"",
    ),
    (
        "200 with nothing",
        |asked| if is_canary(asked, "PUT") { Ruse::Swallow } else { Ruse::None },
        Verdict::Contradicted,
        "acknowledged bytes that are not there",
    ),
    (
        "half of it kept",
        |asked| if is_canary(asked, "PUT") { Ruse::KeepHalf } else { Ruse::None },
        Verdict::Contradicted,
        "contradicts",
    ),
    (
        "another byte",
        |asked| if is_canary(asked, "GET") { Ruse::ChangeByte } else { Ruse::None },
        Verdict::Contradicted,
        "other bytes than the canary's",
    ),
    (
        "not erased",
        |asked| if is_canary(asked, "DELETE") { Ruse::Swallow } else { Ruse::None },
        Verdict::Contradicted,
        "erased a canary, which is still there",
    ),
    (
        "a list that withholds",
        |asked| if asked.query.contains("list-type") { Ruse::ListNothing } else { Ruse::None },
        Verdict::Warned,
        "list withholds a canary",
    ),
    ("a clock that is off", |_| Ruse::OtherDate, Verdict::Warned, "seconds ahead of ours"),
    ("500 to everything", |_| Ruse::Refuse(500, "InternalError"), Verdict::Away, "does not answer"),
    ("503 SlowDown", |_| Ruse::Refuse(503, "SlowDown"), Verdict::Away, "does not answer"),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_a_place_lies_about_is_found_out_by_a_look_and_what_it_keeps_to_itself_is_none() {
    for (case, lie, verdict, says) in LIES {
        let bucket = Service::with(move |asked, _| lie(asked)).await;

        let found = looked(&bucket.store(), None).await;

        assert_eq!(found.verdict, verdict, "{case}: {found:?}");
        assert!(found.says.iter().any(|said| said.contains(says)), "{case}: {found:?}");
    }
    let silent = |asked: &Asked, _: usize| match asked.query.contains("location") {
        true => Ruse::Refuse(403, "AccessDenied"),
        false => Ruse::None,
    };
    let bucket = Service::with(silent).await;
    let found = looked(&bucket.store(), None).await;
    assert_eq!((found.verdict, found.shown.bucket_location), (Verdict::AsKnown, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_certificate_contradicts_and_one_that_is_vouched_for_does_not() {
    let bucket = Service::over_tls().await;
    let store = bucket.store_trusting(&Shown::for_days(9));

    let found = looked(&store, None).await;

    assert_eq!(found.verdict, Verdict::Contradicted, "{found:?}");
    assert!(found.says[0].contains("a certificate that is not accepted"), "{found:?}");
    assert_eq!(looked(&bucket.store(), None).await.verdict, Verdict::AsKnown);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_where_a_look_contradicts_until_one_does_not() {
    let lies = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&lies);
    let elsewhere = move |asked: &Asked, _: usize| {
        let asks_where = asked.query.contains("location");
        if asks_where && told.load(Ordering::SeqCst) { Ruse::OtherRegion } else { Ruse::None }
    };
    let bucket = Service::over_tls_with(elsewhere).await;
    let files = tempfile::tempdir().unwrap();
    let location = bucket.location(files.path());
    let service = Instance::with(|text| on_bucket(&text, &location)).await;
    let before = service.deposited(WHO, "before", b"before").await;
    let reference = service.created(WHO, "after").await;
    let path = format!("/api/v1/documents/{reference}/content");
    let put = || service.ask(WHO, Method::PUT, &path).body(b"after".to_vec()).send();
    let kept = || bucket.objects().iter().filter(|name| name.starts_with("object/")).count();
    let place = async || service.get(WHO, "/api/v1/locations").await.json()["locations"][0].clone();
    assert_eq!((kept(), &place().await["verdict"]), (1, &"as-known".into()));

    lies.store(true, Ordering::SeqCst);
    service.app.documents.probe().await.unwrap();
    let refused = put().await;
    let read = service.get(WHO, &format!("/api/v1/documents/{before}/content")).await;
    let shown = place().await;

    assert_eq!((refused.status, &refused.json()["type"]), (503, &"/problems/place-stopped".into()));
    assert_eq!((kept(), read.status, read.body.as_ref()), (1, 200, &b"before"[..]));
    assert_eq!(witness::count(&service, "select count(*) from pending").await, 0);
    assert_eq!(shown["verdict"], "contradicted");
    assert!(shown["says"][0].as_str().unwrap().contains("us-east-1"), "{shown}");

    lies.store(false, Ordering::SeqCst);
    service.app.documents.probe().await.unwrap();
    let taken = put().await;

    assert_eq!((taken.status, kept()), (201, 2), "{taken:?}");
    let entries = witness::entries(&service).await;
    let verdicts: Vec<_> = entries
        .iter()
        .filter(|entry| entry.facts["system"] == "probe")
        .map(|entry| entry.facts["verdict"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(verdicts, ["as-known", "contradicted", "as-known"]);
}
