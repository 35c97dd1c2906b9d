//! A party's own text: read, checked, replaced.

use std::sync::Arc;

use tokio::task::spawn_blocking;

use crate::{
    audit::{Administer, Stopped, Writer},
    id::EntryId,
    mission::{MissionRevision, PartyRevision},
    policy::{Permit, Policy, Problems, Restriction, permit::Error, text_digest, texts},
};

/// Why a text was not saved.
#[derive(Debug, thiserror::Error)]
pub enum Unsaved {
    /// It is no text that a party may have; each problem says where and what to do.
    #[error("the text cannot be saved")]
    Problems(#[source] Problems),
    /// The right is over no party.
    #[error("the right is over no party")]
    NotTheirs,
    /// It could not be kept.
    #[error("could not keep the text")]
    Failed(#[from] Error),
}

impl Policy {
    /// The text of the party over which the right is; empty if it has none.
    ///
    /// # Errors
    ///
    /// [`Error::Text`] if it cannot be opened.
    pub async fn restriction_text(&self, permit: &Permit<Administer>) -> Result<String, Error> {
        let Some(party) = permit.over().filter(|party| !party.restriction.is_empty()) else {
            return Ok(String::new());
        };
        let text = self.inner.texts.text(party.party, &party.restriction).await;
        text.map_err(|error| Error::Text(Box::new(error)))
    }

    /// Says whether `text` could be saved.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and where.
    pub fn check_restriction(
        &self,
        mission: &MissionRevision,
        text: &str,
    ) -> Result<usize, Problems> {
        if text.trim().is_empty() {
            return Ok(0);
        }
        Ok(Restriction::check(text, mission)?.rules().len())
    }

    /// Replaces the text of the party over which the right is; it forbids from the next request on.
    ///
    /// # Errors
    ///
    /// [`Unsaved::Problems`]; then the former text stands.
    pub async fn restrict(
        &self,
        writer: &Writer,
        permit: Permit<Administer>,
        text: String,
    ) -> Result<EntryId, Unsaved> {
        let party = permit.over().ok_or(Unsaved::NotTheirs)?.party;
        let (policy, mission) = (self.clone(), Arc::clone(permit.mission()));
        let (checked, text) = spawn_blocking(move || {
            let checked = policy.check_restriction(&mission, &text);
            (checked, text)
        })
        .await
        .map_err(|error| Error::Text(Box::new(error)))?;
        checked.map_err(Unsaved::Problems)?;
        let text = if text.trim().is_empty() { String::new() } else { text };
        let digest = if text.is_empty() { String::new() } else { text_digest(&text) };
        let sealed = self.inner.texts.seal(party, &text).await;
        let sealed = sealed.map_err(|error| Error::Text(Box::new(error)))?;
        let registry = self.inner.registry.clone();
        let changed = writer.change(permit, move |change| {
            let (registry, digest, sealed) = (registry.clone(), digest.clone(), sealed.clone());
            Box::pin(async move {
                change.detail("step", "restrict");
                change.detail("restriction", &digest);
                if !digest.is_empty() {
                    texts::keep(change, party, &digest, sealed).await?;
                }
                registry
                    .edit::<PartyRevision>(change, party, |revision| {
                        revision.restriction = digest;
                        Ok(())
                    })
                    .await?;
                Ok::<_, Stopped>(())
            })
        });
        Ok(changed.await.map_err(Error::from)?.1)
    }
}
