//! `greffe login`, `whoami`, `logout`: what is remembered, and what is noticed.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use serde_json::json;

use super::{Asked, Desk, Reply, audit::Forger, json, problem};

fn service(asked: &Asked) -> Reply {
    match &asked.path[..] {
        "/api/v1/sign-in" => {
            let body: serde_json::Value = serde_json::from_slice(&asked.body).unwrap();
            if body["link"] == "once" {
                json(200, &json!({"id": "t", "token": "new-token"}))
            } else {
                problem(401, &json!({"title": "Unknown link"}))
            }
        }
        "/api/v1/me" if asked.header("authorization") == Some("Bearer new-token") => json(
            200,
            &json!({
                "person": "p", "name": "Ada", "handle": "company:a", "roles": ["contributor"],
                "capacities": [{"handle": "company:a", "roles": ["contributor"]}],
                "origin": "log.example/1", "vkey": Forger::new(1).vkey(),
            }),
        ),
        "/log/checkpoint" => Reply::new(200).body(Forger::new(1).grown(3).checkpoint()),
        _ => problem(401, &json!({"title": "Unknown"})),
    }
}

fn secret_file(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

async fn log_in(desk: &Desk, link: &str) -> super::Ended {
    secret_file(&desk.folder().join("link"), link);
    fs::write(desk.folder().join("ca.pem"), &desk.service.authority).unwrap();
    let address = desk.service.address.clone();
    desk.run(&["login", &address, "--ca", "ca.pem", "--link-file", "link"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_becomes_a_token_that_only_its_owner_may_read() {
    let desk = Desk::new(service).await;

    let ended = log_in(&desk, "once").await;

    assert_eq!(ended.exit, 0, "{ended:?}");
    let token = desk.profile().join("token");
    assert_eq!(fs::read_to_string(&token).unwrap(), "new-token");
    assert_eq!(fs::metadata(&token).unwrap().mode() & 0o777, 0o600);
    let known = fs::read_to_string(desk.profile().join("login.toml")).unwrap();
    assert!(known.contains("name = \"Ada\"") && !known.contains("new-token"), "{known}");
    assert!(!ended.out.contains("new-token") && !ended.err.contains("new-token"), "{ended:?}");
    assert_eq!(desk.run(&["whoami"]).await.exit, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_not_known_leaves_no_sign_in() {
    let desk = Desk::new(service).await;

    let ended = log_in(&desk, "twice").await;

    assert_eq!(ended.exit, 7, "{ended:?}");
    assert!(!desk.profile().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_log_key_than_the_kept_one_is_refused() {
    let desk = Desk::new(service).await;
    fs::create_dir_all(desk.profile()).unwrap();
    let kept = format!("log {} https://x/log\nquorum none\n", Forger::new(2).vkey());
    fs::write(desk.profile().join("policy"), &kept).unwrap();

    let ended = log_in(&desk, "once").await;

    assert_eq!(ended.exit, 8, "{ended:?}");
    assert_eq!(fs::read_to_string(desk.profile().join("policy")).unwrap(), kept);
    assert!(!desk.profile().join("token").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_put_back_is_noticed_by_whoever_saw_it_before() {
    let desk = Desk::new(service).await;
    log_in(&desk, "once").await;
    let seen = Forger::new(1).grown(5).checkpoint();
    fs::write(desk.profile().join("checkpoint"), &seen).unwrap();

    let ended = desk.run(&["whoami"]).await;

    assert_eq!(ended.exit, 8, "{ended:?}");
    assert_eq!(fs::read_to_string(desk.profile().join("checkpoint")).unwrap(), seen);
    let asked = desk.service.asked();
    let me = asked.iter().rfind(|asked| asked.path == "/api/v1/me").unwrap();
    assert!(me.header("greffe-checkpoint").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_revokes_the_token_and_keeps_the_logs_key() {
    let desk = Desk::signed_in(|asked| match &asked.method[..] {
        "GET" => json(200, &json!({"tokens": [{"id": "a"}, {"id": "b", "current": true}]})),
        _ => Reply::new(204),
    })
    .await;
    fs::write(desk.profile().join("policy"), "kept").unwrap();

    let ended = desk.run(&["logout"]).await;

    assert_eq!(ended.exit, 0, "{ended:?}");
    assert_eq!(desk.service.paths()[1], "DELETE /api/v1/tokens/b");
    assert!(!desk.profile().join("token").exists() && desk.profile().join("policy").exists());
    assert_eq!(desk.run(&["whoami"]).await.exit, 7);
    assert_eq!(desk.run(&["logout"]).await.exit, 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_sent_to_no_other_service_than_its_own() {
    let desk = Desk::signed_in(service).await;
    let other = Desk::new(service).await;
    fs::write(desk.folder().join("other.pem"), &other.service.authority).unwrap();

    let arguments = ["whoami", "--server", &other.service.address, "--ca", "other.pem"];
    let ended = desk.run(&arguments).await;

    assert_eq!(ended.exit, 7, "{ended:?}");
    assert_eq!(other.service.paths(), Vec::<String>::new());
}
