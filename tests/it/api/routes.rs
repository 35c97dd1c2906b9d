//! Every route that the service describes, asked by everybody.
//!
//! `authorization.txt` is who may do what: a row for each route and subject, a column for each person. Its rows come from the
//! service's own description, so a new route fails until its row was looked at. `UPDATE_EXPECT=1` writes it anew.

use std::{collections::BTreeMap, fmt::Write as _};

use expect_test::expect_file;
use hyper::Method;
use serde_json::{Value, json};

use crate::api::service::{ANYONE, Service};

/// Who asks: the owner's people, others of the owner's trade, those who oversee, and nobody.
const PEOPLE: [(&str, &str); 9] = [
    ("contributor-acieries", "contributor"),
    ("access-acieries", "access"),
    ("contributor-littoral", "other"),
    ("pilot-ia", "pilot"),
    ("pilot-donnees", "conflicted"),
    ("coordinator", "coordinator"),
    ("committee", "committee"),
    ("auditor", "auditor"),
    (ANYONE, "anyone"),
];

/// Whose document or party a route is asked about.
const SUBJECTS: [(&str, &str); 3] = [
    // Nobody asked has a conflict with it.
    ("acieries", "company:acieries-du-ponant"),
    // The conflicted pilot must see nothing of it.
    ("littoral", "company:caisse-du-littoral"),
    ("unknown", "company:nobody"),
];

/// Who deposits for a subject, and who decides for it.
fn owners(subject: &str) -> Option<(&'static str, &'static str)> {
    match subject {
        "acieries" => Some(("contributor-acieries", "access-acieries")),
        "littoral" => Some(("contributor-littoral", "contributor-littoral")),
        _ => None,
    }
}

/// Routes and their methods, from the description.
async fn described(service: &Service) -> BTreeMap<String, Vec<Method>> {
    let description = service.get(ANYONE, "/api/v1/openapi.json").await;
    assert_eq!(description.status, 200);
    let paths = description.json()["paths"].as_object().unwrap().clone();
    let methods = |item: &Value| {
        let names = item.as_object().unwrap().keys().map(|name| name.to_uppercase());
        names.filter_map(|name| name.parse().ok()).collect()
    };
    paths.iter().map(|(path, item)| (path.clone(), methods(item))).collect()
}

/// A body with which a permitted change goes as far as it can without changing much.
fn body(method: &Method, path: &str) -> Option<Value> {
    let path = path.trim_start_matches("/api/v1");
    Some(match (method.as_str(), path) {
        ("POST", "/documents") => json!({
            "workstream": "intelligence-artificielle", "kind": "no such kind", "title": "a",
        }),
        ("PATCH", "/documents/{document}") => json!({"hold": false}),
        ("DELETE", "/documents/{document}") => json!({"reason": "because"}),
        ("POST", "/documents/{document}/grants") => json!({"to": "company:nobody"}),
        ("POST" | "DELETE", "/parties/{party}/roles") => {
            json!({"person": "auditor", "role": "contributor"})
        }
        ("POST", "/parties/{party}/grants") => {
            json!({"to": "company:nobody", "sensitivity": "ordinary"})
        }
        ("PATCH", "/parties/{party}/settings") => json!({"two_to_shred": false}),
        ("POST", "/parties/{party}/recipients") => json!({"name": "a", "recipient": "none"}),
        ("POST", "/conflicts") => json!({
            "person": "pilot-ia", "with": "company:lumen-ia", "says": "their employer",
        }),
        ("DELETE", "/conflicts") => json!({"person": "pilot-ia", "with": "company:lumen-ia"}),
        ("POST", "/moves") => json!({"from": "folder", "to": "elsewhere"}),
        ("PATCH", "/people/{person}") => json!({"disabled": false}),
        ("POST", "/tokens" | "/certificates") => json!({"label": "a", "days": 0}),
        ("POST", "/sign-in") => json!({"link": "greffe-link_none"}),
        _ => return None,
    })
}

/// Asks one route about one subject as one person.
async fn cell(service: &Service, who: &str, method: &Method, route: &str, subject: &str) -> u16 {
    let party = SUBJECTS.iter().find(|(name, _)| *name == subject).unwrap().1;
    let mut path = route.replace("{party}", party);
    if route.contains("{document}") {
        let document = match owners(subject) {
            Some((depositor, _)) => service.deposited(depositor, "a", b"content").await,
            None => "nothing".to_owned(),
        };
        path = path.replace("{document}", &document);
    }
    if let Some(grants) = path.strip_suffix("/{grant}") {
        let grant = match owners(subject) {
            Some((_, decider)) => {
                let mut wanted = json!({"to": "company:dge"});
                if route.contains("{party}") {
                    wanted["sensitivity"] = "ordinary".into();
                }
                let made = service.post(decider, grants, wanted).await.json();
                made["id"].as_str().unwrap().to_owned()
            }
            None => greffe::id::GrantId::random().to_string(),
        };
        path = path.replace("{grant}", &grant);
    }
    path = path.replace("{person}", "auditor").replace("{recipient}", "none");
    path = path.replace("{token}", &greffe::id::CredentialId::random().to_string());
    path = path.replace("{entry}", &greffe::id::EntryId::random().to_string());
    if route.ends_with("/age") {
        path.push_str("?recipient=none");
    }
    let ask = service.ask(who, method.clone(), &path);
    let ask = match body(method, route) {
        Some(body) => ask.json(body),
        None if route.contains("/restrictions") => ask.header("content-type", "text/plain"),
        None => ask,
    };
    ask.send().await.status
}

#[tokio::test]
async fn who_may_do_what_is_as_written() {
    let service = Service::with(generous).await;
    let mut table = format!("{:<58}", "");
    for (_, column) in PEOPLE {
        let _ = write!(table, "{column:>12}");
    }
    table.push('\n');
    for (route, methods) in described(&service).await {
        for method in methods {
            let about = route.contains("{document}") || route.contains("{party}");
            let subjects = if about { &SUBJECTS[..] } else { &SUBJECTS[..1] };
            for (subject, _) in subjects {
                let suffix = if about { format!(" of {subject}") } else { String::new() };
                let short = route.trim_start_matches("/api/v1");
                let _ = write!(table, "{:<58}", format!("{method} {short}{suffix}"));
                for (who, _) in PEOPLE {
                    // Whoever left could not be asked any more: leaving has a test of its own.
                    let leaves = short.ends_with("/leave") && who.ends_with(subject);
                    let status = match leaves {
                        true => "-".to_owned(),
                        false => cell(&service, who, &method, &route, subject).await.to_string(),
                    };
                    let _ = write!(table, "{status:>12}");
                }
                table.push('\n');
            }
        }
    }

    expect_file!["authorization.txt"].assert_eq(&table);
}

#[tokio::test]
async fn a_route_has_the_methods_that_are_described_and_no_other() {
    let service = Service::start().await;

    for (route, methods) in described(&service).await {
        let path = route.replace(['{', '}'], "");
        for method in ["GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS"] {
            let method: Method = method.parse().unwrap();
            let answer = service.ask(ANYONE, method.clone(), &path).send().await;
            let implied = method == Method::HEAD && methods.contains(&Method::GET);
            let expected = methods.contains(&method) || implied;
            assert_eq!(answer.status != 405, expected, "{method} {path}: {answer:?}");
            if !expected {
                let allowed: Vec<_> = answer.header("allow").split(',').collect();
                assert!(
                    methods.iter().all(|method| allowed.contains(&method.as_str())),
                    "{allowed:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn every_answer_is_framed() {
    let service = Service::start().await;

    for (path, status) in [
        ("/api/v1/me", 401),
        ("/api/v1/openapi.json", 200),
        ("/api/v1/nothing", 404),
        ("/", 404),
        ("/log/checkpoint", 200),
        ("/log/tile/0/999", 404),
        ("/problems/missing", 200),
    ] {
        let answer = service.get(ANYONE, path).await;
        assert_eq!(answer.status, status, "{path}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("strict-transport-security", "max-age=63072000; includeSubDomains"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.header(name), value, "{path}");
        }
        assert_eq!(answer.header("request-id").len(), 22, "{path}");
        assert!(answer.header("server").is_empty(), "{path}");
    }
}

/// So many refusals are no flood here.
fn generous(text: String) -> String {
    text + "\n[limits]\nbudget_entries_per_minute = 100000\n"
}
