//! Rows by which something is found under a name: pointed elsewhere, they lead to nothing.

use hyper::Method;
use serde_json::json;

use crate::{api::service::Service, witness};

const OWNER: &str = "contributor-rhein";
const STRANGER: &str = "contributor-littoral";
const SECRET: &[u8] = b"the offer of Rhein Energie";

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_pointed_at_another_document_shares_and_opens_neither() {
    let service = Service::start().await;
    let secret = service.deposited(OWNER, "secret", SECRET).await;
    let plain = service.deposited(OWNER, "plain", b"for everybody").await;
    let id = witness::document(&service, &secret).await;
    for statement in [
        format!("update document set reference = 'between' where reference = '{secret}'"),
        format!("update document set reference = '{secret}' where reference = '{plain}'"),
        format!("update document set reference = '{plain}' where reference = 'between'"),
    ] {
        assert_eq!(witness::sql(&service, &statement).await, 1);
    }

    // The owner means the plain one.
    let grants = format!("/api/v1/documents/{plain}/grants");
    let shared = service.post(OWNER, &grants, json!({"to": "company:caisse-du-littoral"})).await;

    assert_eq!(shared.status, 404, "{shared:?}");
    for name in [secret, plain, id.to_string()] {
        let read = service.get(STRANGER, &format!("/api/v1/documents/{name}/content")).await;
        assert_eq!(read.status, 404, "{read:?}");
    }
    let own = service.get(OWNER, &format!("/api/v1/documents/{id}/content")).await;
    assert_eq!((own.status, own.body.as_ref()), (200, SECRET), "by its id it is what it was");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_pointed_at_another_person_acts_as_nobody_else() {
    let service = Service::start().await;
    let token = service.token(STRANGER).await;
    service.token(OWNER).await;
    witness::sql(&service, "create table kept as select * from credential").await;
    let point = "update credential set (person, capacity) = (select person, capacity \
                 from kept where kept.person <> credential.person limit 1)";

    assert!(witness::sql(&service, point).await >= 2);
    // Whom the server knows already stays who he is; whom it does not is nobody.
    let warm = service.ask(STRANGER, Method::GET, "/api/v1/me").send_raw(Some(token.clone())).await;
    service.app.close().await;
    let started = service.again(service.copied()).await.unwrap();
    let cold = started.ask(STRANGER, Method::GET, "/api/v1/me").send_raw(Some(token.clone())).await;

    assert_eq!(cold.status, 401, "{cold:?}");
    assert!(warm.status == 401 || warm.json()["person"] == STRANGER, "{warm:?}");
}
