//! What people do about credentials: their own elsewhere, and those of whoever may no longer act.

use hyper::Method;
use serde_json::json;

use crate::api::service::Service;

const OWNER: &str = "contributor-acieries";
const MANAGER: &str = "access-acieries";

#[tokio::test]
async fn whoever_signs_out_elsewhere_keeps_what_they_hold_and_nothing_else() {
    let service = Service::start().await;
    let new = json!({"label": "lost laptop", "days": 2});
    let lost = service.post(OWNER, "/api/v1/tokens", new).await.json();
    let lost = lost["token"].as_str().unwrap().to_owned();
    let me = |token: String| service.ask(OWNER, Method::GET, "/api/v1/me").send_raw(Some(token));
    assert_eq!(me(lost.clone()).await.status, 200);

    let ended = service.ask(OWNER, Method::DELETE, "/api/v1/tokens").send().await;

    let listed = service.get(OWNER, "/api/v1/tokens").await.json();
    assert_eq!((ended.status, me(lost).await.status), (200, 401));
    assert_eq!(listed["tokens"].as_array().unwrap().len(), 1);
    assert_eq!(listed["tokens"][0]["current"], json!(true));
    assert_eq!(service.get(MANAGER, "/api/v1/me").await.status, 200, "nobody else's");
}

#[tokio::test]
async fn an_access_manager_shuts_out_ones_own_people_and_nobody_elses() {
    let service = Service::start().await;
    let set = |who: &'static str, person: &str, disabled: bool| {
        let path = format!("/api/v1/people/{person}");
        let ask = service.ask(who, Method::PATCH, &path).json(json!({"disabled": disabled}));
        async move { ask.send().await.status }
    };
    assert_eq!(service.get(OWNER, "/api/v1/me").await.status, 200);

    assert_eq!(set(OWNER, MANAGER, true).await, 403, "a contributor decides nothing");
    assert_eq!(set("contributor-rhein", OWNER, true).await, 403, "another company's");
    assert_eq!(set(MANAGER, MANAGER, true).await, 422, "oneself");
    assert_eq!(set(MANAGER, "nobody", true).await, 404);
    assert_eq!(service.get(OWNER, "/api/v1/me").await.status, 200, "nothing happened");

    assert_eq!(set(MANAGER, OWNER, true).await, 200);
    assert_eq!(service.get(OWNER, "/api/v1/me").await.status, 401);

    assert_eq!(set(MANAGER, OWNER, false).await, 200);
    assert_eq!(service.get(OWNER, "/api/v1/me").await.status, 401, "what ended stays ended");
    service.forget_tokens().await;
    assert_eq!(service.get(OWNER, "/api/v1/me").await.status, 200, "a new link signs in");
}
