//! The statements that change a key set: built once, applied alike in both places.

use ring::digest::Context;
use sqlx::{SqliteConnection, query};

use crate::{
    id::{DocumentId, VersionId},
    vault::keyset::{
        Error,
        tree::{Leaf, NodeId},
    },
};

/// One statement and what it is applied to.
pub(super) struct Op {
    sql: &'static str,
    arguments: Vec<Argument>,
    /// Whether exactly one row must change: what is sealed anew must still stand.
    one: bool,
}

enum Argument {
    Number(i64),
    Bytes(Vec<u8>),
}

impl From<i64> for Argument {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<&[u8]> for Argument {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<Vec<u8>> for Argument {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl Op {
    fn one<const N: usize>(sql: &'static str, arguments: [Argument; N]) -> Self {
        Self { sql, arguments: arguments.into(), one: true }
    }

    fn any<const N: usize>(sql: &'static str, arguments: [Argument; N]) -> Self {
        Self { sql, arguments: arguments.into(), one: false }
    }

    pub(super) fn put_node_page(number: i64, used: usize, sealed: Vec<u8>) -> Self {
        Self::one(
            "insert into node_page (number, used, sealed) values ($1, $2, $3)
             on conflict (number) do update set used = excluded.used, sealed = excluded.sealed",
            [number.into(), count(used), sealed.into()],
        )
    }

    pub(super) fn put_bucket_page(number: i64, node: NodeId, used: usize, sealed: Vec<u8>) -> Self {
        Self::one(
            "insert into bucket_page (number, node, used, sealed) values ($1, $2, $3, $4)
             on conflict (number) do update set used = excluded.used, sealed = excluded.sealed",
            [number.into(), node.0.as_slice().into(), count(used), sealed.into()],
        )
    }

    pub(super) fn insert_bucket(id: i64, node: NodeId, page: i64) -> Self {
        Self::one(
            "insert into bucket (id, node, page, used, stale) values ($1, $2, $3, 0, 0)",
            [id.into(), node.0.as_slice().into(), page.into()],
        )
    }

    /// Adds `by` slots (or takes them away) to what a bucket says that it holds.
    pub(super) fn fill_bucket(id: i64, by: i64) -> Self {
        Self::one("update bucket set used = used + $2 where id = $1", [id.into(), by.into()])
    }

    /// Says that the bucket is to be sealed anew by the next turn, or no more.
    pub(super) fn mark_bucket(id: i64, stale: bool) -> Self {
        let sql = "update bucket set stale = $2 where id = $1";
        Self::one(sql, [id.into(), i64::from(stale).into()])
    }

    pub(super) fn insert_slot(leaf: &Leaf, bucket: i64, sealed: Vec<u8>) -> Self {
        Self::one(
            "insert into slot (kind, subject, bucket, sealed) values ($1, $2, $3, $4)",
            [
                i64::from(leaf.kind).into(),
                leaf.subject.as_slice().into(),
                bucket.into(),
                sealed.into(),
            ],
        )
    }

    pub(super) fn update_slot(leaf: &Leaf, sealed: Vec<u8>) -> Self {
        Self::one(
            "update slot set sealed = $3 where kind = $1 and subject = $2",
            [i64::from(leaf.kind).into(), leaf.subject.as_slice().into(), sealed.into()],
        )
    }

    pub(super) fn delete_slot(leaf: &Leaf) -> Self {
        Self::one(
            "delete from slot where kind = $1 and subject = $2",
            [i64::from(leaf.kind).into(), leaf.subject.as_slice().into()],
        )
    }

    /// Removes all that lies under a node, but the node's own entry on its page.
    pub(super) fn delete_node(node: NodeId) -> [Self; 3] {
        let node = || node.0.as_slice().into();
        [
            Self::any(
                "delete from slot where bucket in (select id from bucket where node = $1)",
                [node()],
            ),
            Self::any("delete from bucket where node = $1", [node()]),
            Self::any("delete from bucket_page where node = $1", [node()]),
        ]
    }

    pub(super) fn insert_pending(document: DocumentId, version: Option<VersionId>) -> Self {
        Self::one(
            "insert into pending (document, version) values ($1, $2)",
            [document.as_bytes().into(), optional(version)],
        )
    }

    pub(super) fn delete_pending(document: DocumentId, version: Option<VersionId>) -> Self {
        Self::any(
            "delete from pending where document = $1 and version = $2",
            [document.as_bytes().into(), optional(version)],
        )
    }

    pub(super) fn delete_all_pending(document: DocumentId) -> Self {
        Self::any("delete from pending where document = $1", [document.as_bytes().into()])
    }

    pub(super) fn set_head(head: &crate::vault::keyset::head::Head, mac: &[u8; 32]) -> Self {
        Self::one(
            "insert into head (one, format, generation, wrapped, chain, cursor, mac)
             values (0, 1, $1, $2, $3, $4, $5)
             on conflict (one) do update set generation = excluded.generation,
                 wrapped = excluded.wrapped, chain = excluded.chain, cursor = excluded.cursor,
                 mac = excluded.mac",
            [
                head.generation.into(),
                head.wrapped.0.as_slice().into(),
                head.chain.as_slice().into(),
                head.cursor.into(),
                mac.as_slice().into(),
            ],
        )
    }

    /// Applies the statement within the connection's open transaction.
    pub(super) async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), Error> {
        let mut statement = query(self.sql);
        for argument in &self.arguments {
            statement = match argument {
                Argument::Number(number) => statement.bind(*number),
                Argument::Bytes(bytes) => statement.bind(bytes.as_slice()),
            };
        }
        let changed = statement.execute(connection).await?.rows_affected();
        if self.one && changed != 1 {
            return Err(Error::Contradiction("a row of the key set is not where it stood"));
        }
        Ok(())
    }

    /// Adds the statement to a digest of all that was applied.
    pub(super) fn feed(&self, chain: &mut Context) {
        chain.update(self.sql.as_bytes());
        for argument in &self.arguments {
            match argument {
                Argument::Number(number) => chain.update(&number.to_be_bytes()),
                Argument::Bytes(bytes) => {
                    chain.update(&(bytes.len() as u64).to_be_bytes());
                    chain.update(bytes);
                }
            }
        }
    }
}

fn count(used: usize) -> Argument {
    Argument::Number(i64::try_from(used).expect("a page holds at most 256"))
}

/// Absent is empty: the column is part of a primary key.
fn optional(version: Option<VersionId>) -> Argument {
    Argument::Bytes(version.map(|id| id.as_bytes().to_vec()).unwrap_or_default())
}
