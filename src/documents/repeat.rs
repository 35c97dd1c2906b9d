//! Requests that are repeated: the same key and the same request get the same answer, once.

use ring::digest::{Context, SHA256};
use sqlx::Row as _;

use crate::{
    audit::{Change, Stopped},
    documents::{Deposited, Error, Upload},
    id::PersonId,
};

/// How long a key is remembered.
pub(super) const REMEMBERED: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// A key, and what it was used for.
#[derive(Clone, Debug)]
pub(super) struct Repeat {
    person: PersonId,
    key: String,
    request: Vec<u8>,
}

impl Repeat {
    pub(super) fn of(person: PersonId, upload: &Upload) -> Option<Self> {
        let key = upload.idempotency_key.clone()?;
        let mut context = Context::new(&SHA256);
        context.update(upload.document.as_bytes());
        context.update(&upload.sha256.unwrap_or_default());
        context.update(&upload.length.unwrap_or_default().to_be_bytes());
        context.update(upload.media_type.as_bytes());
        Some(Self { person, key, request: context.finish().as_ref().to_vec() })
    }

    /// Takes the key, or says how it was answered before.
    pub(super) async fn begin(
        &self,
        change: &mut Change<'_>,
    ) -> Result<Option<Deposited>, Stopped> {
        let sql =
            "select request, answer from idempotency where person = $1 and idempotency_key = $2";
        let row = sqlx::query(sql)
            .bind(self.person.as_bytes().to_vec())
            .bind(self.key.clone())
            .fetch_optional(&mut *change.sql())
            .await?;
        let Some(row) = row else {
            self.insert(change).await?;
            return Ok(None);
        };
        let (request, answer): (Vec<u8>, String) = (row.try_get(0)?, row.try_get(1)?);
        if request != self.request {
            return Err(Stopped::failed(Error::Reused));
        }
        if answer.is_empty() {
            return Err(Stopped::failed(Error::Running));
        }
        let mut deposited: Deposited = serde_json::from_str(&answer).map_err(Stopped::failed)?;
        deposited.replayed = true;
        Ok(Some(deposited))
    }

    async fn insert(&self, change: &mut Change<'_>) -> Result<(), Stopped> {
        let (entry, now) = (change.entry, change.now);
        sqlx::query(
            "insert into idempotency (person, idempotency_key, request, entry, answer, created_at) \
             values ($1, $2, $3, $4, '', $5)",
        )
        .bind(self.person.as_bytes().to_vec())
        .bind(self.key.clone())
        .bind(self.request.clone())
        .bind(entry.as_bytes().to_vec())
        .bind(now.0)
        .execute(change.sql())
        .await?;
        Ok(())
    }

    /// Keeps the answer.
    pub(super) async fn end(
        &self,
        change: &mut Change<'_>,
        deposited: &Deposited,
    ) -> Result<(), Stopped> {
        let answer = serde_json::to_string(deposited).map_err(Stopped::failed)?;
        sqlx::query(
            "update idempotency set answer = $1 where person = $2 and idempotency_key = $3",
        )
        .bind(answer)
        .bind(self.person.as_bytes().to_vec())
        .bind(self.key.clone())
        .execute(change.sql())
        .await?;
        Ok(())
    }

    /// Gives the key back, so that the request can be made again.
    pub(super) async fn forget(&self, change: &mut Change<'_>) -> Result<(), Stopped> {
        sqlx::query("delete from idempotency where person = $1 and idempotency_key = $2")
            .bind(self.person.as_bytes().to_vec())
            .bind(self.key.clone())
            .execute(change.sql())
            .await?;
        Ok(())
    }
}
