//! Documents that a caller might discover, from the rows that could permit it.
//!
//! Each source is one range of one index, newest first: an owner's documents, or the documents granted to one grantee. What
//! a source leaves out below its horizon is asked for by the next page.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use crate::{
    database,
    id::{DocumentId, Id, PartyId},
    mission::{Grantee, PartyKind, Role, Stage},
    policy::{Error, Policy, grantee_key, list::Wanted, read::Asker},
    time::Instant,
};

/// Rows that one source gives for one page.
const ROWS: i64 = 101;

/// A place in the list: newest first, then by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) created_at: i64,
    pub(super) document: DocumentId,
}

impl Position {
    /// Before every document.
    pub(super) const NEWEST: Self =
        Self { created_at: i64::MAX, document: DocumentId(Id([0xff; 16])) };
}

/// A document that might be shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) position: Position,
    /// Whether its row is of those that are wanted.
    fits: bool,
}

/// Candidates for one page.
#[derive(Debug)]
pub(super) struct Candidates {
    /// Newest first.
    pub(super) found: Vec<Candidate>,
    /// Down to where they are complete; nothing if there are no others.
    pub(super) horizon: Option<Position>,
}

/// A row's place, and what is looked at if only some are wanted.
const PLACE: &str = "d.created_at, d.id";
const DESCRIBED: &str = "d.created_at, d.id, d.owner, d.workstream, d.kind, d.sensitivity, d.stage";

const OF_OWNER: &str = "from document d where d.owner = $1 and (d.created_at, d.id) < ($2, $3) and $5 > 0 \
     order by d.created_at desc, d.id desc limit $4";

const GRANTED: &str = "from document_grant g join document d on d.id = g.document \
     where g.grantee = $1 and (g.created_at, g.document) < ($2, $3) and g.until > $5 \
     order by g.created_at desc, g.document desc limit $4";

impl Policy {
    /// Candidates after `from`.
    pub(super) async fn candidates(
        &self,
        asker: &Asker,
        wanted: &Wanted,
        from: Position,
    ) -> Result<Candidates, Error> {
        let mut found = BTreeMap::new();
        let (mut horizon, now) = (None, self.inner.gate.clock().now());
        let owners = self.owners(asker, wanted).await?;
        let owners =
            owners.into_iter().map(|owner| (OF_OWNER, Key::Bytes(owner.as_bytes().to_vec())));
        let grantees = grantees(asker).into_iter().map(|grantee| (GRANTED, Key::Text(grantee)));
        for (sql, key) in owners.chain(grantees) {
            let rows = self.rows(sql, key, wanted, from, now).await?;
            let full = i64::try_from(rows.len()).is_ok_and(|rows| rows == ROWS);
            if let Some(last) = rows.last().filter(|_| full) {
                horizon = horizon.max(Some(last.position));
            }
            found.extend(rows.into_iter().map(|row| (row.position, row)));
        }
        let found = found.into_values().rev().filter(|candidate: &Candidate| {
            candidate.fits && horizon.is_none_or(|end| candidate.position >= end)
        });
        Ok(Candidates { found: found.collect(), horizon })
    }

    /// Whose documents might be shown: the acting party's, those of whoever gave it a standing grant, every workstream's to
    /// whoever reads finals.
    async fn owners(&self, asker: &Asker, wanted: &Wanted) -> Result<BTreeSet<PartyId>, Error> {
        let mut owners = BTreeSet::from([asker.confirmed.party.party]);
        let reads_finals = asker.confirmed.party.party == asker.mission.party
            && asker.roles().iter().any(|role| matches!(role, Role::Coordinator | Role::Committee));
        if reads_finals {
            let workstreams = asker.mission.parties.iter();
            let workstreams = workstreams.filter(|party| party.kind == PartyKind::Workstream);
            owners.extend(workstreams.map(|party| party.party));
        }
        let grantees = grantees(asker);
        let places: Vec<_> = (1..=grantees.len()).map(|place| format!("${place}")).collect();
        let places = places.join(", ");
        let sql = format!("select distinct owner from standing_grant where grantee in ({places})");
        let query = sqlx::query(AssertSqlSafe(sql));
        let query = grantees.into_iter().fold(query, |query, grantee| query.bind(grantee));
        let rows = query.fetch_all(self.inner.registry.database().pool()).await.map_err(unread)?;
        for row in rows {
            let owner: Vec<u8> = row.try_get(0).map_err(unread)?;
            owners.extend(PartyId::from_slice(&owner));
        }
        owners.retain(|owner| wanted.owner.is_none_or(|only| only == *owner));
        Ok(owners)
    }

    async fn rows(
        &self,
        of: &str,
        key: Key,
        wanted: &Wanted,
        from: Position,
        now: Instant,
    ) -> Result<Vec<Candidate>, Error> {
        let all = *wanted == Wanted::default();
        let sql = AssertSqlSafe(format!("select {} {of}", if all { PLACE } else { DESCRIBED }));
        let query = match key {
            Key::Bytes(bytes) => sqlx::query(sql).bind(bytes),
            Key::Text(text) => sqlx::query(sql).bind(text),
        };
        let rows = query
            .bind(from.created_at)
            .bind(from.document.as_bytes().to_vec())
            .bind(ROWS)
            .bind(now.0)
            .fetch_all(self.inner.registry.database().pool())
            .await
            .map_err(unread)?;
        let candidate = |row: &AnyRow| {
            let document = DocumentId(id(row, 1)?);
            let position = Position { created_at: row.try_get(0).map_err(unread)?, document };
            Ok(Candidate { position, fits: all || fits(row, wanted)? })
        };
        rows.iter().map(candidate).collect()
    }
}

enum Key {
    Bytes(Vec<u8>),
    Text(String),
}

/// Everyone whom a grant could name to reach the caller.
fn grantees(asker: &Asker) -> Vec<String> {
    let (person, party) = (asker.confirmed.person.person, asker.confirmed.party.party);
    let roles = asker.roles().into_iter().map(|role| Grantee::Role(party, role));
    [Grantee::Person(person), Grantee::Party(party)]
        .into_iter()
        .chain(roles)
        .map(grantee_key)
        .collect()
}

/// Whether a row that is described is of those that are wanted.
fn fits(row: &AnyRow, wanted: &Wanted) -> Result<bool, Error> {
    let (owner, workstream) = (PartyId(id(row, 2)?), PartyId(id(row, 3)?));
    let kind: String = row.try_get(4).map_err(unread)?;
    let sensitivity: i64 = row.try_get(5).map_err(unread)?;
    let stage: String = row.try_get(6).map_err(unread)?;
    let is_stage = |only: Stage| serde_json::to_value(only).is_ok_and(|word| word == stage);
    Ok(wanted.owner.is_none_or(|only| only == owner)
        && wanted.workstream.is_none_or(|only| only == workstream)
        && wanted.kind.as_ref().is_none_or(|only| *only == kind)
        && wanted.sensitivity.is_none_or(|only| only as i64 == sensitivity)
        && wanted.stage.is_none_or(is_stage))
}

fn id(row: &AnyRow, at: usize) -> Result<Id, Error> {
    let bytes: Vec<u8> = row.try_get(at).map_err(unread)?;
    Id::from_slice(&bytes).map_err(|_| database::Error::Row("document").into())
}

fn unread(error: sqlx::Error) -> Error {
    database::Error::from(error).into()
}
