//! Requests that are repeated: the same key and the same request get the same answer, once.
//!
//! Both bear the content's digest, so what is kept of them is under the document's key: gone with the document.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sqlx::Row as _;

use crate::{
    audit::{Change, Stopped},
    database,
    documents::{Deposited, Error, Upload},
    id::{DocumentId, PersonId},
    vault::{SymmetricKey, index, open_field, seal_field},
};

/// How long a key is remembered.
pub(super) const REMEMBERED: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// What an answer is sealed as.
const ANSWER: &str = "answer";

/// A key, and what it was used for.
#[derive(Clone, Debug)]
pub(super) struct Repeat {
    person: PersonId,
    key: String,
    request: Vec<u8>,
    document: DocumentId,
    document_key: SymmetricKey,
}

impl Repeat {
    /// The request for `upload`; `document_key` is its document's.
    pub(super) fn of(
        person: PersonId,
        upload: &Upload,
        document_key: &SymmetricKey,
    ) -> Option<Self> {
        let key = upload.idempotency_key.clone()?;
        let mut request = upload.document.as_bytes().to_vec();
        request.extend(upload.sha256.unwrap_or_default());
        request.extend(upload.length.unwrap_or_default().to_be_bytes());
        request.extend(upload.media_type.as_bytes());
        let (document, document_key) = (upload.document, document_key.clone());
        let request = index(&document_key, &request).to_vec();
        Some(Self { person, key, request, document, document_key })
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
        let mut deposited = self.opened(&answer)?;
        deposited.replayed = true;
        Ok(Some(deposited))
    }

    fn opened(&self, answer: &str) -> Result<Deposited, Stopped> {
        let broken = || Stopped::failed(database::Error::Row("idempotency"));
        let sealed = STANDARD.decode(answer).map_err(|_| broken())?;
        let opened = open_field(&self.document_key, self.document.as_bytes(), ANSWER, 0, &sealed);
        serde_json::from_slice(&opened.map_err(|_| broken())?).map_err(Stopped::failed)
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
        let answer = serde_json::to_vec(deposited).map_err(Stopped::failed)?;
        let answer = seal_field(&self.document_key, self.document.as_bytes(), ANSWER, 0, &answer);
        sqlx::query(
            "update idempotency set answer = $1 where person = $2 and idempotency_key = $3",
        )
        .bind(STANDARD.encode(answer))
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
