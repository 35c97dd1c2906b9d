//! Copies are moved from one location to another without being unsealed: written anew, read back, entered, then the old
//! one erased and asked for.
//!
//! Which moves are under way stands in the mission's revision, so a start goes on where a stop was; what is left of one
//! is what still rests at its old location.

mod one;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::{Map, json};
use sqlx::Row as _;

use crate::{
    audit::{Administer, Draft},
    database,
    documents::{Documents, Error, unwrapped},
    id::{DocumentId, EntryId, VersionId},
    mission::{MoveEntry, MoveScope},
    policy::Permit,
};

use one::Step;

/// Versions that are looked up at once.
const ROWS: i64 = 64;

/// How far moves are, by the entry that began each. Counted since the start of the service.
#[derive(Debug, Default)]
pub(super) struct Moves {
    counts: Mutex<BTreeMap<EntryId, Counts>>,
    /// Owned by the one round at a time: two would list the same copy.
    round: tokio::sync::Mutex<()>,
}

/// What was done of a move since the service started.
#[derive(Clone, Debug, Default)]
struct Counts {
    copies: u64,
    bytes: u64,
    refused: BTreeSet<VersionId>,
    waits_for: Option<String>,
}

/// How far a move is.
#[derive(Clone, Debug)]
pub struct Moving {
    /// The move.
    pub order: MoveEntry,
    /// Copies that were moved since the service started.
    pub copies: u64,
    /// Sealed bytes of these.
    pub bytes: u64,
    /// Copies that still rest at the old location, those that are refused among them.
    pub left: u64,
    /// Copies that may not rest at the new location: they stay.
    pub refused: u64,
    /// Why it does not go on just now.
    pub waits_for: Option<String>,
}

impl Moves {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<EntryId, Counts>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, order: &MoveEntry, note: impl FnOnce(&mut Counts)) {
        note(self.lock().entry(order.entry).or_default());
    }

    fn of(&self, order: &MoveEntry) -> Counts {
        self.lock().get(&order.entry).cloned().unwrap_or_default()
    }
}

impl Documents {
    /// Whether a move from one place to another can be begun.
    ///
    /// # Errors
    ///
    /// [`Error::Unusable`] if either is no configured location, or they are one.
    pub fn can_move(&self, from: &str, to: &str) -> Result<(), Error> {
        if self.location(from).is_none() || self.location(to).is_none() {
            return Err(Error::Unusable("there is no such location: greffe locations lists them"));
        }
        if from == to {
            return Err(Error::Unusable("it is to be moved to where it is"));
        }
        Ok(())
    }

    /// How far every unfinished move is.
    ///
    /// # Errors
    ///
    /// A failure of the database.
    pub async fn moving(&self, _permit: &Permit<Administer>) -> Result<Vec<Moving>, Error> {
        let mut moving = Vec::new();
        for order in &self.mission().await?.moves {
            let Counts { copies, bytes, refused, waits_for } = self.inner.moves.of(order);
            let (left, refused, order) =
                (self.left(order).await?, refused.len() as u64, order.clone());
            moving.push(Moving { order, copies, bytes, left, refused, waits_for });
        }
        Ok(moving)
    }

    /// One round over every unfinished move: each goes on until it is finished or a place does not answer. Says whether
    /// one is to be tried again.
    ///
    /// # Errors
    ///
    /// If it cannot be told which moves there are.
    pub async fn go_on_moving(&self) -> Result<bool, Error> {
        let _round = self.inner.moves.round.lock().await;
        let mut waits = false;
        for order in &self.mission().await?.moves {
            if let Err(error) = self.move_all(order).await {
                let (from, to) = (&order.from, &order.to);
                tracing::warn!(from, to, %error, "a move goes on later");
                let says = crate::causes::causes(&error);
                self.inner.moves.note(order, |counts| counts.waits_for = Some(says));
                waits = true;
            }
        }
        Ok(waits)
    }

    async fn move_all(&self, order: &MoveEntry) -> Result<(), Error> {
        let mut after = Vec::new();
        loop {
            let rows = self.to_move(order, &after).await?;
            let Some((last, _)) = rows.last() else { break };
            after.clone_from(last);
            for (version, document) in rows {
                let Ok(version) = VersionId::from_slice(&version) else { continue };
                let Ok(document) = DocumentId::from_slice(&document) else { continue };
                match self.move_one(order, document, version).await? {
                    Step::Moved(bytes) => self.inner.moves.note(order, |counts| {
                        counts.copies += 1;
                        counts.bytes += bytes;
                        counts.waits_for = None;
                    }),
                    Step::Refused => self.inner.moves.note(order, |counts| {
                        counts.refused.insert(version);
                    }),
                    Step::Nothing => {}
                    Step::Stopped => {
                        self.inner.moves.lock().remove(&order.entry);
                        return Ok(());
                    }
                }
            }
        }
        self.end_move(order).await
    }

    async fn end_move(&self, order: &MoveEntry) -> Result<(), Error> {
        let Counts { copies, bytes, refused, .. } = self.inner.moves.of(order);
        let draft = Draft::system(Map::from_iter([
            ("system".to_owned(), json!("move ended")),
            ("move".to_owned(), json!(order.entry)),
            ("copies".to_owned(), json!(copies)),
            ("bytes".to_owned(), json!(bytes)),
            ("refused".to_owned(), json!(refused)),
        ]));
        let (registry, named) = (self.inner.registry.clone(), order.entry);
        let ended = self.inner.writer.system(draft, move |change| {
            let registry = registry.clone();
            Box::pin(async move { registry.end_move(change, named).await })
        });
        ended.await.map_err(unwrapped)?;
        self.inner.moves.lock().remove(&order.entry);
        Ok(())
    }

    /// Versions with a copy at the old location, each with its document, after that of the last round.
    async fn to_move(
        &self,
        order: &MoveEntry,
        after: &[u8],
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, Error> {
        let sql = format!(
            "select copy.version, version.document {} and copy.version > $3 \
             order by copy.version limit $4",
            within(order)
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(order.from.clone())
            .bind(of(order))
            .bind(after.to_vec())
            .bind(ROWS)
            .fetch_all(self.inner.registry.database().pool())
            .await;
        let pair = |row: &sqlx::any::AnyRow| Ok((row.try_get(0)?, row.try_get(1)?));
        let rows: Result<_, sqlx::Error> = rows.and_then(|rows| rows.iter().map(pair).collect());
        Ok(rows.map_err(database::Error::from)?)
    }

    async fn left(&self, order: &MoveEntry) -> Result<u64, Error> {
        let sql = format!("select count(*) {}", within(order));
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(order.from.clone())
            .bind(of(order))
            .fetch_one(self.inner.registry.database().pool())
            .await;
        let left = row.and_then(|row| row.try_get::<i64, _>(0)).map_err(database::Error::from)?;
        Ok(left.unsigned_abs())
    }
}

/// The rows that a move is over: `$1` is its old location, `$2` whose.
fn within(order: &MoveEntry) -> &'static str {
    match order.scope {
        MoveScope::Everything => {
            "from copy join version on version.id = copy.version \
             where copy.location = $1 and length($2) = 0"
        }
        MoveScope::Party(_) => {
            "from copy join version on version.id = copy.version \
             join document on document.id = version.document \
             where copy.location = $1 and document.owner = $2"
        }
        MoveScope::Document(_) => {
            "from copy join version on version.id = copy.version \
             where copy.location = $1 and version.document = $2"
        }
    }
}

fn of(order: &MoveEntry) -> Vec<u8> {
    match order.scope {
        MoveScope::Everything => Vec::new(),
        MoveScope::Party(party) => party.as_bytes().to_vec(),
        MoveScope::Document(document) => document.as_bytes().to_vec(),
    }
}
