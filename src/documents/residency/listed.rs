//! Which documents a party had: those of whose creation the log has the entry, in its order.

use serde_json::Value;
use sqlx::{AssertSqlSafe, Row as _};

use crate::{
    audit::{
        Audit,
        entries::Whose,
        opening::Opening,
        tree::{Found, Tree},
    },
    database::{self, Revisions},
    documents::{Documents, Error},
    id::{DocumentId, PartyId},
    mission::{self, DocumentRevision},
    policy::Permit,
    time::Instant,
};

/// Documents on one page.
const PAGE: usize = 50;
/// Entries that one page looks at, at most: those about readings stand between.
const LOOKED_AT: i64 = 20_000;
/// Entries of deposits that are opened at a time.
const SLICE: i64 = 200;

/// Some documents, in the order in which they were created.
#[derive(Clone, Debug, Default)]
pub struct Created {
    /// Each with its owner, as its revision says; at most 50.
    pub documents: Vec<(DocumentId, PartyId)>,
    /// What contradicts.
    pub found: Vec<Found>,
    /// After which entry the next page begins; a page may be empty and have one.
    pub next: Option<i64>,
}

impl Documents {
    /// The documents that were created until `at`, of one party or of everybody; `after` is where the page before ended.
    /// The last page says whether entries are gone, with which documents might be too.
    ///
    /// # Errors
    ///
    /// If the entries cannot be read.
    pub async fn created(
        &self,
        _permit: &Permit<Audit>,
        tree: &Tree,
        (whose, at): (Whose, Instant),
        after: Option<i64>,
    ) -> Result<Created, Error> {
        let mut page = self.page(whose, at, after.unwrap_or(-1)).await?;
        if page.next.is_none() {
            page.found.extend(self.gone(tree).await?);
        }
        Ok(page)
    }

    async fn page(&self, whose: Whose, at: Instant, mut after: i64) -> Result<Created, Error> {
        let mut page = Created::default();
        let Some(last) = self.last_looked_at(whose, after).await? else { return Ok(page) };
        loop {
            let rows = self.deposits(whose, at, (after, last)).await?;
            for (position, facts) in &rows {
                after = *position;
                if facts.is_empty() && !self.facts_run_out() {
                    page.found.push(Found::new("found-entry-altered", after));
                }
                if let Some(document) = created(facts) {
                    self.add(&mut page, whose, document).await?;
                }
                if page.documents.len() == PAGE {
                    page.next = Some(after);
                    return Ok(page);
                }
            }
            if i64::try_from(rows.len()).is_ok_and(|count| count < SLICE) {
                page.next = self.last_looked_at(whose, last).await?.map(|_| last);
                return Ok(page);
            }
        }
    }

    /// How many entries are gone from the database: positions have no gap, and the signed tree is not longer.
    async fn gone(&self, tree: &Tree) -> Result<Option<Found>, Error> {
        let signed = tree.published().tree.size;
        let sql = "select count(*), coalesce(max(position), -1) from entry";
        let row = sqlx::query(sql).fetch_one(self.inner.registry.database().pool()).await;
        let row = row.map_err(database::Error::from)?;
        let read = || Ok((row.try_get::<i64, _>(0)?, row.try_get::<i64, _>(1)?));
        let (count, last) = read().map_err(|error: sqlx::Error| database::Error::from(error))?;
        let expected = signed.max((last + 1).unsigned_abs());
        let gone = expected.saturating_sub(count.unsigned_abs());
        Ok((gone > 0).then(|| Found::new("found-entries-missing", gone)))
    }

    /// Whether the configuration lets what entries state run out.
    pub(super) fn facts_run_out(&self) -> bool {
        self.inner.retention.mission_ended_on.is_some()
    }

    /// Up to which position a page looks; nothing if there is nothing after `after`.
    async fn last_looked_at(&self, whose: Whose, after: i64) -> Result<Option<i64>, Error> {
        let sql = format!(
            "select max(position) from (select position from entry where position > $1{} \
             order by position limit {LOOKED_AT}) looked",
            of(whose, 2)
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(after);
        let query = match whose {
            Whose::Everybody => query,
            Whose::Party(party) => query.bind(party.as_bytes().to_vec()),
        };
        let row = query.fetch_one(self.inner.registry.database().pool()).await;
        let last = row.and_then(|row| row.try_get(0)).map_err(database::Error::from)?;
        Ok(last)
    }

    /// Positions and facts of what changed something about a deposit, within a span of the log.
    async fn deposits(
        &self,
        whose: Whose,
        at: Instant,
        (after, last): (i64, i64),
    ) -> Result<Vec<(i64, String)>, Error> {
        let sql = format!(
            "select position, facts from entry where position > $1 and position <= $2 and at <= $3{} \
             and act = 'deposit' and decision = 'change' order by position limit {SLICE}",
            of(whose, 4)
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(after).bind(last).bind(at.0);
        let query = match whose {
            Whose::Everybody => query,
            Whose::Party(party) => query.bind(party.as_bytes().to_vec()),
        };
        let rows = query.fetch_all(self.inner.registry.database().pool()).await;
        let rows = rows.map_err(database::Error::from)?;
        let read = |row: &sqlx::any::AnyRow| Ok((row.try_get(0)?, row.try_get(1)?));
        let rows: Result<_, sqlx::Error> = rows.iter().map(read).collect();
        Ok(rows.map_err(database::Error::from)?)
    }

    /// Adds a document if its revision says that it is theirs: an entry's row alone makes nobody an owner.
    async fn add(
        &self,
        page: &mut Created,
        whose: Whose,
        document: DocumentId,
    ) -> Result<(), Error> {
        let mut revisions = Revisions::new(self.inner.writer.clock().now());
        let registry = &self.inner.registry;
        match registry.read::<DocumentRevision>(document, &mut revisions).await {
            Ok(revision) if whose == Whose::Everybody || whose == Whose::Party(revision.owner) => {
                page.documents.push((document, revision.owner));
            }
            Ok(_) => {}
            Err(
                mission::Error::Forged(subject)
                | mission::Error::Missing(subject)
                | mission::Error::Unreadable { subject, .. },
            ) => page.found.push(Found::new("found-revision", subject)),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

/// The condition on the owner, whose parameter has this number.
fn of(whose: Whose, parameter: usize) -> String {
    match whose {
        Whose::Everybody => String::new(),
        Whose::Party(_) => format!(" and owner = ${parameter}"),
    }
}

/// The document that an entry says was created.
fn created(facts: &str) -> Option<DocumentId> {
    let facts = Opening::parse(facts).ok()?.value::<Value>().ok()?;
    facts.get("creates")?.as_str()?.parse().ok()
}
