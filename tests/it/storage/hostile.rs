//! What a service can do against us, one ruse a test.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use greffe::storage::{
    Error, Store,
    conformance::{collect, pattern, sealed},
    s3::Patience,
};
use tokio::net::{TcpListener, TcpStream};

use crate::storage::{
    name,
    service::{Asked, Ruse, Service},
};

const SIZE: usize = 300_000;

/// A service that plays `ruse` on `GET`s, at most so many times, and holds one object, `a`.
async fn reading(ruse: Ruse, times: usize) -> (Service, Arc<dyn Store>) {
    let service = Service::with(move |asked, played| match asked.method == "GET" {
        true if played < times => ruse.clone(),
        _ => Ruse::None,
    })
    .await;
    let store = service.store();
    store.create(&name("a"), sealed(&pattern(SIZE)), None).await.unwrap();
    (service, store)
}

async fn read(store: &Arc<dyn Store>) -> Result<Vec<u8>, Error> {
    collect(store.read(&name("a"), 10..SIZE as u64).await?).await
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_gone_on_with() {
    for ruse in [Ruse::HalfBody, Ruse::StallHalfway, Ruse::Silence] {
        let (_service, store) = reading(ruse.clone(), 1).await;

        let read = read(&store).await.unwrap();

        assert!(read == pattern(SIZE)[10..], "{ruse:?}");
    }
}

#[tokio::test]
async fn an_answer_that_always_breaks_off_ends_in_bounded_time() {
    for ruse in [Ruse::EmptyBody, Ruse::Silence, Ruse::Refuse(503, "SlowDown")] {
        let (service, store) = reading(ruse.clone(), usize::MAX).await;

        let read = read(&store).await;

        assert!(matches!(read, Err(Error::Unreachable { .. })), "{ruse:?}: {:?}", read.map(drop));
        assert!(service.asked("GET", "") <= 9, "{ruse:?}");
    }
}

#[tokio::test]
async fn another_length_or_range_than_was_asked_for_is_a_contradiction() {
    for ruse in [Ruse::OtherRange, Ruse::LongerRange, Ruse::WholeForRange] {
        let (_service, store) = reading(ruse.clone(), usize::MAX).await;

        let read = read(&store).await;

        let read = read.map(drop);
        assert!(matches!(read, Err(Error::Contradiction { .. })), "{ruse:?}: {read:?}");
    }
}

#[tokio::test]
async fn more_bytes_than_were_asked_for_are_never_given() {
    let (_service, store) = reading(Ruse::ExtraBytes, usize::MAX).await;

    let read = read(&store).await;

    let read = read.map(|read| read.len());
    assert!(matches!(read, Err(Error::Contradiction { .. })), "{read:?}");
}

#[tokio::test]
async fn changed_bytes_are_given_as_they_are() {
    let (_service, store) = reading(Ruse::ChangeByte, usize::MAX).await;

    let read = read(&store).await.unwrap();

    let differ = read.iter().zip(&pattern(SIZE)[10..]).filter(|(a, b)| a != b).count();
    assert_eq!((read.len(), differ), (SIZE - 10, 1));
}

#[tokio::test]
async fn an_object_that_vanishes_is_missing() {
    let (service, store) = reading(Ruse::HalfBody, 1).await;
    let reading = store.read(&name("a"), 0..SIZE as u64).await.unwrap();

    service.remove("a");

    let read = collect(reading).await.map(drop);
    assert!(matches!(read, Err(Error::Missing(_))), "{read:?}");
}

#[tokio::test]
async fn a_truncated_object_is_short() {
    let (service, store) = reading(Ruse::None, 0).await;

    service.truncate("a", 1000);

    let beyond = store.read(&name("a"), 500..2000).await.map(drop);
    let behind = store.read(&name("a"), 1500..2000).await.map(drop);
    assert!(matches!(beyond, Err(Error::Short { .. })), "{beyond:?}");
    assert!(matches!(behind, Err(Error::Short { .. })), "{behind:?}");
}

/// Says which calls a ruse is for.
type Pick = fn(&Asked) -> bool;

/// A service that plays `ruse` on the first `times` calls that `on` picks, and an upload to it of so many bytes.
async fn writing(on: Pick, ruse: Ruse, times: usize, size: usize) -> (Service, Result<(), Error>) {
    let service = Service::with(move |asked, played| match on(asked) {
        true if played < times => ruse.clone(),
        _ => Ruse::None,
    })
    .await;
    let kept = service.store().create(&name("a"), sealed(&pattern(size)), None).await;
    (service, kept.map(drop))
}

const LARGE: usize = 20 * 1024 * 1024;

fn is_put(asked: &Asked) -> bool {
    asked.method == "PUT"
}

fn is_completion(asked: &Asked) -> bool {
    asked.method == "POST" && asked.query.contains("uploadId=")
}

#[tokio::test]
async fn a_fault_that_passes_is_not_noticed() {
    for size in [SIZE, LARGE] {
        for ruse in [Ruse::Refuse(503, "SlowDown"), Ruse::Refuse(500, "InternalError"), Ruse::Hang]
        {
            let (service, kept) = writing(is_put, ruse.clone(), 1, size).await;

            kept.unwrap_or_else(|error| panic!("{ruse:?}, {size}: {error:?}"));

            assert_eq!(service.objects(), ["a"]);
        }
    }
}

#[tokio::test]
async fn an_error_after_the_bytes_were_kept_is_tried_again() {
    let calls: [(Pick, usize); 3] = [(is_put, SIZE), (is_put, LARGE), (is_completion, LARGE)];
    for (on, size) in calls {
        let (service, kept) = writing(on, Ruse::KeepAndRefuse(500), 1, size).await;

        kept.unwrap();

        assert_eq!(service.objects(), ["a"]);
        assert_eq!(service.uploads(), [""; 0]);
    }
}

#[tokio::test]
async fn a_fault_that_stays_fails_and_leaves_nothing() {
    let ruses = [Ruse::Refuse(503, "SlowDown"), Ruse::Refuse(403, "AccessDenied"), Ruse::Hang];
    for size in [SIZE, LARGE] {
        for ruse in &ruses {
            let (service, kept) = writing(is_put, ruse.clone(), usize::MAX, size).await;

            let expected = match ruse {
                Ruse::Refuse(403, _) => matches!(kept, Err(Error::Credentials { .. })),
                _ => matches!(kept, Err(Error::Unreachable { .. })),
            };
            assert!(expected, "{ruse:?}: {kept:?}");
            assert_eq!(service.objects(), [""; 0]);
            // Each part is tried three times, and four parts are on their way at once.
            assert!(service.asked("PUT", "") <= if size == SIZE { 3 } else { 12 }, "{ruse:?}");
            service.uploads_end().await;
        }
    }
}

#[tokio::test]
async fn a_service_without_room_is_full() {
    let (service, kept) = writing(is_put, Ruse::Refuse(507, "Storage"), 9, SIZE).await;

    assert!(matches!(kept, Err(Error::Full)), "{kept:?}");
    assert_eq!(service.objects(), [""; 0]);
}

#[tokio::test]
async fn a_service_that_acknowledges_and_keeps_nothing_or_something_else_is_found_out() {
    for ruse in [Ruse::Swallow, Ruse::KeepHalf] {
        let (_service, kept) = writing(is_put, ruse.clone(), usize::MAX, SIZE).await;

        assert!(matches!(kept, Err(Error::Contradiction { .. })), "{ruse:?}: {kept:?}");
    }
}

#[tokio::test]
async fn a_listing_that_invents_names_gives_only_those_that_can_be() {
    let service = Service::with(|asked, _| match asked.query.contains("list-type") {
        true => Ruse::ListStrangeNames,
        false => Ruse::None,
    })
    .await;

    let listed = service.store().list(&name("anchor")).await.unwrap();

    assert_eq!(listed, [name("anchor/1")]);
}

#[tokio::test]
async fn an_answer_of_which_only_the_head_comes_ends_in_bounded_time() {
    let service = Service::with(|asked, _| match asked.query.contains("list-type") {
        true => Ruse::HeadOnly,
        false => Ruse::None,
    })
    .await;

    let listed = service.store().list(&name("anchor")).await;

    assert!(matches!(listed, Err(Error::Unreachable { .. })), "{listed:?}");
}

/// An address that takes connections and never says a word, and one that takes none: its queue is full.
async fn mute_and_full() -> (TcpListener, TcpListener, Vec<TcpStream>) {
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = socket.listen(1).unwrap();
    let mut waiting = Vec::new();
    // Connections that nobody accepts, until the system takes no more.
    let connect = || tokio::time::timeout(FILLED, TcpStream::connect(full.local_addr().unwrap()));
    while let Ok(connected) = connect().await {
        waiting.push(connected.unwrap());
        assert!(waiting.len() < 1000, "a queue of one takes no thousand");
    }
    (mute, full, waiting)
}

/// A connection on this machine that takes longer is not taken.
const FILLED: Duration = Duration::from_millis(500);

#[tokio::test]
async fn a_connection_and_its_handshake_end_in_bounded_time() {
    let service = Service::over_tls().await;
    let (mute, full, _waiting) = mute_and_full().await;
    for listener in [&mute, &full] {
        let endpoint = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let (connect, silence) = (Duration::from_millis(300), Duration::from_millis(400));
        let store = service.store_with(|settings| {
            settings.endpoint = endpoint.parse().unwrap();
            settings.patience = Patience { connect, silence, tries: 2 };
        });
        let store = store.unwrap();

        let (begun, head) = (Instant::now(), name("a"));
        let head = tokio::time::timeout(Duration::from_secs(30), store.head(&head)).await;

        let head = head.expect("it ends");
        assert!(matches!(head, Err(Error::Unreachable { .. })), "{head:?}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }
}
