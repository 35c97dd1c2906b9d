//! The keys of an entry's openings and tags, fetched before its transaction: nothing but SQL is awaited inside.

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};

use crate::{
    audit::Draft,
    database::counted,
    id::PartyId,
    time::Instant,
    vault::{self, KeySet, SymmetricKey, TagKey, keyset::TagSubject},
};

/// How what is hidden or missing is answered.
const HIDDEN: u16 = 404;
/// Most round trips for the keys of owner and document: slot and page of each.
const MOST_TRIPS: u32 = 4;

/// Fetches an entry's keys. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Keyring {
    keyset: Arc<KeySet>,
    /// Of each party, the year and turn of the tag key in use; turn 0 of a year that is not here.
    turns: Arc<RwLock<HashMap<PartyId, (u16, u32)>>>,
}

/// What seals one entry. A key that is missing leaves random bytes in the leaf, and nothing to open.
#[derive(Clone, Debug, Default)]
pub struct EntryKeys {
    /// Owner, acting party, document, person.
    pub(super) tags: [Option<TagKey>; 4],
    pub(super) personal: Option<SymmetricKey>,
    pub(super) document: Option<SymmetricKey>,
}

impl Keyring {
    /// The keys of `keyset`.
    #[must_use]
    pub fn new(keyset: Arc<KeySet>) -> Self {
        Self { keyset, turns: Arc::default() }
    }

    /// The key set itself.
    #[must_use]
    pub fn keyset(&self) -> &Arc<KeySet> {
        &self.keyset
    }

    /// Tags what concerns `party` in `year` by the key of this turn from now on.
    ///
    /// # Panics
    ///
    /// If a holder of the lock panicked.
    pub fn set_turn(&self, party: PartyId, year: u16, turn: u32) {
        let mut turns = self.turns.write().expect("no holder of this lock panics");
        turns.insert(party, (year, turn));
    }

    fn turn(&self, party: PartyId, year: u16) -> u32 {
        let turns = self.turns.read().expect("no holder of this lock panics");
        turns.get(&party).filter(|(known, _)| *known == year).map_or(0, |(_, turn)| *turn)
    }

    async fn party_tag(
        &self,
        party: PartyId,
        year: u16,
    ) -> Result<Option<TagKey>, vault::keyset::Error> {
        let turn = self.turn(party, year);
        present(self.keyset.tag_key(TagSubject::Party(party), year, turn).await)
    }

    /// The keys of owner and document.
    async fn of_what(&self, draft: &Draft, year: u16) -> Result<EntryKeys, vault::keyset::Error> {
        let mut keys = EntryKeys::default();
        if let Some(owner) = draft.owner {
            keys.tags[0] = self.party_tag(owner, year).await?;
        }
        if let Some(document) = draft.document {
            keys.tags[2] =
                present(self.keyset.tag_key(TagSubject::Document(document), year, 0).await)?;
            if !draft.texts.is_empty() || draft.actor.is_some() {
                keys.document = present(self.keyset.document_key(document).await)?;
            }
        }
        Ok(keys)
    }

    /// The keys for `draft` at `now`.
    ///
    /// # Errors
    ///
    /// A failure of the key set. A key that was erased is no failure: what remains is that something happened.
    pub async fn keys(
        &self,
        draft: &Draft,
        now: Instant,
    ) -> Result<EntryKeys, vault::keyset::Error> {
        let year = now.year();
        let (keys, made) = counted(self.of_what(draft, year)).await;
        let mut keys = keys?;
        if draft.asked.as_ref().is_some_and(|asked| asked.status == HIDDEN) {
            // The caller measures no difference between what is hidden, remembered or not, and what is missing.
            for _ in made.keys..MOST_TRIPS {
                self.keyset.look_for_nothing().await?;
            }
        }
        let Some(actor) = &draft.actor else { return Ok(keys) };
        keys.tags[1] = self.party_tag(actor.capacity, year).await?;
        keys.tags[3] =
            present(self.keyset.tag_key(TagSubject::Person(actor.person), year, 0).await)?;
        let month = now.month();
        let mut personal = present(self.keyset.personal_key(actor.person, &month).await)?;
        if personal.is_none() {
            present(self.keyset.ensure_months(&[actor.person], &month).await)?;
            personal = present(self.keyset.personal_key(actor.person, &month).await)?;
        }
        keys.personal = personal;
        Ok(keys)
    }
}

fn present<T>(key: Result<T, vault::keyset::Error>) -> Result<Option<T>, vault::keyset::Error> {
    match key {
        Ok(key) => Ok(Some(key)),
        Err(vault::keyset::Error::Missing(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
