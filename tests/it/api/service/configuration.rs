//! The configuration of a service under test.

use greffe::id::Id;
use sqlx::Connection as _;

/// The same on the engine that is tested: on PostgreSQL, a schema of its own, where `GREFFE_TEST_POSTGRES` names a server.
pub async fn on_its_engine() -> String {
    let Ok(server) = std::env::var("GREFFE_TEST_POSTGRES") else { return configuration() };
    let schema = format!("t{}", hex::encode(Id::random().as_bytes()));
    sqlx::any::install_default_drivers();
    let mut connection = sqlx::AnyConnection::connect(&server).await.unwrap();
    let sql = sqlx::AssertSqlSafe(format!("create schema {schema}"));
    sqlx::query(sql).execute(&mut connection).await.unwrap();
    let address = format!("{server}&options[search_path]={schema}");
    configuration().replace("sqlite:greffe.sqlite", &address)
}

/// The configuration of such a service, whose paths are relative to its folder.
pub fn configuration() -> String {
    r#"
listen = "127.0.0.1:0"
operator_listen = "127.0.0.1:0"
origin = "greffe.example/tests"

[database]
address = "sqlite:greffe.sqlite"

[custody]
file = "custody/custody"
any_file_system = true

[keys]
first = "keys.sqlite"
second = "second/keys.sqlite"

[signer]
state_file = "custody/signer"

[tls]
certificate_file = "chain.pem"
key_file = "key.pem"

[[location]]
id = "folder"
kind = "folder"
path = "objects"

[location.declared]
by = "the tests"
on = "2026-11-24"
country = "FR"
region = "own"
city = "Lyon"
operator = "Hébergeur (exemple)"
seat = "FR"
control_holder = "its founders"
control_country = "FR"
access_logs = false
"#
    .to_owned()
}
