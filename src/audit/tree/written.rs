//! The heads of authority that the log says were written, proved by the signed root.

use serde::Deserialize;
use sqlx::Row as _;

use crate::{
    audit::{
        leaf::Leaf,
        merkle::{Frontier, Tree as Size, leaf_hash, peaks},
        opening::Opening,
        signer::Authority,
        tree::{Error, Tree},
        writer::Error as WriteError,
        written::{Fact, Written},
    },
    database,
};

/// Entries read at a time.
const SLICE: u64 = 4_096;
/// How long the signature of what is asked for is waited for.
const SIGNED_WITHIN: std::time::Duration = std::time::Duration::from_secs(30);

#[derive(Deserialize)]
struct Facts {
    #[serde(default)]
    written: Vec<Fact>,
}

impl Tree {
    /// The last root over all heads that was kept with the signer, and the position it was taken
    /// at.
    #[must_use]
    pub fn kept_authority(&self) -> Authority {
        *self.inner.authority.lock().expect("no holder of this lock panics")
    }

    /// The heads that the entries from `start` to `end` say they wrote, in the log's order.
    ///
    /// Every leaf from `start` on is digested up to the signed root, and every entry's facts are
    /// what their leaf commits to: so whoever writes the database can neither hide a change nor
    /// make one up.
    ///
    /// # Errors
    ///
    /// [`Error::Batch`] if an entry is missing, or is not what was signed; [`Error::Write`] if the
    /// tree of `end` entries is not signed within half a minute.
    pub async fn written(&self, start: u64, end: u64) -> Result<Vec<Written>, Error> {
        let signed = self.signed_tree(end).await?;
        let mut peaks_of = Vec::new();
        for node in peaks(start) {
            peaks_of.push(self.node(node, signed.size).await?);
        }
        let mut next = peaks_of.into_iter();
        let frontier = Frontier::of(start, |_| next.next().ok_or(Error::Batch(start)));
        let mut frontier: Frontier = frontier?;
        let mut written = Vec::new();
        for from in (start..signed.size).step_by(usize::try_from(SLICE).expect("it is small")) {
            let to = signed.size.min(from + SLICE);
            let leaves = self.leaves(from, to).await?;
            leaves.iter().for_each(|leaf| frontier.append(leaf_hash(leaf)));
            if from < end {
                let wanted = usize::try_from(end.min(to) - from).expect("a slice is small");
                self.facts(from, &leaves[..wanted], &mut written).await?;
            }
        }
        if frontier.root() == signed.root { Ok(written) } else { Err(Error::Batch(start)) }
    }

    /// The signed tree, once it has `size` entries.
    async fn signed_tree(&self, size: u64) -> Result<Size, Error> {
        let (mut published, mut ended) = (self.watch(), self.inner.writer.ended());
        let grown = published.wait_for(|published| published.tree.size >= size);
        tokio::select! {
            biased;
            grown = tokio::time::timeout(SIGNED_WITHIN, grown) => match grown {
                Ok(Ok(published)) => Ok(published.tree),
                Ok(Err(_)) | Err(_) => Err(WriteError::Unsigned.into()),
            },
            // Whoever waited for a log that has ended would wait in vain.
            _ = ended.wait_for(Option::is_some) => Err(WriteError::Stopped.into()),
        }
    }

    /// What the facts of `leaves`, of which the first stands at `from`, say was written.
    async fn facts(
        &self,
        from: u64,
        leaves: &[Vec<u8>],
        written: &mut Vec<Written>,
    ) -> Result<(), Error> {
        let broken = || Error::Batch(from);
        let first = i64::try_from(from).map_err(|_| broken())?;
        let count = i64::try_from(leaves.len()).map_err(|_| broken())?;
        let sql =
            "select facts from entry where position >= $1 and position < $2 order by position";
        let rows = sqlx::query(sql)
            .bind(first)
            .bind(first + count)
            .fetch_all(self.inner.writer.database().pool())
            .await
            .map_err(database::Error::from)?;
        if rows.len() != leaves.len() {
            return Err(broken());
        }
        for (leaf, row) in leaves.iter().zip(rows) {
            let leaf = Leaf::parse(leaf).map_err(|_| broken())?;
            let disclosure: String = row.try_get(0).map_err(database::Error::from)?;
            let opening = Opening::open(&disclosure, leaf.facts()).map_err(|_| broken())?;
            let facts: Facts = opening.value().map_err(|_| broken())?;
            for fact in facts.written {
                written.push(Written::read(fact).ok_or_else(broken)?);
            }
        }
        Ok(())
    }
}
