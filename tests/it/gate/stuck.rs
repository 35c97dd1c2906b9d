//! A log that is blocked, is full or fails: nothing is read, and nothing half read.

use std::{path::Path, time::Duration};

use hyper::Method;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use sqlx::{Connection as _, Executor as _, SqliteConnection};

use super::{READER, SECRET, readings, roomy, shared};
use crate::{
    api::service::{Answer, Service},
    crashes::{child::Child, client::OWNER, instance::Instance, known::Document},
    witness,
};

fn assert_no_byte(answer: &Answer, case: &str) {
    assert_eq!(answer.status, 503, "{case}: {answer:?}");
    assert!(!answer.body.windows(SECRET.len()).any(|bytes| bytes == SECRET), "{case}");
    assert_eq!(answer.header("etag"), "", "{case}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_somebody_holds_lets_no_byte_out() {
    let service = roomy().await;
    let (reference, _) = shared(&service).await;
    let path = format!("/api/v1/documents/{reference}/content");
    assert_eq!(service.get(READER, &path).await.status, 200);
    witness::settled(&service).await;
    let document = witness::document(&service, &reference).await;
    let file = service.folder().join("greffe.sqlite");
    let mut other = SqliteConnection::connect(file.to_str().unwrap()).await.unwrap();
    other.execute("pragma busy_timeout = 60000").await.unwrap();

    other.execute("begin immediate").await.unwrap();
    let (read, headed, part) = futures::join!(
        service.get(READER, &path),
        service.ask(READER, Method::HEAD, &path).send(),
        service.ask(READER, Method::GET, &path).header("range", "bytes=0-3").send(),
    );
    let counted = readings(&witness::entries(&service).await, document.as_bytes()).count();
    other.execute("rollback").await.unwrap();
    // What waited to be signed meanwhile would be too old to go on.
    witness::signed(&service).await;
    let after = service.get(READER, &path).await;

    for answer in [read, headed, part] {
        assert_no_byte(&answer, "held");
    }
    assert_eq!(counted, 1);
    assert_eq!((after.status, after.body.as_ref()), (200, SECRET));
}

/// From now on no file of the process may be longer than this.
fn limit(child: &Child, bytes: Option<u64>) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    let limit = Rlimit { current: bytes, maximum: None };
    prlimit(pid, Resource::Fsize, limit).unwrap();
}

/// Waits until the only reading has its outcome and all is signed: the next thing to be recorded is the next reading.
async fn quiet(folder: &Path) {
    let file = folder.join("greffe.sqlite");
    let mut database = SqliteConnection::connect(file.to_str().unwrap()).await.unwrap();
    let sql = "select (select count(*) from entry where decision = 'outcome') = 1 \
               and (select size from tree) = (select count(*) from entry)";
    let mut tick = tokio::time::interval(Duration::from_millis(50));
    for _ in 0..600 {
        tick.tick().await;
        if sqlx::query_scalar(sql).fetch_one(&mut database).await.unwrap() {
            return database.close().await.unwrap();
        }
    }
    panic!("it never comes to rest");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_full_lets_no_byte_out_and_stands_once_there_is_room() {
    let instance = Instance::create().await;
    let mut child = Child::spawn_limited(instance.folder()).await;
    let client = instance.client(child.address);
    let mut document = Document::create(&client, SECRET.to_vec()).await.unwrap();
    document.deposit(&client).await;
    let path = document.path("/content");
    assert_eq!(client.get(OWNER, &path).await.unwrap().body.as_ref(), SECRET);

    quiet(instance.folder()).await;
    limit(&child, Some(0));
    for _ in 0..5 {
        match client.get(OWNER, &path).await {
            Some(answer) => assert_no_byte(&answer, "full"),
            // It has ended: what a failed commit left is looked at by a start only.
            None => assert!(!child.said().contains("panicked"), "{}", child.said()),
        }
    }
    // What it ends with lets whoever watches over it start it again: nobody tampered with anything.
    let exit =
        tokio::time::timeout(Duration::from_secs(60), child.exit()).await.expect("it goes on");
    assert_eq!(exit, Some(5), "{}", child.said());

    instance.let_go().await;
    let served = instance.serve().await;
    document.check(&served.client, "once there is room").await;
}

#[cfg(feature = "failpoints")]
#[test]
fn a_log_that_fails_lets_no_byte_out() {
    let test = "gate::stuck::a_log_that_fails_lets_no_byte_out";
    crate::crashes::alone::alone(test, read_while_the_log_fails);
}

#[cfg(feature = "failpoints")]
async fn read_while_the_log_fails() {
    for point in ["audit::append", "audit::before_commit", "audit::after_commit"] {
        let service = roomy().await;
        let (reference, _) = shared(&service).await;
        let path = format!("/api/v1/documents/{reference}/content");
        assert_eq!(service.get(READER, &path).await.status, 200);
        witness::settled(&service).await;

        fail::cfg(point, "return").unwrap();
        let answer = service.get(READER, &path).await;
        fail::remove(point);

        assert_no_byte(&answer, point);
        let document = witness::document(&service, &reference).await;
        let counted = readings(&witness::entries(&service).await, document.as_bytes()).count();
        // What was committed without an answer stands, as an intent of which nothing was sent.
        assert_eq!(counted, if point == "audit::after_commit" { 2 } else { 1 }, "{point}");
        ends_or_goes_on(&service, &path, point).await;
    }
}

/// After an unknown commit the log has ended for good; after a failure before it goes on.
#[cfg(feature = "failpoints")]
async fn ends_or_goes_on(service: &Service, path: &str, point: &str) {
    let after = service.get(READER, path).await;
    if service.app.writer.ended().borrow().is_some() {
        assert_no_byte(&after, point);
    } else {
        assert_eq!((after.status, after.body.as_ref()), (200, SECRET), "{point}");
    }
}
