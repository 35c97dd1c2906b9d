//! Clients that stand still, each in its own way: all are cut while others are served.

use std::{env, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt as _, join_all};
use greffe::http::server::{Limits, tls::Oldest};
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use rustls::crypto::aws_lc_rs::default_provider;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, interval, timeout},
};

use crate::server::house::{BY_THEN, House, short};

type Shape = fn(Arc<House>) -> BoxFuture<'static, ()>;

/// Each ends when the server has closed the connection.
const SHAPES: &[(&str, Shape)] = &[
    ("silence", |house| silence(house).boxed()),
    ("half a handshake", |house| half_a_handshake(house).boxed()),
    ("silence after the handshake", |house| after_handshake(house, &[], b"").boxed()),
    ("the same in HTTP/2", |house| after_handshake(house, &["h2"], b"").boxed()),
    ("half a preface", |house| after_handshake(house, &["h2"], b"PRI * HTTP/2.0\r\n").boxed()),
    ("half a head", |house| {
        after_handshake(house, &["http/1.1"], b"GET /hello HTTP/1.1\r\nHost: a\r\n").boxed()
    }),
    ("a head byte by byte", |house| {
        dripping(house, b"GET /hello HTTP/1.1\r\nHost: a\r\nX: ".to_vec()).boxed()
    }),
    ("half a head of HTTP/2", |house| after_handshake(house, &["h2"], HALF_HEADERS).boxed()),
    ("a body byte by byte", |house| {
        dripping(house, b"PUT /count HTTP/1.1\r\nHost: a\r\nContent-Length: 999\r\n\r\n".to_vec())
            .boxed()
    }),
    ("half a body", |house| {
        let half = b"PUT /count HTTP/1.1\r\nHost: a\r\nContent-Length: 999999\r\n\r\n12345";
        after_handshake(house, &["http/1.1"], half).boxed()
    }),
    ("idling after a request", |house| {
        after_handshake(house, &["http/1.1"], b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").boxed()
    }),
    ("idling after a request in HTTP/2", |house| idling_http2(house).boxed()),
];

/// Preface, empty settings, and a HEADERS frame that says that more follow (RFC 9113, section 6.2).
const HALF_HEADERS: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\
    \x00\x00\x00\x04\x00\x00\x00\x00\x00\
    \x00\x00\x01\x01\x00\x00\x00\x00\x01\x82";

async fn closed(mut stream: impl AsyncRead + Unpin) {
    let mut rest = [0; 4096];
    while stream.read(&mut rest).await.is_ok_and(|length| length > 0) {}
}

async fn silence(house: Arc<House>) {
    closed(TcpStream::connect(house.address).await.unwrap()).await;
}

async fn half_a_handshake(house: Arc<House>) {
    let mut socket = TcpStream::connect(house.address).await.unwrap();
    socket.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00]).await.unwrap();
    closed(socket).await;
}

async fn after_handshake(house: Arc<House>, alpn: &[&str], bytes: &[u8]) {
    let mut stream = house.connect(house.client(default_provider(), alpn)).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    closed(stream).await;
}

async fn dripping(house: Arc<House>, begin: Vec<u8>) {
    let (answers, mut stream) = tokio::io::split(house.http1().await);
    stream.write_all(&begin).await.unwrap();
    let drip = async {
        let mut tick = interval(Duration::from_millis(50));
        loop {
            tick.tick().await;
            if drop_one(&mut stream).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        () = closed(answers) => {}
        () = drip => {}
    }
}

async fn drop_one(stream: &mut (impl AsyncWrite + Unpin)) -> std::io::Result<()> {
    stream.write_all(b"x").await?;
    stream.flush().await
}

async fn idling_http2(house: Arc<House>) {
    let mut send = house.http2().await;
    let request = Request::get("https://localhost/hello").body(Full::default()).unwrap();
    let answer = send.send_request(request).await.unwrap();
    answer.into_body().collect().await.unwrap();
    // Ready while the connection lives, though nothing is asked.
    let mut tick = interval(Duration::from_millis(50));
    while !send.is_closed() {
        tick.tick().await;
    }
}

async fn hello(house: &House) -> Duration {
    let begun = Instant::now();
    let answer =
        house.exchange(b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(answer.ends_with("hello"), "{answer}");
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_slow_client_is_cut_while_others_are_served() {
    let count = env::var("GREFFE_SLOW_CONNECTIONS").map_or(50, |count| count.parse().unwrap());
    let house = Arc::new(House::open().await);
    let slow = join_all((0..count).map(|n| {
        let (name, shape) = SHAPES[n % SHAPES.len()];
        let closed =
            tokio::spawn(timeout(BY_THEN + BY_THEN * (count as u32) / 500, shape(house.clone())));
        async move { (name, closed.await.unwrap()) }
    }));
    let mut slow = tokio::spawn(slow);

    let (mut served, mut longest) = (0, Duration::ZERO);
    let ends = loop {
        tokio::select! {
            ends = &mut slow => break ends.unwrap(),
            took = hello(&house) => {
                served += 1;
                longest = longest.max(took);
            }
        }
    };

    for (name, end) in ends {
        assert!(end.is_ok(), "{name} was not cut");
    }
    assert!(served > 3, "{served} were served meanwhile");
    assert!(longest < BY_THEN, "one took {longest:?}");
}

#[tokio::test]
async fn an_answer_that_is_not_taken_is_cut() {
    let house = House::open().await;
    let mut endless = house.seen.endless.subscribe();
    let mut stream = house.http1().await;
    stream.write_all(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    endless.wait_for(|count| *count == 1).await.unwrap();

    timeout(BY_THEN, endless.wait_for(|count| *count == 0)).await.unwrap().unwrap();
}

#[tokio::test]
async fn an_answer_that_stands_still_in_http_2_is_cut_though_the_connection_moves() {
    let house = House::open().await;
    let mut endless = house.seen.endless.subscribe();
    let mut send = house.http2().await;
    let request = Request::get("https://localhost/endless").body(Full::<Bytes>::default()).unwrap();
    let _untouched = send.send_request(request).await.unwrap();
    endless.wait_for(|count| *count == 1).await.unwrap();

    let moves = async {
        loop {
            let request = Request::get("https://localhost/hello").body(Full::default()).unwrap();
            if send.send_request(request).await.is_err() {
                return;
            }
        }
    };

    timeout(BY_THEN, moves).await.unwrap();
    timeout(BY_THEN, endless.wait_for(|count| *count == 0)).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_body_that_is_slow_in_http_2_ends_alone() {
    let house = House::open().await;
    let client = house.client(default_provider(), &["h2"]);
    let stream = hyper_util::rt::TokioIo::new(house.connect(client).await.unwrap());
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut send, connection) =
        hyper::client::conn::http2::handshake(executor, stream).await.unwrap();
    tokio::spawn(connection);
    let never = http_body_util::StreamBody::new(futures::stream::pending::<
        Result<hyper::body::Frame<Bytes>, std::convert::Infallible>,
    >());
    let slow = Request::put("https://localhost/count").body(never.boxed()).unwrap();
    let empty = http_body_util::Empty::new().map_err(|never| match never {}).boxed();
    let other = Request::get("https://localhost/hello").body(empty).unwrap();

    let slow = timeout(BY_THEN, send.send_request(slow)).await.unwrap().unwrap();
    let other = send.send_request(other).await.unwrap();

    assert_eq!((slow.status().as_u16(), other.status().as_u16()), (408, 200));
}

#[tokio::test]
async fn a_client_at_the_floor_is_served_for_as_long_as_it_takes() {
    let limits = Limits { floor_bytes_per_second: 100, ..short() };
    let house = House::with(limits, Oldest::Tls13).await;
    let mut stream = house.http1().await;
    let head =
        b"PUT /count HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n";
    stream.write_all(head).await.unwrap();

    let mut tick = interval(Duration::from_millis(50));
    for _ in 0..100 {
        tick.tick().await;
        stream.write_all(&[7; 10]).await.unwrap();
        stream.flush().await.unwrap();
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();

    assert!(answer.ends_with("1000"), "{answer}");
}
