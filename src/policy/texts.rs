//! Restriction texts at rest: sealed under their party's key, parsed once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use sqlx::Row as _;

use crate::{
    audit::{Administer, Warrant as _},
    database::{self, Subject},
    id::{EntryId, PartyId},
    mission::PartyRevision,
    policy::{Error, Permit, Policy, Problems, Restriction, text_digest},
    vault::{self, open_field, seal_field},
};

/// What a text is sealed as.
const FIELD: &str = "restriction";
/// Most parsed texts that are held; a mission has a few hundred parties.
const MOST_HELD: usize = 1_024;

/// Parsed texts, by digest.
#[derive(Debug, Default)]
pub(super) struct Texts {
    held: Mutex<HashMap<String, Arc<Restriction>>>,
}

impl Texts {
    fn held(&self, digest: &str) -> Option<Arc<Restriction>> {
        let held = self.held.lock().expect("no holder of this lock panics");
        held.get(digest).map(Arc::clone)
    }

    fn hold(&self, restriction: &Arc<Restriction>) {
        let mut held = self.held.lock().expect("no holder of this lock panics");
        if held.len() >= MOST_HELD {
            held.clear();
        }
        held.insert(restriction.digest().to_owned(), Arc::clone(restriction));
    }
}

/// Why a text was not saved.
#[derive(Debug, thiserror::Error)]
pub enum Unsaved {
    /// It is no valid text.
    #[error("the text is not valid")]
    Invalid(#[source] Problems),
    /// The right is not one over a party.
    #[error("the right is not one over a party")]
    NotTheirs,
    /// It could not be sealed, or the change was not recorded.
    #[error("could not save the text")]
    Failed(#[from] Error),
}

impl Policy {
    /// The party's restrictions; nothing if it has none, or if they cannot be read as they were saved: then what they
    /// may forbid is refused.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] or [`Error::Keys`] if database or key set do not answer.
    pub(super) async fn restriction(
        &self,
        party: &PartyRevision,
    ) -> Result<Option<Arc<Restriction>>, Error> {
        if party.restriction.is_empty() {
            return Ok(None);
        }
        if let Some(held) = self.texts().held(&party.restriction) {
            return Ok(Some(held));
        }
        let Some(text) = self.text(party).await? else { return Ok(None) };
        let parsed = tokio::task::spawn_blocking(move || Restriction::read(&text)).await;
        let Ok(Ok(restriction)) = parsed else {
            tracing::error!(party = %party.party, "a saved restriction is no longer accepted");
            return Ok(None);
        };
        let restriction = Arc::new(restriction);
        self.texts().hold(&restriction);
        Ok(Some(restriction))
    }

    /// The text that the party saved last; nothing if it has none, or if what is stored is not what its revision names.
    ///
    /// # Errors
    ///
    /// As for [`Policy::permit`]: database or key set do not answer.
    pub async fn text(&self, party: &PartyRevision) -> Result<Option<String>, Error> {
        let Ok(digest) = hex::decode(&party.restriction) else { return Ok(None) };
        let row = sqlx::query("select sealed from party_text where party = $1 and digest = $2")
            .bind(party.party.as_bytes().to_vec())
            .bind(digest)
            .fetch_optional(self.registry().database().pool())
            .await
            .map_err(database::Error::from)?;
        let Some(row) = row else { return Ok(None) };
        let sealed: Vec<u8> = row.try_get(0).map_err(database::Error::from)?;
        let key = match self.keyset().party_key(party.party).await {
            Ok(key) => key,
            Err(vault::keyset::Error::Missing(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let opened = open_field(&key, &Subject::from(party.party).key(), FIELD, 0, &sealed);
        let text = opened.ok().and_then(|text| String::from_utf8(text.to_vec()).ok());
        Ok(text.filter(|text| text_digest(text) == party.restriction))
    }

    /// Saves `text` as the restrictions of the party that `permit` is about, in place of what it had; effective at the
    /// next request. An empty text takes them away.
    ///
    /// # Errors
    ///
    /// [`Unsaved::Invalid`] with everything that is wrong; then nothing is changed.
    pub async fn restrict(
        &self,
        permit: Permit<Administer>,
        text: &str,
    ) -> Result<EntryId, Unsaved> {
        let party = permit.draft().owner.ok_or(Unsaved::NotTheirs)?;
        let (checked, mission) = (text.to_owned(), permit.mission().clone());
        let check = move || Restriction::check(&checked, &mission);
        let parsed = tokio::task::spawn_blocking(check).await;
        let restriction = parsed.map_err(|_| Unsaved::Failed(Error::Unsettled))?;
        let restriction = Arc::new(restriction.map_err(Unsaved::Invalid)?);
        let key = self.keyset().party_key(party).await.map_err(Error::from)?;
        let sealed = seal_field(&key, &Subject::from(party).key(), FIELD, 0, text.as_bytes());
        let entry = self.save(permit, party, restriction.digest(), text.is_empty(), sealed).await?;
        self.texts().hold(&restriction);
        Ok(entry)
    }

    async fn save(
        &self,
        permit: Permit<Administer>,
        party: PartyId,
        digest: &str,
        none: bool,
        sealed: Vec<u8>,
    ) -> Result<EntryId, Error> {
        let (registry, digest) = (self.registry().clone(), digest.to_owned());
        let changed = self.writer().change(permit, move |change| {
            let (registry, digest, sealed) = (registry.clone(), digest.clone(), sealed.clone());
            Box::pin(async move {
                change.detail("did", "restricted");
                change.detail("restriction", &digest);
                let named = if none { String::new() } else { digest.clone() };
                registry
                    .edit::<PartyRevision>(change, party, move |revision| {
                        revision.restriction = named;
                        Ok(())
                    })
                    .await?;
                sqlx::query(
                    "insert into party_text (party, digest, sealed) values ($1, $2, $3) \
                     on conflict do nothing",
                )
                .bind(party.as_bytes().to_vec())
                .bind(hex::decode(&digest).unwrap_or_default())
                .bind(sealed)
                .execute(change.sql())
                .await?;
                Ok(())
            })
        });
        Ok(changed.await?.1)
    }
}
