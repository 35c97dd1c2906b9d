//! What an unfinished deposit may have left: rows under a code, since what they name is erased.
//!
//! Whoever writes the database can neither make a row nor point one elsewhere. He can put one back that stood once; so
//! whether its version lives is asked of the document's revision, never of a table.

use ring::hmac;
use sqlx::{AnyConnection, Row as _};

use crate::{
    audit::Stopped,
    database,
    documents::{Documents, Error, unwrapped},
    id::{DocumentId, VersionId},
    mission::{self, DocumentRevision},
    storage::Name,
};

/// Names and place of one version before it is one.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub document: DocumentId,
    pub version: VersionId,
    pub location: String,
    pub ground: String,
    pub object: Name,
    pub beside: Name,
}

/// A row, as it stands.
pub(super) struct Pending {
    /// The row's key.
    pub name: String,
    /// What it names; nothing if this service did not write it so.
    pub place: Option<Place>,
}

impl Place {
    /// HMAC-SHA-256(pending key, object ‖ record ‖ version ‖ document ‖ location), lengths (u32, big-endian) before
    /// parts.
    fn message(&self) -> Vec<u8> {
        mission::joined(&[
            self.object.as_str().as_bytes(),
            self.beside.as_str().as_bytes(),
            self.version.as_bytes(),
            self.document.as_bytes(),
            self.location.as_bytes(),
        ])
    }

    /// Puts its row beside what may come to be.
    pub(super) async fn list(
        &self,
        key: &hmac::Key,
        since: i64,
        sql: &mut AnyConnection,
    ) -> Result<(), Stopped> {
        sqlx::query(
            "insert into pending (name, record_name, version, document, location, since, mac) \
             values ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(self.object.as_str().to_owned())
        .bind(self.beside.as_str().to_owned())
        .bind(self.version.as_bytes().to_vec())
        .bind(self.document.as_bytes().to_vec())
        .bind(self.location.clone())
        .bind(since)
        .bind(hmac::sign(key, &self.message()).as_ref().to_vec())
        .execute(sql)
        .await?;
        Ok(())
    }

    fn read(row: &sqlx::any::AnyRow, key: &hmac::Key) -> Option<Self> {
        let text = |n: usize| row.try_get::<String, _>(n).ok();
        let bytes = |n: usize| row.try_get::<Vec<u8>, _>(n).ok();
        let place = Self {
            object: Name::new(text(0)?).ok()?,
            beside: Name::new(text(1)?).ok()?,
            version: VersionId::from_slice(&bytes(2)?).ok()?,
            document: DocumentId::from_slice(&bytes(3)?).ok()?,
            location: text(4)?,
            ground: String::new(),
        };
        hmac::verify(key, &place.message(), &bytes(5)?).ok()?;
        Some(place)
    }
}

impl Documents {
    /// Every row.
    pub(super) async fn pending(&self) -> Result<Vec<Pending>, Error> {
        let sql = "select name, record_name, version, document, location, mac from pending";
        let rows = sqlx::query(sql).fetch_all(self.inner.registry.database().pool()).await;
        let rows = rows.map_err(database::Error::from)?;
        rows.iter()
            .map(|row| {
                let name = row.try_get(0).map_err(database::Error::from)?;
                Ok(Pending { name, place: Place::read(row, &self.inner.pending_key) })
            })
            .collect()
    }

    /// Takes a row away, and nothing of what it names.
    pub(super) async fn unlist(&self, name: String) -> Result<(), Error> {
        let unlisted = self.inner.writer.upkeep(move |change| {
            let name = name.clone();
            Box::pin(async move {
                sqlx::query("delete from pending where name = $1")
                    .bind(name)
                    .execute(change.sql())
                    .await?;
                Ok::<_, Stopped>(())
            })
        });
        Ok(unlisted.await?)
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
    async fn standing(&self, document: DocumentId) -> Result<DocumentRevision, Error> {
        let registry = self.inner.registry.clone();
        let asked = self.inner.writer.upkeep(move |change| {
            let registry = registry.clone();
            Box::pin(async move { Ok(registry.current(change, document).await?.1) })
        });
        asked.await.map_err(unwrapped)
    }
}
