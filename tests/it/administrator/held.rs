//! What somebody holds: nothing stays unsigned for longer than the bound, nothing is done meanwhile, and it goes on
//! afterwards.

use std::{env, time::Duration};

use hyper::Method;
use sqlx::{Connection as _, Executor as _, SqliteConnection};
use tokio::time::{Instant, interval};

use crate::{api::service::Service, witness};

const OWNER: &str = "contributor-rhein";
const STRANGER: &str = "contributor-littoral";
const CONTENT: &[u8] = b"the offer of Rhein Energie";

/// How long a lock is held in truth, if `GREFFE_HELD_SECONDS` says so.
fn held_seconds() -> Option<u64> {
    env::var("GREFFE_HELD_SECONDS").ok().and_then(|text| text.parse().ok())
}

async fn roomy() -> (Service, String) {
    let roomy = "\n[limits]\nbudget_entries_per_minute = 100000\n";
    let service = Service::with(|text| text + roomy).await;
    let reference = service.deposited(OWNER, "offer", CONTENT).await;
    service.token(STRANGER).await;
    (service, format!("/api/v1/documents/{reference}/content"))
}

/// Waits until all that was appended is signed.
async fn signed(service: &Service) {
    let mut published = service.app.tree.watch();
    let entries = witness::count(service, "select count(*) from entry").await.unsigned_abs();
    published.wait_for(|now| now.tree.size >= entries).await.unwrap();
}

/// All but what ended readings say afterwards of what they sent.
const DONE: &str = "select count(*) from entry where decision <> 'outcome'";

/// Owner and stranger read, somebody deposits: nothing of it happens, and no entry says that it did.
async fn assert_nothing_happens(service: &Service, path: &str) {
    let entries = witness::count(service, DONE).await;
    let (own, strange) = tokio::join!(service.get(OWNER, path), service.get(STRANGER, path));
    let put = service.ask(OWNER, Method::PUT, path).body("another").send().await;
    for answer in [own, strange, put] {
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(!answer.body.windows(CONTENT.len()).any(|bytes| bytes == CONTENT));
    }
    assert_eq!(witness::count(service, DONE).await, entries);
    assert_eq!(witness::count(service, "select count(*) from pending").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_trees_row_is_held_nothing_is_done_that_would_stay_unsigned() {
    let (service, path) = roomy().await;
    signed(&service).await;
    let hold = "create trigger held before update on tree begin select raise(abort, 'held'); end";
    witness::sql(&service, hold).await;

    // The first is recorded, and waits for its signature.
    let first = service.get(OWNER, &path).await;
    assert_eq!((first.status, first.body.as_ref()), (200, CONTENT));
    let held = Instant::now();
    match held_seconds() {
        None => {
            service.app.clock.step_seconds(11);
            assert_nothing_happens(&service, &path).await;
        }
        Some(seconds) => {
            let mut tick = interval(Duration::from_secs(1));
            while held.elapsed() < Duration::from_secs(seconds) {
                tick.tick().await;
                if held.elapsed() > Duration::from_secs(11) {
                    assert_nothing_happens(&service, &path).await;
                }
            }
        }
    }
    assert!(!service.app.writer.ended().borrow().is_some(), "a row that is held ends the log");
    witness::sql(&service, "drop trigger held").await;

    signed(&service).await;
    let after = service.get(OWNER, &path).await;
    assert_eq!((after.status, after.body.as_ref()), (200, CONTENT));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_locked_nothing_is_done_and_it_goes_on_afterwards() {
    let (service, path) = roomy().await;
    signed(&service).await;
    let file = service.folder().join("greffe.sqlite");
    let mut other = SqliteConnection::connect(file.to_str().unwrap()).await.unwrap();
    other.execute("begin immediate").await.unwrap();
    other.execute("update tree set size = size").await.unwrap();

    let held = Instant::now();
    loop {
        assert_nothing_happens(&service, &path).await;
        if held.elapsed() >= Duration::from_secs(held_seconds().unwrap_or(0)) {
            break;
        }
    }
    other.execute("rollback").await.unwrap();

    let after = service.get(OWNER, &path).await;
    assert_eq!((after.status, after.body.as_ref()), (200, CONTENT));
    signed(&service).await;
}
