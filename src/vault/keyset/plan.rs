//! Additions: which statements make a party, a person, a document, a version or a month.

use sqlx::{Row, SqliteConnection, query};

use crate::{
    id::{DocumentId, PartyId, PersonId, VersionId},
    vault::{
        keyset::{
            Error, Pending, Slot,
            op::Op,
            read::{Found, find, page},
            tree::{BucketPage, FULL, Keys, Leaf, NodeId, NodePage},
            writer::{Change, Writer},
        },
        secret::{FileKey, Secret},
    },
};

/// What a transaction will have done once it is committed.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) ops: Vec<Op>,
    /// How many of them the first place has applied.
    applied: usize,
    /// Nodes that are not in memory yet.
    pub(super) nodes: Vec<(NodeId, Secret<32>)>,
    /// Leaves whose remembered keys are no longer all.
    pub(super) changed: Vec<Leaf>,
}

impl Writer {
    /// Plans one addition and applies it in the first place. The inner error refuses this one only.
    pub(super) async fn plan(
        &mut self,
        draft: &mut Draft,
        change: &Change,
    ) -> Result<Result<(), Error>, Error> {
        let (ops, nodes) = (draft.ops.len(), draft.nodes.len());
        let planned = match change {
            Change::Party(id) => self.node(draft, NodeId::party(*id), &Slot::Party(*id)).await,
            Change::Person(id) => self.node(draft, NodeId::person(*id), &Slot::Person(*id)).await,
            Change::Document(owner, document) => {
                self.document(draft, NodeId::party(*owner), *owner, *document).await
            }
            Change::Version(document, version, key) => {
                self.version(draft, *document, *version, key).await
            }
            Change::Confirm(pending) => {
                let delete = |one: &Pending| Op::delete_pending(one.document, one.version);
                draft.ops.extend(pending.iter().map(delete));
                Ok(())
            }
            Change::Abandon(document, version) => self.abandon(draft, *document, *version).await,
            Change::Months(people, month) => self.months(draft, people, month).await,
            Change::Erase(_) | Change::Rotate(_) | Change::Close => Ok(()),
        };
        match planned {
            Ok(()) => self.apply(draft).await.map(Ok),
            Err(refused @ (Error::Missing(_) | Error::Occupied(_))) => {
                draft.ops.truncate(ops);
                draft.nodes.truncate(nodes);
                Ok(Err(refused))
            }
            Err(error) => Err(error),
        }
    }

    /// Applies what was planned in the first place, so that what is planned next sees it.
    pub(super) async fn apply(&mut self, draft: &mut Draft) -> Result<(), Error> {
        self.first.apply(&draft.ops[draft.applied..]).await?;
        draft.applied = draft.ops.len();
        Ok(())
    }

    /// A node and its own slot; nothing if it is there.
    pub(super) async fn node(
        &mut self,
        draft: &mut Draft,
        node: NodeId,
        slot: &Slot,
    ) -> Result<(), Error> {
        if self.node_key(draft, node).is_some() {
            return Ok(());
        }
        let top = self.shared.with_trunk(|trunk| trunk.top.clone());
        let sql = "select number, sealed from node_page where used < 256 order by number limit 1";
        let connection = &mut self.first.connection;
        let (number, mut page) = match query(sql).fetch_optional(&mut *connection).await? {
            Some(row) => {
                let number = row.try_get("number")?;
                let sealed: Vec<u8> = row.try_get("sealed")?;
                (number, NodePage::open(&top, NodeId::MISSION, number, &sealed)?)
            }
            None => (next(connection, "node_page").await?, NodePage::default()),
        };
        let key = Secret::random();
        page.0.push((node.0, key.clone()));
        let sealed = page.seal(&top, NodeId::MISSION, number);
        draft.ops.push(Op::put_node_page(number, page.0.len(), sealed));
        draft.nodes.push((node, key));
        self.slot(draft, node, &Leaf::from(slot), &Keys::random()).await
    }

    async fn document(
        &mut self,
        draft: &mut Draft,
        node: NodeId,
        owner: PartyId,
        document: DocumentId,
    ) -> Result<(), Error> {
        if self.node_key(draft, node).is_none() {
            return Err(Error::Missing(Slot::Party(owner)));
        }
        let slot = Slot::Document(document);
        let leaf = Leaf::from(&slot);
        if find(&mut self.first.connection, &leaf).await?.is_some() {
            return Err(Error::Occupied(slot));
        }
        draft.ops.push(Op::insert_pending(document, None));
        self.slot(draft, node, &leaf, &Keys::random()).await
    }

    async fn version(
        &mut self,
        draft: &mut Draft,
        document: DocumentId,
        version: VersionId,
        key: &FileKey,
    ) -> Result<(), Error> {
        let (leaf, found, mut keys) = self.open_document(draft, document).await?;
        if keys.file(version).is_some() {
            return Err(Error::Occupied(Slot::Version(document, version)));
        }
        keys.files.push((version, key.clone()));
        self.reseal(draft, &leaf, &found, &keys).await?;
        draft.ops.push(Op::insert_pending(document, Some(version)));
        Ok(())
    }

    async fn abandon(
        &mut self,
        draft: &mut Draft,
        document: DocumentId,
        version: VersionId,
    ) -> Result<(), Error> {
        let (leaf, found, mut keys) = match self.open_document(draft, document).await {
            Err(Error::Missing(_)) => return Ok(()),
            opened => opened?,
        };
        if keys.file(version).is_none() {
            return Ok(());
        }
        keys.files.retain(|(id, _)| *id != version);
        self.reseal(draft, &leaf, &found, &keys).await?;
        draft.ops.push(Op::mark_bucket(found.bucket, true));
        draft.ops.push(Op::delete_pending(document, Some(version)));
        Ok(())
    }

    async fn months(
        &mut self,
        draft: &mut Draft,
        people: &[PersonId],
        month: &str,
    ) -> Result<(), Error> {
        for person in people {
            if self.node_key(draft, NodeId::person(*person)).is_none() {
                return Err(Error::Missing(Slot::Person(*person)));
            }
        }
        for person in people {
            let node = NodeId::person(*person);
            let leaf = Leaf::from(&Slot::Month(*person, month.to_owned()));
            if find(&mut self.first.connection, &leaf).await?.is_none() {
                self.slot(draft, node, &leaf, &Keys::random()).await?;
                self.apply(draft).await?;
            }
        }
        Ok(())
    }

    async fn open_document(
        &mut self,
        draft: &Draft,
        document: DocumentId,
    ) -> Result<(Leaf, Found, Keys), Error> {
        let slot = Slot::Document(document);
        let leaf = Leaf::from(&slot);
        let found = find(&mut self.first.connection, &leaf).await?;
        let found = found.ok_or(Error::Missing(slot))?;
        let bucket = self.bucket_key(draft, &found).await?;
        let keys = Keys::open(&bucket, found.node, &leaf, &found.sealed)?;
        Ok((leaf, found, keys))
    }

    async fn reseal(
        &mut self,
        draft: &mut Draft,
        leaf: &Leaf,
        found: &Found,
        keys: &Keys,
    ) -> Result<(), Error> {
        let bucket = self.bucket_key(draft, found).await?;
        draft.ops.push(Op::update_slot(leaf, keys.seal(&bucket, found.node, leaf)));
        draft.changed.push(leaf.clone());
        Ok(())
    }

    async fn bucket_key(&mut self, draft: &Draft, found: &Found) -> Result<Secret<32>, Error> {
        let node = self.node_key(draft, found.node);
        let node = node.ok_or(Error::Contradiction("a bucket lies under no node"))?;
        self.shared.bucket_key(&mut self.first.connection, &node, found).await
    }

    fn node_key(&self, draft: &Draft, node: NodeId) -> Option<Secret<32>> {
        let drafted = draft.nodes.iter().find(|(id, _)| *id == node).map(|(_, key)| key.clone());
        drafted.or_else(|| self.shared.with_trunk(|trunk| trunk.nodes.get(&node).cloned()))
    }

    /// A slot in a bucket that has room, or in a new one.
    async fn slot(
        &mut self,
        draft: &mut Draft,
        node: NodeId,
        leaf: &Leaf,
        keys: &Keys,
    ) -> Result<(), Error> {
        let sql = "select id, page from bucket where node = $1 and used < 256 limit 1";
        let row =
            query(sql).bind(node.0.as_slice()).fetch_optional(&mut self.first.connection).await?;
        let (bucket, key) = match row {
            Some(row) => {
                let (bucket, page) = (row.try_get("id")?, row.try_get("page")?);
                let found = Found { bucket, node, page, sealed: Vec::new() };
                (bucket, self.bucket_key(draft, &found).await?)
            }
            None => self.bucket(draft, node).await?,
        };
        draft.ops.push(Op::insert_slot(leaf, bucket, keys.seal(&key, node, leaf)));
        draft.ops.push(Op::fill_bucket(bucket, 1));
        Ok(())
    }

    /// A new bucket on a page that has room, or on a new one.
    async fn bucket(
        &mut self,
        draft: &mut Draft,
        node: NodeId,
    ) -> Result<(i64, Secret<32>), Error> {
        let node_key = self.node_key(draft, node);
        let node_key = node_key.ok_or(Error::Contradiction("a bucket lies under no node"))?;
        let connection = &mut self.first.connection;
        let sql = "select number from bucket_page where node = $1 and used < 256 limit 1";
        let row = query(sql).bind(node.0.as_slice()).fetch_optional(&mut *connection).await?;
        let (number, mut entries) = match row {
            Some(row) => {
                let number = row.try_get("number")?;
                let sealed = page(connection, number).await?;
                (number, BucketPage::open(&node_key, node, number, &sealed)?)
            }
            None => (next(connection, "bucket_page").await?, BucketPage::default()),
        };
        let id = next(connection, "bucket").await?;
        let key = Secret::random();
        entries.0.push((id.to_be_bytes(), key.clone()));
        debug_assert!(entries.0.len() <= FULL, "the page had room");
        let sealed = entries.seal(&node_key, node, number);
        draft.ops.push(Op::put_bucket_page(number, node, entries.0.len(), sealed));
        draft.ops.push(Op::insert_bucket(id, node, number));
        Ok((id, key))
    }
}

/// A number that no row of `table` has.
async fn next(connection: &mut SqliteConnection, table: &'static str) -> Result<i64, Error> {
    let sql = match table {
        "bucket" => "select coalesce(max(id), 0) + 1 as next from bucket",
        "bucket_page" => "select coalesce(max(number), 0) + 1 as next from bucket_page",
        _ => "select coalesce(max(number), 0) + 1 as next from node_page",
    };
    Ok(query(sql).fetch_one(connection).await?.try_get("next")?)
}
