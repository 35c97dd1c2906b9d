//! What an unfinished deposit or move may have left: rows under a code, since what they name is erased.
//!
//! Whoever writes the database can neither make a row nor point one elsewhere. He can put one back that stood once; so
//! what lives is asked of the document's revision, never of a table, and a name that lives is never erased.

use ring::hmac;
use sqlx::{AnyConnection, Row as _};

use crate::{
    audit::Stopped,
    database,
    documents::{Documents, Error, unwrapped},
    id::{DocumentId, VersionId},
    mission::{self, CopyEntry, DocumentRevision},
};

/// A version, and names under which bytes of it may be that are none of its copies.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub document: DocumentId,
    pub version: VersionId,
    pub copies: Vec<CopyEntry>,
}

/// A row, as it stands.
pub(super) struct Pending {
    /// The row's key.
    pub version: Vec<u8>,
    /// What it names; nothing if this service did not write it so.
    pub place: Option<Place>,
}

impl Place {
    /// HMAC-SHA-256(pending key, version ‖ document ‖ copies), lengths (u32, big-endian) before parts.
    fn message(&self, copies: &str) -> Vec<u8> {
        mission::joined(&[self.version.as_bytes(), self.document.as_bytes(), copies.as_bytes()])
    }

    fn copies_text(&self) -> String {
        serde_json::to_string(&self.copies).expect("names are plain JSON")
    }

    /// Puts its row beside what may come to be. A version has one row at most.
    pub(super) async fn list(
        &self,
        key: &hmac::Key,
        since: i64,
        sql: &mut AnyConnection,
    ) -> Result<(), Stopped> {
        let copies = self.copies_text();
        let mac = hmac::sign(key, &self.message(&copies));
        sqlx::query(
            "insert into pending (version, document, copies, since, mac) values ($1, $2, $3, $4, $5)",
        )
        .bind(self.version.as_bytes().to_vec())
        .bind(self.document.as_bytes().to_vec())
        .bind(copies)
        .bind(since)
        .bind(mac.as_ref().to_vec())
        .execute(sql)
        .await?;
        Ok(())
    }

    /// Takes its row away, and nothing of what it names; says whether it was there.
    pub(super) async fn unlist(&self, sql: &mut AnyConnection) -> Result<bool, Stopped> {
        let sql_text = "delete from pending where version = $1 and copies = $2 returning version";
        let row = sqlx::query(sql_text)
            .bind(self.version.as_bytes().to_vec())
            .bind(self.copies_text())
            .fetch_optional(sql)
            .await?;
        Ok(row.is_some())
    }

    fn read(row: &sqlx::any::AnyRow, key: &hmac::Key) -> Option<Self> {
        let bytes = |n: usize| row.try_get::<Vec<u8>, _>(n).ok();
        let copies: String = row.try_get(2).ok()?;
        let place = Self {
            version: VersionId::from_slice(&bytes(0)?).ok()?,
            document: DocumentId::from_slice(&bytes(1)?).ok()?,
            copies: serde_json::from_str(&copies).ok()?,
        };
        hmac::verify(key, &place.message(&copies), &bytes(3)?).ok()?;
        Some(place)
    }
}

impl Documents {
    /// Every row.
    pub(super) async fn pending(&self) -> Result<Vec<Pending>, Error> {
        let sql = "select version, document, copies, mac from pending";
        let rows = sqlx::query(sql).fetch_all(self.inner.registry.database().pool()).await;
        let rows = rows.map_err(database::Error::from)?;
        rows.iter()
            .map(|row| {
                let version = row.try_get(0).map_err(database::Error::from)?;
                Ok(Pending { version, place: Place::read(row, &self.inner.pending_key) })
            })
            .collect()
    }

    /// Takes a row away, and nothing of what it names.
    pub(super) async fn unlist(&self, place: &Place) -> Result<(), Error> {
        let place = place.clone();
        let unlisted = self.inner.writer.upkeep(move |change| {
            let place = place.clone();
            Box::pin(async move { place.unlist(change.sql()).await.map(drop) })
        });
        Ok(unlisted.await?)
    }

    /// Takes away a row that this service did not write.
    pub(super) async fn disown(&self, version: Vec<u8>) -> Result<(), Error> {
        let disowned = self.inner.writer.upkeep(move |change| {
            let version = version.clone();
            Box::pin(async move {
                let sql = "delete from pending where version = $1";
                sqlx::query(sql).bind(version).execute(change.sql()).await?;
                Ok::<_, Stopped>(())
            })
        });
        Ok(disowned.await?)
    }

    /// Whether the document's revision lists the version. What memory has of it is enough to say yes.
    pub(super) async fn is_version(
        &self,
        document: DocumentId,
        version: VersionId,
    ) -> Result<bool, Error> {
        let lists = |revision: &DocumentRevision| {
            revision.versions.iter().any(|entry| entry.version == version)
        };
        match self.revision(document).await {
            Ok(remembered) if lists(&remembered) => Ok(true),
            _ => Ok(lists(&self.standing(document).await?)),
        }
    }

    /// Whether there is the document. That memory or its row has a head of it is enough to say yes.
    pub(super) async fn is_document(&self, document: DocumentId) -> Result<bool, Error> {
        if self.inner.registry.database().head(document.into()).await?.is_some() {
            return Ok(true);
        }
        match self.standing(document).await {
            Ok(_) => Ok(true),
            Err(Error::Mission(mission::Error::Missing(_))) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The document's revision as it stands under the log's own lock. Memory may be older than a commit whose outcome was
    /// not known, and keys and bytes are erased on what this says; a log that has ended says nothing.
    pub(super) async fn standing(&self, document: DocumentId) -> Result<DocumentRevision, Error> {
        let registry = self.inner.registry.clone();
        let asked = self.inner.writer.upkeep(move |change| {
            let registry = registry.clone();
            Box::pin(async move { Ok(registry.current(change, document).await?.1) })
        });
        asked.await.map_err(unwrapped)
    }
}
