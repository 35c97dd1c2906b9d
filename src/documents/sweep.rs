//! What unfinished deposits left: erased by the names that were recorded, never by listing the store.

use serde_json::{Map, json};
use sqlx::Row as _;

use crate::{
    audit::{Draft, Stopped},
    database,
    documents::{
        Documents, Error,
        pending::{Pending, Place},
        repeat::{REMEMBERED, Repeat},
    },
    id::DocumentId,
    mission::{CopyEntry, DocumentRevision, Stage},
    vault::{
        self,
        keyset::{self, Slot},
    },
};

/// Whether a request of this process may be about to use a slot that is pending.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Requests {
    /// Nothing is served yet: what is pending was left by a crash.
    None,
    /// Some may run.
    Running,
}

impl Documents {
    /// Gives up a deposit: object, key, pending row; an entry says so. What fails is tried again by the next sweep, so
    /// that whoever repeats the request need not wait for a start.
    pub(super) async fn abandon(&self, place: &Place, repeat: Option<Repeat>) {
        if let Err(error) = self.try_abandon(place, repeat.clone()).await {
            tracing::warn!(version = %place.version, %error, "an abandoned deposit waits for the sweeper");
            self.give_up_later(place.clone(), repeat);
        }
    }

    fn give_up_later(&self, place: Place, repeat: Option<Repeat>) {
        let mut given_up = self.inner.given_up.lock().expect("no holder of this lock panics");
        given_up.push((place, repeat));
    }

    async fn abandon_again(&self) {
        let waiting = {
            let mut given_up = self.inner.given_up.lock().expect("no holder of this lock panics");
            std::mem::take(&mut *given_up)
        };
        for (place, repeat) in waiting {
            self.abandon(&place, repeat).await;
        }
    }

    async fn try_abandon(&self, place: &Place, repeat: Option<Repeat>) -> Result<(), Error> {
        // The outcome of the last change may not have been known, and it stands; or a move ended half-way.
        let lives = self.living(place).await?;
        let none = Vec::new();
        let living = lives.as_ref().unwrap_or(&none);
        let left = place.copies.iter().filter(|copy| !living.contains(copy));
        // Nothing can be asked of a location that is configured no more.
        let (left, lost): (Vec<_>, Vec<_>) =
            left.cloned().partition(|copy| self.location(&copy.location).is_some());
        for copy in &left {
            self.erase_copy(copy).await?;
        }
        if lives.is_none() {
            match self.inner.keyset.drop_version(place.document, place.version).await {
                Ok(()) | Err(vault::keyset::Error::Missing(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if left.is_empty() && lost.is_empty() {
            return self.unlist(place).await;
        }
        let what = if lives.is_none() { "abandoned" } else { "copies erased" };
        let detail = Map::from_iter([
            ("system".to_owned(), json!(what)),
            ("version".to_owned(), json!(place.version)),
            ("copies".to_owned(), json!(left)),
            ("not_asked".to_owned(), json!(lost)),
        ]);
        let mut draft = Draft::system(detail);
        draft.document = Some(place.document);
        let (place, repeat) = (place.clone(), repeat.filter(|_| lives.is_none()));
        let swept = self.inner.writer.system(draft, move |change| {
            let (place, repeat) = (place.clone(), repeat.clone());
            Box::pin(async move {
                place.unlist(change.sql()).await?;
                match &repeat {
                    Some(repeat) => repeat.forget(change).await,
                    None => Ok(()),
                }
            })
        });
        swept.await?;
        Ok(())
    }

    /// The copies of a version that live, of those at a place that may be given up; nothing if there is no such version.
    pub(super) async fn living(&self, place: &Place) -> Result<Option<Vec<CopyEntry>>, Error> {
        let revision = self.standing(place.document).await?;
        let entry = revision.versions.iter().find(|entry| entry.version == place.version);
        let Some(entry) = entry else { return Ok(None) };
        match self.catalogued(place.document, entry).await {
            Ok(row) => Ok(Some(row.record.copies(entry).to_vec())),
            // Where it rests cannot be told: all that is named may be it.
            Err(Error::Integrity(_)) => Ok(Some(place.copies.clone())),
            Err(error) => Err(error),
        }
    }

    /// Sweeps what a crash left, before the service serves: pending names, unused slots, half-done destructions.
    ///
    /// # Errors
    ///
    /// Why something could not be swept; the service must then not serve.
    pub async fn recover(&self) -> Result<(), Error> {
        for Pending { version, place } in self.pending().await? {
            match place {
                None => {
                    tracing::error!("a pending row was not written by this service");
                    self.disown(version).await?;
                }
                Some(place) => match self.try_abandon(&place, None).await {
                    // Whoever reads elsewhere need not wait for a place that is away.
                    Err(error @ (Error::Storage(_) | Error::NotErased(_))) => {
                        tracing::warn!(version = %place.version, %error, "it is swept later");
                        self.give_up_later(place, None);
                    }
                    swept => swept?,
                },
            }
        }
        self.free_keys().await?;
        self.settle(Requests::None).await?;
        self.finish().await
    }

    /// Finishes what was begun and could not end: destructions while a place was away, and notes of what they lean on.
    async fn finish(&self) -> Result<(), Error> {
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
            // Asked first: its row goes with the commit that makes it a version, which may be between two questions.
            let idle = requests == Requests::None || self.is_idle(&pending).await?;
            let stands = match pending.version {
                Some(version) => self.is_version(pending.document, version).await?,
                None => self.is_document(pending.document).await?,
            };
            if stands {
                stand.push(pending);
            } else if idle {
                self.drop_slot(pending).await?;
            }
        }
        if !stand.is_empty() {
            self.inner.keyset.confirm(&stand).await?;
        }
        Ok(())
    }

    async fn drop_slot(&self, pending: keyset::Pending) -> Result<(), Error> {
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
    async fn is_idle(&self, pending: &keyset::Pending) -> Result<bool, Error> {
        let Some(version) = pending.version else { return Ok(false) };
        let row = sqlx::query("select 1 from pending where version = $1")
            .bind(version.as_bytes().to_vec())
            .fetch_optional(self.inner.registry.database().pool())
            .await
            .map_err(database::Error::from)?;
        Ok(row.is_none())
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

    /// Upkeep, once a minute: deposits given up by half, unfinished destructions, documents that stayed empty too long,
    /// remembered answers.
    ///
    /// # Errors
    ///
    /// Why something could not be swept; it is tried again.
    pub async fn sweep(&self) -> Result<(), Error> {
        self.abandon_again().await;
        self.mend().await;
        self.finish().await?;
        let before = self.inner.writer.clock().now();
        let hours = u64::from(self.inner.retention.empty_hours);
        let empty = before.minus(std::time::Duration::from_secs(hours * 3600)).0;
        let sql = "select id from document where stage = 'empty' and created_at < $1 limit 100";
        let rows = sqlx::query(sql)
            .bind(empty)
            .fetch_all(self.inner.registry.database().pool())
            .await
            .map_err(database::Error::from)?;
        for row in rows {
            let id: Vec<u8> = row.try_get(0).map_err(database::Error::from)?;
            let id = DocumentId::from_slice(&id).map_err(|_| database::Error::Row("document"))?;
            self.sweep_empty(id).await?;
        }
        let old = before.minus(REMEMBERED).0;
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
        self.note_begun(document);
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
        let changed = changed.await;
        if changed.is_err() {
            self.forget_if_not_begun(document).await;
        }
        changed.map_err(super::unwrapped)?;
        self.finish_one(document).await.map(drop)
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
