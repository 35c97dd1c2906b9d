//! What unfinished deposits left: erased by the names that were recorded, never by listing the store.

use serde_json::{Map, json};
use sqlx::Row as _;

use crate::{
    audit::{Draft, Stopped},
    database,
    documents::{Documents, Error, deposit::Place, repeat::REMEMBERED, repeat::Repeat},
    id::{DocumentId, VersionId},
    mission::{DocumentRevision, Stage},
    storage::Name,
    vault::{
        self,
        keyset::{Pending, Slot},
    },
};

/// How long a document may stay without content.
const EMPTY_FOR: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// Whether a request of this process may be about to use a slot that is pending.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Requests {
    /// Nothing is served yet: what is pending was left by a crash.
    None,
    /// Some may run.
    Running,
}

impl Documents {
    /// Gives up a deposit: object, key, pending row; an entry says so. What fails is swept at the next start.
    pub(super) async fn abandon(&self, place: &Place, repeat: Option<Repeat>) {
        if let Err(error) = self.try_abandon(place, repeat).await {
            tracing::warn!(version = %place.version, %error, "an abandoned deposit waits for the sweeper");
        }
    }

    async fn try_abandon(&self, place: &Place, repeat: Option<Repeat>) -> Result<(), Error> {
        if self.is_version(place.version).await? {
            // The outcome of the last change was not known, and it stands.
            return Ok(());
        }
        let detail = Map::from_iter([
            ("system".to_owned(), json!("abandoned")),
            ("version".to_owned(), json!(place.version)),
            ("object".to_owned(), json!(place.object.as_str())),
        ]);
        let mut draft = Draft::system(detail);
        draft.document = Some(place.document);
        let location = self.location(&place.location);
        if let Some(location) = location {
            location.store.erase(&place.object).await?;
            location.store.erase(&place.beside).await?;
        }
        match self.inner.keyset.drop_version(place.document, place.version).await {
            Ok(()) | Err(vault::keyset::Error::Missing(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let name = place.object.as_str().to_owned();
        let swept = self.inner.writer.system(draft, move |change| {
            let (name, repeat) = (name.clone(), repeat.clone());
            Box::pin(async move {
                sqlx::query("delete from pending where name = $1")
                    .bind(name)
                    .execute(&mut *change.sql())
                    .await?;
                match &repeat {
                    Some(repeat) => repeat.forget(change).await,
                    None => Ok(()),
                }
            })
        });
        swept.await?;
        Ok(())
    }

    async fn is_version(&self, version: VersionId) -> Result<bool, Error> {
        let found = sqlx::query("select 1 from version where id = $1")
            .bind(version.as_bytes().to_vec())
            .fetch_optional(self.inner.registry.database().pool())
            .await
            .map_err(database::Error::from)?;
        Ok(found.is_some())
    }

    /// Sweeps what a crash left, before the service serves: pending names, unused slots, half-done destructions.
    ///
    /// # Errors
    ///
    /// Why something could not be swept; the service must then not serve.
    pub async fn recover(&self) -> Result<(), Error> {
        for place in self.pending().await? {
            if self.is_version(place.version).await? || self.is_kept(&place).await? {
                // A pending row that names a live object was not written by this service: it erases nothing.
                tracing::error!(version = %place.version, "a pending row names a live version");
                self.unlist(&place).await?;
            } else {
                self.try_abandon(&place, None).await?;
            }
        }
        self.free_keys().await?;
        self.settle(Requests::None).await?;
        self.finish_shredding().await?;
        self.finish_erasing().await?;
        self.note_generation().await
    }

    /// Gives back the idempotency keys of requests that a crash ended: at a start none is running.
    async fn free_keys(&self) -> Result<(), Error> {
        let freed = self.inner.writer.upkeep(|change| {
            Box::pin(async move {
                sqlx::query("delete from idempotency where answer = ''")
                    .execute(change.sql())
                    .await?;
                Ok::<_, Stopped>(())
            })
        });
        Ok(freed.await?)
    }

    /// Whether a version keeps an object of one of these names, whichever version the row says.
    async fn is_kept(&self, place: &Place) -> Result<bool, Error> {
        let sql = "select 1 from copy where name in ($1, $2) or record_name in ($1, $2) \
                   union all select 1 from version where record like $3 limit 1";
        let found = sqlx::query(sql)
            .bind(place.object.as_str().to_owned())
            .bind(place.beside.as_str().to_owned())
            .bind(format!("%\"{}\"%", place.object))
            .fetch_optional(self.inner.registry.database().pool())
            .await
            .map_err(database::Error::from)?;
        Ok(found.is_some())
    }

    async fn pending(&self) -> Result<Vec<Place>, Error> {
        let sql = "select document, version, location, name, record_name from pending";
        let rows = sqlx::query(sql).fetch_all(self.inner.registry.database().pool()).await;
        let mut places = Vec::new();
        for row in rows.map_err(database::Error::from)? {
            let column = |n: usize| row.try_get::<String, _>(n).map_err(database::Error::from);
            let id = |n: usize| row.try_get::<Vec<u8>, _>(n).map_err(database::Error::from);
            let broken = || database::Error::Row("pending");
            places.push(Place {
                document: DocumentId::from_slice(&id(0)?).map_err(|_| broken())?,
                version: VersionId::from_slice(&id(1)?).map_err(|_| broken())?,
                location: column(2)?,
                ground: String::new(),
                object: Name::new(column(3)?).map_err(|_| broken())?,
                beside: Name::new(column(4)?).map_err(|_| broken())?,
            });
        }
        Ok(places)
    }

    async fn unlist(&self, place: &Place) -> Result<(), Error> {
        let name = place.object.as_str().to_owned();
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

    /// Confirms the slots whose document or version stands, and drops the others.
    ///
    /// # Errors
    ///
    /// A failure of key set or catalogue.
    pub async fn settle_slots(&self) -> Result<(), Error> {
        self.settle(Requests::Running).await
    }

    async fn settle(&self, requests: Requests) -> Result<(), Error> {
        let mut stand = Vec::new();
        for pending in self.inner.keyset.pending().await? {
            let stands = match pending.version {
                Some(version) => self.is_version(version).await?,
                None => self.is_document(pending.document).await?,
            };
            if stands {
                stand.push(pending);
            } else if requests == Requests::None || self.is_idle(&pending).await? {
                self.drop_slot(pending).await?;
            }
        }
        if !stand.is_empty() {
            self.inner.keyset.confirm(&stand).await?;
        }
        Ok(())
    }

    async fn drop_slot(&self, pending: Pending) -> Result<(), Error> {
        let dropped = match pending.version {
            Some(version) => self.inner.keyset.drop_version(pending.document, version).await,
            None => self.inner.keyset.erase(&[Slot::Document(pending.document)]).await,
        };
        match dropped {
            Ok(()) | Err(vault::keyset::Error::Missing(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether no deposit of this process may still come to use the slot.
    async fn is_idle(&self, pending: &Pending) -> Result<bool, Error> {
        let Some(version) = pending.version else { return Ok(false) };
        let row = sqlx::query("select 1 from pending where version = $1")
            .bind(version.as_bytes().to_vec())
            .fetch_optional(self.inner.registry.database().pool())
            .await
            .map_err(database::Error::from)?;
        Ok(row.is_none())
    }

    async fn is_document(&self, document: DocumentId) -> Result<bool, Error> {
        Ok(self.inner.registry.database().head(document.into()).await?.is_some())
    }

    /// Gives back the key of a document that came to nothing.
    pub(super) async fn forget(&self, document: DocumentId) {
        match self.is_document(document).await {
            Ok(false) => {}
            Ok(true) | Err(_) => return,
        }
        if let Err(error) = self.inner.keyset.erase(&[Slot::Document(document)]).await {
            tracing::warn!(%document, %error, "the key of a document that was not made remains");
        }
    }

    /// Upkeep, now and then: slots, documents that stayed empty for a day, remembered answers.
    ///
    /// # Errors
    ///
    /// Why something could not be swept; it is tried again.
    pub async fn sweep(&self) -> Result<(), Error> {
        self.settle_slots().await?;
        self.finish_erasing().await?;
        self.note_generation().await?;
        let before = self.inner.writer.clock().now();
        let empty = crate::time::Instant(before.0 - micros(EMPTY_FOR));
        let sql = "select id from document where stage = 'empty' and created_at < $1 limit 100";
        let rows = sqlx::query(sql)
            .bind(empty.0)
            .fetch_all(self.inner.registry.database().pool())
            .await
            .map_err(database::Error::from)?;
        for row in rows {
            let id: Vec<u8> = row.try_get(0).map_err(database::Error::from)?;
            let id = DocumentId::from_slice(&id).map_err(|_| database::Error::Row("document"))?;
            self.sweep_empty(id).await?;
        }
        let old = before.0 - micros(REMEMBERED);
        let forgotten = self.inner.writer.upkeep(move |change| {
            Box::pin(async move {
                sqlx::query("delete from idempotency where created_at < $1")
                    .bind(old)
                    .execute(change.sql())
                    .await?;
                Ok::<_, Stopped>(())
            })
        });
        Ok(forgotten.await?)
    }

    /// Notes the key set's generation where no change that leans on it has: of an older set, keys that live are missing.
    ///
    /// # Errors
    ///
    /// A failure of the database.
    pub async fn note_generation(&self) -> Result<(), Error> {
        let generation = self.inner.keyset.generation();
        let sql = "select count(*) from keyset where generation >= $1";
        let noted = sqlx::query(sql)
            .bind(i64::try_from(generation).unwrap_or(i64::MAX))
            .fetch_one(self.inner.registry.database().pool())
            .await
            .and_then(|row| row.try_get::<i64, _>(0))
            .map_err(database::Error::from)?;
        if noted > 0 {
            return Ok(());
        }
        let written = self.inner.writer.upkeep(move |change| {
            Box::pin(async move { record_generation(change.sql(), generation).await })
        });
        Ok(written.await?)
    }

    /// Shreds a document into which nothing was ever deposited.
    async fn sweep_empty(&self, document: DocumentId) -> Result<(), Error> {
        let registry = self.inner.registry.clone();
        let mut draft =
            Draft::system(Map::from_iter([("system".to_owned(), json!("swept empty"))]));
        draft.document = Some(document);
        let changed = self.inner.writer.system(draft, move |change| {
            let registry = registry.clone();
            Box::pin(async move {
                let (_, mut revision) =
                    registry.current::<DocumentRevision>(change, document).await?;
                if revision.stage != Stage::Empty || !revision.versions.is_empty() {
                    return Err(Stopped::failed(Error::Stage("not empty")));
                }
                revision.stage = Stage::Shredding;
                let head = registry.write(change, &revision).await?;
                super::grants::project(change.sql(), &revision, head.number).await
            })
        });
        changed.await.map_err(super::unwrapped)?;
        self.finish_one(document).await
    }
}

/// Notes the key set's generation that a change leans on, so that an older set is refused at the next start.
pub(super) async fn record_generation(
    sql: &mut sqlx::AnyConnection,
    generation: u64,
) -> Result<(), Stopped> {
    sqlx::query(
        "insert into keyset (id, generation) values (0, $1) on conflict (id) \
         do update set generation = excluded.generation \
         where keyset.generation < excluded.generation",
    )
    .bind(i64::try_from(generation).unwrap_or(i64::MAX))
    .execute(sql)
    .await?;
    Ok(())
}

fn micros(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
