//! What a reader says that a reading is for.

use hyper::Method;
use serde_json::{Value, json};

use crate::api::service::{Answer, Service};

const OWNER: &str = "contributor-rhein";
const READER: &str = "pilot-ia";
const PARTY: &str = "/api/v1/parties/company:rhein-energie";
const SAID: &str = "%C3%A9tude%20du%20chantier";
const DEMAND: &str = "@id(\"purpose\") forbid (principal, action in [Action::\"read\", Action::\"export\"], resource) \
                      unless { context has purpose };";

async fn granted(service: &Service) -> String {
    let reference = service.deposited(OWNER, "a", b"content").await;
    let grants = format!("/api/v1/documents/{reference}/grants");
    let made = service.post(OWNER, &grants, json!({"to": "person:pilot-ia"})).await;
    assert_eq!(made.status, 201, "{made:?}");
    reference
}

async fn read(service: &Service, reference: &str, purpose: Option<&str>) -> Answer {
    let path = format!("/api/v1/documents/{reference}/content");
    let ask = service.ask(READER, Method::GET, &path);
    match purpose {
        Some(purpose) => ask.header("greffe-purpose", purpose).send().await,
        None => ask.send().await,
    }
}

/// The entries of the pilot's reading of a document, as somebody sees them.
async fn accesses(service: &Service, who: &str, reference: &str) -> Vec<Value> {
    let path = format!("/api/v1/documents/{reference}/accesses");
    let shown = service.get(who, &path).await;
    assert_eq!(shown.status, 200, "{shown:?}");
    let entries = shown.json()["entries"].as_array().unwrap().clone();
    entries
        .into_iter()
        .filter(|entry| entry["act"] == "read" && entry["class"] == "intent")
        .collect()
}

#[tokio::test]
async fn a_purpose_is_shown_to_the_owner_committed_in_the_log_and_in_no_file() {
    let service = Service::start().await;
    let reference = granted(&service).await;

    assert_eq!(read(&service, &reference, Some(SAID)).await.status, 200);

    let owners = accesses(&service, OWNER, &reference).await;
    assert_eq!(owners[0]["texts"], json!({"purpose": "étude du chantier"}));
    assert!(owners[0]["facts"]["texts"]["purpose"].is_string(), "{owners:?}");
    let auditors = accesses(&service, "auditor", &reference).await;
    assert_eq!(auditors[0]["texts"], json!({}), "the mission's auditor reads no words");
    assert_eq!(auditors[0]["facts"]["texts"], owners[0]["facts"]["texts"]);
    for file in walk(service.folder()) {
        // What the service writes under another name meanwhile is renamed.
        let Ok(bytes) = std::fs::read(&file) else { continue };
        let found = bytes.windows(12).any(|window| window == "tude du chan".as_bytes());
        assert!(!found, "{}", file.display());
    }
}

#[tokio::test]
async fn a_restriction_can_demand_a_purpose() {
    let service = Service::start().await;
    let reference = granted(&service).await;
    let put = service.ask(OWNER, Method::PUT, &format!("{PARTY}/restrictions"));
    let put = put.header("content-type", "text/plain").body(DEMAND).send().await;
    assert_eq!(put.status, 200, "{put:?}");

    let without = read(&service, &reference, None).await;
    let with = read(&service, &reference, Some("audit")).await;

    assert_eq!((without.status, &without.json()["reason"]), (403, &json!("restricted")));
    assert_eq!((with.status, with.body.as_ref()), (200, &b"content"[..]));
    assert_eq!(accesses(&service, OWNER, &reference).await.len(), 1, "one reading, one refusal");
}

#[tokio::test]
async fn a_purpose_that_is_no_line_of_text_is_refused_before_anything_is_recorded() {
    let service = Service::start().await;
    let reference = granted(&service).await;

    for purpose in ["100%", "%E2%80%AEgnp", "a%0Ab"] {
        assert_eq!(read(&service, &reference, Some(purpose)).await.status, 400, "{purpose}");
    }

    assert_eq!(accesses(&service, OWNER, &reference).await, Vec::<Value>::new());
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(walk(&path)) } else { files.push(path) }
    }
    files
}
