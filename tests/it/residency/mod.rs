//! Where sealed bytes rested at an instant, as the log says it: before, after, after destruction; moved; under other facts.

mod forged;
mod moved;
mod pages;
mod picture;
mod sql;

use greffe::time::Instant;
use hyper::Method;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::{api::service::Service, witness};

const OWNER: &str = "contributor-rhein";
const AUDITOR: &str = "auditor";
const CONTENT: &[u8] = b"what is confided";

/// A configuration with a second place, run by somebody else elsewhere, and a copy at each.
fn two_places(text: String) -> String {
    let (_, first) = text.split_once("[[location]]").unwrap();
    let second = first
        .replace("\"folder\"\nkind", "\"south\"\nkind")
        .replace("\"objects\"", "\"south\"")
        .replace("Hébergeur (exemple)", "Süd (example)")
        .replace("country = \"FR\"", "country = \"DE\"");
    format!("{text}\n[[location]]{second}\n[copies]\nkept = 2\n")
}

fn now(service: &Service) -> Instant {
    service.app.clock.now()
}

async fn asked(service: &Service, who: &str, document: &str, at: Option<Instant>) -> Value {
    let at = at.map(|at| format!("?at={at}")).unwrap_or_default();
    let path = format!("/api/v1/documents/{document}/residency{at}");
    let answer = service.get(who, &path).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// The only document of an answer in which nothing contradicts.
fn sound(answer: &Value) -> &Value {
    assert_eq!(answer["contradictions"], json!([]), "{answer}");
    let [document] = &answer["documents"].as_array().unwrap()[..] else { panic!("{answer}") };
    assert_eq!(document["contradictions"], json!([]), "{answer}");
    document
}

/// The sealed objects that lie in a place's folder.
fn objects(service: &Service, place: &str) -> Vec<Vec<u8>> {
    let files = std::fs::read_dir(service.folder().join(place).join("object")).unwrap();
    files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
}

async fn shredded(service: &Service, document: &str) {
    let delete = service.ask(OWNER, Method::DELETE, &format!("/api/v1/documents/{document}"));
    let answer = delete.json(json!({"reason": "over"})).send().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    witness::signed(service).await;
}

fn at(entered: &Value) -> Instant {
    entered["at"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn before_after_and_after_destruction_the_log_says_what_rested_where_since_when() {
    let service = Service::with(two_places).await;
    let before = now(&service);
    let reference = service.deposited(OWNER, "plan", CONTENT).await;
    witness::signed(&service).await;
    let (deposited, sealed) = (now(&service), objects(&service, "objects"));

    let then = asked(&service, OWNER, &reference, Some(deposited)).await;
    shredded(&service, &reference).await;
    let destroyed = asked(&service, OWNER, &reference, None).await;

    let told = sound(&then);
    assert_eq!(told["state"], "working");
    let ([version], [bytes]) = (&told["versions"].as_array().unwrap()[..], &sealed[..]) else {
        panic!("{told}")
    };
    assert_eq!((&version["number"], &version["sealed_len"]), (&json!(1), &json!(bytes.len())));
    let sha256 = greffe::audit::encoding::base64url(digest(&SHA256, bytes).as_ref());
    assert_eq!(version["sealed_sha256"], sha256);
    for (copy, place) in version["copies"].as_array().unwrap().iter().zip(["folder", "south"]) {
        assert_eq!((&copy["location"], &copy["state"]), (&json!(place), &json!("rests")));
        assert_eq!(copy["since"], version["deposited"]);
        assert_eq!(copy["since"]["signed"], true);
        assert!(before < at(&copy["since"]) && at(&copy["since"]) < deposited);
    }
    assert_eq!(told["revision"]["stated"], true);
    let holders: Vec<_> =
        told["openers"].as_array().unwrap().iter().map(|one| &one["logged"]).collect();
    assert_eq!(holders, [&json!(true), &json!(false)]);

    let early = asked(&service, OWNER, &reference, Some(before)).await;
    let early = sound(&early);
    assert_eq!((&early["state"], &early["versions"]), (&json!("not-yet"), &json!([])));
    assert!(at(&early["created"]["entered"]) > before);

    let gone = sound(&destroyed);
    assert_eq!((&gone["state"], &gone["openers"]), (&json!("shredded"), &json!([])));
    assert!(at(&gone["destruction"]["begun"]) <= at(&gone["destruction"]["done"]));
    for copy in gone["versions"][0]["copies"].as_array().unwrap() {
        assert_eq!(copy["state"], "erased", "{gone}");
        assert!(at(&copy["erased"]) >= at(&gone["destruction"]["done"]));
    }
    let again = asked(&service, OWNER, &reference, Some(deposited)).await;
    assert_eq!(again, then, "what stood then stands, whatever came after");
}

#[tokio::test]
async fn facts_are_those_that_the_mission_held_at_the_instant() {
    let service = Service::with(two_places).await;
    let reference = service.deposited(OWNER, "plan", CONTENT).await;
    witness::signed(&service).await;
    let first = now(&service);
    service.app.close().await;
    let sold = |text: String| {
        let text = text.replace("operator = \"Hébergeur", "operator = \"Overseas");
        text.replace("control_country = \"FR\"", "control_country = \"US\"")
            .replace("on = \"2026-11-24\"", "on = \"2026-11-26\"")
    };
    let service = service.again_with(service.copied(), sold).await.unwrap();
    witness::signed(&service).await;

    let (then, today) = (
        asked(&service, OWNER, &reference, Some(first)).await,
        asked(&service, OWNER, &reference, None).await,
    );

    let facts = |answer: &Value| answer["places"][0]["facts"].clone();
    assert_eq!(facts(&then)["operator"]["value"], "Hébergeur (exemple)");
    assert_eq!(facts(&then)["control"]["value"]["country"], "FR");
    assert_eq!(facts(&then)["control"]["on"], "2026-11-24");
    assert_eq!(facts(&today)["operator"]["value"], "Overseas (exemple)");
    assert_eq!(facts(&today)["control"]["value"]["country"], "US");
    let basis = ["basis", "source", "on"].map(|name| facts(&today)["control"][name].clone());
    assert_eq!(basis, ["declared", "the tests", "2026-11-26"]);
    assert_eq!(then["places"][1]["facts"]["country"]["value"], "DE");
    assert_eq!(sound(&then)["versions"], sound(&today)["versions"]);
    assert!(then["mission"]["number"].as_i64() < today["mission"]["number"].as_i64());
}

#[tokio::test]
async fn an_instant_to_come_is_refused_and_one_before_the_mission_knows_nothing() {
    let service = Service::start().await;
    let reference = service.deposited(OWNER, "plan", CONTENT).await;
    let path = format!("/api/v1/documents/{reference}/residency");

    let to_come = service.get(OWNER, &format!("{path}?at=2100-01-01T00:00:00Z")).await;
    let nonsense = service.get(OWNER, &format!("{path}?at=yesterday")).await;
    let long_ago = asked(&service, OWNER, &reference, Some(Instant(0))).await;

    assert_eq!((to_come.status, nonsense.status), (400, 400));
    assert_eq!(sound(&long_ago)["state"], "not-yet");
    assert_eq!((&long_ago["mission"], &long_ago["places"]), (&Value::Null, &json!([])));
}
