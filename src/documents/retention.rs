//! What has run out: the personal part of entries by the month, their facts once the mission is over.
//!
//! | durable, in this order | after a crash right there |
//! |---|---|
//! | `expiring`, an entry | all of it is repeated |
//! | sealed openings gone from the rows | all of it is repeated |
//! | keys gone, their path re-keyed | done; only the entry that says so is missing |
//! | `expired`, an entry with the key set's generation | done |
//!
//! A document on hold keeps every month in which somebody did something with it, of that person: a key opens a whole month,
//! so what else they did in that month is kept with it.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, json};

use crate::{
    audit::{
        Draft,
        entries::{Index, MOMENT_MICROSECONDS, expiry, person_index},
    },
    config::Retention,
    database::Revisions,
    documents::{Documents, Error},
    id::DocumentId,
    mission::{self, DocumentRevision, Registry},
    time::Instant,
    vault::{self, KeySet, keyset::Slot},
};

/// What has run out, and has not been erased.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// The first month that is kept, e.g. `2026-11`.
    pub before: String,
    /// How many months of people run out.
    pub months: usize,
    /// How many would, but for a hold.
    pub held: usize,
    /// How many entries lose their facts.
    pub facts: u64,
    slots: Vec<Slot>,
    indexes: HashSet<Index>,
    personal_to: i64,
    facts_to: i64,
}

impl Due {
    /// Whether nothing has run out.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.months == 0 && self.facts == 0
    }

    /// What has run out at `now`; changes nothing. Facts are kept from the position `facts_kept` on.
    ///
    /// # Errors
    ///
    /// A failure of database or key set; [`Error::Mission`] if what a document says does not count.
    pub async fn of(
        registry: &Registry,
        keyset: &KeySet,
        retention: &Retention,
        facts_kept: u64,
        now: Instant,
    ) -> Result<Self, Error> {
        let mut due = Self { before: now.months_ago(retention.personal_months), ..Self::default() };
        due.personal(registry, keyset).await?;
        let over = now.years_ago(retention.facts_years);
        if retention.mission_ended_on.is_some_and(|ended| ended <= over.date()) {
            let to = expiry::first_from(registry.database(), over).await?;
            due.facts_to = to.min(i64::try_from(facts_kept).unwrap_or(i64::MAX));
            due.facts = expiry::with_facts(registry.database(), due.facts_to).await?;
        }
        Ok(due)
    }

    async fn personal(&mut self, registry: &Registry, keyset: &KeySet) -> Result<(), Error> {
        let old = keyset.months_before(&self.before).await?;
        if old.is_empty() {
            return Ok(());
        }
        let start = format!("{}-01T00:00:00Z", self.before).parse::<Instant>();
        let start = start.map_err(|_| Error::Unusable("no such month"))?;
        let database = registry.database();
        self.personal_to =
            expiry::first_from(database, Instant(start.0 + MOMENT_MICROSECONDS)).await?;
        let held = held(registry, self.personal_to).await?;
        for slot in old {
            let Slot::Month(person, month) = &slot else { continue };
            let key = match keyset.personal_key(*person, month).await {
                Ok(key) => key,
                Err(vault::keyset::Error::Missing(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            let index = person_index(&key, *person);
            if held.contains(&index) {
                self.held += 1;
            } else {
                self.indexes.insert(index);
                self.slots.push(slot);
            }
        }
        self.months = self.slots.len();
        Ok(())
    }
}

/// The indexes of whoever did something with a document that is on hold.
async fn held(registry: &Registry, to: i64) -> Result<HashSet<Index>, Error> {
    let (mut known, mut held): (HashMap<DocumentId, bool>, _) = (HashMap::new(), HashSet::new());
    for (document, index) in expiry::named_about_documents(registry.database(), to).await? {
        let holds = match known.get(&document) {
            Some(holds) => *holds,
            None => *known.entry(document).or_insert(is_held(registry, document).await?),
        };
        if holds {
            held.insert(index);
        }
    }
    Ok(held)
}

async fn is_held(registry: &Registry, document: DocumentId) -> Result<bool, Error> {
    let mut revisions = Revisions::new(Instant::default());
    match registry.read::<DocumentRevision>(document, &mut revisions).await {
        Ok(revision) => Ok(revision.hold),
        Err(mission::Error::Missing(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

impl Documents {
    /// Erases what has run out, and says what that was. Facts are kept from the position `facts_kept` on.
    ///
    /// # Errors
    ///
    /// Why it could not be finished; the next call does.
    pub async fn expire(&self, facts_kept: u64) -> Result<Due, Error> {
        let inner = &self.inner;
        let now = inner.writer.clock().now();
        let due =
            Due::of(&inner.registry, &inner.keyset, &inner.retention, facts_kept, now).await?;
        if due.is_nothing() {
            return Ok(due);
        }
        self.say("expiring", &due, None).await?;
        expiry::forget_personal(&inner.writer, due.personal_to, &due.indexes).await?;
        if !due.slots.is_empty() {
            inner.keyset.erase(&due.slots).await?;
        }
        expiry::forget_facts(&inner.writer, due.facts_to).await?;
        self.say("expired", &due, Some(inner.keyset.generation())).await?;
        Ok(due)
    }

    async fn say(&self, what: &str, due: &Due, generation: Option<u64>) -> Result<(), Error> {
        let detail = Map::from_iter([
            ("system".to_owned(), json!(what)),
            ("before".to_owned(), json!(due.before)),
            ("months".to_owned(), json!(due.months)),
            ("held".to_owned(), json!(due.held)),
            ("facts".to_owned(), json!(due.facts)),
            ("generation".to_owned(), json!(generation)),
        ]);
        let said = self.inner.writer.system(Draft::system(detail), move |change| {
            Box::pin(async move {
                if let Some(generation) = generation {
                    super::sweep::record_generation(change.sql(), generation).await?;
                }
                Ok(())
            })
        });
        said.await?;
        Ok(())
    }
}
