//! Contents put in and read back.

use hyper::Method;
use serde_json::json;

use crate::api::service::Service;

const WHO: &str = "contributor-rhein";

#[tokio::test]
async fn what_is_deposited_is_read_back_whole_and_in_part() {
    let service = Service::start().await;
    let content: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
    let reference = service.deposited(WHO, "été.pdf", &content).await;
    let path = format!("/api/v1/documents/{reference}/content");

    let whole = service.get(WHO, &path).await;
    let part = service.ask(WHO, Method::GET, &path).header("range", "bytes=65530-65545");
    let part = part.send().await;

    assert_eq!((whole.status, whole.body.as_ref()), (200, &content[..]));
    assert!(whole.whole);
    assert_eq!(whole.header("content-type"), "text/plain");
    assert_eq!(
        whole.header("content-disposition"),
        "attachment; filename=\"_t_.pdf\"; filename*=UTF-8''%C3%A9t%C3%A9.pdf"
    );
    assert_eq!((part.status, part.body.as_ref()), (206, &content[65530..=65545]));
    assert_eq!(part.header("content-range"), "bytes 65530-65545/200000");
    for answer in [&whole, &part] {
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
        assert!(answer.header("content-security-policy").contains("sandbox; default-src 'none'"));
    }
}

#[tokio::test]
async fn conditions_are_answered_without_a_byte() {
    let service = Service::start().await;
    let reference = service.deposited(WHO, "a", b"0123456789").await;
    let path = format!("/api/v1/documents/{reference}/content");
    let etag = service.get(WHO, &path).await.header("etag").to_owned();
    let ask = |name: &'static str, value: String| {
        service.ask(WHO, Method::GET, &path).header(name, value).send()
    };

    let unchanged = ask("if-none-match", etag.clone()).await;
    let other = ask("if-match", "\"other\"".to_owned()).await;
    let beyond = ask("range", "bytes=10-".to_owned()).await;
    let several = ask("range", "bytes=0-1,3-4".to_owned()).await;
    let head = service.ask(WHO, Method::HEAD, &path).header("range", "bytes=0-1").send().await;

    assert_eq!(
        (unchanged.status, unchanged.header("etag"), unchanged.body.len()),
        (304, &etag[..], 0)
    );
    assert_eq!(
        (other.status, other.json()["type"].clone()),
        (412, json!("/problems/precondition-failed"))
    );
    assert_eq!((beyond.status, beyond.header("content-range")), (416, "bytes */10"));
    assert_eq!((several.status, several.body.as_ref()), (200, &b"0123456789"[..]));
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, "10", 0));
}

#[tokio::test]
async fn a_content_that_is_not_what_was_announced_leaves_nothing() {
    let service = Service::start().await;
    let reference = service.created(WHO, "a").await;
    let path = format!("/api/v1/documents/{reference}/content");
    let digest = "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:";
    let put = |name: &'static str, value: &'static str| {
        service.ask(WHO, Method::PUT, &path).header(name, value).body("content").send()
    };

    let wrong = put("content-digest", digest).await;
    let moved = put("if-match", "\"other\"").await;
    let shown = service.get(WHO, &format!("/api/v1/documents/{reference}")).await;
    let content = service.get(WHO, &path).await;

    assert_eq!((wrong.status, &wrong.json()["type"]), (400, &json!("/problems/other-content")));
    assert_eq!(
        (moved.status, &moved.json()["type"]),
        (412, &json!("/problems/precondition-failed"))
    );
    assert_eq!((&shown.json()["stage"], &shown.json()["size"]), (&json!("empty"), &json!(null)));
    assert_eq!(content.status, 404);
}

#[tokio::test]
async fn a_content_beyond_the_limit_is_refused_before_and_while_it_is_read() {
    let limit = |text: String| text + "\n[limits]\nupload_limit_bytes = 1000\n";
    let service = Service::with(limit).await;
    let reference = service.created(WHO, "a").await;
    let path = format!("/api/v1/documents/{reference}/content");

    let said = service.ask(WHO, Method::PUT, &path).body(vec![0; 1001]).send().await;
    let fits = service.ask(WHO, Method::PUT, &path).body(vec![0; 1000]).send().await;

    assert_eq!(
        (said.status, &said.json()["detail"]),
        (413, &json!("at most 1000 bytes are taken here"))
    );
    assert_eq!((fits.status, &fits.json()["number"]), (201, &json!(1)));
}

#[tokio::test]
async fn a_repeated_deposit_with_its_key_is_one() {
    let service = Service::start().await;
    let reference = service.created(WHO, "a").await;
    let path = format!("/api/v1/documents/{reference}/content");
    let put = |body: &'static str| {
        let ask = service.ask(WHO, Method::PUT, &path).header("idempotency-key", "k");
        ask.body(body).send()
    };

    let first = put("content").await;
    let again = put("content").await;
    let other = put("another content").await;
    let versions = service.get(WHO, &format!("/api/v1/documents/{reference}/versions")).await;

    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.json(), again.json());
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!((other.status, &other.json()["type"]), (422, &json!("/problems/key-reused")));
    assert_eq!(versions.json()["versions"].as_array().unwrap().len(), 1);
}
