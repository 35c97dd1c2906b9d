//! Contents that are not what was announced.

use hyper::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{WHO, abandoned, assert_problem, kept};
use crate::api::service::Service;

#[tokio::test(flavor = "multi_thread")]
async fn a_content_with_another_digest_leaves_no_object_row_or_version() {
    let service = Service::start().await;
    let reference = service.created(WHO, "a").await;
    let path = format!("/api/v1/documents/{reference}/content");
    let before = kept(&service).await;
    for size in [0, 10, 65_536, 300_000] {
        let digest = "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:";
        let put = service.ask(WHO, Method::PUT, &path).header("content-digest", digest);
        let answer = put.header("content-type", "text/plain").body(vec![7; size]).send().await;

        let problem = assert_problem(&answer, 400, "digest");
        assert_eq!(problem["type"], "/problems/other-content");
        assert_eq!(kept(&service).await, before, "{size}");
    }
    assert_eq!(abandoned(&service).await, 4);
}

/// Sends a request as it stands, and no more; what was answered before the connection ended.
async fn exchange(service: &Service, request: &[u8]) -> String {
    let mut stream = service.connect().await;
    stream.write_all(request).await.unwrap();
    // Says that no more comes, as a client does that ends in good order.
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let _broken_off = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_that_ends_before_its_length_leaves_nothing() {
    let service = Service::start().await;
    let reference = service.created(WHO, "a").await;
    let token = service.token(WHO).await;
    let before = kept(&service).await;
    let mut grown = service.app.writer.grown();
    for (n, came) in [0, 1, 65_536, 200_000].into_iter().enumerate() {
        let head = format!(
            "PUT /api/v1/documents/{reference}/content HTTP/1.1\r\nHost: a\r\n\
             Authorization: Bearer {token}\r\nContent-Length: 300000\r\n\r\n"
        );
        let answer = exchange(&service, &[head.as_bytes(), &vec![7; came]].concat()).await;

        assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
        while abandoned(&service).await <= n {
            grown.changed().await.unwrap();
        }
        assert_eq!(kept(&service).await, before, "{came}");
    }
    let shown = service.get(WHO, &format!("/api/v1/documents/{reference}")).await.json();
    assert_eq!(shown["stage"], "empty");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_beyond_the_limit_leaves_nothing_whether_it_says_its_length_or_not() {
    let limit = |text: String| text + "\n[limits]\nupload_limit_bytes = 100000\n";
    let service = Service::with(limit).await;
    let reference = service.created(WHO, "a").await;
    let token = service.token(WHO).await;
    let path = format!("/api/v1/documents/{reference}/content");
    let before = kept(&service).await;

    let announced = service.ask(WHO, Method::PUT, &path).body(vec![7; 100_001]).send().await;
    let head = format!(
        "PUT {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    );
    let chunk = [b"10000\r\n".as_slice(), &[7; 65_536], b"\r\n"].concat();
    let chunked = [head.as_bytes(), &chunk.repeat(3), b"0\r\n\r\n"].concat();
    let unannounced = exchange(&service, &chunked).await;

    let problem = assert_problem(&announced, 413, "announced");
    assert_eq!(problem["type"], "/problems/too-large");
    assert_eq!(problem["detail"], "at most 100000 bytes are taken here");
    assert!(unannounced.starts_with("HTTP/1.1 413 "), "{unannounced}");
    assert!(unannounced.contains("at most 100000 bytes are taken here"), "{unannounced}");
    assert_eq!(kept(&service).await, before);
    assert_eq!(abandoned(&service).await, 1);
}
