//! Who acted: found by the index under each person's key of the month, while that key lives.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use crate::{
    audit::{
        entries::{Error, row::Row},
        opening::Opening,
    },
    id::PersonId,
    time::Instant,
    vault::{self, KeySet, SymmetricKey, index, open_field},
};

/// By which the entries of one person's month are found again, under the key of that month.
pub type Index = [u8; 16];

/// The index of `person` under the key of one of their months.
#[must_use]
pub fn person_index(key: &SymmetricKey, person: PersonId) -> Index {
    *index(key, person.as_bytes()).first_chunk().expect("an index has 32 bytes")
}

/// Longest between the month of an entry's key, which was fetched a moment before, and the entry's instant.
pub const MOMENT_MICROSECONDS: i64 = 60_000_000;

/// The people of a mission, by the months that were looked at.
pub(super) struct People {
    keyset: Arc<KeySet>,
    people: Vec<PersonId>,
    months: HashSet<String>,
    found: HashMap<Vec<u8>, (PersonId, SymmetricKey)>,
}

/// What is known of who acted.
#[derive(Debug)]
pub(super) struct Known {
    pub person: PersonId,
    pub asked: Option<Opening>,
    pub personal: Option<Opening>,
}

impl People {
    pub(super) fn new(keyset: Arc<KeySet>, people: &[PersonId]) -> Self {
        Self { keyset, people: people.to_vec(), months: HashSet::new(), found: HashMap::new() }
    }

    /// Opens what is sealed for whoever acted; nothing if nobody did, or the key is gone.
    pub(super) async fn open(&mut self, row: &Row) -> Result<Option<Known>, Error> {
        if row.person_index.is_empty() {
            return Ok(None);
        }
        self.look_up(&row.at.month()).await?;
        // The key was fetched a moment before the entry got its instant.
        self.look_up(&Instant(row.at.0 - MOMENT_MICROSECONDS).month()).await?;
        let Some((person, key)) = self.found.get(&row.person_index) else { return Ok(None) };
        let open = |field, sealed: &[u8]| {
            let opened = open_field(key, row.entry.as_bytes(), field, 0, sealed).ok()?;
            Opening::parse(std::str::from_utf8(&opened).ok()?).ok()
        };
        Ok(Some(Known {
            person: *person,
            asked: open("asked", &row.asked_sealed),
            personal: open("personal", &row.personal_sealed),
        }))
    }

    async fn look_up(&mut self, month: &str) -> Result<(), Error> {
        if !self.months.insert(month.to_owned()) {
            return Ok(());
        }
        for person in &self.people {
            let key = match self.keyset.personal_key(*person, month).await {
                Ok(key) => key,
                Err(vault::keyset::Error::Missing(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            let named = person_index(&key, *person).to_vec();
            self.found.insert(named, (*person, key));
        }
        Ok(())
    }
}
