//! Restriction texts: sealed under their party's key, named by digest in its revision, parsed once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use sqlx::Row as _;
use tokio::task::spawn_blocking;

use crate::{
    audit::{Change, Stopped},
    database::{self, Database},
    id::PartyId,
    policy::{Restriction, text_digest},
    vault::{self, KeySet, open_field, seal_field},
};

/// Parsed texts that are kept; a mission has a few dozen parties.
const KEPT: usize = 1_024;

/// Why a party's text could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database did not answer.
    #[error("could not read the sealed text")]
    Database(#[from] database::Error),
    /// The party's key is not to be had.
    #[error("could not use the party's key")]
    Keys(#[from] vault::keyset::Error),
    /// The sealed text is missing, or not the one that the revision names.
    #[error("the sealed text is not the one that the party's revision names")]
    Other,
}

/// Texts by digest.
#[derive(Debug)]
pub(super) struct Texts {
    database: Database,
    keyset: Arc<KeySet>,
    parsed: Mutex<HashMap<String, Arc<Restriction>>>,
}

impl Texts {
    pub(super) fn new(database: Database, keyset: Arc<KeySet>) -> Self {
        Self { database, keyset, parsed: Mutex::new(HashMap::new()) }
    }

    /// The keys of parties.
    pub(super) fn keyset(&self) -> &KeySet {
        &self.keyset
    }

    /// The parsed text of `party` with this digest; nothing if it cannot be read as it was saved: then what it may forbid
    /// is refused.
    pub(super) async fn restriction(
        &self,
        party: PartyId,
        digest: &str,
    ) -> Result<Option<Arc<Restriction>>, Error> {
        if let Some(parsed) = self.parsed.lock().expect("no holder panics").get(digest) {
            return Ok(Some(Arc::clone(parsed)));
        }
        let text = match self.text(party, digest).await {
            Err(Error::Other) => {
                tracing::error!(%party, "a party's restrictions are not those that it saved");
                return Ok(None);
            }
            text => text?,
        };
        let Ok(Ok(parsed)) = spawn_blocking(move || Restriction::read(&text)).await else {
            tracing::error!(%party, "a party's restrictions no longer fit the schema");
            return Ok(None);
        };
        let parsed = Arc::new(parsed);
        let mut kept = self.parsed.lock().expect("no holder panics");
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(digest.to_owned(), Arc::clone(&parsed));
        Ok(Some(parsed))
    }

    /// The text of `party` with this digest, opened.
    pub(super) async fn text(&self, party: PartyId, digest: &str) -> Result<String, Error> {
        database::Trips::to_database();
        let row = sqlx::query("select sealed from party_text where digest = $1 and party = $2")
            .bind(digest.as_bytes().to_vec())
            .bind(party.as_bytes().to_vec())
            .fetch_optional(self.database.pool())
            .await
            .map_err(database::Error::from)?;
        let sealed: Vec<u8> = row.ok_or(Error::Other)?.try_get(0).map_err(database::Error::from)?;
        let key = self.keyset.party_key(party).await?;
        let opened = open_field(&key, party.as_bytes(), "restriction", 0, &sealed);
        let text = String::from_utf8(opened.map_err(|_| Error::Other)?.to_vec());
        text.ok().filter(|text| text_digest(text) == digest).ok_or(Error::Other)
    }

    /// The text, sealed.
    pub(super) async fn seal(&self, party: PartyId, text: &str) -> Result<Vec<u8>, Error> {
        let key = self.keyset.party_key(party).await?;
        Ok(seal_field(&key, party.as_bytes(), "restriction", 0, text.as_bytes()))
    }
}

/// Keeps a sealed text, inside the change that names it.
pub(super) async fn keep(
    change: &mut Change<'_>,
    party: PartyId,
    digest: &str,
    sealed: Vec<u8>,
) -> Result<(), Stopped> {
    sqlx::query(
        "insert into party_text (digest, party, sealed) values ($1, $2, $3) on conflict do nothing",
    )
    .bind(digest.as_bytes().to_vec())
    .bind(party.as_bytes().to_vec())
    .bind(sealed)
    .execute(change.sql())
    .await?;
    Ok(())
}
