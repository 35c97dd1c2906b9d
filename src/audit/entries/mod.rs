//! Entries read back: for whom they are shown, opened as far as their keys live.

pub mod expiry;
mod people;
mod row;
mod tags;

use std::sync::Arc;

use serde_json::Value;

use crate::{
    audit::{ActName, Asked, Audit, Warrant, Writer, opening::Opening},
    database::{self, Database},
    id::{DocumentId, EntryId, PartyId, PersonId},
    time::Instant,
    vault::{self, KeySet},
};

pub use people::{Index, MOMENT_MICROSECONDS, person_index};
pub use tags::Tagged;

use people::People;
use row::{COLUMNS, read};

/// Entries on one page.
const PAGE: usize = 100;
/// Most entries that are looked at for one page.
const MOST_LOOKED_AT: usize = 2_000;

/// Why entries cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database did not answer.
    #[error("could not read the entries")]
    Database(#[from] database::Error),
    /// The keys of openings are not to be had.
    #[error("could not read the keys of the entries")]
    Keys(#[from] vault::keyset::Error),
}

/// Reads entries. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Entries {
    database: Database,
    keyset: Arc<KeySet>,
}

/// Whose entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Everybody's: for the mission's auditor.
    Everybody,
    /// What concerns this party, and what its own people did.
    Party(PartyId),
}

/// How it was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decided {
    /// It was done, or begun.
    Permitted,
    /// It was refused.
    Refused,
}

/// Which entries.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Whose.
    pub whose: Whose,
    /// Only about this document.
    pub document: Option<DocumentId>,
    /// Only this act.
    pub act: Option<ActName>,
    /// Only of this person, while that is known.
    pub person: Option<PersonId>,
    /// Only from this instant on.
    pub since: Option<Instant>,
    /// Only before this instant.
    pub until: Option<Instant>,
    /// Only those decided so.
    pub decided: Option<Decided>,
    /// Only before this position.
    pub before: Option<i64>,
}

/// Who acted, from where, with what.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct Personal {
    /// Who.
    pub person: PersonId,
    /// From which address.
    pub address: String,
    /// What the client called itself.
    pub device: String,
}

/// One entry, opened as far as whoever asks may see it and its keys live.
#[derive(Clone, Debug)]
pub struct Told {
    /// Its position in the log.
    pub position: i64,
    /// Its id.
    pub entry: EntryId,
    /// When.
    pub at: Instant,
    /// `change`, `intent`, `outcome`, `refusal` or `system`.
    pub what: String,
    /// Which act.
    pub act: String,
    /// Whom it concerns.
    pub owner: Option<PartyId>,
    /// Which document.
    pub document: Option<DocumentId>,
    /// The capacity of whoever acted.
    pub capacity: Option<PartyId>,
    /// What it states; nothing for a refused party that it does not concern.
    pub facts: Option<Value>,
    /// What the refused may see.
    pub asked: Option<Asked>,
    /// Who acted, while that is known.
    pub personal: Option<Personal>,
    /// Whether somebody acted of whom nothing is known any more: their key has run out or was erased.
    pub personal_expired: bool,
    /// Whether what it states has run out.
    pub facts_expired: bool,
}

/// Some entries, newest first.
#[derive(Clone, Debug)]
pub struct Page {
    /// On this page.
    pub entries: Vec<Told>,
    /// Before which position the next page begins; nothing if this is the last.
    pub next: Option<i64>,
}

/// What a receipt discloses, and to whom it belongs.
#[derive(Clone, Debug)]
pub struct Receivable {
    /// The entry's position.
    pub position: u64,
    /// Whom it concerns.
    pub owner: Option<PartyId>,
    /// Who acted, while that is known.
    pub person: Option<PersonId>,
    /// For whoever acted.
    own: Vec<Opening>,
    /// For whom it concerns, and auditors.
    facts: Vec<Opening>,
}

impl Receivable {
    /// The disclosures for whoever acted: of a refusal only what they asked.
    #[must_use]
    pub fn for_actor(&self) -> &[Opening] {
        &self.own
    }

    /// The disclosures for whom it concerns, and for auditors.
    #[must_use]
    pub fn for_owner(&self) -> &[Opening] {
        &self.facts
    }
}

impl Entries {
    /// The entries that `writer` wrote.
    #[must_use]
    pub fn of(writer: &Writer) -> Self {
        let keyset = Arc::clone(writer.keyring().keyset());
        Self { database: writer.database().clone(), keyset }
    }

    /// A page of entries. It takes a right to audit; `people` are those whose openings are tried.
    ///
    /// # Errors
    ///
    /// [`Error::Database`], [`Error::Keys`].
    pub async fn page<W: Warrant<Act = Audit>>(
        &self,
        _warrant: &W,
        filter: &Filter,
        people: &[PersonId],
    ) -> Result<Page, Error> {
        let mut people = People::new(Arc::clone(&self.keyset), people);
        let (mut entries, mut looked_at) = (Vec::new(), 0);
        let mut before = filter.before.unwrap_or(i64::MAX);
        loop {
            let rows = self.rows(filter, before).await?;
            let last = rows.len() < PAGE;
            for row in &rows {
                let told = self.told(filter.whose, row, &mut people).await?;
                before = told.position;
                let is_person =
                    |wanted| told.personal.as_ref().map(|told| told.person) == Some(wanted);
                if filter.person.is_none_or(is_person) {
                    entries.push(told);
                }
                if entries.len() == PAGE {
                    return Ok(Page { entries, next: Some(before) });
                }
            }
            looked_at += rows.len();
            if last {
                return Ok(Page { entries, next: None });
            }
            if looked_at >= MOST_LOOKED_AT {
                return Ok(Page { entries, next: Some(before) });
            }
        }
    }

    /// What a receipt of `entry` would disclose, if there is such an entry.
    ///
    /// # Errors
    ///
    /// [`Error::Database`], [`Error::Keys`].
    pub async fn receivable(
        &self,
        entry: EntryId,
        people: &[PersonId],
    ) -> Result<Option<Receivable>, Error> {
        let sql = format!("select {COLUMNS} from entry where id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(entry.as_bytes().to_vec())
            .fetch_optional(self.database.pool())
            .await
            .map_err(database::Error::from)?;
        let Some(row) = row else { return Ok(None) };
        let row = read(&row)?;
        let mut people = People::new(Arc::clone(&self.keyset), people);
        let known = people.open(&row).await?;
        let facts = Opening::parse(&row.facts).ok();
        let personal = known.as_ref().and_then(|known| known.personal.clone());
        let texts = self.texts(&row).await?;
        let own = match row.what.as_str() {
            "refusal" => known.as_ref().and_then(|known| known.asked.clone()).into_iter().collect(),
            _ => facts.iter().cloned().chain(texts).collect::<Vec<_>>(),
        };
        Ok(Some(Receivable {
            position: row.position.unsigned_abs(),
            owner: row.owner,
            person: known.map(|known| known.person),
            own: own.into_iter().chain(personal.clone()).collect(),
            facts: facts.into_iter().chain(personal).collect(),
        }))
    }

    async fn rows(&self, filter: &Filter, before: i64) -> Result<Vec<row::Row>, Error> {
        let mut sql =
            format!("select {COLUMNS} from entry where position < $1 and at >= $2 and at < $3");
        let mut bytes = Vec::new();
        if let Whose::Party(party) = filter.whose {
            sql.push_str(" and (owner = $4 or capacity = $4)");
            bytes.push(party.as_bytes().to_vec());
        }
        if let Some(document) = filter.document {
            sql.push_str(&format!(" and document = ${}", 4 + bytes.len()));
            bytes.push(document.as_bytes().to_vec());
        }
        if let Some(act) = filter.act {
            // A word of a closed list of ours.
            sql.push_str(&format!(" and act = '{}'", act.as_str()));
        }
        match filter.decided {
            Some(Decided::Refused) => sql.push_str(" and decision = 'refusal'"),
            Some(Decided::Permitted) => sql.push_str(" and decision <> 'refusal'"),
            None => {}
        }
        sql.push_str(&format!(" order by position desc limit {PAGE}"));
        let query = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(before)
            .bind(filter.since.map_or(i64::MIN, |since| since.0))
            .bind(filter.until.map_or(i64::MAX, |until| until.0));
        let query = bytes.into_iter().fold(query, |query, bytes| query.bind(bytes));
        let rows = query.fetch_all(self.database.pool()).await.map_err(database::Error::from)?;
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }

    async fn told(&self, whose: Whose, row: &row::Row, people: &mut People) -> Result<Told, Error> {
        let known = people.open(row).await?;
        let concerns = match whose {
            Whose::Everybody => true,
            Whose::Party(party) => row.owner == Some(party) || row.what != "refusal",
        };
        let facts = Opening::parse(&row.facts).ok().filter(|_| concerns);
        // Which document a refused party named is in its own words only.
        let document = row.document.filter(|_| concerns);
        let owner = row.owner.filter(|_| concerns);
        let asked = known.as_ref().and_then(|known| known.asked.as_ref());
        let personal = known.as_ref().and_then(|known| known.personal.as_ref());
        Ok(Told {
            position: row.position,
            entry: row.entry,
            at: row.at,
            what: row.what.clone(),
            act: row.act.clone(),
            owner,
            document,
            capacity: row.capacity,
            personal_expired: row.capacity.is_some() && known.is_none(),
            facts_expired: row.facts.is_empty(),
            facts: facts.and_then(|facts| facts.value().ok()),
            asked: asked.and_then(|asked| asked.value().ok()),
            personal: personal.and_then(|personal| personal.value().ok()),
        })
    }

    /// The free texts of an entry, under its document's key.
    async fn texts(&self, row: &row::Row) -> Result<Vec<Opening>, Error> {
        match row.document {
            Some(document) => {
                Ok(texts(&self.keyset, document, row.entry, &row.texts_sealed).await?)
            }
            None => Ok(Vec::new()),
        }
    }
}

/// The free texts of an entry about `document`; none once the document's key is gone.
///
/// # Errors
///
/// A failure of the key set.
pub async fn texts(
    keyset: &vault::KeySet,
    document: DocumentId,
    entry: EntryId,
    sealed: &[u8],
) -> Result<Vec<Opening>, vault::keyset::Error> {
    if sealed.is_empty() {
        return Ok(Vec::new());
    }
    let key = match keyset.document_key(document).await {
        Ok(key) => key,
        Err(vault::keyset::Error::Missing(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let opened = vault::open_field(&key, entry.as_bytes(), "texts", 0, sealed).ok();
    let texts = opened.and_then(|text| {
        serde_json::from_slice::<std::collections::BTreeMap<String, String>>(&text).ok()
    });
    let texts = texts.unwrap_or_default();
    Ok(texts.values().filter_map(|disclosure| Opening::parse(disclosure).ok()).collect())
}
