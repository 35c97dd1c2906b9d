//! Bytes that no honest client sends, and some that a few do.

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, StatusCode};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::server::house::House;

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("closed")
}

#[tokio::test]
async fn requests_with_two_meanings_are_refused_and_nothing_behind_them_is_read() {
    let house = House::open().await;
    let hidden = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
    for fields in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5, 5",
        "Content-Length: -5",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding: xchunked",
        "X: a\r\n folded: b",
        "X: a\nContent-Length: 5",
        "X: a\rContent-Length: 5",
        "X: a\0b",
        "X\u{e9}: b",
        ": b",
    ] {
        let request =
            format!("PUT /count HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n0\r\n\r\n{hidden}");

        let answer = house.exchange(request.as_bytes()).await;

        assert_eq!(status(&answer), "400", "{fields:?}: {answer}");
        assert!(!answer.contains("hello"), "{fields:?}: {answer}");
    }
}

#[tokio::test]
async fn malformed_beginnings_are_refused() {
    let house = House::open().await;
    for line in [
        "GET /path/a b HTTP/1.1",
        "GET /path/a HTTP/1.2",
        "GET /path/a HTTP/3.0",
        "GET /path/a",
        " GET /path/a HTTP/1.1",
        "G\tET /path/a HTTP/1.1",
        "\u{16}\u{3}\u{1}",
        "PRI * HTTP/2.0",
    ] {
        let answer = house.exchange(format!("{line}\r\nHost: a\r\n\r\n").as_bytes()).await;

        assert!(["400", "505", "closed"].contains(&status(&answer)), "{line:?}: {answer}");
        assert!(!answer.contains("reached"), "{line:?}: {answer}");
    }
}

#[tokio::test]
async fn large_heads_are_refused_and_those_within_the_limits_are_not() {
    let house = House::open().await;
    let with = |fields: &str| {
        format!("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{fields}\r\n")
    };
    let long = |length: usize| with(&format!("X: {}\r\n", "x".repeat(length)));

    let sixty = house.exchange(with(&"X: a\r\n".repeat(60)).as_bytes()).await;
    let seventy = house.exchange(with(&"X: a\r\n".repeat(70)).as_bytes()).await;
    let fifteen = house.exchange(long(15_000).as_bytes()).await;
    let seventeen = house.exchange(long(17_000).as_bytes()).await;
    let unfinished = house.exchange(&long(17_000).as_bytes()[..17_000]).await;
    let address = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(17_000));
    let address = house.exchange(address.as_bytes()).await;

    assert_eq!((status(&sixty), status(&seventy)), ("200", "431"));
    assert_eq!((status(&fifteen), status(&seventeen)), ("200", "431"));
    assert_eq!((status(&unfinished), status(&address)), ("431", "431"));
}

#[tokio::test]
async fn a_head_of_a_megabyte_is_not_read_to_its_end() {
    let house = House::open().await;
    let mut stream = house.http1().await;

    let head = [b"GET / HTTP/1.1\r\nX: ".as_slice(), &[b'x'; 1 << 20]].concat();
    let sent = stream.write_all(&head);
    let _ = tokio::time::timeout(crate::server::house::BY_THEN, sent).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;

    assert_eq!(status(&String::from_utf8_lossy(&answer)), "431");
}

#[tokio::test]
async fn large_heads_are_refused_in_http_2_too() {
    let house = House::open().await;
    let mut send = house.http2().await;
    let ask = |count: usize, length: usize| {
        let mut request = Request::get("https://localhost/hello");
        for field in 0..count {
            request = request.header(format!("x-{field}"), "x".repeat(length));
        }
        request.body(Full::<Bytes>::default()).unwrap()
    };

    let sixty = send.send_request(ask(60, 1)).await.unwrap().status();
    let seventy = send.send_request(ask(70, 1)).await.unwrap().status();
    let large = send.send_request(ask(10, 2000)).await;

    assert_eq!((sixty, seventy), (StatusCode::OK, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
    let large = large.map(|answer| answer.status());
    assert!(!matches!(large, Ok(StatusCode::OK)), "{large:?}");
}

#[tokio::test]
async fn a_body_is_sent_only_when_it_is_wanted() {
    let house = House::open().await;
    let mut stream = house.http1().await;
    let mut answer = vec![0; 25];

    let head =
        b"PUT /count HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head).await.unwrap();
    stream.read_exact(&mut answer).await.unwrap();
    stream.write_all(b"12345").await.unwrap();
    let mut rest = vec![0; 15];
    stream.read_exact(&mut rest).await.unwrap();
    let unwanted = String::from_utf8_lossy(head).replace("/count", "/hello");
    let refused = house.exchange(unwanted.as_bytes()).await;

    assert_eq!(answer, b"HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(rest, b"HTTP/1.1 200 OK");
    assert_eq!(status(&refused), "405");
}

#[tokio::test]
async fn a_chunked_body_is_counted_and_a_malformed_chunk_ends_the_connection() {
    let house = House::open().await;
    let head = "PUT /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let next = "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

    let chunks = format!("{head}5\r\n12345\r\n3\r\n123\r\n0\r\n\r\n{next}");
    let counted = house.exchange(chunks.as_bytes()).await;
    let malformed = house.exchange(format!("{head}5\n12345\r\n0\r\n\r\n{next}").as_bytes()).await;

    assert!(counted.contains("\r\n8HTTP/1.1 200 OK") && counted.ends_with("hello"), "{counted}");
    assert!(["400", "closed"].contains(&status(&malformed)), "{malformed}");
    assert!(!malformed.contains("hello"), "{malformed}");
}

#[tokio::test]
async fn tls_1_1_is_refused_by_an_alert() {
    let house = House::open().await;
    let mut socket = TcpStream::connect(house.address).await.unwrap();

    // A ClientHello of TLS 1.1 (RFC 4346, section 7.4.1.2): version, random, no session, two suites, no compression.
    let mut hello = vec![0x03, 0x02];
    hello.extend([7; 32]);
    hello.extend([0, 0, 4, 0xc0, 0x13, 0x00, 0x2f, 1, 0]);
    let length = u8::try_from(hello.len()).unwrap();
    let mut record = vec![0x16, 0x03, 0x01, 0, length + 4, 0x01, 0, 0, length];
    record.extend(hello);
    socket.write_all(&record).await.unwrap();
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer).await;

    // An alert (21), fatal (2): protocol_version (70), or another that says the same.
    assert_eq!((answer[0], answer[5]), (21, 2), "{answer:?}");
    assert!([70, 40, 50, 47, 109].contains(&answer[6]), "{answer:?}");
}

#[tokio::test]
async fn a_client_that_sends_all_before_it_reads_still_gets_its_refusal() {
    let house = House::open().await;
    let head = "PUT /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n";

    let mut stream = house.http1().await;
    stream.write_all(head.as_bytes()).await.unwrap();
    let sent = stream.write_all(&vec![7; 20_000_000]).await;
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer).await;

    assert!(sent.is_ok() && read.is_ok(), "{sent:?}, {read:?}");
    assert_eq!(status(&answer), "405");
}
