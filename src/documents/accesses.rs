//! Who did what with a document, as the log says.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use sqlx::Row as _;

use crate::{
    audit::{
        Audit,
        entries::{MOMENT_MICROSECONDS, texts},
        opening::Opening,
    },
    database,
    documents::{Documents, Error, describe::slug},
    id::{DocumentId, EntryId, PersonId},
    policy::Permit,
    time::Instant,
    vault::open_field,
};

/// Accesses on one page.
const PAGE: i64 = 100;
/// Free texts that people say; a deposit's digest is an opening too, and for its receipt alone.
const SAID: [&str; 2] = ["purpose", "reason"];

/// One entry about the document.
#[derive(Clone, Debug, Serialize)]
pub struct Access {
    /// Its position in the log.
    pub position: i64,
    /// Its id.
    pub entry: EntryId,
    /// When.
    pub at: Instant,
    /// `change`, `intent`, `outcome`, `refusal` or `system`.
    pub what: String,
    /// The act.
    pub act: String,
    /// The handle of the party for which it was done.
    pub capacity: Option<String>,
    /// The person's handle, while their personal opening lives.
    pub person: Option<String>,
    /// The peer's address, while it lives.
    pub address: Option<String>,
    /// The facts, as committed.
    pub facts: Value,
    /// What was said with it, by name (`purpose`, `reason`): for the owner, while the document's key is there.
    pub texts: BTreeMap<String, String>,
}

/// Some of them, newest first.
#[derive(Clone, Debug, Serialize)]
pub struct AccessPage {
    /// At most 100.
    pub accesses: Vec<Access>,
    /// Where the next page begins.
    pub next: Option<i64>,
}

impl Documents {
    /// Every entry about the document, newest first; `before` is the last position of the page before.
    ///
    /// # Errors
    ///
    /// A failure of the catalogue or key set.
    pub async fn accesses(
        &self,
        permit: &Permit<Audit>,
        before: Option<i64>,
    ) -> Result<AccessPage, Error> {
        let document = permit.document().ok_or(Error::NoVersion)?.document;
        let rows = sqlx::query(
            "select position, id, at, facts, personal_sealed, decision, act, capacity, texts_sealed \
             from entry \
             where document = $1 and position < $2 order by position desc limit $3",
        )
        .bind(document.as_bytes().to_vec())
        .bind(before.unwrap_or(i64::MAX))
        .bind(PAGE)
        .fetch_all(self.inner.registry.database().pool())
        .await
        .map_err(database::Error::from)?;
        let mission = self.mission().await?;
        // What readers say is for the owner; who only audits the mission sees that something was said.
        let own = permit.owner().is_some_and(|owner| owner.party == permit.party().party);
        let texts_of = own.then_some(document);
        let mut accesses = Vec::with_capacity(rows.len());
        for row in &rows {
            accesses.push(self.access(&mission, texts_of, row).await?);
        }
        let full = i64::try_from(accesses.len()).is_ok_and(|n| n == PAGE);
        let next = accesses.last().filter(|_| full).map(|access| access.position);
        Ok(AccessPage { accesses, next })
    }

    async fn access(
        &self,
        mission: &crate::mission::MissionRevision,
        document: Option<DocumentId>,
        row: &sqlx::any::AnyRow,
    ) -> Result<Access, Error> {
        let broken = || database::Error::Row("entry");
        let read = || -> Result<_, sqlx::Error> {
            let id: Vec<u8> = row.try_get(1)?;
            let facts: String = row.try_get(3)?;
            let sealed: Vec<u8> = row.try_get(4)?;
            let capacity: Vec<u8> = row.try_get(7)?;
            let texts: Vec<u8> = row.try_get(8)?;
            Ok((id, facts, sealed, capacity, texts))
        };
        let (id, facts, sealed, capacity, sealed_texts) = read().map_err(database::Error::from)?;
        let entry = EntryId::from_slice(&id).map_err(|_| broken())?;
        let facts = Opening::parse(&facts).ok().and_then(|opening| opening.value::<Value>().ok());
        let at = Instant(row.try_get(2).map_err(database::Error::from)?);
        let personal = self.personal(entry, at, &sealed, mission).await?;
        let said = match document {
            Some(document) => texts(&self.inner.keyset, document, entry, &sealed_texts).await?,
            None => Vec::new(),
        };
        let words = said.iter().filter(|told| SAID.contains(&told.name()));
        let word = |told: &Opening| Some((told.name().to_owned(), told.value().ok()?));
        let capacity = crate::id::PartyId::from_slice(&capacity).ok();
        let handle = capacity.and_then(|party| mission.party(party));
        Ok(Access {
            position: row.try_get(0).map_err(database::Error::from)?,
            entry,
            at,
            what: row.try_get(5).map_err(database::Error::from)?,
            act: row.try_get(6).map_err(database::Error::from)?,
            capacity: handle.map(|party| party.handle.clone()),
            person: personal.as_ref().map(|(person, _)| slug(mission, *person)),
            address: personal.map(|(_, address)| address),
            facts: facts.unwrap_or(Value::Null),
            texts: words.filter_map(word).collect(),
        })
    }

    /// Person and address, while the person's key of that month lives: the row does not say whose it is, so the few people
    /// of the mission are tried.
    async fn personal(
        &self,
        entry: EntryId,
        at: Instant,
        sealed: &[u8],
        mission: &crate::mission::MissionRevision,
    ) -> Result<Option<(PersonId, String)>, Error> {
        if sealed.is_empty() {
            return Ok(None);
        }
        let mut months = vec![at.month(), Instant(at.0 - MOMENT_MICROSECONDS).month()];
        months.dedup();
        let mut tried = Vec::new();
        for month in &months {
            tried.extend(mission.people.iter().map(|person| (month, person)));
        }
        for (month, person) in tried {
            let Ok(key) = self.inner.keyset.personal_key(person.person, month).await else {
                continue;
            };
            let Ok(opened) = open_field(&key, entry.as_bytes(), "personal", 0, sealed) else {
                continue;
            };
            let text = String::from_utf8(opened.to_vec()).unwrap_or_default();
            let value = Opening::parse(&text).ok().and_then(|told| told.value::<Value>().ok());
            let address = value.as_ref().and_then(|value| value["address"].as_str());
            return Ok(Some((person.person, address.unwrap_or_default().to_owned())));
        }
        Ok(None)
    }
}
