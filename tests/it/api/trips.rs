//! Round trips to database and key set: as many for what is hidden as for what is missing, remembered or not.

use std::{
    fmt::Debug,
    sync::{Mutex, PoisonError},
};

use hyper::Method;
use serde_json::json;
use tracing::{Event, Metadata, Subscriber, field::Field};
use tracing_subscriber::{
    Layer, layer::Context, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::{api::service::Service, crashes::alone::alone, witness};

const OWNER: &str = "contributor-rhein";
const STRANGER: &str = "contributor-littoral";

/// Every statement that this process sent, of whatever connection.
static SENT: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Statements;

impl<S: Subscriber> Layer<S> for Statements {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.target() == "sqlx::query"
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut sent = SENT.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement = String::new();
        event.record(&mut |field: &Field, value: &dyn Debug| {
            if matches!(field.name(), "summary" | "db.statement") {
                statement.push_str(&format!("{value:?} "));
            }
        });
        sent.push(statement);
    }
}

/// What signing, upkeep and connections that are opened send, at their own times.
const BESIDE: [&str; 7] = [
    "tile",
    "tree",
    "from batch",
    "count(*) from entry",
    "select document, version from pending",
    "PRAGMA",
    "pragma",
];

/// Statements to the database, and to the key set.
#[derive(Debug)]
struct Sent {
    database: Vec<String>,
    keys: Vec<String>,
}

impl Sent {
    fn counts(&self) -> (usize, usize) {
        (self.database.len(), self.keys.len())
    }
}

/// Waits until all that was appended is signed.
async fn quiet(service: &Service) {
    let mut published = service.app.tree.watch();
    let entries = witness::count(service, "select count(*) from entry").await.unsigned_abs();
    published.wait_for(|now| now.tree.size >= entries).await.unwrap();
}

async fn refused(service: &Service, method: &Method, path: &str) -> Sent {
    quiet(service).await;
    SENT.lock().unwrap().clear();
    let ask = service.ask(STRANGER, method.clone(), path);
    let ask = if method == Method::DELETE { ask.json(json!({"reason": "r"})) } else { ask };
    let answer = ask.send().await;
    assert_eq!(answer.status, 404, "{method} {path}: {answer:?}");
    quiet(service).await;

    let sent = std::mem::take(&mut *SENT.lock().unwrap());
    let own = sent.into_iter().filter(|sent| !BESIDE.iter().any(|beside| sent.contains(beside)));
    let (keys, database): (Vec<_>, Vec<_>) =
        own.partition(|sent| sent.contains("from slot") || sent.contains("from bucket_page"));
    Sent { database, keys }
}

/// The first request after a start, and the second.
async fn cold_and_warm(stopped: &Service, method: &Method, path: &str) -> [Sent; 2] {
    let started = stopped.again(stopped.copied()).await.unwrap();
    let (cold, warm) =
        (refused(&started, method, path).await, refused(&started, method, path).await);
    started.app.close().await;
    [cold, warm]
}

async fn compare() {
    tracing_subscriber::registry().with(Statements).init();
    let service = Service::start().await;
    let hidden = service.deposited(OWNER, "offer", b"content").await;
    let text = "@id(\"nobody-else\")\nforbid (principal, action == Action::\"read\", resource)\n\
                unless { context.capacity.party == Party::\"company:rhein-energie\" };\n";
    let path = "/api/v1/parties/company:rhein-energie/restrictions";
    let put = service.ask(OWNER, Method::PUT, path).header("content-type", "text/plain");
    assert_eq!(put.body(text).send().await.status, 200);
    service.token(STRANGER).await;
    let id = witness::document(&service, &hidden).await.to_string();
    service.app.close().await;

    let (drawn, random) =
        (greffe::documents::reference::draw(), greffe::id::DocumentId::random().to_string());
    for (method, tail, hidden, missing) in [
        (Method::GET, "/content", &hidden, &drawn),
        (Method::GET, "", &id, &random),
        (Method::GET, "/residency", &id, &random),
        (Method::PUT, "/content", &id, &random),
        (Method::DELETE, "", &hidden, &drawn),
    ] {
        let path = |name: &str| format!("/api/v1/documents/{name}{tail}");
        let of_hidden = cold_and_warm(&service, &method, &path(hidden)).await;
        let of_missing = cold_and_warm(&service, &method, &path(missing)).await;

        let counts = |both: &[Sent; 2]| both.each_ref().map(Sent::counts);
        eprintln!("{method} {tail}: {:?}", counts(&of_hidden));
        assert!(of_hidden[0].counts().1 > 0, "the key set's statements are seen too");
        assert_eq!(
            counts(&of_hidden),
            counts(&of_missing),
            "{method} {tail}: first and second request: {of_hidden:#?} {of_missing:#?}"
        );
    }
}

#[test]
fn what_is_hidden_takes_as_many_round_trips_as_what_is_missing() {
    let name = "what_is_hidden_takes_as_many_round_trips_as_what_is_missing";
    alone(&format!("api::trips::{name}"), compare);
}
