//! A provider that keeps everything it was ever sent: it never sees two things sealed under one key and nonce.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

use crate::{
    api::service::{Service, configuration},
    storage::service::{Asked, Ruse, Service as Provider},
    witness,
};

const WHO: &str = "contributor-rhein";
/// Bytes of an object's nonce, and of a sealed chunk.
const NONCE: usize = 16;
const CHUNK: usize = 65_536 + 16;
/// Three parts of eight MiB, the last one short.
const LARGE: usize = 20 * 1024 * 1024;

/// Whatever is sent of an object fails the first time: one kept, one not, in turn.
fn first_fails() -> impl Fn(&Asked, usize) -> Ruse + Send + Sync {
    let seen = Mutex::new(BTreeSet::new());
    move |asked, played| {
        let object = asked.method == "PUT" && asked.path.starts_with("object/");
        let new = object && seen.lock().unwrap().insert((asked.path.clone(), part(asked)));
        match played % 3 {
            _ if !new => Ruse::None,
            0 => Ruse::Refuse(500, "InternalError"),
            1 => Ruse::KeepAndRefuse(500),
            _ => Ruse::Refuse(503, "SlowDown"),
        }
    }
}

/// The number of the part of an upload; one call keeps a small object whole.
fn part(asked: &Asked) -> u32 {
    let number = asked.query.split('&').find_map(|part| part.strip_prefix("partNumber="));
    number.map_or(1, |number| number.parse().unwrap())
}

/// Begins an upload of `body`, of which a byte is still to come.
async fn begun(service: &Service, path: &str, headers: &str, body: &[u8]) -> TlsStream<TcpStream> {
    let token = service.token(WHO).await;
    let mut stream = service.connect().await;
    let head = format!(
        "PUT {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: text/plain\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // It may be answered before all of it has come.
    let _cut_short = stream.write_all(&body[..body.len() - 1]).await;
    stream
}

/// The status with which an upload is answered; sent again if the service ended the connection first.
async fn put(service: &Service, path: &str, headers: &str, body: &[u8]) -> String {
    for _ in 0..10 {
        let mut stream = begun(service, path, headers, body).await;
        let _cut_short = stream.write_all(&body[body.len() - 1..]).await;
        let _cut_short = stream.flush().await;
        let mut answered = [0; 12];
        if stream.read_exact(&mut answered).await.is_ok() {
            return String::from_utf8_lossy(&answered[9..]).into_owned();
        }
    }
    panic!("{path} is never answered")
}

/// The names under which anything of a document was sent.
fn paths(provider: &Provider) -> BTreeSet<String> {
    let sent = provider.sent().into_iter().map(|asked| asked.path);
    sent.filter(|path| path.starts_with("object/")).collect()
}

/// Waits until the log says of so many deposits that they came to nothing: their keys may be used again.
async fn abandoned(service: &Service, count: usize) {
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    for _ in 0..600 {
        tick.tick().await;
        let entries = witness::entries(service).await;
        if entries.iter().filter(|entry| entry.facts["system"] == "abandoned").count() >= count {
            return;
        }
    }
    panic!("a deposit that broke off is never given up");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_and_nonce_seal_two_things_over_resumed_retried_and_aborted_uploads() {
    let provider = Provider::with(first_fails()).await;
    let secrets = tempfile::tempdir().unwrap();
    let folder = "id = \"folder\"\nkind = \"folder\"\npath = \"objects\"\n";
    let bucket = provider.location(secrets.path());
    let service = Service::with(|_| configuration().replace(folder, &bucket)).await;
    let small = vec![7; 100_000];
    let large = vec![7; LARGE];

    // Retried by the store, repeated by the client with its key and with another, and refused after all of it came.
    let one = service.created(WHO, "one").await;
    let path = format!("/api/v1/documents/{one}/content");
    let wrong = "content-digest: sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:\r\n";
    assert_eq!(put(&service, &path, "idempotency-key: first\r\n", &small).await, "201");
    assert_eq!(put(&service, &path, "idempotency-key: first\r\n", &small).await, "201");
    assert_eq!(put(&service, &path, "", &small).await, "201");
    assert_eq!(put(&service, &path, wrong, &small).await, "400");
    // Broken off in the middle, then sent again from the start.
    let two = service.created(WHO, "two").await;
    let path = format!("/api/v1/documents/{two}/content");
    let (known, key) = (paths(&provider), "idempotency-key: broken\r\n");
    let stream = begun(&service, &path, key, &large).await;
    let new = |asked: &Asked| asked.path.starts_with("object/") && !known.contains(&asked.path);
    provider.until(new).await;
    drop(stream);
    provider.uploads_end().await;
    abandoned(&service, 2).await;
    assert_eq!(put(&service, &path, key, &large).await, "201");

    assert_one_thing_each(&provider.sent());
    assert_eq!(paths(&provider).len(), 5, "each deposit its own object, a repeated one none");
}

fn assert_one_thing_each(sent: &[Asked]) {
    let objects = sent.iter().filter(|asked| asked.path.starts_with("object/"));
    let (mut places, mut retried): (BTreeMap<_, &Asked>, usize) = (BTreeMap::new(), 0);
    for asked in objects {
        // Whatever is sent again is the same to the last byte: the chunk's number was sealed once.
        if let Some(before) = places.insert((&asked.path, part(asked)), asked) {
            assert!(before.sent == asked.sent, "{}: other bytes in the same place", asked.path);
            retried += 1;
        }
    }
    assert!(retried >= 4, "{retried} calls were tried again");

    // What was sealed has the same bytes everywhere, so the same key and nonce would give the same sealed bytes.
    let (mut nonces, mut chunks) = (BTreeSet::new(), BTreeSet::new());
    for ((path, part), asked) in places {
        let whole = if part == 1 { asked.sent.split_at(NONCE).1 } else { &asked.sent[..] };
        if part == 1 {
            assert!(nonces.insert(asked.sent[..NONCE].to_vec()), "{path}: a nonce twice");
        }
        for (number, chunk) in whole.chunks(CHUNK).enumerate() {
            assert!(
                chunks.insert(chunk.to_vec()),
                "{path}, part {part}: chunk {number} was seen before"
            );
        }
    }
    assert!(nonces.len() >= 5 && chunks.len() > 400, "{} and {}", nonces.len(), chunks.len());
}
