//! A place is lost for good, also while the service is stopped: it starts, serves what the other keeps, and is emptied of it
//! by a move.

use std::fs;

use hyper::Method;
use serde_json::json;

use crate::{
    api::service::Service,
    copies::{
        WHO, content,
        places::{Both, Place, configured},
    },
    storage::service::Ruse,
    witness,
};

/// A copy in a folder and one in a bucket, and a further bucket that is not used yet.
struct Three {
    south: Place,
    west: Place,
    service: Service,
}

const FOLDER: &str = "[[location]]\nid = \"disk\"\nkind = \"folder\"\npath = \"disk\"\n\n\
    [location.declared]\nby = \"the tests\"\non = \"2026-11-24\"\ncountry = \"FR\"\n\
    operator = \"Nord\"\nseat = \"FR\"\ncontrol_holder = \"its founders\"\ncontrol_country = \"FR\"\n\n";

async fn three() -> Three {
    let (south, west) = (Place::new().await, Place::new().await);
    let buckets = [south.location("south", "Sud"), west.location("west", "Ouest")].concat();
    let service = Service::with(|text| configured(&text, &format!("{FOLDER}{buckets}"), 2)).await;
    Three { south, west, service }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_gone_at_the_start_loses_nothing_and_its_copies_are_made_elsewhere() {
    let Three { south, west, service } = three().await;
    let content = content();
    let reference = service.deposited(WHO, "plan", &content).await;
    let role = json!({"person": "committee", "role": "operator"});
    let given =
        service.ask("coordinator", Method::POST, "/api/v1/parties/mission/roles").json(role);
    assert_eq!(given.send().await.status, 200);
    service.app.close().await;
    let folder = service.copied();
    fs::remove_dir_all(folder.path().join("disk")).unwrap();

    let service = service.again(folder).await.unwrap();

    let path = format!("/api/v1/documents/{reference}/content");
    let read = service.get(WHO, &path).await;
    assert!(read.status == 200 && read.body.as_ref() == content);
    let places = service.get(WHO, "/api/v1/locations").await.json();
    assert_eq!(places["locations"][0]["verdict"], "away", "{places}");
    let put = service.ask(WHO, Method::PUT, &path).body(b"second".to_vec()).send().await;
    assert_eq!(put.status, 503, "none is acknowledged with one copy: {put:?}");
    assert_eq!(south.objects().len(), 1);

    let order = json!({"from": "disk", "to": "west"});
    let begun = service.ask("committee", Method::POST, "/api/v1/moves").json(order).send().await;
    assert_eq!(begun.status, 200);
    service.app.documents.go_on_moving().await.unwrap();

    assert_eq!((south.objects().len(), west.objects().len()), (1, 1));
    south.plays(
        |asked| if asked.method == "GET" { Ruse::Refuse(503, "SlowDown") } else { Ruse::None },
    );
    let read = service.get(WHO, &path).await;
    assert!(read.status == 200 && read.body.as_ref() == content, "from the copy that was made");
    assert!(witness::logged(&service, "copy moved").await);
    assert!(!witness::logged(&service, "copies erased").await, "nobody answered that it is");
    let rows = "select count(*) from copy where location = 'disk'";
    assert_eq!(witness::count(&service, rows).await, 0, "the location can be taken away");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_put_back_is_found_out_by_whichever_place_is_left() {
    let service = Both::new().await;
    service.deposited(WHO, "plan", b"plan").await;
    let before = service.copied();
    service.deposited(WHO, "offer", b"offer").await;
    witness::signed(&service).await;
    service.app.close().await;
    service.south.plays(|_| Ruse::Refuse(503, "SlowDown"));

    let put_back = service.instance().again(before).await;

    let why = put_back.map(drop).unwrap_err();
    assert!(format!("{why:?}").contains("PutBack"), "{why:?}");
    service.south.is_honest();
    service.north.plays(|_| Ruse::Refuse(503, "SlowDown"));
    let folder = service.copied();
    service.in_folder(folder).await;
}
