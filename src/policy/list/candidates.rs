//! Documents that a caller might discover, from the rows that could permit it.
//!
//! Each source is one range of one index, newest first: an owner's documents, or the documents granted to one grantee. What
//! a source leaves out below its horizon is asked for by the next page.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{Row as _, any::AnyRow};

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
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) position: Position,
    owner: PartyId,
    workstream: PartyId,
    kind: String,
    sensitivity: i64,
    stage: String,
}

/// Candidates for one page.
#[derive(Debug)]
pub(super) struct Candidates {
    /// Newest first.
    pub(super) found: Vec<Candidate>,
    /// Down to where they are complete; nothing if there are no others.
    pub(super) horizon: Option<Position>,
}

const OF_OWNER: &str = "select created_at, id, owner, workstream, kind, sensitivity, stage \
     from document where owner = $1 and (created_at, id) < ($2, $3) and $5 > 0 \
     order by created_at desc, id desc limit $4";

const GRANTED: &str = "select d.created_at, d.id, d.owner, d.workstream, d.kind, d.sensitivity, d.stage \
     from document_grant g join document d on d.id = g.document \
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
            let rows = self.rows(sql, key, from, now).await?;
            let full = i64::try_from(rows.len()).is_ok_and(|rows| rows == ROWS);
            if let Some(last) = rows.last().filter(|_| full) {
                horizon = horizon.max(Some(last.position));
            }
            found.extend(rows.into_iter().map(|row| (row.position, row)));
        }
        let found = found.into_values().rev().filter(|candidate: &Candidate| {
            horizon.is_none_or(|end| candidate.position >= end) && candidate.fits(wanted)
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
        for grantee in grantees(asker) {
            let rows = sqlx::query("select distinct owner from standing_grant where grantee = $1")
                .bind(grantee)
                .fetch_all(self.inner.registry.database().pool())
                .await
                .map_err(unread)?;
            for row in rows {
                let owner: Vec<u8> = row.try_get(0).map_err(unread)?;
                owners.extend(PartyId::from_slice(&owner));
            }
        }
        owners.retain(|owner| wanted.owner.is_none_or(|only| only == *owner));
        Ok(owners)
    }

    async fn rows(
        &self,
        sql: &'static str,
        key: Key,
        from: Position,
        now: Instant,
    ) -> Result<Vec<Candidate>, Error> {
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

impl Candidate {
    fn fits(&self, wanted: &Wanted) -> bool {
        let stage = |stage: Stage| serde_json::to_value(stage).is_ok_and(|word| word == self.stage);
        wanted.owner.is_none_or(|owner| owner == self.owner)
            && wanted.workstream.is_none_or(|workstream| workstream == self.workstream)
            && wanted.kind.as_ref().is_none_or(|kind| *kind == self.kind)
            && wanted.sensitivity.is_none_or(|only| only as i64 == self.sensitivity)
            && wanted.stage.is_none_or(stage)
    }
}

fn candidate(row: &AnyRow) -> Result<Candidate, Error> {
    let broken = || Error::from(database::Error::Row("document"));
    let id = |at: usize| -> Result<Id, Error> {
        let bytes: Vec<u8> = row.try_get(at).map_err(unread)?;
        Id::from_slice(&bytes).map_err(|_| broken())
    };
    let created_at = row.try_get(0).map_err(unread)?;
    Ok(Candidate {
        position: Position { created_at, document: DocumentId(id(1)?) },
        owner: PartyId(id(2)?),
        workstream: PartyId(id(3)?),
        kind: row.try_get(4).map_err(unread)?,
        sensitivity: row.try_get(5).map_err(unread)?,
        stage: row.try_get(6).map_err(unread)?,
    })
}

fn unread(error: sqlx::Error) -> Error {
    database::Error::from(error).into()
}
