//! The API, asked by the people of a mission.

mod certificates;
mod content;
mod hidden;
mod log;
mod parties;
mod people;
mod placement;
mod purpose;
mod refusals;
mod routes;
pub(crate) mod service;
mod trips;
mod wire;

use hyper::Method;
use serde_json::json;
use service::{ANYONE, Service};

#[tokio::test]
async fn everyone_is_told_who_they_are_and_nobody_else_is() {
    let service = Service::start().await;

    let me = service.get("contributor-rhein", "/api/v1/me").await;
    let nobody = service.get(ANYONE, "/api/v1/me").await;
    let guessed = service.ask(ANYONE, Method::GET, "/api/v1/me");
    let guessed = guessed.send_raw(Some("greffe_guess".to_owned())).await;

    assert_eq!(me.status, 200);
    assert_eq!(me.header("greffe-capacity"), "company:rhein-energie");
    let told = me.json();
    assert_eq!(
        (&told["person"], &told["name"]),
        (&json!("contributor-rhein"), &json!("Ruth Vogel"))
    );
    assert_eq!(told["roles"], json!(["contributor", "access-manager"]));
    assert_eq!(told["origin"], "greffe.example/tests");
    for refused in [nobody, guessed] {
        assert_eq!(
            (refused.status, refused.header("www-authenticate")),
            (401, "Bearer realm=\"greffe\"")
        );
        assert_eq!(refused.header("greffe-capacity"), "");
    }
}
