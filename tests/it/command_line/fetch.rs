//! `greffe get`, `export`: files that are there whole or not at all.

use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::json;

use super::{Asked, Desk, Reply, problem};

const CONTENT: &[u8] = b"0123456789abcdefghij";

/// The content, or what a range of it is, as RFC 9110 has it.
fn content(asked: &Asked) -> Reply {
    let range = asked.header("range").and_then(|range| range.strip_prefix("bytes="));
    let first = range.and_then(|range| range.trim_end_matches('-').parse::<usize>().ok());
    let own = asked.header("if-range").is_none_or(|etag| etag == "\"v1\"");
    let reply = match first.filter(|_| own) {
        Some(first) => Reply::new(206)
            .header("content-range", format!("bytes {first}-19/20"))
            .header("content-length", 20 - first)
            .body(&CONTENT[first..]),
        None => Reply::new(200).header("content-length", 20).body(CONTENT),
    };
    reply.header("etag", "\"v1\"").header("content-disposition", "attachment; filename=\"a.txt\"")
}

fn broken(asked: &Asked) -> Reply {
    if asked.number == 0 { content(asked).body(&CONTENT[..7]).cut() } else { content(asked) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_arrives_under_the_name_that_it_was_given() {
    let desk = Desk::signed_in(content).await;

    let ended = desk.run(&["get", "K3T-7KQ4-2M"]).await;

    assert_eq!(ended.exit, 0, "{ended:?}");
    assert_eq!(fs::read(desk.folder().join("a.txt")).unwrap(), CONTENT);
    assert_eq!(desk.files(), ["a.txt"]);
    let asked = &desk.service.asked()[0];
    assert_eq!(asked.path, "/api/v1/documents/K3T-7KQ4-2M/content");
    assert_eq!(asked.header("authorization"), Some("Bearer secret-token"));
    assert!(!ended.out.contains("secret-token") && !ended.err.contains("secret-token"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_fetch_leaves_no_file_and_the_same_command_goes_on_from_there() {
    let desk = Desk::signed_in(broken).await;

    let first = desk.run(&["get", "K3T-7KQ4-2M", "-o", "a"]).await;
    assert_eq!(first.exit, 5, "{first:?}");
    assert_eq!(desk.files(), [".a.part", ".a.part.json"]);

    let second = desk.run(&["get", "K3T-7KQ4-2M", "-o", "a"]).await;
    assert_eq!(second.exit, 0, "{second:?}");
    assert_eq!(desk.files(), ["a"]);
    assert_eq!(fs::read(desk.folder().join("a")).unwrap(), CONTENT);
    let asked = &desk.service.asked()[1];
    assert_eq!(
        (asked.header("range"), asked.header("if-range")),
        (Some("bytes=7-"), Some("\"v1\""))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_of_an_older_version_is_not_mixed_with_a_newer_one() {
    let desk = Desk::signed_in(|asked| {
        if asked.number == 0 {
            let reply = Reply::new(200).header("content-length", 20).header("etag", "\"v0\"");
            return reply.body(&b"OLDOLD"[..]).cut();
        }
        content(asked)
    })
    .await;

    desk.run(&["get", "K3T-7KQ4-2M", "-o", "a"]).await;
    let ended = desk.run(&["get", "K3T-7KQ4-2M", "-o", "a"]).await;

    assert_eq!(ended.exit, 0, "{ended:?}");
    assert_eq!(fs::read(desk.folder().join("a")).unwrap(), CONTENT);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_sends_less_than_it_promised_leaves_no_file() {
    let desk = Desk::signed_in(|_| {
        Reply::new(200)
            .header("content-length", 20)
            .header("etag", "\"v1\"")
            .body(&CONTENT[..7])
            .cut()
    })
    .await;

    let ended = desk.run(&["get", "K3T-7KQ4-2M", "-o", "a"]).await;

    assert_eq!(ended.exit, 5, "{ended:?}");
    assert!(!desk.folder().join("a").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn other_content_than_was_promised_is_evidence_and_is_not_kept() {
    let wrong = "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:";
    let desk = Desk::signed_in(move |asked| content(asked).header("repr-digest", wrong)).await;
    let other = "00".repeat(32);

    let promised = desk.run(&["get", "K3T-7KQ4-2M", "-o", "a"]).await;
    let named = desk.run(&["get", "K3T-7KQ4-2M", "-o", "a", "--sha256", &other]).await;

    assert_eq!((promised.exit, named.exit), (8, 8), "{promised:?} {named:?}");
    assert_eq!(desk.files(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_there_stays_unless_forced() {
    let desk = Desk::signed_in(content).await;
    fs::write(desk.folder().join("a"), "mine").unwrap();

    let refused = desk.run(&["get", "K3T-7KQ4-2M", "-o", "a"]).await;
    assert_eq!((refused.exit, &fs::read(desk.folder().join("a")).unwrap()[..]), (1, &b"mine"[..]));

    let forced = desk.run(&["get", "K3T-7KQ4-2M", "-o", "a", "--force"]).await;
    assert_eq!((forced.exit, &fs::read(desk.folder().join("a")).unwrap()[..]), (0, CONTENT));
    assert_eq!(desk.files(), ["a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_goes_to_standard_output_and_nothing_else_does() {
    let desk = Desk::signed_in(content).await;

    let ended = desk.run(&["get", "K3T-7KQ4-2M", "--range", "15-", "-o", "-"]).await;

    assert_eq!((ended.exit, &ended.out[..]), (0, "fghij"), "{ended:?}");
    assert_eq!(desk.files(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_ends_with_its_own_code_and_leaves_nothing() {
    let desk = Desk::signed_in(|asked| {
        let status = asked.path.split('/').nth(4).unwrap().parse().unwrap();
        problem(status, &json!({"type": "/problems/x", "title": "Why", "detail": "because"}))
    })
    .await;

    for (status, exit) in [("401", 7), ("403", 6), ("404", 4), ("429", 5), ("503", 5), ("412", 1)] {
        let ended = desk.run(&["get", status, "-o", "a"]).await;
        assert_eq!((ended.exit, &ended.out[..]), (exit, ""), "{status} {ended:?}");
    }
    assert_eq!(desk.files(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_of_another_authority_gets_no_token() {
    let desk = Desk::signed_in(content).await;
    let other = Desk::signed_in(content).await;
    fs::write(desk.profile().join("ca.pem"), &other.service.authority).unwrap();

    let ended = desk.run(&["get", "K3T-7KQ4-2M"]).await;

    assert_eq!(ended.exit, 8, "{ended:?}");
    assert_eq!(desk.service.paths(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_others_may_read_is_not_used() {
    let desk = Desk::signed_in(content).await;
    let mode = fs::Permissions::from_mode(0o644);
    fs::set_permissions(desk.profile().join("token"), mode).unwrap();

    let ended = desk.run(&["get", "K3T-7KQ4-2M"]).await;

    assert_eq!(ended.exit, 7, "{ended:?}");
    assert!(ended.err.contains("chmod 0600"), "{ended:?}");
    assert_eq!(desk.service.paths(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_export_leaves_nothing_because_the_next_one_is_sealed_anew() {
    let desk = Desk::signed_in(|asked| {
        let reply = Reply::new(200).header("content-length", 20);
        if asked.number == 0 { reply.body(&CONTENT[..7]).cut() } else { reply.body(CONTENT) }
    })
    .await;
    let arguments = ["export", "K3T-7KQ4-2M", "--to", "archive", "-o", "x.age"];

    let first = desk.run(&arguments).await;
    assert_eq!((first.exit, desk.files()), (5, Vec::<String>::new()), "{first:?}");

    let second = desk.run(&arguments).await;
    assert_eq!((second.exit, desk.files()), (0, vec!["x.age".to_owned()]), "{second:?}");
    let paths = desk.service.paths();
    assert_eq!(paths[1], "GET /api/v1/documents/K3T-7KQ4-2M/age?recipient=archive");
}
