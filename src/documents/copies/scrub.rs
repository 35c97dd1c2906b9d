//! Scrubbing: every copy is read anew within a set time and compared with its record, at each location one after the other.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::{StreamExt as _, future::join_all};
use serde_json::{Map, json};
use sqlx::Row as _;

use crate::{
    audit::{Draft, Stopped},
    database,
    documents::{
        CopyDescription, Documents, Error, VersionRecord,
        copies::transfer::{Part, altered, parts},
        record::encoded,
    },
    id::{DocumentId, VersionId},
    mission::{CopyEntry, DocumentRevision},
    storage::{Location, Store},
    time::Instant,
    vault::payload::Hasher,
};

/// Rows that are asked for at once.
const ROWS: i64 = 64;

/// A copy whose turn it is.
struct Due {
    version: Vec<u8>,
    document: Option<Vec<u8>>,
    name: String,
    scrubbed_at: i64,
}

/// What one pass over a location found.
#[derive(Default)]
struct Pass {
    copies: u64,
    bytes: u64,
    altered: u64,
}

impl Documents {
    /// Reads every copy whose turn it is, at all locations at once; gives way to whoever reads and deposits. A location
    /// that is away is left until the next time.
    ///
    /// A copy's turn is half the set time after it was last looked at, so that the other half is left to reach it.
    pub async fn scrub(&self) {
        let days = u64::from(self.inner.copies.scrubbed_within_days);
        let half = Duration::from_secs(days * 24 * 3600 / 2);
        self.scrub_before(self.inner.writer.clock().now().minus(half)).await;
    }

    /// Reads every copy that was not looked at since `before`.
    pub async fn scrub_before(&self, before: Instant) {
        join_all(self.inner.locations.iter().map(|location| self.scrub_location(location, before)))
            .await;
    }

    async fn scrub_location(&self, location: &Location, before: Instant) {
        let mut pass = Pass::default();
        if let Err(error) = self.scrub_rows(location, before, &mut pass).await {
            let location = &location.id;
            tracing::warn!(%location, %error, "scrubbing goes on later");
        }
        if pass.copies == 0 {
            return;
        }
        let Pass { copies, bytes, altered } = pass;
        let detail = Map::from_iter([
            ("system".to_owned(), json!("scrubbed")),
            ("location".to_owned(), json!(location.id)),
            ("copies".to_owned(), json!(copies)),
            ("bytes".to_owned(), json!(bytes)),
            ("altered".to_owned(), json!(altered)),
        ]);
        if let Err(error) = self.inner.writer.enter(Draft::system(detail)).await {
            tracing::warn!(%error, "a scrub is not in the log");
        }
    }

    async fn scrub_rows(
        &self,
        location: &Location,
        before: Instant,
        pass: &mut Pass,
    ) -> Result<(), Error> {
        let mut after = (i64::MIN, Vec::new());
        loop {
            let rows = self.due(location, &after, before).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = (last.scrubbed_at, last.version.clone());
            for due in &rows {
                self.scrub_one(location, due, pass).await?;
            }
        }
    }

    async fn due(
        &self,
        location: &Location,
        (at, version): &(i64, Vec<u8>),
        before: Instant,
    ) -> Result<Vec<Due>, Error> {
        let sql = "select copy.version, version.document, copy.name, copy.scrubbed_at from copy \
                   left join version on version.id = copy.version \
                   where copy.location = $1 and copy.scrubbed_at < $2 \
                   and (copy.scrubbed_at > $3 or copy.scrubbed_at = $3 and copy.version > $4) \
                   order by copy.scrubbed_at, copy.version limit $5";
        let rows = sqlx::query(sql)
            .bind(location.id.as_str().to_owned())
            .bind(before.0)
            .bind(*at)
            .bind(version.clone())
            .bind(ROWS)
            .fetch_all(self.inner.registry.database().pool())
            .await;
        let due = |row: &sqlx::any::AnyRow| {
            Ok(Due {
                version: row.try_get(0)?,
                document: row.try_get(1)?,
                name: row.try_get(2)?,
                scrubbed_at: row.try_get(3)?,
            })
        };
        let rows: Result<_, sqlx::Error> = rows.and_then(|rows| rows.iter().map(due).collect());
        Ok(rows.map_err(database::Error::from)?)
    }

    async fn scrub_one(
        &self,
        location: &Location,
        due: &Due,
        pass: &mut Pass,
    ) -> Result<(), Error> {
        let Some((document, record, copy)) = self.confirmed(location, due).await? else {
            let (location, name) = (&location.id, &due.name);
            tracing::error!(%location, name, "a row names a copy that no revision does");
            return Ok(());
        };
        // What is known to be wrong is read again once it is mended, or somebody looked.
        let known = document.quarantined || self.inner.doubts.holds(record.version, &copy);
        if known || !document.is_kept() {
            return Ok(());
        }
        pass.copies += 1;
        let mut genuine = true;
        for part in parts(&record, &copy) {
            genuine = genuine && self.is_genuine(&*location.store, &part).await?;
            pass.bytes += part.length;
        }
        if genuine {
            return self.scrubbed(record.version, &copy).await;
        }
        pass.altered += 1;
        let entry = document.versions.iter().find(|entry| entry.version == record.version);
        let copies = entry.map_or(1, |entry| record.copies(entry).len());
        if copies > 1 {
            self.doubt(&document, record.version, &copy, "other bytes").await;
        } else {
            self.quarantine(document.document, record.version).await;
        }
        Ok(())
    }

    /// The copy that a row names, if the document's revision names it too.
    async fn confirmed(
        &self,
        location: &Location,
        due: &Due,
    ) -> Result<Option<(Arc<DocumentRevision>, Arc<VersionRecord>, CopyEntry)>, Error> {
        let document = due.document.as_deref().map(DocumentId::from_slice);
        let Some(Ok(document)) = document else { return Ok(None) };
        let Ok(version) = VersionId::from_slice(&due.version) else { return Ok(None) };
        let document = self.revision(document).await?;
        let entry = document.versions.iter().find(|entry| entry.version == version);
        let Some(entry) = entry else { return Ok(None) };
        let record = Arc::clone(&self.catalogued(document.document, entry).await?.record);
        let mut copies = record.copies(entry).iter();
        let copy = copies
            .find(|copy| copy.location == location.id.as_str() && copy.object.as_str() == due.name);
        let copy = copy.cloned();
        Ok(copy.map(|copy| (document, record, copy)))
    }

    /// Whether what a place holds under a name is what the record says, to the last byte and no further.
    pub(super) async fn is_genuine(
        &self,
        store: &dyn Store,
        part: &Part<'_>,
    ) -> Result<bool, Error> {
        let same = async {
            if store.head(&part.name).await? != Some(part.length) {
                return Ok(false);
            }
            let (mut sealed, mut digest) =
                (store.read(&part.name, 0..part.length).await?, Hasher::new());
            let mut upkeep = self.inner.traffic.upkeep();
            while let Some(piece) = sealed.next().await {
                digest.add(&piece?).await;
                upkeep.give_way().await;
            }
            Ok(encoded(&digest.finish().await.1) == part.sha256)
        };
        match same.await.map_err(altered) {
            Err(Error::Altered) => Ok(false),
            same => same,
        }
    }

    /// Reads a copy that was just written, whole.
    ///
    /// # Errors
    ///
    /// [`Error::Altered`] if it is not what the record says.
    pub(in crate::documents) async fn read_back(
        &self,
        record: &VersionRecord,
        copy: &CopyEntry,
    ) -> Result<(), Error> {
        let store = &self.at(copy)?.store;
        for part in parts(record, copy) {
            if !self.is_genuine(&**store, &part).await? {
                return Err(Error::Altered);
            }
        }
        Ok(())
    }

    /// Takes note that a copy was looked at whole just now.
    pub(super) async fn scrubbed(&self, version: VersionId, copy: &CopyEntry) -> Result<(), Error> {
        let name = copy.object.as_str().to_owned();
        let noted = self.inner.writer.upkeep(move |change| {
            let name = name.clone();
            Box::pin(async move {
                let now = change.now.0;
                sqlx::query("update copy set scrubbed_at = $1 where version = $2 and name = $3")
                    .bind(now)
                    .bind(version.as_bytes().to_vec())
                    .bind(name)
                    .execute(change.sql())
                    .await?;
                Ok::<_, Stopped>(())
            })
        });
        Ok(noted.await?)
    }

    /// The copies of a version, with when each was last looked at.
    pub(in crate::documents) async fn copies_of(
        &self,
        version: VersionId,
        copies: &[CopyEntry],
    ) -> Result<Vec<CopyDescription>, Error> {
        let rows = sqlx::query("select name, scrubbed_at from copy where version = $1")
            .bind(version.as_bytes().to_vec())
            .fetch_all(self.inner.registry.database().pool())
            .await;
        let read = |row: &sqlx::any::AnyRow| Ok((row.try_get(0)?, Instant(row.try_get(1)?)));
        let at: Result<BTreeMap<String, Instant>, sqlx::Error> =
            rows.and_then(|rows| rows.iter().map(read).collect());
        let at = at.map_err(database::Error::from)?;
        let described = |copy: &CopyEntry| CopyDescription {
            location: copy.location.clone(),
            scrubbed_at: at.get(copy.object.as_str()).copied(),
        };
        Ok(copies.iter().map(described).collect())
    }
}
