//! What parties decide: grants, restrictions, roles, recipients, conflicts.

use hyper::Method;
use serde_json::json;

use crate::api::service::Service;

const OWNER: &str = "contributor-rhein";
const READER: &str = "pilot-ia";
const PARTY: &str = "/api/v1/parties/company:rhein-energie";

fn content(reference: &str) -> String {
    format!("/api/v1/documents/{reference}/content")
}

async fn shared(service: &Service) -> (String, String) {
    let reference = service.deposited(OWNER, "a", b"content").await;
    let grants = format!("/api/v1/documents/{reference}/grants");
    let wanted = json!({"to": "person:pilot-ia", "purpose": "second reading"});
    let made = service.post(OWNER, &grants, wanted).await;
    assert_eq!(made.status, 201, "{made:?}");
    (reference, made.json()["id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_grant_holds_until_it_is_taken_back() {
    let service = Service::start().await;
    let (reference, grant) = shared(&service).await;

    let granted = service.get(READER, &content(&reference)).await;
    let shown = service.get(OWNER, &format!("/api/v1/documents/{reference}/grants")).await.json();
    let others = service.get(READER, &format!("/api/v1/documents/{reference}/grants")).await;
    let path = format!("/api/v1/documents/{reference}/grants/{grant}");
    let taken = service.ask(OWNER, Method::DELETE, &path).send().await;
    let refused = service.get(READER, &content(&reference)).await;

    assert_eq!((granted.status, granted.body.as_ref()), (200, &b"content"[..]));
    let told = &shown["grants"][0];
    assert_eq!(
        (&told["to"], &told["purpose"]),
        (&json!("person:pilot-ia"), &json!("second reading"))
    );
    assert_eq!((others.status, taken.status, refused.status), (403, 200, 404));
}

#[tokio::test]
async fn a_grant_that_nobody_can_have_is_refused_with_what_to_do() {
    let service = Service::start().await;
    let reference = service.deposited(OWNER, "a", b"content").await;
    let grants = format!("/api/v1/documents/{reference}/grants");

    for (wanted, status) in [
        (json!({"to": "company:nobody"}), 422),
        (json!({"to": "role:mission:king"}), 422),
        (json!({"to": "mission", "until": "2020-01-01T00:00:00Z"}), 422),
        (json!({"to": "mission", "until": "tomorrow"}), 400),
        (json!({"to": "mission", "purpose": "a\u{0}"}), 400),
        (json!({"to": "mission", "for": "me"}), 400),
    ] {
        let answer = service.post(OWNER, &grants, wanted.clone()).await;
        assert_eq!(answer.status, status, "{wanted}: {answer:?}");
        assert!(!answer.json()["detail"].as_str().unwrap_or_default().is_empty(), "{answer:?}");
    }
    let shown = service.get(OWNER, &grants).await.json();
    assert_eq!(shown["grants"], json!([]));
}

#[tokio::test]
async fn a_restriction_forbids_from_the_next_request_on() {
    let service = Service::start().await;
    let (reference, _) = shared(&service).await;
    let path = format!("{PARTY}/restrictions");
    let put = |text: &'static str| {
        let ask = service.ask(OWNER, Method::PUT, &path).header("content-type", "text/plain");
        ask.body(text).send()
    };
    let text = "@id(\"nobody-else\")\nforbid (principal, action == Action::\"read\", resource)\nunless { context.capacity.party == Party::\"company:rhein-energie\" };\n";

    let set = put(text).await;
    let refused = service.get(READER, &content(&reference)).await;
    let own = service.get(OWNER, &content(&reference)).await;
    let shown = service.get(OWNER, &path).await;
    let lifted = put("").await;
    let again = service.get(READER, &content(&reference)).await;

    assert_eq!(set.status, 200, "{set:?}");
    assert_eq!((refused.status, &refused.json()["reason"]), (403, &json!("restricted")));
    assert!(!String::from_utf8_lossy(&refused.body).contains("nobody-else"));
    assert_eq!((own.status, shown.body.as_ref()), (200, text.as_bytes()));
    assert_eq!((lifted.status, again.status), (200, 200));
}

#[tokio::test]
async fn a_text_that_permits_is_refused_and_changes_nothing() {
    let service = Service::start().await;
    let path = format!("{PARTY}/restrictions");
    let ask = |method, path: &str| {
        let ask = service.ask(OWNER, method, path).header("content-type", "text/plain");
        ask.body("permit (principal, action, resource);").send()
    };

    let set = ask(Method::PUT, &path).await;
    let checked = ask(Method::POST, &format!("{path}/check")).await;
    let shown = service.get(OWNER, &path).await;

    assert_eq!((set.status, &set.json()["type"]), (422, &json!("/problems/invalid-restriction")));
    assert_eq!(set.json()["problems"][0]["line"], 1);
    assert_eq!((checked.status, &checked.json()["valid"]), (200, &json!(false)));
    assert_eq!(checked.json()["problems"][0]["line"], 1);
    assert_eq!((shown.status, shown.body.len()), (200, 0));
}

#[tokio::test]
async fn whoever_leaves_acts_no_more() {
    let service = Service::start().await;
    let other = service.post(OWNER, "/api/v1/parties/mission/leave", json!({})).await;
    let left = service.post(OWNER, &format!("{PARTY}/leave"), json!({})).await;
    let after = service.get(OWNER, "/api/v1/me").await;

    assert_eq!(
        (other.status, &other.json()["capacities"]),
        (409, &json!(["company:rhein-energie"]))
    );
    assert_eq!((left.status, after.status), (200, 401));
}

#[tokio::test]
async fn a_revoked_token_is_refused_at_the_next_request() {
    let service = Service::start().await;
    let new = json!({"label": "nightly", "days": 2});
    let made = service.post(OWNER, "/api/v1/tokens", new).await;
    let (id, token) = (made.json()["id"].clone(), made.json()["token"].clone());
    let me = || {
        let ask = service.ask(OWNER, Method::GET, "/api/v1/me");
        ask.send_raw(Some(token.as_str().unwrap().to_owned()))
    };

    let before = me().await;
    let path = format!("/api/v1/tokens/{}", id.as_str().unwrap());
    let revoked = service.ask(OWNER, Method::DELETE, &path).send().await;
    let after = me().await;
    let listed = service.get(OWNER, "/api/v1/tokens").await.json();

    assert_eq!((made.status, before.status, revoked.status, after.status), (201, 200, 200, 401));
    let tokens = listed["tokens"].as_array().unwrap();
    assert_eq!((tokens.len(), &tokens[0]["current"]), (1, &json!(true)));
    assert!(!listed.to_string().contains("greffe_"), "a secret is listed");
}

#[tokio::test]
async fn a_conflict_hides_from_the_next_request_on() {
    let service = Service::start().await;
    let (reference, _) = shared(&service).await;
    let conflict = json!({"person": READER, "with": "company:rhein-energie", "says": "a rival"});

    let before = service.get(READER, &content(&reference)).await;
    let declared = service.post("coordinator", "/api/v1/conflicts", conflict).await;
    let after = service.get(READER, &content(&reference)).await;
    let party = service.get(READER, "/api/v1/companies").await.json();

    assert_eq!((before.status, declared.status, after.status), (200, 200, 404));
    let handles: Vec<_> =
        party["companies"].as_array().unwrap().iter().map(|party| &party["handle"]).collect();
    assert!(!handles.contains(&&json!("company:rhein-energie")) && handles.len() > 3);
}

#[tokio::test]
async fn a_document_is_sealed_anew_to_a_recipient_of_the_acting_party() {
    use age::secrecy::ExposeSecret as _;

    let service = Service::start().await;
    let reference = service.deposited(OWNER, "a", b"content").await;
    let identity = age::x25519::Identity::generate();
    let new = json!({"name": "vault", "recipient": identity.to_public().to_string()});

    let none =
        service.get(OWNER, &format!("/api/v1/documents/{reference}/age?recipient=vault")).await;
    let added = service.post(OWNER, &format!("{PARTY}/recipients"), new).await;
    let file =
        service.get(OWNER, &format!("/api/v1/documents/{reference}/age?recipient=vault")).await;

    assert_eq!((none.status, added.status, file.status), (422, 200, 200));
    assert_eq!(age::decrypt(&identity, &file.body).unwrap(), b"content");
    assert!(!identity.to_string().expose_secret().is_empty());
    let disposition = format!("attachment; filename=\"{reference}.age\"");
    assert_eq!(file.header("content-disposition"), disposition);
}

#[tokio::test]
async fn a_standing_grant_reaches_what_is_deposited_later() {
    let service = Service::start().await;
    let grants = format!("{PARTY}/grants");
    let wanted = json!({
        "to": "workstream:intelligence-artificielle", "kind": "diagnostic",
        "workstream": "intelligence-artificielle", "sensitivity": "confidential", "purpose": "all",
    });

    let given = service.post(OWNER, &grants, wanted).await;
    let reference = service.deposited(OWNER, "later", b"content").await;
    let read = service.get(READER, &content(&reference)).await;
    let shown = service.get(OWNER, &grants).await.json();
    let path = format!("{grants}/{}", given.json()["id"].as_str().unwrap());
    let taken = service.ask(OWNER, Method::DELETE, &path).send().await;
    let after = service.get(READER, &content(&reference)).await;

    assert_eq!((given.status, read.status, taken.status, after.status), (201, 200, 200, 404));
    let told = &shown["grants"][0];
    assert_eq!(told["to"], "workstream:intelligence-artificielle");
    assert_eq!((&told["purpose"], &told["sensitivity"]), (&json!("all"), &json!("confidential")));
}

#[tokio::test]
async fn what_a_party_sets_holds_and_what_it_cannot_set_is_told() {
    let service = Service::start().await;
    let path = format!("{PARTY}/settings");
    let patch =
        |body: serde_json::Value| service.ask(OWNER, Method::PATCH, &path).json(body).send();

    let networks = json!([{"name": "office", "prefix": "192.0.2.0/24"}]);
    for (body, status) in [
        (json!({"networks": networks}), 200),
        (json!({"placement": {"countries": ["FR"], "unknown": "refuse"}}), 200),
        (json!({"two_to_shred": true}), 200),
        (json!({"placement": null}), 200),
        (json!({"placement": {"countries": ["FR"], "unknown": "refuse"}}), 200),
        (json!({"networks": [{"name": "office", "prefix": "192.0.2.0/33"}]}), 422),
        (json!({"placement": {"countries": ["france"]}}), 422),
        (json!({"networks": [], "two_to_shred": false}), 400),
        (json!({}), 400),
    ] {
        let answer = patch(body.clone()).await;
        assert_eq!(answer.status, status, "{body}: {answer:?}");
    }

    let shown = service.get(OWNER, &path).await.json();
    assert_eq!((&shown["networks"], &shown["two_to_shred"]), (&networks, &json!(true)));
    assert_eq!(shown["placement"]["countries"], json!(["FR"]));
}

#[tokio::test]
async fn two_people_shred_where_the_party_demands_two() {
    let service = Service::start().await;
    let reference = service.deposited(OWNER, "a", b"content").await;
    let path = format!("/api/v1/documents/{reference}");
    let settings = format!("{PARTY}/settings");
    let demand = service.ask(OWNER, Method::PATCH, &settings).json(json!({"two_to_shred": true}));
    assert_eq!(demand.send().await.status, 200);
    let shred = || service.ask(OWNER, Method::DELETE, &path).json(json!({"reason": "over"})).send();

    let (first, again) = (shred().await, shred().await);
    let kept = service.get(OWNER, &content(&reference)).await;

    assert_eq!((first.status, &first.json()["shredded"]), (202, &json!(false)));
    assert_eq!((again.status, kept.status), (202, 200));
}

#[tokio::test]
async fn a_shredded_document_is_read_by_nobody_and_says_so() {
    let service = Service::start().await;
    let reference = service.deposited(OWNER, "secret title", b"content").await;
    let path = format!("/api/v1/documents/{reference}");

    let shred = service.ask(OWNER, Method::DELETE, &path).json(json!({"reason": "over"}));
    let shredded = shred.send().await;
    let read = service.get(OWNER, &content(&reference)).await;
    let shown = service.get(OWNER, &path).await.json();

    assert_eq!((shredded.status, &shredded.json()["shredded"]), (200, &json!(true)));
    assert_eq!((read.status, &read.json()["reason"]), (403, &json!("shredded")));
    assert_eq!((&shown["stage"], &shown["title"]), (&json!("shredded"), &json!("")));
}
