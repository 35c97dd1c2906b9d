//! Rows by which lists and sign-ins find things: each must be what a revision says, and none may be missing or more.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use crate::{
    audit::tree::Found,
    database::{self, Database},
    mission::{DocumentRevision, PartyRevision, PersonRevision, Revision as _},
    policy::grantee_key,
};

/// A row's columns, each as bytes.
type Columns = Vec<Vec<u8>>;

/// What the revisions say should stand in each table.
#[derive(Default)]
pub(super) struct Rows {
    members: BTreeSet<Columns>,
    credentials: BTreeSet<Columns>,
    grants: BTreeSet<Columns>,
    standing: BTreeSet<Columns>,
}

/// How a column is read.
#[derive(Clone, Copy)]
enum As {
    Bytes,
    Text,
    Number,
}

/// A column, by its name.
type Column = (&'static str, As);

const MEMBER: &[Column] = &[("person", As::Bytes), ("party", As::Bytes), ("number", As::Number)];
const CREDENTIAL: &[Column] = &[
    ("id", As::Bytes),
    ("person", As::Bytes),
    ("capacity", As::Bytes),
    ("kind", As::Text),
    ("expires_at", As::Number),
    ("generation", As::Number),
];
const GRANT: &[Column] = &[
    ("id", As::Bytes),
    ("document", As::Bytes),
    ("owner", As::Bytes),
    ("grantee", As::Text),
    ("until", As::Number),
    ("created_at", As::Number),
];
const STANDING: &[Column] = &[
    ("id", As::Bytes),
    ("owner", As::Bytes),
    ("grantee", As::Text),
    ("workstream", As::Bytes),
    ("kind", As::Text),
    ("sensitivity", As::Number),
    ("until", As::Number),
];

fn number(value: i64) -> Vec<u8> {
    value.to_be_bytes().to_vec()
}

impl Rows {
    pub(super) fn party(&mut self, head: i64, party: &PartyRevision) {
        let id = party.party.as_bytes().to_vec();
        for person in party.members().unwrap_or_default() {
            self.members.insert(vec![person.as_bytes().to_vec(), id.clone(), number(head)]);
        }
        for standing in &party.standing {
            let workstream = standing.workstream.map(|party| party.as_bytes().to_vec());
            self.standing.insert(vec![
                standing.grant.id.as_bytes().to_vec(),
                id.clone(),
                grantee_key(standing.grant.to).into_bytes(),
                workstream.unwrap_or_default(),
                standing.kind.clone().unwrap_or_default().into_bytes(),
                number(standing.sensitivity as i64),
                number(standing.grant.until.map_or(i64::MAX, |until| until.0)),
            ]);
        }
    }

    pub(super) fn person(&mut self, person: &PersonRevision) {
        for credential in &person.credentials {
            let kind = serde_json::to_value(credential.kind).unwrap_or_default();
            self.credentials.insert(vec![
                credential.id.as_bytes().to_vec(),
                person.person.as_bytes().to_vec(),
                credential.capacity.as_bytes().to_vec(),
                kind.as_str().unwrap_or_default().as_bytes().to_vec(),
                number(credential.expires_at.0),
                number(credential.generation.into()),
            ]);
        }
    }

    pub(super) fn document(&mut self, document: &DocumentRevision) {
        for grant in &document.grants {
            self.grants.insert(vec![
                grant.id.as_bytes().to_vec(),
                document.document.as_bytes().to_vec(),
                document.owner.as_bytes().to_vec(),
                grantee_key(grant.to).into_bytes(),
                number(grant.until.map_or(i64::MAX, |until| until.0)),
                number(document.created_at.0),
            ]);
        }
    }

    /// How many rows of each table are others than these.
    ///
    /// # Errors
    ///
    /// If the database does not answer.
    pub(super) async fn compare(&self, database: &Database) -> Result<Vec<Found>, database::Error> {
        let mut found = Vec::new();
        let tables = [
            ("member", MEMBER, &self.members),
            ("credential", CREDENTIAL, &self.credentials),
            ("document_grant", GRANT, &self.grants),
            ("standing_grant", STANDING, &self.standing),
        ];
        for (table, columns, wanted) in tables {
            let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
            let sql = format!("select {} from {table}", names.join(", "));
            let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(database.pool()).await?;
            let stands: Vec<_> = rows.iter().map(|row| read(row, columns)).collect();
            let unreadable = stands.iter().filter(|row| row.is_none()).count();
            let stands: BTreeSet<_> = stands.into_iter().flatten().collect();
            let others = stands.symmetric_difference(wanted).count() + unreadable;
            if others > 0 {
                found.push(Found::new("found-rows", format!("{table} ({others})")));
            }
        }
        Ok(found)
    }
}

/// A row, if it holds what this program writes there.
fn read(row: &AnyRow, columns: &[Column]) -> Option<Columns> {
    let column = |(at, (_, kind)): (usize, &Column)| match kind {
        As::Bytes => row.try_get::<Vec<u8>, _>(at).ok(),
        As::Text => row.try_get::<String, _>(at).ok().map(String::into_bytes),
        As::Number => row.try_get::<i64, _>(at).ok().map(number),
    };
    columns.iter().enumerate().map(column).collect()
}
