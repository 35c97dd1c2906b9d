//! The table of credentials: by which a secret finds its claim. The person's revision decides
//! whether it lives.

use std::{collections::HashMap, sync::RwLock};

use sqlx::{Any, AnyConnection, AnyPool, Executor, Row as _, any::AnyRow};

use crate::{
    database::Error,
    id::{CredentialId, PartyId, PersonId},
    identity::verifier::Claim,
    mission::CredentialKind,
    time::Instant,
};

/// Most rows held in memory.
const MOST_HELD: usize = 65_536;

/// A row: what it claims, and the verifier that must fit.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub claim: Claim,
    pub verifier: Vec<u8>,
}

/// Rows that were used lately. What a held one claims is checked against the person's revision each
/// time, so holding it revives nothing.
#[derive(Debug, Default)]
pub(super) struct Rows {
    held: RwLock<HashMap<CredentialId, Row>>,
}

impl Rows {
    /// The row of `id` if it is held.
    pub(super) fn held(&self, id: CredentialId) -> Option<Row> {
        self.held.read().expect("no holder of this lock panics").get(&id).cloned()
    }

    /// Holds a row of which the secret was presented.
    pub(super) fn hold(&self, row: Row) {
        let mut held = self.held.write().expect("no holder of this lock panics");
        if held.len() >= MOST_HELD {
            held.clear();
        }
        held.insert(row.claim.id, row);
    }

    /// Forgets a row that no longer lives.
    pub(super) fn forget(&self, id: CredentialId) {
        let known = self.held.read().expect("no holder of this lock panics").contains_key(&id);
        if known {
            self.held.write().expect("no holder of this lock panics").remove(&id);
        }
    }
}

/// The row of `id`.
pub(super) async fn by_id(pool: &AnyPool, id: CredentialId) -> Result<Option<Row>, Error> {
    let row = sqlx::query(
        "select id, verifier, person, capacity, kind, expires_at, generation \
         from credential where id = $1",
    )
    .bind(id.as_bytes())
    .fetch_optional(pool)
    .await?;
    // A row that this program did not write is no row.
    Ok(row.and_then(|row| read(&row).ok()))
}

/// The rows of the certificate whose DER has this SHA-256, one for each capacity.
pub(super) async fn by_certificate<'e>(
    executor: impl Executor<'e, Database = Any>,
    fingerprint: &[u8; 32],
) -> Result<Vec<Row>, Error> {
    let rows = sqlx::query(
        "select id, verifier, person, capacity, kind, expires_at, generation \
         from credential where kind = 'certificate' and fingerprint = $1 order by id limit 64",
    )
    .bind(fingerprint.as_slice())
    .fetch_all(executor)
    .await?;
    Ok(rows.iter().filter_map(|row| read(row).ok()).collect())
}

/// Adds a row; `fingerprint` is empty but for a certificate.
pub(super) async fn insert(
    connection: &mut AnyConnection,
    row: &Row,
    fingerprint: &[u8],
    now: Instant,
) -> Result<(), sqlx::Error> {
    let Row { claim, verifier } = row;
    sqlx::query(
        "insert into credential (id, verifier, person, capacity, kind, expires_at, generation, \
         created_at, fingerprint) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(claim.id.as_bytes())
    .bind(verifier.as_slice())
    .bind(claim.person.as_bytes())
    .bind(claim.capacity.as_bytes())
    .bind(kind_text(claim.kind))
    .bind(claim.expires_at.0)
    .bind(i64::from(claim.generation))
    .bind(now.0)
    .bind(fingerprint)
    .execute(connection)
    .await?;
    Ok(())
}

fn read(row: &AnyRow) -> Result<Row, Error> {
    let wrong = |_| Error::Row("credential");
    let bytes = |column: usize| row.try_get::<Vec<u8>, _>(column);
    let kind: String = row.try_get(4)?;
    let kinds = [CredentialKind::Token, CredentialKind::Certificate, CredentialKind::Link];
    let kind = kinds.into_iter().find(|known| kind_text(*known) == kind);
    let generation: i64 = row.try_get(6)?;
    let claim = Claim {
        id: CredentialId::from_slice(&bytes(0)?).map_err(wrong)?,
        kind: kind.ok_or(Error::Row("credential"))?,
        person: PersonId::from_slice(&bytes(2)?).map_err(wrong)?,
        capacity: PartyId::from_slice(&bytes(3)?).map_err(wrong)?,
        expires_at: Instant(row.try_get(5)?),
        generation: u32::try_from(generation).map_err(|_| Error::Row("credential"))?,
    };
    Ok(Row { claim, verifier: bytes(1)? })
}

fn kind_text(kind: CredentialKind) -> &'static str {
    match kind {
        CredentialKind::Token => "token",
        CredentialKind::Certificate => "certificate",
        CredentialKind::Link => "link",
    }
}
