//! A person's credentials: seen, revoked, all ended at once.

use serde_json::json;

use crate::{
    audit::{Administer, Warrant},
    id::{CredentialId, EntryId, PersonId},
    identity::{Confirmed, Error, Identity},
    mission::{Credential, PersonRevision, facts, person_of, self_of},
    time::Instant,
};

impl Confirmed {
    /// The person's credentials that live, in every capacity, oldest first.
    #[must_use]
    pub fn credentials(&self, now: Instant) -> Vec<&Credential> {
        let person = &self.person;
        let lives = |credential: &&Credential| {
            credential.generation == person.generation && now < credential.expires_at
        };
        person.credentials.iter().filter(lives).collect()
    }
}

impl Identity {
    /// Ends one of a person's credentials at once. It takes a right over the person: oneself, or
    /// one of one's people.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if the person has none of that id.
    pub async fn revoke<W: Warrant<Act = Administer>>(
        &self,
        warrant: W,
        credential: CredentialId,
    ) -> Result<EntryId, Error> {
        let person = person_of(&warrant)?;
        let detail = json!({ "person": person, "credential": credential });
        let revoked = self.edit_own(warrant, person, "credential-revoked", detail, move |person| {
            let before = person.credentials.len();
            person.credentials.retain(|listed| listed.id != credential);
            let found = person.credentials.len() < before;
            let none = || Error::Refused("there is no credential of that id".to_owned());
            if found { Ok(()) } else { Err(none()) }
        });
        let entry = revoked.await?;
        self.inner.rows.forget(credential);
        Ok(entry)
    }

    /// Ends every credential of the actor but the one in use: tokens, links and certificates, in
    /// every capacity. It takes a right over oneself. The one that stays is revoked by itself: who
    /// lost a machine must not need the operator to come back.
    ///
    /// # Errors
    ///
    /// [`Error::Authority`] if it could not be recorded.
    pub async fn sign_out_elsewhere<W: Warrant<Act = Administer>>(
        &self,
        warrant: W,
    ) -> Result<EntryId, Error> {
        let actor = self_of(&warrant)?;
        let (person, used) = (actor.person, actor.credential);
        let detail = json!({ "person": person, "kept": used });
        self.edit_own(warrant, person, "signed-out-elsewhere", detail, move |person| {
            person.credentials.retain(|listed| listed.id == used);
            Ok(())
        })
        .await
    }

    async fn edit_own<W: Warrant<Act = Administer>>(
        &self,
        warrant: W,
        person: PersonId,
        did: &str,
        detail: serde_json::Value,
        edit: impl Fn(&mut PersonRevision) -> Result<(), Error> + Send + Sync + Clone + 'static,
    ) -> Result<EntryId, Error> {
        let registry = self.registry.clone();
        let changed = self.authority.change(warrant, facts(did, detail), move |change| {
            let (registry, edit) = (registry.clone(), edit.clone());
            Box::pin(async move {
                let (_, mut revision) = registry.current(change, person).await?;
                edit(&mut revision).map_err(crate::audit::Stopped::failed)?;
                registry.write(change, &revision).await
            })
        });
        Ok(changed.await?)
    }
}
