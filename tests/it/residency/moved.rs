//! Copies that were moved: since when they are where they are, and what still lies where they were.

use hyper::Method;
use serde_json::{Value, json};

use super::{CONTENT, OWNER, asked, at, now, sound};
use crate::{copies::places::Both, storage::service::Ruse, witness};

const OPERATOR: &str = "committee";

async fn operated() -> Both {
    let service = Both::keeping(1).await;
    let role = json!({"person": OPERATOR, "role": "operator"});
    let given =
        service.ask("coordinator", Method::POST, "/api/v1/parties/mission/roles").json(role);
    assert_eq!(given.send().await.status, 200);
    service
}

async fn moved(service: &Both, from: &str, to: &str) {
    let wanted = json!({"from": from, "to": to});
    let begun = service.ask(OPERATOR, Method::POST, "/api/v1/moves").json(wanted).send().await;
    assert_eq!(begun.status, 200, "{begun:?}");
    service.app.documents.go_on_moving().await.unwrap();
}

async fn held_and_released(service: &Both, reference: &str) {
    for hold in [true, false] {
        let path = format!("/api/v1/documents/{reference}");
        let held = service.ask(OWNER, Method::PATCH, &path).json(json!({"hold": hold}));
        assert_eq!(held.send().await.status, 200);
    }
}

fn copies(answer: &Value) -> Vec<Value> {
    sound(answer)["versions"][0]["copies"].as_array().unwrap().clone()
}

/// Where, in which state.
fn rested(answer: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    copies(answer).iter().map(|copy| (text(&copy["location"]), text(&copy["state"]))).collect()
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(place, state)| ((*place).to_owned(), (*state).to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_there_since_it_was_moved_and_was_where_it_was_until_then() {
    let service = operated().await;
    let reference = service.deposited(OWNER, "plan", CONTENT).await;
    let mut instants = vec![now(&service)];
    for (from, to) in [("north", "south"), ("south", "north")] {
        held_and_released(&service, &reference).await;
        moved(&service, from, to).await;
        instants.push(now(&service));
    }
    held_and_released(&service, &reference).await;
    witness::signed(&service).await;

    let mut told = Vec::new();
    for instant in &instants {
        told.push(asked(&service, OWNER, &reference, Some(*instant)).await);
    }

    assert_eq!(rested(&told[0]), pairs(&[("north", "rests")]));
    assert_eq!(rested(&told[1]), pairs(&[("south", "rests"), ("north", "erased")]));
    let all = [("north", "rests"), ("north", "erased"), ("south", "erased")];
    assert_eq!(rested(&told[2]), pairs(&all));
    let (north, south) = (&copies(&told[2])[1], &copies(&told[2])[2]);
    assert!(at(&north["since"]) < instants[0] && instants[0] < at(&north["left"]));
    assert_eq!(north["left"], south["since"], "one entry makes one copy of the other");
    assert!(instants[1] < at(&south["left"]) && at(&south["left"]) <= at(&south["erased"]));
    assert_eq!(copies(&told[2])[0]["since"], south["left"]);
    assert_eq!(told[2]["places"].as_array().unwrap().len(), 2);
    let today = asked(&service, OWNER, &reference, None).await;
    assert_eq!(copies(&today), copies(&told[2]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_still_lies_where_a_copy_was_moved_from_is_said_until_it_is_gone() {
    let service = operated().await;
    let reference = service.deposited(OWNER, "plan", CONTENT).await;
    service.north.plays(|asked| if asked.method == "DELETE" { Ruse::Swallow } else { Ruse::None });

    moved(&service, "north", "south").await;
    let left = now(&service);
    service.north.is_honest();
    service.app.documents.sweep().await.unwrap();
    witness::signed(&service).await;

    let (then, today) = (
        asked(&service, OWNER, &reference, Some(left)).await,
        asked(&service, OWNER, &reference, None).await,
    );
    assert_eq!(rested(&then), pairs(&[("south", "rests"), ("north", "to-be-erased")]));
    assert_eq!(rested(&today), pairs(&[("south", "rests"), ("north", "erased")]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destruction_after_a_move_is_of_the_copy_that_there_is() {
    let service = operated().await;
    let reference = service.deposited(OWNER, "plan", CONTENT).await;
    moved(&service, "north", "south").await;

    super::shredded(service.instance(), &reference).await;

    let today = asked(&service, OWNER, &reference, None).await;
    assert_eq!(rested(&today), pairs(&[("south", "erased"), ("north", "erased")]));
    let (south, north) = (&copies(&today)[0], &copies(&today)[1]);
    assert_eq!((&south["left"], north["left"].is_object()), (&Value::Null, true));
    assert!(at(&north["erased"]) < at(&south["erased"]));
}
