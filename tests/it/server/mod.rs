//! The accept loop: what it negotiates, refuses, cuts and finishes.

mod house;
mod raw;
mod slow;

use std::time::Duration;

use bytes::Bytes;
use greffe::http::server::{
    Error, Limits, Server, Tls,
    tls::{Files, Oldest},
};
use house::{BY_THEN, House, authority, leaf, write};
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use rustls::crypto::{
    CryptoProvider,
    aws_lc_rs::{cipher_suite as suites, default_provider, kx_group as groups},
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// What `/peer` says to a client of this kind.
async fn seen_as(
    house: &House,
    provider: CryptoProvider,
    identity: Option<(String, String)>,
) -> std::io::Result<String> {
    let client = house.client_with(provider, &[], identity);
    let mut stream = house.connect(client).await?;
    stream.write_all(b"GET /peer HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.lines().last().unwrap().to_owned())
}

#[tokio::test]
async fn the_key_exchange_is_hybrid() {
    let house = House::open().await;

    let seen = seen_as(&house, default_provider(), None).await.unwrap();

    let expected = "127.0.0.1 TLSv1_3 TLS13_AES_256_GCM_SHA384 X25519MLKEM768 certificate: false";
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn the_servers_order_of_suites_counts_not_the_clients() {
    let house = House::with(house::short(), Oldest::Tls12).await;
    let prefers_chacha = CryptoProvider {
        cipher_suites: vec![
            suites::TLS13_CHACHA20_POLY1305_SHA256,
            suites::TLS13_AES_128_GCM_SHA256,
            suites::TLS13_AES_256_GCM_SHA384,
        ],
        ..default_provider()
    };

    let seen = seen_as(&house, prefers_chacha, None).await.unwrap();

    assert!(seen.contains("TLS13_AES_256_GCM_SHA384"), "{seen}");
}

#[tokio::test]
async fn a_client_without_the_hybrid_group_is_served_by_a_classical_one() {
    let house = House::open().await;
    let classical = CryptoProvider { kx_groups: vec![groups::SECP256R1], ..default_provider() };

    let seen = seen_as(&house, classical, None).await.unwrap();

    assert!(seen.contains("secp256r1"), "{seen}");
}

#[tokio::test]
async fn tls_1_2_is_spoken_only_where_it_is_allowed() {
    let only_1_2 = CryptoProvider {
        cipher_suites: vec![suites::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384],
        ..default_provider()
    };
    let modern = House::open().await;
    let lenient = House::with(house::short(), Oldest::Tls12).await;

    let refused = seen_as(&modern, only_1_2.clone(), None).await;
    let seen = seen_as(&lenient, only_1_2, None).await.unwrap();

    assert!(refused.unwrap_err().to_string().contains("ProtocolVersion"));
    assert!(seen.contains("TLSv1_2 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"), "{seen}");
}

#[tokio::test]
async fn a_client_certificate_is_seen_if_its_authority_is_ours() {
    let house = House::open().await;

    let ours = leaf("alice", house.authority());
    let theirs = leaf("mallory", &authority("another house"));
    let seen = seen_as(&house, default_provider(), Some(ours)).await.unwrap();
    let refused = seen_as(&house, default_provider(), Some(theirs)).await;

    assert!(seen.ends_with("certificate: true"), "{seen}");
    assert!(refused.is_err(), "{refused:?}");
}

#[tokio::test]
async fn certificates_are_read_anew_while_the_server_runs() {
    let house = House::open().await;
    let shown = |stream: &tokio_rustls::client::TlsStream<tokio::net::TcpStream>| {
        stream.get_ref().1.peer_certificates().unwrap()[0].clone()
    };
    let first = shown(&house.http1().await);

    write(&house.path("chain.pem"), "nothing", 0o644);
    let refused = house.tls.reread();
    let kept = shown(&house.http1().await);
    let (certificate, key) = leaf("localhost", house.authority());
    write(&house.path("chain.pem"), &certificate, 0o644);
    write(&house.path("key.pem"), &key, 0o600);
    house.tls.reread().unwrap();
    let second = shown(&house.http1().await);

    assert!(matches!(refused, Err(Error::Pem { .. })), "{refused:?}");
    assert_eq!(first, kept);
    assert_ne!(first, second);
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named() {
    let house = House::open().await;
    let files = |key: &str| Files {
        chain: house.path("chain.pem"),
        key: house.path(key),
        clients: None,
        oldest: Oldest::Tls13,
    };
    let (_, other) = leaf("localhost", house.authority());
    write(&house.path("open.pem"), &other, 0o640);
    write(&house.path("other.pem"), &other, 0o600);
    write(&house.path("empty.pem"), "", 0o600);

    let refused = |key| Tls::read(files(key)).unwrap_err();

    assert!(matches!(refused("open.pem"), Error::KeyMode { .. }));
    assert!(matches!(refused("other.pem"), Error::Unusable(_)));
    assert!(matches!(refused("empty.pem"), Error::Pem { wanted: "private key", .. }));
    assert!(matches!(refused("absent.pem"), Error::Read { .. }));
}

#[tokio::test]
async fn without_tls_only_the_machine_itself_may_ask() {
    let refused = Server::listen_plainly("0.0.0.0:0".parse().unwrap(), Limits::default()).await;
    let any_port = "127.0.0.1:0".parse().unwrap();
    let server = Server::listen_plainly(any_port, house::short()).await.unwrap();
    let (address, stop) = (server.address(), tokio_util::sync::CancellationToken::new());
    let health = axum::Router::new().route("/healthz", axum::routing::get(|| async { "well" }));
    let serving = tokio::spawn(server.serve(health, stop.clone()));

    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    socket.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut answer = [0; 15];
    socket.read_exact(&mut answer).await.unwrap();
    stop.cancel();
    tokio::time::timeout(BY_THEN, serving).await.unwrap().unwrap();

    assert!(matches!(refused, Err(Error::NotLoopback(_))), "{refused:?}");
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
}

#[tokio::test]
async fn both_protocols_are_served_and_many_requests_on_one_connection() {
    let house = House::open().await;
    let mut send = house.http2().await;
    for _ in 0..3 {
        let body = Full::new(Bytes::from(vec![7; 3_000_000]));
        let request = Request::put("https://localhost/count").body(body).unwrap();
        let answer = send.send_request(request).await.unwrap();
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "3000000");
    }
    let one = b"PUT /count HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n";
    let mut three = [one.as_slice(), &[7; 70000]].concat().repeat(2);
    three.extend(b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

    let answers = house.exchange(&three).await;

    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 3, "{answers}");
    assert!(answers.matches("70000").count() == 2 && answers.ends_with("hello"), "{answers}");
}

#[tokio::test]
async fn running_requests_end_before_the_server_does() {
    let house = House::open().await;
    let mut stream = house.http1().await;
    let mut send = house.http2().await;
    let idle = house.http1().await;
    stream.write_all(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let request = Request::get("https://localhost/wait").body(Full::default()).unwrap();
    let second = tokio::spawn(send.send_request(request));
    house.seen.waiting.subscribe().wait_for(|waiting| *waiting == 2).await.unwrap();

    house.stop.cancel();
    let refused = async {
        // The listener closes at once; until then the system's queue may take one.
        while tokio::net::TcpStream::connect(house.address).await.is_ok() {}
    };
    tokio::time::timeout(BY_THEN, refused).await.unwrap();
    let still_running = !house.serving.is_finished();
    house.seen.release.notify_waiters();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let second = second.await.unwrap().unwrap().into_body().collect().await.unwrap().to_bytes();
    tokio::time::timeout(BY_THEN, house.serving).await.unwrap().unwrap();

    assert!(still_running);
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("waited"), "{answer}");
    assert_eq!(second, "waited");
    drop(idle);
}

#[tokio::test]
async fn what_does_not_end_in_the_grace_period_is_cut() {
    let limits = Limits { grace: Duration::from_millis(300), ..house::short() };
    let house = House::with(limits, Oldest::Tls13).await;
    let mut stream = house.http1().await;
    stream.write_all(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    house.seen.waiting.subscribe().wait_for(|waiting| *waiting == 1).await.unwrap();

    house.stop.cancel();
    tokio::time::timeout(BY_THEN, house.serving).await.unwrap().unwrap();

    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert_eq!(answer, b"");
}

#[tokio::test]
async fn more_connections_than_there_are_places_wait_for_one() {
    let limits = Limits { connections: 2, ..house::short() };
    let house = House::with(limits, Oldest::Tls13).await;
    let first = tokio::net::TcpStream::connect(house.address).await.unwrap();
    let second = tokio::net::TcpStream::connect(house.address).await.unwrap();

    // Both places are taken by clients that say nothing; they are freed when these are cut.
    let answer =
        house.exchange(b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;

    assert!(answer.ends_with("hello"), "{answer}");
    drop((first, second));
}
