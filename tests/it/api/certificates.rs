//! Client certificates: listed over the connection that shows them, then as good as a token.

use hyper::Method;
use serde_json::json;

use crate::api::service::{ANYONE, Service};

const AUDITOR: &str = "auditor as mission";
const ALSO: &str = "auditor as company:acieries-du-ponant";

#[tokio::test]
async fn a_listed_certificate_signs_in_and_chooses_among_its_capacities() {
    let service = Service::start().await;
    let role = json!({"person": "auditor", "role": "auditor"});
    let roles = "/api/v1/parties/company:acieries-du-ponant/roles";
    assert_eq!(service.post("access-acieries", roles, role).await.status, 200);
    let client = service.with_certificate("anneke");
    let list = |who| {
        let new = json!({"label": "smart card", "days": 30});
        service.ask(who, Method::POST, "/api/v1/certificates").over(&client).json(new).send()
    };
    let me = |capacity: Option<&'static str>| {
        let ask = service.ask(ANYONE, Method::GET, "/api/v1/me").over(&client);
        match capacity {
            Some(capacity) => ask.header("greffe-capacity", capacity).send(),
            None => ask.send(),
        }
    };

    let before = me(None).await;
    let first = list(AUDITOR).await;
    let only = me(None).await;
    let second = list(ALSO).await;
    let several = me(None).await;
    let chosen = me(Some("company:acieries-du-ponant")).await;

    assert_eq!((before.status, first.status, second.status), (401, 201, 201));
    assert_eq!((only.status, only.header("greffe-capacity")), (200, "mission"));
    assert_eq!(
        (several.status, &several.json()["type"]),
        (409, &json!("/problems/choose-capacity"))
    );
    assert_eq!(several.json()["capacities"], json!(["company:acieries-du-ponant", "mission"]));
    assert_eq!((chosen.status, &chosen.json()["roles"]), (200, &json!(["auditor"])));
}

#[tokio::test]
async fn a_certificate_is_listed_by_whoever_shows_it_and_revoked_like_a_token() {
    let service = Service::start().await;
    let (client, other) = (service.with_certificate("ruth"), service.with_certificate("eve"));
    let new = json!({"label": "laptop"});
    let list = |who| service.ask(who, Method::POST, "/api/v1/certificates").json(new.clone());
    let me = |client| service.ask(ANYONE, Method::GET, "/api/v1/me").over(client).send();

    let without = list("contributor-rhein").send().await;
    let listed = list("contributor-rhein").over(&client).send().await;
    let stolen = list("contributor-littoral").over(&client).send().await;
    let (own, strangers) = (me(&client).await, me(&other).await);
    let path = format!("/api/v1/tokens/{}", listed.json()["id"].as_str().unwrap());
    let revoked = service.ask("contributor-rhein", Method::DELETE, &path).send().await;
    let after = me(&client).await;

    assert_eq!((without.status, listed.status, stolen.status), (422, 201, 422));
    assert_eq!((own.status, strangers.status), (200, 401));
    assert_eq!((revoked.status, after.status), (200, 401));
}
