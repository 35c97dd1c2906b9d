//! What only a service on PostgreSQL can meet. Nothing is tried where `GREFFE_TEST_POSTGRES` names no server.

use hyper::Method;
use sqlx::{AnyConnection, Connection as _};

use crate::{api::service::Service, witness};

const WHO: &str = "contributor-rhein";

async fn typed(connection: &mut AnyConnection, sql: &'static str) {
    sqlx::query(sql).execute(&mut *connection).await.unwrap();
}

/// Settings of a server are those of all its databases, so this is the only test that changes one.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_no_longer_keeps_what_it_acknowledges_on_postgres_is_found_out() {
    let Ok(server) = std::env::var("GREFFE_TEST_POSTGRES") else { return };
    let service = Service::start().await;
    let reference = service.created(WHO, "plan").await;
    let started = witness::entries(&service).await;
    let started = started.iter().find(|entry| entry.facts["system"] == "start").unwrap();
    for setting in ["fsync", "synchronous_commit", "synchronous_standby_names", "log_statement"] {
        assert!(started.facts["settings"][setting].is_string(), "{setting}: {:?}", started.facts);
    }
    let mut administrator = AnyConnection::connect(&server).await.unwrap();
    service.app.settled_or_stop().await;
    assert!(service.app.writer.ended().borrow().is_none(), "as it should be");

    typed(&mut administrator, "alter system set full_page_writes = off").await;
    typed(&mut administrator, "select pg_reload_conf()").await;
    let mut tick = tokio::time::interval(std::time::Duration::from_millis(50));
    for _ in 0..100 {
        tick.tick().await;
        if service.app.writer.database().settings().await.is_err() {
            break;
        }
    }
    service.app.settled_or_stop().await;
    let ended = *service.app.writer.ended().borrow();
    typed(&mut administrator, "alter system reset full_page_writes").await;
    typed(&mut administrator, "select pg_reload_conf()").await;

    assert!(ended.is_some(), "nothing more is acknowledged");
    let path = format!("/api/v1/documents/{reference}/content");
    let put = service.ask(WHO, Method::PUT, &path).body(b"a".to_vec()).send().await;
    assert_eq!(put.status, 503, "{put:?}");
}
