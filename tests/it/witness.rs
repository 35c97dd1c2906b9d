//! What an observer finds in the log and the store of a running service, past its API.

use std::path::PathBuf;

use greffe::{
    audit::opening::Opening,
    id::{DocumentId, EntryId},
};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Row as _};

use crate::api::service::Service;

/// An entry as its row and its opening say.
#[derive(Clone, Debug)]
pub struct Entry {
    pub position: i64,
    pub at: i64,
    pub id: Vec<u8>,
    pub document: Vec<u8>,
    pub act: String,
    pub facts: Value,
}

impl Entry {
    pub fn is(&self, what: &str) -> bool {
        self.facts["what"] == what
    }
}

/// Every entry, oldest first.
pub async fn entries(service: &Service) -> Vec<Entry> {
    let sql = "select position, at, id, document, act, facts from entry order by position";
    let rows = sqlx::query(sql).fetch_all(service.app.writer.database().pool()).await.unwrap();
    let entry = |row: &sqlx::any::AnyRow| Entry {
        position: row.get(0),
        at: row.get(1),
        id: row.get(2),
        document: row.get(3),
        act: row.get(4),
        facts: Opening::parse(row.get::<&str, _>(5)).unwrap().value().unwrap(),
    };
    rows.iter().map(entry).collect()
}

/// Whether the service itself said this in the log.
pub async fn logged(service: &Service, what: &str) -> bool {
    entries(service).await.iter().any(|entry| entry.facts["system"] == what)
}

/// Where the entry of this id stands.
pub fn position(entries: &[Entry], id: &str) -> i64 {
    let id: EntryId = id.parse().unwrap();
    entries.iter().find(|entry| entry.id == id.as_bytes()).unwrap().position
}

/// The id of the document of this reference.
pub async fn document(service: &Service, reference: &str) -> DocumentId {
    let sql = "select id from document where reference = $1";
    let row = sqlx::query(sql).bind(reference.to_owned());
    let row = row.fetch_one(service.app.writer.database().pool()).await.unwrap();
    DocumentId::from_slice(&row.get::<Vec<u8>, _>(0)).unwrap()
}

/// The sealed objects of a document's versions, oldest first.
pub async fn objects(service: &Service, reference: &str) -> Vec<PathBuf> {
    let sql = "select c.name from copy c join version v on v.id = c.version \
               join document d on d.id = v.document where d.reference = $1 order by v.number";
    let rows = sqlx::query(sql).bind(reference.to_owned());
    let rows = rows.fetch_all(service.app.writer.database().pool()).await.unwrap();
    let folder = service.folder().join("objects");
    rows.iter().map(|row| folder.join(format!("{}.sealed", row.get::<String, _>(0)))).collect()
}

/// How many rows the statement counts.
pub async fn count(service: &Service, sql: &'static str) -> i64 {
    let row = sqlx::query(sql).fetch_one(service.app.writer.database().pool()).await.unwrap();
    row.get(0)
}

/// What the database's administrator types; how many rows it changed.
pub async fn sql(service: &Service, statement: &str) -> u64 {
    let typed = sqlx::query(AssertSqlSafe(statement.to_owned()));
    let done = typed.execute(service.app.writer.database().pool()).await;
    done.unwrap_or_else(|error| panic!("{statement}: {error}")).rows_affected()
}
