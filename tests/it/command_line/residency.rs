//! Where documents rested, at people's terminals: in words, as JSON, as a picture; and when something contradicts.

use std::fs;

use serde_json::{Value, json};

use super::{
    Desk, json as answer,
    walk::{Instance, deposited},
};

const MANAGER: &str = "access-acieries";

#[test]
fn where_a_document_rested_is_told_in_words_as_json_and_as_a_picture() {
    let instance = Instance::start();
    let document = deposited(&instance, b"one");

    let told = instance.done(MANAGER, &["residency", &document]);
    let french = instance.done(MANAGER, &["residency", &document, "--lang", "fr"]);
    let party = instance.done(MANAGER, &["residency", "--json"]);
    let mission = instance.done("auditor", &["residency", "--mission", "--json"]);
    let drawn = instance.done(MANAGER, &["residency", &document, "--svg", "way.svg"]);
    let early = instance.done(MANAGER, &["residency", &document, "--at", "2020-01-01"]);
    let to_come = instance.run(MANAGER, &["residency", &document, "--at", "2100-01-01"]);
    let both = instance.run(MANAGER, &["residency", &document, "--mission"]);
    let hidden = instance.run("pilot-ia", &["residency", &document]);
    let forbidden = instance.run("contributor-acieries", &["residency"]);

    for said in [
        "of company:acieries-du-ponant: working, as of",
        "  version 1: ",
        "    at folder since ",
        "can open: company:hebergeur-exemple, with the running service (each opening is in the log)",
        "folder\n  country: FR (declared 2026-11-24, the operator of the service)",
        "  ultimate control: its founders (FR) (declared",
    ] {
        assert!(told.contains(said), "{said}: {told}");
    }
    assert!(french.contains("octets scellés") && french.contains("à folder depuis le"), "{french}");
    assert!(french.contains("avec le service en marche"), "{french}");
    let page: Value = serde_json::from_str(party.trim()).unwrap();
    assert_eq!(page["documents"][0]["reference"], document.as_str());
    assert_eq!(page["places"][0]["facts"]["country"]["source"], "the operator of the service");
    assert_eq!(mission.trim().parse::<Value>().unwrap()["documents"], page["documents"]);
    let svg = fs::read_to_string(instance.file(MANAGER, "way.svg")).unwrap();
    assert!(svg.starts_with("<svg ") && drawn.starts_with("way.svg  "), "{drawn}");
    assert!(early.contains("not there yet") && !early.contains("version 1"), "{early}");
    let exits = [to_come.exit, both.exit, hidden.exit, forbidden.exit];
    assert_eq!(exits, [2, 2, 4, 6], "{to_come:?} {both:?} {hidden:?} {forbidden:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contradiction_is_named_and_ends_with_eight() {
    let desk = Desk::signed_in(|_| {
        let found =
            json!([{"what": "found-entry-altered", "of": "7"}, {"what": "found-new", "of": "x"}]);
        let told = json!({"reference": "K3T-7KQ4-2M", "state": "unknown", "contradictions": found});
        answer(200, &json!({"at": "2026-11-28T12:00:00Z", "documents": [told], "next": null}))
    })
    .await;

    let ended = desk.run(&["residency", "K3T-7KQ4-2M"]).await;
    let machine = desk.run(&["residency", "K3T-7KQ4-2M", "--json"]).await;

    assert_eq!((ended.exit, machine.exit), (8, 8), "{ended:?} {machine:?}");
    for said in ["the entry at position 7 does not say what its leaf commits to", "found-new: x"] {
        assert!(ended.out.contains(said), "{ended:?}");
    }
    assert!(ended.err.contains("contradictions: 2"), "{ended:?}");
    assert!(machine.out.contains("\"found-entry-altered\""), "{machine:?}");
}
