//! The store's contract and the product itself on Garage. Nothing is tried where `GREFFE_TEST_GARAGE` names no program.

mod cluster;

use std::sync::Arc;

use greffe::storage::{
    Store,
    conformance::{check, collect, pattern, sealed},
    s3::{Patience, Pool, S3, Settings, Style, Trailers},
};

use crate::{api::service::Service, copies::places::configured, storage::service::write};
use cluster::{Cluster, KEY, SECRET, program};

const WHO: &str = "contributor-rhein";

fn store(cluster: &Cluster, at: usize) -> Arc<dyn Store> {
    let folder = cluster.folder();
    let (credentials, roots) = (folder.join("credentials"), folder.join("roots.pem"));
    write(&credentials, &format!("{KEY}\n{SECRET}\n"));
    std::fs::write(&roots, crate::storage::service::Shown::for_days(30).pem()).unwrap();
    let settings = Settings {
        location: "garage".parse().unwrap(),
        endpoint: cluster.endpoint(at).parse().unwrap(),
        region: "garage".to_owned(),
        bucket: "mission".to_owned(),
        style: Style::Path,
        trailers: Trailers::Never,
        credentials_file: credentials,
        root_file: roots,
        patience: Patience::default(),
    };
    Arc::new(S3::new(&settings, Pool::new(96 << 20)).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn garage_keeps_the_contract() {
    if program().is_none() {
        return;
    }
    let cluster = tokio::task::block_in_place(|| Cluster::start(1));
    let store = store(&cluster, 0);

    check(Arc::clone(&store), &"proof".parse().unwrap()).await.unwrap();
    let (large, bytes) = ("a/b".parse().unwrap(), pattern(33 * 1024 * 1024 + 7));
    store.create(&large, sealed(&bytes), Some(bytes.len() as u64)).await.unwrap();
    let read = store.read(&large, 0..bytes.len() as u64).await.unwrap();

    assert!(collect(read).await.unwrap() == bytes, "in parts, and back whole");
    store.erase(&large).await.unwrap();
    assert_eq!(store.head(&large).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_copy_on_each_of_two_garages_one_may_be_killed_at_any_time() {
    if program().is_none() {
        return;
    }
    let (mut north, south) = tokio::task::block_in_place(|| (Cluster::start(1), Cluster::start(1)));
    let files = [north.folder(), south.folder()].map(std::path::Path::to_owned);
    let locations = [
        north.location(0, "north", "Nord", &files[0]),
        south.location(0, "south", "Sud", &files[1]),
    ];
    let service = Service::with(|text| configured(&text, &locations.concat(), 2)).await;
    let content = pattern(9 * 1024 * 1024);
    let reference = service.deposited(WHO, "plan", &content).await;
    let path = format!("/api/v1/documents/{reference}/content");

    tokio::task::block_in_place(|| north.kill(0));
    let read = service.get(WHO, &path).await;
    let put = service.ask(WHO, hyper::Method::PUT, &path).body(content.clone()).send().await;

    assert!(read.status == 200 && read.body == content, "from the other");
    assert_eq!(put.status, 503, "none is acknowledged with one copy");
    north.start_again(0);
    let mut taken = put;
    for _ in 0..100 {
        taken = service.ask(WHO, hyper::Method::PUT, &path).body(content.clone()).send().await;
        if taken.status == 201 {
            break;
        }
    }
    assert_eq!(taken.status, 201, "once it is back");
    service.app.documents.sweep().await.unwrap();
    let store = store(&north, 0);
    let objects = store.list(&"object".parse().unwrap()).await.unwrap();
    assert_eq!(objects.len(), 2, "and nothing of what came to nothing is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn three_zones_lose_one_and_nothing_that_was_acknowledged() {
    if program().is_none() {
        return;
    }
    let mut cluster = tokio::task::block_in_place(|| Cluster::start(3));
    let files = cluster.folder().to_owned();
    // The node that the service asks is none of those that are killed: another would be another address.
    let location = cluster.location(0, "garage", "Nord", &files);
    let service = Service::with(|text| configured(&text, &location, 1)).await;
    let content = pattern(3 * 1024 * 1024);
    let mut kept = vec![service.deposited(WHO, "before", &content).await];

    for zone in [1, 2] {
        tokio::task::block_in_place(|| cluster.kill(zone));
        kept.push(service.deposited(WHO, "with one zone away", &content).await);
        for reference in &kept {
            let read = service.get(WHO, &format!("/api/v1/documents/{reference}/content")).await;
            assert!(read.status == 200 && read.body == content, "zone {zone} away: {reference}");
        }
        cluster.start_again(zone);
        let again = store(&cluster, zone);
        for _ in 0..100 {
            if again.list(&"object".parse().unwrap()).await.is_ok() {
                break;
            }
        }
    }
    assert_eq!(kept.len(), 3);
}
