//! Two copies in two locations: both or none, read from whichever is right, mended, scrubbed, erased at both.

mod lost;
mod moves;
pub mod places;

use greffe::time::Clock;
use hyper::Method;
use serde_json::{Value, json};

use crate::{
    storage::service::{Asked, Ruse},
    witness::{self, Entry},
};
use places::Both;

const WHO: &str = "contributor-rhein";

/// Some chunks, none like another.
fn content() -> Vec<u8> {
    (0..300_000_u32).map(|n| (n % 251) as u8).collect()
}

type Lie = fn(&Asked) -> Ruse;

fn is_object(asked: &Asked, method: &str) -> bool {
    asked.method == method && asked.path.starts_with("object/")
}

fn is_stored(asked: &Asked, method: &str) -> bool {
    is_object(asked, method) || asked.method == method && asked.path.starts_with("record/")
}

async fn read(service: &Both, reference: &str) -> (u16, Vec<u8>) {
    let read = service.get(WHO, &format!("/api/v1/documents/{reference}/content")).await;
    (read.status, read.body.to_vec())
}

async fn said(service: &Both, what: &str) -> Vec<Entry> {
    let entries = witness::entries(service).await;
    entries.into_iter().filter(|entry| entry.facts["system"] == what).collect()
}

/// When each copy of the first version was last looked at.
async fn scrubbed(service: &Both, reference: &str) -> Vec<Value> {
    let versions = service.get(WHO, &format!("/api/v1/documents/{reference}/versions")).await;
    let versions = versions.json();
    let copies = versions["versions"][0]["copies"].as_array().unwrap().clone();
    assert_eq!(copies.len(), 2, "{versions}");
    copies.into_iter().map(|copy| copy["scrubbed_at"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposit_is_acknowledged_with_the_same_bytes_at_both_places_under_other_names() {
    let service = Both::new().await;
    let content = content();

    let reference = service.deposited(WHO, "plan", &content).await;

    let ([north], [south]) = (&service.north.objects()[..], &service.south.objects()[..]) else {
        panic!("one copy each")
    };
    assert_ne!(north, south, "two operators cannot tell by its name that it is the same");
    let (one, other) = (service.north.bucket.object(north), service.south.bucket.object(south));
    assert!(std::fs::read(one).unwrap() == std::fs::read(other).unwrap());
    assert_eq!((service.north.kept().len(), service.south.kept().len()), (2, 2));
    let described = service.get(WHO, &format!("/api/v1/documents/{reference}")).await.json();
    assert_eq!(described["locations"], json!(["north", "south"]));
    assert_eq!(read(&service, &reference).await, (200, content));
    assert!(scrubbed(&service, &reference).await.iter().all(Value::is_string));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposit_that_one_place_does_not_keep_is_at_none() {
    let lies: [(&str, Lie); 6] = [
        ("is full", |asked| match is_object(asked, "PUT") {
            true => Ruse::Refuse(507, "InsufficientStorage"),
            false => Ruse::None,
        }),
        ("refuses the object", |asked| match is_object(asked, "PUT") {
            true => Ruse::Refuse(500, "InternalError"),
            false => Ruse::None,
        }),
        ("refuses the record", |asked| match is_stored(asked, "PUT") && !is_object(asked, "PUT") {
            true => Ruse::Refuse(403, "AccessDenied"),
            false => Ruse::None,
        }),
        ("200 with nothing", |asked| match is_object(asked, "PUT") {
            true => Ruse::Swallow,
            false => Ruse::None,
        }),
        ("keeps half", |asked| match is_object(asked, "PUT") {
            true => Ruse::KeepHalf,
            false => Ruse::None,
        }),
        ("keeps it and fails", |asked| match is_object(asked, "PUT") {
            true => Ruse::KeepAndRefuse(500),
            false => Ruse::None,
        }),
    ];
    let service = Both::new().await;
    for (case, lie) in lies {
        let reference = service.created(WHO, case).await;
        service.south.plays(lie);

        let path = format!("/api/v1/documents/{reference}/content");
        let put = service.ask(WHO, Method::PUT, &path).body(content()).send().await;

        assert!(put.status >= 500, "{case}: {put:?}");
        assert!(case != "is full" || put.status == 507, "{put:?}");
        service.south.is_honest();
        service.app.documents.sweep().await.unwrap();
        assert_eq!(service.north.kept(), [""; 0], "{case}");
        assert_eq!(service.south.kept(), [""; 0], "{case}");
        assert_eq!(witness::count(&service, "select count(*) from version").await, 0, "{case}");
        assert_eq!(witness::count(&service, "select count(*) from pending").await, 0, "{case}");
    }
}

/// What the place that is asked first does, and whether that says something of the copy.
const LIES: [(&str, Lie, bool); 8] = [
    ("404", |asked| refused(asked, 404, "NoSuchKey"), true),
    ("another byte", |asked| played(asked, Ruse::ChangeByte), true),
    ("another range", |asked| played(asked, Ruse::OtherRange), true),
    ("half of it", |asked| played(asked, Ruse::HalfBody), false),
    ("500", |asked| refused(asked, 500, "InternalError"), false),
    ("503 SlowDown", |asked| refused(asked, 503, "SlowDown"), false),
    ("the head only", |asked| played(asked, Ruse::HeadOnly), false),
    ("nothing at all", |asked| played(asked, Ruse::Hang), false),
];

fn played(asked: &Asked, ruse: Ruse) -> Ruse {
    if is_object(asked, "GET") { ruse } else { Ruse::None }
}

fn refused(asked: &Asked, status: u16, code: &'static str) -> Ruse {
    played(asked, Ruse::Refuse(status, code))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_place_lies_about_the_other_answers_and_a_copy_that_is_wrong_is_entered_once() {
    for (case, lie, doubted) in LIES {
        let service = Both::new().await;
        let content = content();
        let reference = service.deposited(WHO, "plan", &content).await;
        service.north.plays(lie);

        for _ in 0..2 {
            assert!(read(&service, &reference).await == (200, content.clone()), "{case}");
        }

        let entered = said(&service, "copy altered").await;
        assert_eq!(entered.len(), usize::from(doubted), "{case}: {entered:?}");
        assert!(entered.iter().all(|entry| entry.facts["copy"]["location"] == "north"), "{case}");
        assert!(said(&service, "integrity").await.is_empty(), "{case}: it is not in doubt");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_is_lost_loses_nothing_and_is_filled_again() {
    let service = Both::new().await;
    let content = content();
    let reference = service.deposited(WHO, "plan", &content).await;
    let kept = service.north.kept();
    kept.iter().for_each(|name| service.north.bucket.remove(name));

    let (status, bytes) = read(&service, &reference).await;
    service.app.documents.sweep().await.unwrap();

    assert_eq!((status, bytes == content), (200, true));
    assert_eq!(service.north.kept(), kept, "under the same names");
    assert_eq!(said(&service, "copy mended").await.len(), 1);
    service.south.plays(|asked| refused(asked, 500, "InternalError"));
    assert!(read(&service, &reference).await == (200, content), "from the copy that was mended");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_both_copies_are_wrong_nothing_is_released_and_the_document_is_in_doubt() {
    let service = Both::new().await;
    let content = content();
    let reference = service.deposited(WHO, "plan", &content).await;
    for place in [&service.north, &service.south] {
        place.plays(|asked| played(asked, Ruse::ChangeByte));
    }

    let (_, bytes) = read(&service, &reference).await;

    assert!(bytes.len() < content.len() && content.starts_with(&bytes), "what came was right");
    assert_eq!(said(&service, "integrity").await.len(), 1);
    let asked = service.north.bucket.asked("GET", "");
    for _ in 0..2 {
        service.app.documents.sweep().await.unwrap();
    }
    service.app.documents.scrub_before(Clock::system().now()).await;
    let once = service.north.bucket.asked("GET", "");
    service.app.documents.sweep().await.unwrap();
    service.app.documents.scrub_before(Clock::system().now()).await;
    assert!(once - asked < 9, "it was looked at: {asked} {once}");
    assert_eq!(service.north.bucket.asked("GET", ""), once, "and is not read again for nothing");
    service.north.is_honest();
    service.south.is_honest();
    assert_ne!(read(&service, &reference).await.0, 200, "until someone looked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scrub_finds_what_no_reading_would_and_mends_it() {
    let service = Both::new().await;
    let reference = service.deposited(WHO, "plan", &content()).await;
    let before = scrubbed(&service, &reference).await;
    let object = service.north.bucket.object(&service.north.objects()[0]);
    let record = service.north.kept().into_iter().find(|name| name.starts_with("record/"));
    let whole = std::fs::read(&object).unwrap();
    let mut longer = whole.clone();
    longer.extend(b"a byte more");
    let mut other = whole.clone();
    *other.last_mut().unwrap() ^= 1;

    for (times, (case, bytes)) in
        [("longer", longer), ("another last byte", other)].into_iter().enumerate()
    {
        std::fs::write(&object, bytes).unwrap();
        service.app.documents.scrub_before(Clock::system().now()).await;
        assert_eq!(said(&service, "copy altered").await.len(), times + 1, "{case}");
        service.app.documents.sweep().await.unwrap();
        assert!(std::fs::read(&object).unwrap() == whole, "{case}");
        assert_eq!(said(&service, "copy mended").await.len(), times + 1, "{case}");
    }
    service.north.bucket.remove(&record.unwrap());
    service.app.documents.scrub_before(Clock::system().now()).await;
    service.app.documents.sweep().await.unwrap();
    service.app.documents.scrub_before(Clock::system().now()).await;

    assert_eq!(service.north.kept().len(), 2);
    let after = scrubbed(&service, &reference).await;
    assert!(before.iter().zip(&after).all(|(before, after)| before.as_str() < after.as_str()));
    let last = said(&service, "scrubbed").await.pop().unwrap();
    assert_eq!((&last.facts["copies"], &last.facts["altered"]), (&json!(1), &json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destruction_reaches_both_places_and_says_which_has_not_answered() {
    let service = Both::new().await;
    let reference = service.deposited(WHO, "plan", &content()).await;
    service.south.plays(|asked| match is_stored(asked, "DELETE") {
        true => Ruse::Swallow,
        false => Ruse::None,
    });

    let path = format!("/api/v1/documents/{reference}");
    let delete = service.ask(WHO, Method::DELETE, &path);
    let shredded = delete.json(json!({"reason": "asked for"})).send().await;

    assert_eq!(shredded.status, 200, "{shredded:?}");
    assert_eq!(
        shredded.json()["unanswered"],
        json!(["south"]),
        "it says that it is erased, and is not"
    );
    assert_eq!((service.north.kept().len(), service.south.kept().len()), (0, 2));
    service.south.is_honest();
    service.app.documents.sweep().await.unwrap();
    assert_eq!(service.south.kept(), [""; 0]);
    let erased = said(&service, "erased").await;
    let erased: Vec<_> = erased.iter().map(|entry| &entry.facts["locations"]).collect();
    assert_eq!(erased, [&json!(["north"]), &json!(["south"])]);
    assert_eq!(witness::count(&service, "select count(*) from copy").await, 0);
}
