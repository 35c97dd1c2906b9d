//! An entry held against the signed tree: what its row says counts only as far as its leaf bears it out.

use serde_json::Value;
use sqlx::Row as _;

use crate::{
    audit::{
        leaf::Leaf,
        merkle::{Plan, leaf_hash, verify_inclusion},
        opening::Opening,
        tree::{Error, Published, Tree},
        written::{FACT, Fact, Written},
    },
    database::{self, Head},
    id::EntryId,
    time::Instant,
};

/// An entry, as the log has it.
#[derive(Clone, Debug)]
pub struct Attested {
    /// Which.
    pub entry: EntryId,
    /// Its position in the log.
    pub position: u64,
    /// When. The leaf bears it out to the second; what is finer is the row's word.
    pub at: Instant,
    /// Whether the published checkpoint covers it; if not, it was appended a moment ago.
    pub signed: bool,
    /// What it states; nothing once that has run out.
    facts: Option<Value>,
}

/// Why an entry says nothing.
#[derive(Debug, thiserror::Error)]
pub enum Unattested {
    /// The database has no such entry.
    #[error("the database has no entry {0}")]
    Missing(EntryId),
    /// Its row is not what its leaf commits to, or the leaf does not lead to the signed root.
    #[error("the entry at position {0} is not what was signed")]
    Altered(u64),
    /// The log could not be read.
    #[error("could not hold an entry against the signed tree")]
    Failed(#[from] Error),
}

impl From<database::Error> for Unattested {
    fn from(error: database::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<sqlx::Error> for Unattested {
    fn from(error: sqlx::Error) -> Self {
        database::Error::from(error).into()
    }
}

impl Attested {
    /// What it states; nothing once that has run out.
    #[must_use]
    pub fn facts(&self) -> Option<&Value> {
        self.facts.as_ref()
    }

    /// Whether it states that it wrote `head`; nothing once what it states has run out.
    #[must_use]
    pub fn wrote(&self, head: Head) -> Option<bool> {
        let facts = self.facts.as_ref()?;
        let written = facts.get(FACT).and_then(Value::as_array).into_iter().flatten();
        let mut written = written
            .filter_map(|fact| Written::read(serde_json::from_value::<Fact>(fact.clone()).ok()?));
        Some(written.any(|written| written.head == head))
    }
}

impl Tree {
    /// The entry `entry`, if its row is what its leaf commits to and its leaf leads to the signed root.
    ///
    /// # Errors
    ///
    /// [`Unattested::Missing`] or [`Unattested::Altered`] if somebody was at the database.
    pub async fn attest(&self, entry: EntryId) -> Result<Attested, Unattested> {
        let row = sqlx::query("select position, at, facts from entry where id = $1")
            .bind(entry.as_bytes().to_vec())
            .fetch_optional(self.inner.writer.database().pool())
            .await?;
        let row = row.ok_or(Unattested::Missing(entry))?;
        let position = row.try_get::<i64, _>(0)?.unsigned_abs();
        let (at, disclosure) = (Instant(row.try_get(1)?), row.try_get::<String, _>(2)?);
        let altered = || Unattested::Altered(position);
        let leaves = match self.leaves(position, position + 1).await {
            Err(Error::Batch(_)) => return Err(altered()),
            leaves => leaves?,
        };
        let bytes = leaves.first().ok_or_else(altered)?;
        let leaf = Leaf::parse(bytes).map_err(|_| altered())?;
        if leaf.id() != entry || leaf.at().to_second() != at.to_second() {
            return Err(altered());
        }
        let facts = match disclosure.is_empty() {
            true => None,
            false => {
                let opening = Opening::open(&disclosure, leaf.facts()).map_err(|_| altered())?;
                Some(opening.value::<Value>().map_err(|_| altered())?)
            }
        };
        let signed = self.leads_to_root(position, bytes).await?;
        Ok(Attested { entry, position, at, signed, facts })
    }

    /// Whether the published tree covers the position; then it must have this leaf there.
    async fn leads_to_root(&self, position: u64, leaf: &[u8]) -> Result<bool, Unattested> {
        let Published { tree, .. } = self.published();
        if position >= tree.size {
            return Ok(false);
        }
        let plan = Plan::inclusion(position, tree.size).map_err(Error::from)?;
        let hashes = match self.fill(&plan, tree.size).await {
            Err(Error::Tiles(_) | Error::Merkle(_)) => return Err(Unattested::Altered(position)),
            hashes => hashes?,
        };
        let proven = verify_inclusion(&leaf_hash(leaf), position, tree.size, &hashes, &tree.root);
        proven.map(|()| true).map_err(|_| Unattested::Altered(position))
    }
}
