//! Reading: one slot at a time, from memory if it was asked for lately.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use sqlx::{Row, SqliteConnection, SqlitePool, query, sqlite::SqliteRow};
use tokio::sync::RwLock as Gate;

use crate::{
    database::Trips,
    id::{DocumentId, PartyId, PersonId, VersionId},
    vault::{
        custody::Custody,
        field,
        keyset::{
            Error, Pending, Slot, TagSubject,
            cache::Cache,
            head::Head,
            tree::{BucketPage, Keys, Leaf, NodeId},
        },
        label,
        secret::{FileKey, Secret, SymmetricKey, TagKey},
    },
};

/// Slots, buckets and tag keys kept in memory: some megabytes.
const SLOTS: usize = 16_384;
const BUCKETS: usize = 8_192;
const TAGS: usize = 16_384;

/// What readers and the writer share.
pub(super) struct Shared {
    pub(super) custody: Arc<dyn Custody>,
    pub(super) reads: SqlitePool,
    pub(super) trunk: RwLock<Trunk>,
    /// Held for reading from a slot's row to its key, and for writing while a turn changes both.
    pub(super) gate: Gate<()>,
    slots: Mutex<Cache<Leaf, Arc<Keys>>>,
    buckets: Mutex<Cache<i64, Secret<32>>>,
    tags: Mutex<Cache<(TagSubject, u16, u32), TagKey>>,
}

/// The upper levels of the tree, always in memory.
pub(super) struct Trunk {
    pub(super) head: Head,
    pub(super) top: Secret<32>,
    pub(super) nodes: HashMap<NodeId, Secret<32>>,
}

/// Where a slot lies.
pub(super) struct Found {
    pub(super) bucket: i64,
    pub(super) node: NodeId,
    pub(super) page: i64,
    pub(super) sealed: Vec<u8>,
}

impl Shared {
    pub(super) fn new(custody: Arc<dyn Custody>, reads: SqlitePool, trunk: Trunk) -> Self {
        Self {
            custody,
            reads,
            trunk: RwLock::new(trunk),
            gate: Gate::new(()),
            slots: Mutex::new(Cache::new(SLOTS)),
            buckets: Mutex::new(Cache::new(BUCKETS)),
            tags: Mutex::new(Cache::new(TAGS)),
        }
    }

    pub(super) fn generation(&self) -> u64 {
        self.with_trunk(|trunk| trunk.head.generation.cast_unsigned())
    }

    pub(super) fn with_trunk<T>(&self, read: impl FnOnce(&Trunk) -> T) -> T {
        read(&self.trunk.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn change_trunk<T>(&self, change: impl FnOnce(&mut Trunk) -> T) -> T {
        change(&mut self.trunk.write().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) async fn file_key(
        &self,
        document: DocumentId,
        version: VersionId,
    ) -> Result<FileKey, Error> {
        let slot = Slot::Document(document);
        if let Some(key) = self.keys(&slot).await?.file(version) {
            return Ok(key.clone());
        }
        // What is remembered may be from before the version.
        lock(&self.slots).remove(&Leaf::from(&slot));
        let keys = self.keys(&slot).await?;
        keys.file(version).cloned().ok_or(Error::Missing(Slot::Version(document, version)))
    }

    pub(super) async fn tag_key(
        &self,
        subject: TagSubject,
        year: u16,
        turn: u32,
    ) -> Result<TagKey, Error> {
        let name = (subject, year, turn);
        if let Some(key) = lock(&self.tags).find(&name) {
            return Ok(key);
        }
        let _gate = self.gate.read().await;
        let keys = self.load(&subject.into()).await?;
        let own = SymmetricKey::new(label::TAG, keys.own.clone());
        let key = field::tag_key(&own, year, turn);
        lock(&self.tags).insert(name, key.clone());
        Ok(key)
    }

    pub(super) async fn keys(&self, slot: &Slot) -> Result<Arc<Keys>, Error> {
        if let Some(keys) = lock(&self.slots).find(&Leaf::from(slot)) {
            return Ok(keys);
        }
        let _gate = self.gate.read().await;
        self.load(slot).await
    }

    /// Opens a slot and remembers it. The gate is held.
    async fn load(&self, slot: &Slot) -> Result<Arc<Keys>, Error> {
        let leaf = Leaf::from(slot);
        let mut connection = self.reads.acquire().await?;
        Trips::to_keys();
        let found = find(&mut connection, &leaf).await?;
        let found = found.ok_or_else(|| Error::Missing(slot.clone()))?;
        let node = self.with_trunk(|trunk| trunk.nodes.get(&found.node).cloned());
        let node = node.ok_or(Error::Contradiction("a bucket lies under no node"))?;
        let bucket = self.bucket_key(&mut connection, &node, &found).await?;
        let keys = Arc::new(Keys::open(&bucket, found.node, &leaf, &found.sealed)?);
        lock(&self.slots).insert(leaf, Arc::clone(&keys));
        Ok(keys)
    }

    /// The key of the bucket in which a slot lies, `node` being its node's key.
    pub(super) async fn bucket_key(
        &self,
        connection: &mut SqliteConnection,
        node: &Secret<32>,
        found: &Found,
    ) -> Result<Secret<32>, Error> {
        if let Some(key) = lock(&self.buckets).find(&found.bucket) {
            return Ok(key);
        }
        Trips::to_keys();
        let sealed = page(connection, found.page).await?;
        let page = BucketPage::open(node, found.node, found.page, &sealed)?;
        let key = page.find(&found.bucket.to_be_bytes());
        let key = key.ok_or(Error::Contradiction("a bucket is not on its page"))?.clone();
        lock(&self.buckets).insert(found.bucket, key.clone());
        Ok(key)
    }

    /// Costs what looking for a slot costs that nobody has.
    pub(super) async fn look_for_nothing(&self) -> Result<(), Error> {
        let mut connection = self.reads.acquire().await?;
        find(&mut connection, &Leaf::from(&Slot::Document(DocumentId::random()))).await?;
        Ok(())
    }

    pub(super) fn forget(&self, leaf: &Leaf) {
        lock(&self.slots).remove(leaf);
    }

    pub(super) fn forget_all(&self) {
        lock(&self.slots).clear();
        lock(&self.buckets).clear();
        lock(&self.tags).clear();
    }

    pub(super) async fn pending(&self) -> Result<Vec<Pending>, Error> {
        let sql = "select document, version from pending order by document, version";
        query(sql).fetch_all(&self.reads).await?.iter().map(pending).collect()
    }

    /// Those of `people`, each once, who have no key for `month`.
    pub(super) async fn without_month(
        &self,
        people: &[PersonId],
        month: &str,
    ) -> Result<Vec<PersonId>, Error> {
        let mut connection = self.reads.acquire().await?;
        let mut without = Vec::new();
        let mut people = people.to_vec();
        people.sort_unstable();
        people.dedup();
        for person in people {
            let leaf = Leaf::from(&Slot::Month(person, month.to_owned()));
            let known = lock(&self.slots).find(&leaf).is_some();
            if !known && find(&mut connection, &leaf).await?.is_none() {
                without.push(person);
            }
        }
        Ok(without)
    }

    pub(super) async fn months_before(&self, month: &str) -> Result<Vec<Slot>, Error> {
        let sql = "select subject from slot where kind = 3 and substr(subject, 17) < $1
                   order by subject";
        let rows = query(sql).bind(month.as_bytes()).fetch_all(&self.reads).await?;
        rows.iter()
            .map(|row| {
                let subject: Vec<u8> = row.try_get("subject")?;
                let (person, month) = subject.split_at_checked(16).ok_or(NOT_AN_ID)?;
                let month = std::str::from_utf8(month).map_err(|_| NOT_AN_ID)?;
                let person = PersonId::from_slice(person).map_err(|_| NOT_AN_ID)?;
                Ok(Slot::Month(person, month.to_owned()))
            })
            .collect()
    }

    pub(super) async fn documents(
        &self,
        after: Option<DocumentId>,
        limit: u32,
    ) -> Result<Vec<(PartyId, DocumentId)>, Error> {
        let sql = "select s.subject, b.node from slot s join bucket b on b.id = s.bucket
                   where s.kind = 1 and s.subject > $1 order by s.subject limit $2";
        let after = after.map(|id| id.as_bytes().to_vec()).unwrap_or_default();
        let rows = query(sql).bind(after).bind(i64::from(limit)).fetch_all(&self.reads).await?;
        rows.iter()
            .map(|row| {
                let node: Vec<u8> = row.try_get("node")?;
                let owner = PartyId::from_slice(node.get(1..).unwrap_or_default());
                let document = DocumentId::from_slice(row.try_get("subject")?);
                Ok((owner.map_err(|_| NOT_AN_ID)?, document.map_err(|_| NOT_AN_ID)?))
            })
            .collect()
    }

    pub(super) async fn close(&self) {
        self.reads.close().await;
        self.forget_all();
    }
}

const NOT_AN_ID: Error = Error::Contradiction("an id is none");

/// Where the slot of `leaf` lies.
pub(super) async fn find(
    connection: &mut SqliteConnection,
    leaf: &Leaf,
) -> Result<Option<Found>, Error> {
    let sql = "select s.sealed, s.bucket, b.node, b.page from slot s
               join bucket b on b.id = s.bucket where s.kind = $1 and s.subject = $2";
    let row = query(sql)
        .bind(i64::from(leaf.kind))
        .bind(leaf.subject.as_slice())
        .fetch_optional(connection)
        .await?;
    row.map(|row| {
        Ok(Found {
            bucket: row.try_get("bucket")?,
            node: NodeId::from_slice(row.try_get("node")?)?,
            page: row.try_get("page")?,
            sealed: row.try_get("sealed")?,
        })
    })
    .transpose()
}

/// A sealed page of buckets.
pub(super) async fn page(connection: &mut SqliteConnection, number: i64) -> Result<Vec<u8>, Error> {
    let sql = "select sealed from bucket_page where number = $1";
    let row = query(sql).bind(number).fetch_optional(connection).await?;
    let row = row.ok_or(Error::Contradiction("a bucket's page is gone"))?;
    Ok(row.try_get("sealed")?)
}

fn pending(row: &SqliteRow) -> Result<Pending, Error> {
    let version: &[u8] = row.try_get("version")?;
    let version = match version {
        [] => None,
        version => Some(VersionId::from_slice(version).map_err(|_| NOT_AN_ID)?),
    };
    let document = DocumentId::from_slice(row.try_get("document")?).map_err(|_| NOT_AN_ID)?;
    Ok(Pending { document, version })
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
