//! Bad input, and a bad world: a clear problem, and nothing left behind.

mod clock;
mod deposits;
mod requests;
mod starts;
mod stores;

use serde_json::Value;

use crate::{
    api::service::{Answer, Service},
    witness,
};

const WHO: &str = "contributor-rhein";

/// What there is of contents, documents and authority.
async fn kept(service: &Service) -> Vec<i64> {
    let mut kept = Vec::new();
    for sql in [
        "select count(*) from version",
        "select count(*) from copy",
        "select count(*) from pending",
        "select count(*) from document",
        "select count(*) from revision",
        "select count(*) from party_text",
        "select count(*) from credential",
    ] {
        kept.push(witness::count(service, sql).await);
    }
    kept.push(walk(&service.folder().join("objects/object")));
    kept
}

/// How many files there are below a folder.
pub fn walk(folder: &std::path::Path) -> i64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries
        .map(|entry| entry.unwrap())
        .map(|entry| match entry.file_type().unwrap().is_dir() {
            true => walk(&entry.path()),
            false => 1,
        })
        .sum()
}

fn assert_problem(answer: &Answer, status: u16, case: &str) -> Value {
    assert_eq!(answer.status, status, "{case}: {answer:?}");
    assert_eq!(answer.header("content-type"), "application/problem+json", "{case}");
    let problem = answer.json();
    assert!(problem["type"].as_str().unwrap().starts_with("/problems/"), "{case}");
    problem
}

/// How many deposits were given up, as the log says.
async fn abandoned(service: &Service) -> usize {
    let entries = witness::entries(service).await;
    entries.iter().filter(|entry| entry.facts["system"] == "abandoned").count()
}
