//! A person is erased: their name, their address and who acted in the log, while every proof stays valid.

use serde_json::json;

use crate::{
    audit::Draft,
    database::Revisions,
    id::{EntryId, PersonId},
    mission::{
        Error, PersonRevision,
        authority::{Authority, facts},
    },
    vault::keyset::{self, Slot},
};

impl Authority {
    /// Erases a person: they may act no more, and their key goes, with the path above it keyed anew, so that neither
    /// today's files nor older copies of key set and database open what was under it.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if there is no such person; [`Error::Keys`] if the key set's second place is away: then the
    /// next start finishes it.
    pub async fn erase_person(&self, person: PersonId) -> Result<EntryId, Error> {
        let registry = self.registry.clone();
        let draft = Draft::system(facts("person-erased", json!({ "person": person })));
        let erased = self.system(draft, move |change| {
            let registry = registry.clone();
            Box::pin(async move {
                let clear = |revision: &mut PersonRevision| {
                    revision.erased = true;
                    revision.disabled = true;
                    revision.generation += 1;
                    revision.credentials.clear();
                    revision.name_sealed.clear();
                    revision.address_sealed.clear();
                    Ok(())
                };
                registry.edit(change, person, clear).await
            })
        });
        let (_, entry) = erased.await?;
        self.destroy(person).await?;
        Ok(entry)
    }

    /// Destroys the keys of whoever a crash left erased by half.
    ///
    /// # Errors
    ///
    /// A failure of the key set or the database.
    pub async fn finish_erasing(&self) -> Result<(), Error> {
        let mut revisions = Revisions::new(self.writer.clock().now());
        let mission = self.registry.mission(&mut revisions).await?;
        for listed in &mission.people {
            let mut revisions = Revisions::new(self.writer.clock().now());
            let revision: std::sync::Arc<PersonRevision> =
                self.registry.read(listed.person, &mut revisions).await?;
            if revision.erased {
                self.destroy(listed.person).await?;
            }
        }
        Ok(())
    }

    async fn destroy(&self, person: PersonId) -> Result<(), Error> {
        let keys = self.writer.keyring().keyset();
        match keys.person_key(person).await {
            Ok(_) => Ok(keys.erase(&[Slot::Person(person)]).await.map_err(Error::Keys)?),
            Err(keyset::Error::Missing(_)) => Ok(()),
            Err(error) => Err(Error::Keys(error)),
        }
    }
}
