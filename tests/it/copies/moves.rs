//! Copies are moved from one place to another: sealed as they are, read back, entered, resumed, and only where they may rest.

use hyper::Method;
use serde_json::{Value, json};

use crate::{
    copies::{Lie, WHO, content, is_object, places::Both, read, said},
    storage::service::Ruse,
    witness,
};

/// A member of the committee who operates the service too.
const OPERATOR: &str = "committee";

async fn operated(copies: usize) -> Both {
    let service = Both::keeping(copies).await;
    let role = json!({"person": OPERATOR, "role": "operator"});
    let given =
        service.ask("coordinator", Method::POST, "/api/v1/parties/mission/roles").json(role);
    assert_eq!(given.send().await.status, 200);
    service
}

async fn begun(service: &Both, wanted: Value) -> (u16, Value) {
    let begun = service.ask(OPERATOR, Method::POST, "/api/v1/moves").json(wanted).send().await;
    (begun.status, begun.json())
}

async fn moves(service: &Both) -> Vec<Value> {
    let moves = service.get(OPERATOR, "/api/v1/moves").await.json();
    moves["moves"].as_array().unwrap().clone()
}

fn southwards() -> Value {
    json!({"from": "north", "to": "south"})
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_moved_as_it_is_sealed_and_reads_as_before() {
    let service = operated(1).await;
    let content = content();
    let reference = service.deposited(WHO, "plan", &content).await;
    let other = service.deposited("contributor-littoral", "offer", b"an offer").await;
    let path = format!("/api/v1/documents/{reference}/content");
    let second = service.ask(WHO, Method::PUT, &path).body(b"the second".to_vec()).send().await;
    assert_eq!((second.status, service.north.kept().len()), (201, 6));
    let sealed = |name: &String| std::fs::read(service.north.bucket.object(name)).unwrap();
    let mut before: Vec<_> = service.north.kept().iter().map(sealed).collect();

    assert_eq!(begun(&service, southwards()).await.0, 200);
    assert_eq!(moves(&service).await[0]["left"], 3);
    service.app.documents.go_on_moving().await.unwrap();

    let sealed = |name: &String| std::fs::read(service.south.bucket.object(name)).unwrap();
    let mut after: Vec<_> = service.south.kept().iter().map(sealed).collect();
    before.sort();
    after.sort();
    assert!(service.north.kept().is_empty() && before == after, "the same sealed bytes");
    assert_eq!(read(&service, &reference).await, (200, b"the second".to_vec()));
    let versions =
        service.get(WHO, &format!("/api/v1/documents/{reference}/versions")).await.json();
    let first = versions["versions"][0]["version"].as_str().unwrap();
    let first = service.get(WHO, &format!("{path}?version={first}")).await;
    assert!(first.body.as_ref() == content);
    for version in versions["versions"].as_array().unwrap() {
        assert_eq!(version["copies"][0]["location"], "south", "{version}");
    }
    let told =
        service.get("contributor-littoral", &format!("/api/v1/documents/{other}")).await.json();
    assert_eq!(told["locations"], json!(["south"]));
    assert_eq!(moves(&service).await, [Value::Null; 0]);
    for (what, count) in
        [("copy begun", 3), ("copy moved", 3), ("copies erased", 3), ("move ended", 1)]
    {
        assert_eq!(said(&service, what).await.len(), count, "{what}");
    }
    assert_eq!(witness::count(&service, "select count(*) from pending").await, 0);
    let rows = "select count(*) from copy where location = 'south'";
    assert_eq!(witness::count(&service, rows).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_party_s_or_a_document_s_copies_are_moved_and_no_others() {
    let service = operated(1).await;
    let one = service.deposited(WHO, "one", b"one").await;
    service.deposited(WHO, "two", b"two").await;
    service.deposited("contributor-littoral", "offer", b"an offer").await;

    let mut document = southwards();
    document["document"] = json!(one);
    assert_eq!(begun(&service, document).await.0, 200);
    service.app.documents.go_on_moving().await.unwrap();
    assert_eq!((service.north.objects().len(), service.south.objects().len()), (2, 1));

    let mut party = southwards();
    party["party"] = json!("company:rhein-energie");
    assert_eq!(begun(&service, party).await.0, 200);
    service.app.documents.go_on_moving().await.unwrap();
    assert_eq!((service.north.objects().len(), service.south.objects().len()), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_rest_there_stays_and_the_log_says_why() {
    let service = operated(1).await;
    let reference = service.deposited(WHO, "plan", b"plan").await;
    let never = json!({"placement": {
        "countries": [], "control": [], "operators": [], "qualifications": [], "never": ["south"],
        "operators_at_least": 1, "unknown": "refuse",
    }});
    let party = "/api/v1/parties/company:rhein-energie/settings";
    let set = service.ask("contributor-rhein", Method::PATCH, party).json(never).send().await;
    assert_eq!(set.status, 200, "{set:?}");

    assert_eq!(begun(&service, southwards()).await.0, 200);
    service.app.documents.go_on_moving().await.unwrap();

    assert_eq!((service.north.objects().len(), service.south.kept().len()), (1, 0));
    assert_eq!(read(&service, &reference).await, (200, b"plan".to_vec()));
    let refused = said(&service, "move refused").await;
    assert!(refused.len() == 1 && refused[0].facts["why"].as_str().unwrap().contains("never uses"));
    assert_eq!(said(&service, "move ended").await[0].facts["refused"].as_array().unwrap().len(), 1);
    assert_eq!(said(&service, "copy begun").await.len(), 0, "nothing was written there");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_two_copies_none_is_moved_onto_the_other() {
    let service = operated(2).await;
    service.deposited(WHO, "plan", b"plan").await;

    assert_eq!(begun(&service, southwards()).await.0, 200);
    service.app.documents.go_on_moving().await.unwrap();

    assert_eq!((service.north.objects().len(), service.south.objects().len()), (1, 1));
    let refused = said(&service, "move refused").await;
    assert!(refused[0].facts["why"].as_str().unwrap().contains("another copy rests there"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_lies_takes_no_copy_and_a_copy_that_is_wrong_goes_nowhere() {
    let service = operated(1).await;
    let reference = service.deposited(WHO, "plan", &content()).await;
    assert_eq!(begun(&service, southwards()).await.0, 200);
    let lies: [(&str, Lie); 4] = [
        (
            "200 with nothing",
            |asked| if is_object(asked, "PUT") { Ruse::Swallow } else { Ruse::None },
        ),
        ("half", |asked| if is_object(asked, "PUT") { Ruse::KeepHalf } else { Ruse::None }),
        (
            "another byte",
            |asked| if is_object(asked, "GET") { Ruse::ChangeByte } else { Ruse::None },
        ),
        ("500", |asked| {
            if is_object(asked, "PUT") { Ruse::Refuse(500, "InternalError") } else { Ruse::None }
        }),
    ];
    for (case, lie) in lies {
        service.south.plays(lie);
        service.app.documents.go_on_moving().await.unwrap();
        service.south.is_honest();
        service.app.documents.sweep().await.unwrap();
        assert_eq!((service.north.objects().len(), service.south.kept().len()), (1, 0), "{case}");
        assert!(moves(&service).await[0]["waits_for"].is_string(), "{case}: it says why it waits");
        assert_eq!(said(&service, "copy moved").await.len(), 0, "{case}");
    }
    let object = service.north.bucket.object(&service.north.objects()[0]);
    let whole = std::fs::read(&object).unwrap();
    let mut other = whole.clone();
    other[100] ^= 1;
    std::fs::write(&object, other).unwrap();
    service.app.documents.go_on_moving().await.unwrap();

    assert_eq!(service.south.kept(), [""; 0]);
    assert_eq!(said(&service, "integrity").await.len(), 1, "its only copy is wrong");
    let begun = said(&service, "copy begun").await.len();
    assert!(!service.app.documents.go_on_moving().await.unwrap(), "nothing is left to be tried");
    assert_eq!(said(&service, "copy begun").await.len(), begun);
    assert_eq!(said(&service, "move refused").await.len(), 1);
    assert_ne!(read(&service, &reference).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_in_a_move_leaves_one_copy_and_the_move_goes_on() {
    let service = operated(1).await;
    let content = content();
    let reference = service.deposited(WHO, "plan", &content).await;
    assert_eq!(begun(&service, southwards()).await.0, 200);
    service.south.plays(|asked| if is_object(asked, "GET") { Ruse::Hang } else { Ruse::None });
    let documents = service.app.documents.clone();
    let moving = tokio::spawn(async move { documents.go_on_moving().await });
    service.south.bucket.until(|asked| is_object(asked, "GET")).await;

    moving.abort();
    service.south.is_honest();
    assert_eq!((service.north.objects().len(), service.south.objects().len()), (1, 1));
    let service = service.again().await;

    assert_eq!((service.north.objects().len(), service.south.kept().len()), (1, 0), "swept");
    assert!(read(&service, &reference).await == (200, content.clone()));
    service.app.documents.go_on_moving().await.unwrap();
    assert_eq!((service.north.kept().len(), service.south.objects().len()), (0, 1));
    assert!(read(&service, &reference).await == (200, content));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_copy_that_is_not_erased_is_asked_for_until_it_is_also_after_a_restart() {
    let service = operated(1).await;
    service.deposited(WHO, "plan", b"plan").await;
    service.north.plays(|asked| if asked.method == "DELETE" { Ruse::Swallow } else { Ruse::None });
    assert_eq!(begun(&service, southwards()).await.0, 200);

    service.app.documents.go_on_moving().await.unwrap();
    assert_eq!((service.north.kept().len(), service.south.objects().len()), (2, 1));
    assert_eq!(said(&service, "copies erased").await.len(), 0, "it says so, and it is not");
    let service = service.again().await;
    assert_eq!(service.north.kept().len(), 2);
    service.north.is_honest();
    service.app.documents.sweep().await.unwrap();

    assert_eq!((service.north.kept().len(), service.south.objects().len()), (0, 1));
    assert_eq!(said(&service, "copies erased").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_whoever_operates_moves_and_only_between_places_that_are_there() {
    let service = operated(1).await;
    service.deposited(WHO, "plan", b"plan").await;

    for who in [WHO, "coordinator", "auditor", "pilot-ia"] {
        let asked = service.ask(who, Method::POST, "/api/v1/moves").json(southwards()).send().await;
        assert!(matches!(asked.status, 403 | 404), "{who}: {asked:?}");
    }
    assert_eq!(begun(&service, json!({"from": "north", "to": "west"})).await.0, 422);
    assert_eq!(begun(&service, json!({"from": "north", "to": "north"})).await.0, 422);
    let (status, entry) = begun(&service, southwards()).await;
    assert_eq!(status, 200);
    assert_eq!(begun(&service, southwards()).await.0, 422, "it is under way");
    let path = format!("/api/v1/moves/{}", entry["entry"].as_str().unwrap());
    let stopped = service.ask(OPERATOR, Method::DELETE, &path).send().await;
    assert_eq!(stopped.status, 200);
    service.app.documents.go_on_moving().await.unwrap();
    assert_eq!((service.north.objects().len(), service.south.kept().len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_that_is_under_way_when_its_copy_is_moved_goes_on_at_the_new_place() {
    let service = operated(1).await;
    let content = content();
    let reference = service.deposited(WHO, "plan", &content).await;
    assert_eq!(begun(&service, southwards()).await.0, 200);
    service.north.plays(|asked| if is_object(asked, "GET") { Ruse::Wait } else { Ruse::None });
    let path = format!("/api/v1/documents/{reference}/content");
    let (read, ()) = tokio::join!(service.get(WHO, &path), async {
        service.north.bucket.until(|asked| is_object(asked, "GET")).await;
        service.north.is_honest();
        service.app.documents.go_on_moving().await.unwrap();
        assert_eq!((service.north.kept().len(), service.south.objects().len()), (0, 1));
        service.north.bucket.let_go();
    });

    assert!(read.status == 200 && read.body.as_ref() == content, "{}", read.status);
    assert!(said(&service, "integrity").await.is_empty(), "what was moved away is not in doubt");
    assert!(said(&service, "copy altered").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn upkeep_gives_way_to_what_is_transferred_and_to_nothing_once_that_has_ended() {
    let service = operated(1).await;
    let reference = service.deposited(WHO, "plan", &content()).await;
    let small = service.deposited(WHO, "note", b"a note").await;
    let refused = service.ask(WHO, Method::PUT, &format!("/api/v1/documents/{reference}/content"));
    let refused =
        refused.header("content-digest", "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:");
    assert_eq!(refused.body(b"other".to_vec()).send().await.status, 400);
    for reference in [&reference, &small] {
        let path = format!("/api/v1/documents/{reference}/content");
        for _ in 0..5 {
            assert_eq!(service.get(WHO, &path).await.status, 200);
        }
        let part = service.ask(WHO, Method::GET, &path).header("range", "bytes=1-3");
        assert_eq!(part.send().await.status, 206);
        service.ask(WHO, Method::HEAD, &path).send().await;
    }
    witness::settled(&service).await;

    assert_eq!(service.app.documents.transfers(), 0);
}
