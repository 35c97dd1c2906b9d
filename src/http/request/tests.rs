use axum::http::Uri;
use serde_json::json;

use super::*;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Wanted {
    title: Line<8>,
}

fn request(content_type: &str, body: impl Into<HttpBody>) -> Request {
    let request = Request::builder().method("POST").header(CONTENT_TYPE, content_type);
    request.body(body.into()).unwrap()
}

async fn json(content_type: &str, body: impl Into<HttpBody>) -> Result<String, (u16, String)> {
    let read = Json::<Wanted>::from_request(request(content_type, body), &()).await;
    read.map(|wanted| wanted.0.title.0).map_err(refused)
}

fn refused(problem: Problem) -> (u16, String) {
    (problem.status().as_u16(), problem.detail().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_body_is_read() {
    for content_type in ["application/json", "application/json; charset=utf-8"] {
        assert_eq!(json(content_type, r#"{"title":"été"}"#).await, Ok("été".to_owned()));
    }
}

#[tokio::test]
async fn a_body_that_does_not_read_is_told_what_is_expected() {
    for (body, says) in [
        (r#"{"title":"a""#, "EOF while parsing"),
        (r#"{"title":"a","owner":"b"}"#, "unknown field `owner`, expected `title`"),
        (r#"{"title":"a","title":"b"}"#, "duplicate field `title`"),
        (r"{}", "missing field `title`"),
        (r#"{"title":7}"#, "expected a string"),
        (r#"{"title":""}"#, "write something"),
        (r#"{"title":"123456789"}"#, "longer than 8 characters"),
        (r#"{"title":"a\u0000"}"#, "U+0000"),
        (r#"{"title":"a\u202eb"}"#, "U+202E"),
        ("{\"title\":\"\u{0}\"}", "control character"),
    ] {
        let (status, detail) = json("application/json", body).await.unwrap_err();
        assert_eq!(status, 400, "{body}");
        assert!(detail.contains(says), "{body}: {detail}");
    }
    let (status, _) = json("application/json", &b"{\"title\":\"\xff\"}"[..]).await.unwrap_err();
    assert_eq!(status, 400);
}

#[tokio::test]
async fn another_type_is_refused() {
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "", "json"] {
        let (status, detail) = json(content_type, r#"{"title":"a"}"#).await.unwrap_err();
        assert_eq!((status, &detail[..]), (415, "send it as Content-Type: application/json"));
    }
}

#[tokio::test]
async fn a_long_body_is_refused_before_and_while_it_is_read() {
    let said = Request::builder()
        .header(CONTENT_TYPE, "application/json")
        .header("content-length", (LONGEST_JSON_BYTES + 1).to_string())
        .body(HttpBody::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>()));
    let answer = Json::<Wanted>::from_request(said.unwrap(), &()).await.unwrap_err();
    assert_eq!(refused(answer), (413, "at most 65536 bytes are taken here".to_owned()));

    let unsaid = HttpBody::from_stream(futures::stream::repeat_with(|| {
        Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 1000]))
    }));
    assert_eq!(json("application/json", unsaid).await.unwrap_err().0, 413);

    let broken = futures::stream::iter([Err::<Bytes, _>(std::io::Error::other("reset"))]);
    let answer = json("application/json", HttpBody::from_stream(broken)).await.unwrap_err();
    assert_eq!(answer, (400, String::new()));
}

#[tokio::test]
async fn a_text_is_utf_8() {
    let read = Text::from_request(request("text/plain;charset=utf-8", "forbid"), &()).await;
    assert_eq!(read.unwrap().0, "forbid");

    let answer = Text::from_request(request("text/plain", &b"\xff"[..]), &()).await.unwrap_err();
    assert_eq!(refused(answer), (400, "the text is not UTF-8".to_owned()));
}

#[tokio::test]
async fn a_query_with_a_parameter_that_is_not_known_is_refused() {
    let query = |query: &str| {
        let uri: Uri = format!("/?{query}").parse().unwrap();
        let (mut parts, ()) = Request::builder().uri(uri).body(()).unwrap().into_parts();
        async move { Query::<Wanted>::from_request_parts(&mut parts, &()).await }
    };

    assert_eq!(
        query("title=a%20b").await.unwrap().0,
        serde_json::from_value(json!({"title": "a b"})).unwrap()
    );
    let (status, detail) = refused(query("title=a&page=2").await.unwrap_err());
    assert_eq!(status, 400);
    assert!(detail.contains("unknown field `page`"), "{detail}");
}
