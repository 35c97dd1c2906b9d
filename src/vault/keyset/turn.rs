//! Erasing and rotating: the path from each bucket touched up to custody is keyed anew, and the old wrapping key
//! destroyed.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use fail::fail_point;
use sqlx::{Row, query};

#[cfg(feature = "failpoints")]
use crate::vault::{keyset::writer::stopped, only::counts};
use crate::vault::{
    keyset::{
        Error, Slot,
        head::CONTEXT,
        op::Op,
        read::{Found, find},
        tree::{BucketPage, Keys, Leaf, NodeId, NodePage},
        writer::Writer,
    },
    secret::Secret,
};

/// Buckets of abandoned deposits that one turn re-keys beside its own.
const STALE: i64 = 1_000;

/// What a turn drops, changes and keys anew.
#[derive(Default)]
struct Rekey {
    ops: Vec<Op>,
    dropped: HashSet<Leaf>,
    changed: HashMap<Leaf, Keys>,
    /// Whole nodes that go.
    gone: HashSet<NodeId>,
    /// Buckets to key anew: node and page.
    buckets: BTreeMap<i64, (NodeId, i64)>,
    cursor: i64,
}

impl Writer {
    pub(super) async fn erase(&mut self, slots: &[Slot]) -> Result<(), Error> {
        self.begin().await?;
        let rekey = match self.gather(slots).await {
            Ok(rekey) => rekey,
            Err(error) => return self.abort(error).await,
        };
        if rekey.buckets.is_empty() && rekey.gone.is_empty() {
            self.roll_back().await;
            return Ok(());
        }
        self.turn(rekey).await
    }

    pub(super) async fn rotate(&mut self, buckets: u32) -> Result<bool, Error> {
        self.begin().await?;
        let mut rekey = Rekey::default();
        let from = self.shared.with_trunk(|trunk| trunk.head.cursor);
        let sql = "select id, node, page from bucket where id > $1 order by id limit $2";
        if let Err(error) = self.buckets(&mut rekey, sql, from, i64::from(buckets)).await {
            return self.abort(error).await;
        }
        let last = rekey.buckets.len() < buckets as usize;
        let reached = rekey.buckets.last_key_value().map_or(from, |(id, _)| *id);
        rekey.cursor = if last { 0 } else { reached };
        self.turn(rekey).await.map(|()| last)
    }

    /// Finds what to erase; what is not there is passed over.
    async fn gather(&mut self, slots: &[Slot]) -> Result<Rekey, Error> {
        let cursor = self.shared.with_trunk(|trunk| trunk.head.cursor);
        let mut rekey = Rekey { cursor, ..Rekey::default() };
        for slot in slots {
            if let Slot::Person(person) = slot {
                let node = NodeId::person(*person);
                if self.shared.with_trunk(|trunk| trunk.nodes.contains_key(&node)) {
                    rekey.gone.insert(node);
                }
                continue;
            }
            let leaf = Leaf::from(slot);
            let Some(found) = find(&mut self.first.connection, &leaf).await? else { continue };
            match slot {
                Slot::Version(document, version) => {
                    let mut keys = match rekey.changed.remove(&leaf) {
                        Some(keys) => keys,
                        None => self.open_slot(&leaf, &found).await?,
                    };
                    let before = keys.files.len();
                    keys.files.retain(|(id, _)| id != version);
                    let held = keys.files.len() < before;
                    rekey.changed.insert(leaf, keys);
                    if !held {
                        continue;
                    }
                    rekey.ops.push(Op::delete_pending(*document, Some(*version)));
                }
                Slot::Address => {
                    rekey.changed.insert(leaf, Keys::random());
                }
                Slot::Document(document) => {
                    rekey.ops.push(Op::delete_all_pending(*document));
                    rekey.dropped.insert(leaf);
                }
                Slot::Month(..) | Slot::Party(_) | Slot::Person(_) => {
                    rekey.dropped.insert(leaf);
                }
            }
            rekey.buckets.insert(found.bucket, (found.node, found.page));
        }
        Ok(rekey)
    }

    /// Does the turn, whose transaction has begun.
    async fn turn(&mut self, mut rekey: Rekey) -> Result<(), Error> {
        let sql = "select id, node, page from bucket where stale = $1 limit $2";
        let top = Secret::random();
        let planned = match self.buckets(&mut rekey, sql, 1, STALE).await {
            Ok(()) => self.rekey(&mut rekey, &top).await,
            Err(error) => Err(error),
        };
        let nodes = match planned {
            Ok(nodes) => nodes,
            Err(error) => return self.abort(error).await,
        };
        let shared = Arc::clone(&self.shared);
        let gate = shared.gate.write().await;
        let committed = self.commit_turn(&mut rekey, &top, nodes).await;
        drop(gate);
        let wrapped = match committed {
            Ok(wrapped) => wrapped,
            Err(error) => return self.abort(error).await,
        };
        self.unsettled = true;
        fail_point!("vault::keyset::end", counts(&self.second_path), |_| Err(stopped(
            &self.second_path
        )));
        self.shared.custody.end(&wrapped).await?;
        self.unsettled = false;
        Ok(())
    }

    /// Puts the new wrapping key beside the old and commits the set under it; the gate is held.
    async fn commit_turn(
        &mut self,
        rekey: &mut Rekey,
        top: &Secret<32>,
        nodes: HashMap<NodeId, Secret<32>>,
    ) -> Result<crate::vault::custody::Wrapped, Error> {
        let ops = std::mem::take(&mut rekey.ops);
        self.first.apply(&ops).await?;
        self.unsettled = true;
        self.shared.custody.begin().await?;
        fail_point!("vault::keyset::turn", counts(&self.second_path), |_| Err(stopped(
            &self.second_path
        )));
        let wrapped = self.shared.custody.wrap(CONTEXT, top).await?;
        let (head, _) = self.next_head(&ops, |head| {
            head.wrapped = wrapped.clone();
            head.cursor = rekey.cursor;
        });
        self.commit(ops, head.clone(), top).await?;
        self.shared.change_trunk(|trunk| {
            trunk.head = head;
            trunk.top = top.clone();
            trunk.nodes.retain(|node, _| !rekey.gone.contains(node));
            trunk.nodes.extend(nodes);
        });
        self.shared.forget_all();
        Ok(wrapped)
    }

    /// Plans new keys for buckets, nodes and pages up to `top`; gives the nodes' new keys.
    async fn rekey(
        &mut self,
        rekey: &mut Rekey,
        top: &Secret<32>,
    ) -> Result<HashMap<NodeId, Secret<32>>, Error> {
        let mut fresh: HashMap<NodeId, HashMap<i64, Secret<32>>> = HashMap::new();
        for (bucket, (node, page)) in rekey.buckets.clone() {
            if !rekey.gone.contains(&node) {
                let key = self.rekey_bucket(rekey, bucket, node, page).await?;
                fresh.entry(node).or_default().insert(bucket, key);
            }
        }
        let mut nodes = HashMap::new();
        for (node, buckets) in fresh {
            let key = Secret::random();
            self.rekey_pages(rekey, node, &buckets, &key).await?;
            nodes.insert(node, key);
        }
        for node in &rekey.gone {
            rekey.ops.extend(Op::delete_node(*node));
        }
        self.rekey_nodes(rekey, &nodes, top).await?;
        Ok(nodes)
    }

    /// Seals what remains in a bucket under a new key.
    async fn rekey_bucket(
        &mut self,
        rekey: &mut Rekey,
        bucket: i64,
        node: NodeId,
        page: i64,
    ) -> Result<Secret<32>, Error> {
        let old = self.open_bucket(bucket, node, page).await?;
        let new = Secret::random();
        let sql = "select kind, subject, sealed from slot where bucket = $1";
        let rows = query(sql).bind(bucket).fetch_all(&mut self.first.connection).await?;
        let mut dropped = 0;
        for row in rows {
            let kind = row.try_get::<i64, _>("kind")?;
            let kind = u8::try_from(kind).map_err(|_| Error::Contradiction("a slot's kind"))?;
            let leaf = Leaf { kind, subject: row.try_get("subject")? };
            if rekey.dropped.contains(&leaf) {
                rekey.ops.push(Op::delete_slot(&leaf));
                dropped += 1;
                continue;
            }
            let keys = match rekey.changed.remove(&leaf) {
                Some(keys) => keys,
                None => Keys::open(&old, node, &leaf, row.try_get("sealed")?)?,
            };
            rekey.ops.push(Op::update_slot(&leaf, keys.seal(&new, node, &leaf)));
        }
        if dropped > 0 {
            rekey.ops.push(Op::fill_bucket(bucket, -dropped));
        }
        rekey.ops.push(Op::mark_bucket(bucket, false));
        Ok(new)
    }

    /// Seals a node's pages under its new key, with the new keys of `buckets`.
    async fn rekey_pages(
        &mut self,
        rekey: &mut Rekey,
        node: NodeId,
        buckets: &HashMap<i64, Secret<32>>,
        new: &Secret<32>,
    ) -> Result<(), Error> {
        let old = self.open_node(node)?;
        let sql = "select number, sealed from bucket_page where node = $1";
        let rows = query(sql).bind(node.0.as_slice());
        for row in rows.fetch_all(&mut self.first.connection).await? {
            let number = row.try_get("number")?;
            let mut page = BucketPage::open(&old, node, number, row.try_get("sealed")?)?;
            for (id, key) in &mut page.0 {
                if let Some(new) = buckets.get(&i64::from_be_bytes(*id)) {
                    *key = new.clone();
                }
            }
            let sealed = page.seal(new, node, number);
            rekey.ops.push(Op::put_bucket_page(number, node, page.0.len(), sealed));
        }
        Ok(())
    }

    /// Seals all pages of nodes under the new top key, with the new keys of `nodes`.
    async fn rekey_nodes(
        &mut self,
        rekey: &mut Rekey,
        nodes: &HashMap<NodeId, Secret<32>>,
        new: &Secret<32>,
    ) -> Result<(), Error> {
        let old = self.shared.with_trunk(|trunk| trunk.top.clone());
        let rows = query("select number, sealed from node_page");
        for row in rows.fetch_all(&mut self.first.connection).await? {
            let number = row.try_get("number")?;
            let sealed = row.try_get("sealed")?;
            let mut page = NodePage::open(&old, NodeId::MISSION, number, sealed)?;
            page.0.retain(|(id, _)| !rekey.gone.contains(&NodeId(*id)));
            for (id, key) in &mut page.0 {
                if let Some(new) = nodes.get(&NodeId(*id)) {
                    *key = new.clone();
                }
            }
            let sealed = page.seal(new, NodeId::MISSION, number);
            rekey.ops.push(Op::put_node_page(number, page.0.len(), sealed));
        }
        Ok(())
    }

    /// Adds the buckets that `sql` finds to those to key anew.
    async fn buckets(
        &mut self,
        rekey: &mut Rekey,
        sql: &'static str,
        from: i64,
        limit: i64,
    ) -> Result<(), Error> {
        let rows = query(sql).bind(from).bind(limit);
        for row in rows.fetch_all(&mut self.first.connection).await? {
            let node = NodeId::from_slice(row.try_get("node")?)?;
            rekey.buckets.insert(row.try_get("id")?, (node, row.try_get("page")?));
        }
        Ok(())
    }

    async fn open_slot(&mut self, leaf: &Leaf, found: &Found) -> Result<Keys, Error> {
        let bucket = self.open_bucket(found.bucket, found.node, found.page).await?;
        Keys::open(&bucket, found.node, leaf, &found.sealed)
    }

    async fn open_bucket(
        &mut self,
        bucket: i64,
        node: NodeId,
        page: i64,
    ) -> Result<Secret<32>, Error> {
        let key = self.open_node(node)?;
        let found = Found { bucket, node, page, sealed: Vec::new() };
        self.shared.bucket_key(&mut self.first.connection, &key, &found).await
    }

    fn open_node(&self, node: NodeId) -> Result<Secret<32>, Error> {
        let key = self.shared.with_trunk(|trunk| trunk.nodes.get(&node).cloned());
        key.ok_or(Error::Contradiction("a bucket lies under no node"))
    }
}
