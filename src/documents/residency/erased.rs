//! What the log says of erasing: copies that were moved on, and those of a document that was destroyed.

use std::collections::BTreeMap;

use serde_json::Value;
use sqlx::Row as _;

use crate::{
    audit::opening::Opening,
    database,
    documents::{
        Error,
        residency::{Entered, fault::Fault, stood::Look},
    },
    id::{DocumentId, EntryId},
    mission::CopyEntry,
};

/// Entries that are looked at, at most: each place that did not answer is asked again, and that said.
const MOST: i64 = 1_000;

/// What was said of erasing a document's copies, until the instant.
#[derive(Debug, Default)]
pub(super) struct Erasures {
    /// Of a destruction: when each place had erased; nothing where it has not yet.
    places: BTreeMap<String, Option<Entered>>,
    /// Of moves: copies that were erased where they had been.
    copies: Vec<(CopyEntry, Entered)>,
}

impl Erasures {
    /// When a copy was seen to be gone. One that was moved on is not erased by a later destruction.
    pub(super) fn of(&self, copy: &CopyEntry, moved_on: bool) -> Option<Entered> {
        let mut copies = self.copies.iter();
        let own = copies.find(|(erased, _)| erased == copy).map(|(_, entered)| *entered);
        match moved_on {
            true => own,
            false => own.or_else(|| self.places.get(&copy.location).copied().flatten()),
        }
    }

    fn take(&mut self, facts: &Value, entered: Entered) {
        let texts = |name: &str| {
            let listed = facts[name].as_array().into_iter().flatten();
            listed.filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
        };
        if facts["system"] == "erased" {
            self.places.extend(texts("locations").into_iter().map(|place| (place, Some(entered))));
            self.places.extend(texts("unanswered").into_iter().map(|place| (place, None)));
            return;
        }
        let copies = serde_json::from_value::<Vec<CopyEntry>>(facts["copies"].clone());
        self.copies.extend(copies.unwrap_or_default().into_iter().map(|copy| (copy, entered)));
    }
}

impl Look<'_> {
    /// What the service entered of erasing the document's copies, until the instant.
    pub(super) async fn erasures(&self, document: DocumentId) -> Result<Erasures, Fault> {
        let broken = |error| Fault::from(Error::from(database::Error::from(error)));
        let rows = sqlx::query(
            "select id, facts from entry where document = $1 and at <= $2 and decision = 'system' \
             order by position limit $3",
        )
        .bind(document.as_bytes().to_vec())
        .bind(self.at.0)
        .bind(MOST)
        .fetch_all(self.registry().database().pool())
        .await
        .map_err(broken)?;
        let mut erasures = Erasures::default();
        for row in rows {
            let (id, facts): (Vec<u8>, String) =
                (row.try_get(0).map_err(broken)?, row.try_get(1).map_err(broken)?);
            if !is_about_erasing(&facts) {
                continue;
            }
            let id = EntryId::from_slice(&id).map_err(|_| database::Error::Row("entry"));
            let attested = self.attested(id.map_err(Error::from)?).await?;
            let entered = Entered::from(&attested);
            let facts = attested.facts().filter(|facts| facts["document"] == document.to_string());
            if let Some(facts) = facts {
                erasures.take(facts, entered);
            }
        }
        Ok(erasures)
    }
}

/// Whether a row says so; what counts is what its leaf bears out.
fn is_about_erasing(facts: &str) -> bool {
    let facts = Opening::parse(facts).ok().and_then(|facts| facts.value::<Value>().ok());
    facts.is_some_and(|facts| facts["system"] == "erased" || facts["system"] == "copies erased")
}
