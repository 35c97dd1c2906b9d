//! An S3 service in this process, honest and hostile, against the store's contract.

mod contacted;
mod hostile;
mod probed;
mod reached;
mod recording;
pub mod service;
mod whole;
mod wrong;

use std::sync::Arc;

use greffe::storage::{
    Error, Name, Store,
    conformance::{check, collect, pattern, sealed},
};
use service::{Ruse, Service, Shown};

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_bucket_keeps_the_contract_and_leaves_nothing() {
    let service = Service::honest().await;

    check(service.store(), &name("proof")).await.unwrap();

    assert_eq!(service.objects(), [""; 0]);
    service.uploads_end().await;
}

#[tokio::test]
async fn large_objects_go_in_parts_and_come_back_whole() {
    let service = Service::honest().await;
    let store = service.store();
    let bytes = pattern(33 * 1024 * 1024 + 7);

    store.create(&name("a/b"), sealed(&bytes), Some(bytes.len() as u64)).await.unwrap();

    let read = store.read(&name("a/b"), 0..bytes.len() as u64).await.unwrap();
    assert!(collect(read).await.unwrap() == bytes);
    assert_eq!(service.asked("PUT", "partNumber="), 5);
    assert_eq!(service.uploads(), [""; 0]);
}

#[tokio::test]
async fn many_uploads_at_once_use_one_pool_of_memory() {
    let service = Service::honest().await;
    let store = service.store();
    let bytes = pattern(20 * 1024 * 1024);
    let one = |n: usize| {
        let (store, bytes) = (store.clone(), bytes.clone());
        async move { store.create(&name(&format!("many/{n}")), sealed(&bytes), None).await }
    };

    let kept = futures::future::try_join_all((0..8).map(one)).await.unwrap();

    assert!(kept.iter().all(|kept| kept.size == bytes.len() as u64));
    assert_eq!(service.objects().len(), 8);
}

#[tokio::test]
async fn the_service_learns_nothing_but_names_lengths_and_times() {
    let service = Service::honest().await;
    let store = service.store();
    let bytes = pattern(9 * 1024 * 1024);

    store.create(&name("a"), sealed(&bytes), None).await.unwrap();
    store.create(&name("b"), sealed(&pattern(5)), None).await.unwrap();
    collect(store.read(&name("a"), 5..70).await.unwrap()).await.unwrap();
    store.list(&name("a")).await.unwrap();
    store.erase(&name("a")).await.unwrap();

    let expected = [
        "accept-encoding",
        "amz-sdk-invocation-id",
        "amz-sdk-request",
        "authorization",
        "content-length",
        "content-type",
        "host",
        "range",
        "user-agent",
        "x-amz-content-sha256",
        "x-amz-date",
    ];
    for (header, value) in service.headers() {
        assert!(expected.contains(&header.as_str()), "{header}: {value}");
        if header == "user-agent" {
            assert_eq!(value, "greffe");
        }
    }
}

#[tokio::test]
async fn unfinished_uploads_under_exactly_this_name_are_dropped_with_it() {
    let service = Service::honest().await;
    let store = service.store();
    service.begin_upload("a/b").await;
    service.begin_upload("a/b").await;
    service.begin_upload("a/bc").await;

    store.erase(&name("a/b")).await.unwrap();

    assert_eq!(service.uploads(), ["a/bc"]);
}

#[tokio::test]
async fn a_service_that_cannot_list_uploads_is_erased_from_all_the_same() {
    let service = Service::with(|asked, _| match asked.query.starts_with("uploads") {
        true => Ruse::Refuse(501, "NotImplemented"),
        false => Ruse::None,
    })
    .await;
    let store = service.store();
    store.create(&name("a"), sealed(&pattern(5)), None).await.unwrap();

    store.erase(&name("a")).await.unwrap();

    assert_eq!(service.objects(), [""; 0]);
}

#[tokio::test]
async fn over_tls_bytes_are_not_signed_twice_and_the_root_must_be_ours() {
    let service = Service::over_tls().await;
    let bytes = pattern(9 * 1024 * 1024);

    let strange =
        service.store_trusting(&Shown::for_days(30)).create(&name("b"), sealed(&bytes), None).await;
    let store = service.store();
    store.create(&name("a"), sealed(&bytes), None).await.unwrap();
    let headers = service.headers().into_iter();

    assert!(matches!(strange, Err(Error::Certificate { .. })), "{strange:?}");
    assert_eq!(service.handshakes_failed(), 1, "a wrong certificate is not tried again");
    let hashes = headers.filter(|(name, _)| name == "x-amz-content-sha256");
    assert_eq!(hashes.filter(|(_, hash)| hash == "UNSIGNED-PAYLOAD").count(), 2);
    assert_eq!(service.objects(), ["a"]);
}

#[tokio::test]
async fn plain_http_is_for_loopback_addresses_only() {
    let service = Service::honest().await;

    for endpoint in ["http://198.51.100.7:80", "http://s3.example.eu", "ftp://127.0.0.1"] {
        let store = service.store_at(endpoint).map(drop);
        assert!(matches!(store, Err(Error::Configured(_))), "{endpoint}");
    }
    assert!(service.store_at("http://[::1]:9").is_ok());
}

#[tokio::test]
async fn wrong_credentials_are_a_refusal_that_names_the_cause_and_no_secret() {
    let service = Service::honest().await;
    let store = service.store_as("AKIDEXAMPLE", "not the secret");

    let kept = store.create(&name("a"), sealed(&pattern(5)), None).await;

    let Err(Error::Credentials { code, source, .. }) = kept else { panic!("{kept:?}") };
    assert_eq!(code, "SignatureDoesNotMatch");
    assert!(!format!("{source:?}").contains("not the secret"));
    assert_eq!(service.objects(), [""; 0]);
}

#[tokio::test]
async fn a_service_that_is_not_there_is_unreachable() {
    let service = Service::honest().await;
    let store: Arc<dyn Store> = service.store_at("http://127.0.0.1:9").unwrap();

    let kept = store.create(&name("a"), sealed(&pattern(5)), None).await;

    assert!(matches!(kept, Err(Error::Unreachable { .. })), "{kept:?}");
}
