//! Looking at a key set without changing it, and making a lost place anew from the other.

use std::{io, path::Path, sync::Arc};

use sqlx::{Row, query};

use crate::{
    id::{DocumentId, PartyId, PersonId},
    vault::{
        custody::Custody,
        keyset::{
            Error, KeySet, Slot,
            head::Head,
            open::trunk,
            place::{Place, Rank, away},
            read::{Shared, find},
            tree::{Keys, Leaf},
        },
    },
};

/// Slots looked at between two questions to the store.
const SLICE: i64 = 1_000;

/// What was found by opening every slot of a key set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Slots that opened.
    pub slots: u64,
    /// Slots that did not: altered, or moved from another place.
    pub broken: Vec<Slot>,
}

pub(super) async fn open_read_only(
    custody: Arc<dyn Custody>,
    path: &Path,
) -> Result<KeySet, Error> {
    if !path.exists() {
        return Err(Error::NoSet(path.to_owned()));
    }
    let reads = Place::reads(path).await?;
    let trunk = trunk(&mut *reads.acquire().await?, &*custody).await?;
    Ok(KeySet { shared: Arc::new(Shared::new(custody, reads, trunk)), jobs: None })
}

pub(super) async fn mend(custody: &dyn Custody, good: &Path, lost: &Path) -> Result<u64, Error> {
    if lost.exists() {
        return Err(Error::Exists(lost.to_owned()));
    }
    if !good.exists() {
        return Err(away(Rank::First, good, io::ErrorKind::NotFound.into()));
    }
    let mut place = Place::open(good, Rank::First).await?;
    let (head, _) = Head::read(&mut place.connection, custody).await?;
    place.copy_to(lost, Rank::Second).await?;
    place.close().await;
    Ok(head.generation.cast_unsigned())
}

impl Shared {
    /// Opens every slot, by the keys that lie above it.
    pub(super) async fn verify(&self) -> Result<Verified, Error> {
        let mut verified = Verified { slots: 0, broken: Vec::new() };
        let mut after = Leaf { kind: 0, subject: Vec::new() };
        let sql = "select kind, subject from slot where (kind, subject) > ($1, $2)
                   order by kind, subject limit $3";
        loop {
            let rows = query(sql)
                .bind(i64::from(after.kind))
                .bind(after.subject.clone())
                .bind(SLICE)
                .fetch_all(&self.reads)
                .await?;
            if rows.is_empty() {
                return Ok(verified);
            }
            for row in rows {
                let kind = row.try_get::<i64, _>("kind")?;
                let kind = u8::try_from(kind).map_err(|_| Error::Contradiction("a slot's kind"))?;
                after = Leaf { kind, subject: row.try_get("subject")? };
                match self.look(&after).await {
                    Ok(()) => verified.slots += 1,
                    Err(Error::Contradiction(_)) => verified.broken.push(named(&after)?),
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// Opens one slot, and remembers nothing. One that is erased meanwhile is not broken.
    async fn look(&self, leaf: &Leaf) -> Result<(), Error> {
        let _gate = self.gate.read().await;
        let mut connection = self.reads.acquire().await?;
        let Some(found) = find(&mut connection, leaf).await? else { return Ok(()) };
        let node = self.with_trunk(|trunk| trunk.nodes.get(&found.node).cloned());
        let node = node.ok_or(Error::Contradiction("a bucket lies under no node"))?;
        let bucket = self.bucket_key(&mut connection, &node, &found).await?;
        Keys::open(&bucket, found.node, leaf, &found.sealed).map(drop)
    }
}

/// The slot that lies at `leaf`.
fn named(leaf: &Leaf) -> Result<Slot, Error> {
    let odd = || Error::Contradiction("a slot of no kind");
    let (id, rest) = leaf.subject.split_at_checked(16).unwrap_or_default();
    match leaf.kind {
        1 => DocumentId::from_slice(id).map(Slot::Document).map_err(|_| odd()),
        2 => PersonId::from_slice(id).map(Slot::Person).map_err(|_| odd()),
        3 => {
            let month = String::from_utf8(rest.to_vec()).map_err(|_| odd())?;
            PersonId::from_slice(id).map(|id| Slot::Month(id, month)).map_err(|_| odd())
        }
        4 => PartyId::from_slice(id).map(Slot::Party).map_err(|_| odd()),
        5 => Ok(Slot::Address),
        _ => Err(odd()),
    }
}
