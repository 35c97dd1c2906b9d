//! What only the wire shows: when a content is asked for, and that a broken reading has no clean end.

use std::{fs, path::PathBuf};

use hyper::Method;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

use crate::api::service::Service;

const WHO: &str = "contributor-rhein";

/// The only object of more than a kibibyte in the store's folder: the content, not its record.
fn object(service: &Service) -> PathBuf {
    let mut folders = vec![service.folder().join("objects")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            match entry.metadata().unwrap() {
                found if found.is_dir() => folders.push(entry.path()),
                found if found.len() > 100_000 => return entry.path(),
                _ => {}
            }
        }
    }
    panic!("no object");
}

#[tokio::test]
async fn a_content_that_contradicts_its_record_is_cut_and_quarantined() {
    let service = Service::start().await;
    let content = vec![7; 300_000];
    let reference = service.deposited(WHO, "a", &content).await;
    let path = format!("/api/v1/documents/{reference}/content");
    let object = object(&service);
    let mut bytes = fs::read(&object).unwrap();
    let at = bytes.len() - 1000;
    bytes[at] ^= 1;
    fs::write(&object, bytes).unwrap();

    let cut = service.get(WHO, &path).await;
    let after = service.get(WHO, &path).await;

    assert!(!cut.whole && cut.body.len() < content.len(), "{} bytes", cut.body.len());
    assert!(cut.body.iter().all(|byte| *byte == 7), "a wrong byte");
    assert_eq!(cut.header("content-length"), "300000");
    assert_eq!((after.status, &after.json()["reason"]), (403, &"quarantined".into()));
}

struct Line {
    read: ReadHalf<TlsStream<TcpStream>>,
    write: WriteHalf<TlsStream<TcpStream>>,
}

impl Line {
    async fn open(service: &Service) -> Self {
        let (read, write) = tokio::io::split(service.connect().await);
        Self { read, write }
    }

    async fn send(&mut self, text: &str) {
        self.write.write_all(text.as_bytes()).await.unwrap();
    }

    /// The head of the next answer.
    async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.read.read_u8().await.unwrap());
        }
        String::from_utf8(head).unwrap()
    }
}

async fn put(service: &Service, who: &str, reference: &str) -> String {
    let token = service.token(who).await;
    format!(
        "PUT /api/v1/documents/{reference}/content HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\
         Authorization: Bearer {token}\r\nContent-Length: 7\r\n\r\n"
    )
}

#[tokio::test]
async fn a_content_is_asked_for_once_it_is_permitted() {
    let service = Service::start().await;
    let reference = service.created(WHO, "a").await;
    let mut line = Line::open(&service).await;

    line.send(&put(&service, WHO, &reference).await).await;
    let asked = line.head().await;
    line.send("content").await;
    let answer = line.head().await;

    assert_eq!(asked, "HTTP/1.1 100 Continue\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
}

#[tokio::test]
async fn a_content_that_is_not_permitted_is_never_asked_for() {
    let service = Service::start().await;
    let reference = service.created(WHO, "a").await;
    let mut line = Line::open(&service).await;

    line.send(&put(&service, "contributor-littoral", &reference).await).await;
    let answer = line.head().await;

    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    let shown = service.get(WHO, &format!("/api/v1/documents/{reference}")).await;
    assert_eq!(shown.json()["stage"], "empty");
}

#[tokio::test]
async fn where_a_request_comes_from_is_what_the_connection_says() {
    let service = Service::start().await;
    let path = "/api/v1/documents/nothing";
    let ask = service.ask(WHO, Method::GET, path);
    let ask = ask.header("x-forwarded-for", "192.0.2.1").header("forwarded", "for=192.0.2.1");

    assert_eq!(ask.send().await.status, 404);

    let entries = service.get(WHO, "/api/v1/audit/entries?decision=refused").await.json();
    assert_eq!(entries["entries"][0]["address"], "127.0.0.1");
}
