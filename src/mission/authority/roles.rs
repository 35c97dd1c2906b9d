//! Who holds which role.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::{
    audit::{Administer, Warrant},
    database::Revisions,
    id::{EntryId, PartyId, PersonId},
    mission::{
        Error, PartyKind, PartyRevision, PersonRevision, Role, RoleHeld, TagKey,
        authority::{Authority, facts, party_of, person_of, self_of},
    },
};

impl Authority {
    /// Gives `person` a role in the party. A company's contributors and access managers are its own
    /// people.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if the role is none of such a party or the person cannot hold it there.
    pub async fn give_role<W: Warrant<Act = Administer>>(
        &self,
        warrant: W,
        person: PersonId,
        role: Role,
    ) -> Result<EntryId, Error> {
        let party = party_of(&warrant)?;
        let mut revisions = Revisions::new(self.writer.clock().now());
        let mission = self.registry.mission(&mut revisions).await?;
        let kind = mission.party(party).ok_or(Error::Missing(party.into()))?.kind;
        let someone: Arc<PersonRevision> = self.registry.read(person, &mut revisions).await?;
        if someone.disabled {
            return Err(Error::Refused("they may no longer act".to_owned()));
        }
        if !role.is_held_in(kind) {
            return Err(Error::Refused(format!("{role:?} is no role in a party of this kind")));
        }
        let own = matches!(role, Role::Contributor | Role::AccessManager);
        let company = !matches!(kind, PartyKind::Mission | PartyKind::Workstream);
        if own && company && someone.employer != party {
            return Err(Error::Refused("they are employed by another company".to_owned()));
        }
        let detail = facts("role-given", json!({ "person": person, "role": role }));
        self.edit(warrant, party, detail, move |revision: &mut PartyRevision| {
            if !revision.holds(person, role) {
                revision.roles.push(RoleHeld { person, role });
            }
            Ok(())
        })
        .await
    }

    /// Takes a role in the party from `person`. With the last one go the credentials by which they
    /// acted for it.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if they do not hold it.
    pub async fn take_role<W: Warrant<Act = Administer>>(
        &self,
        warrant: W,
        person: PersonId,
        role: Role,
    ) -> Result<EntryId, Error> {
        let party = party_of(&warrant)?;
        let detail = facts("role-taken", json!({ "person": person, "role": role }));
        let gone = move |held: &RoleHeld| held.person == person && held.role == role;
        self.take(warrant, party, person, detail, gone).await
    }

    /// Takes every role in the party from `person`, and the credentials by which they acted for it.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if they hold none.
    pub async fn remove<W: Warrant<Act = Administer>>(
        &self,
        warrant: W,
        person: PersonId,
    ) -> Result<EntryId, Error> {
        let party = party_of(&warrant)?;
        let detail = facts("removed", json!({ "person": person }));
        self.take(warrant, party, person, detail, move |held| held.person == person).await
    }

    /// The actor leaves the party for which they act. It takes a right over oneself.
    ///
    /// # Errors
    ///
    /// [`Error::NotTheirs`] if it is a right over anything else.
    pub async fn leave<W: Warrant<Act = Administer>>(&self, warrant: W) -> Result<EntryId, Error> {
        let actor = self_of(&warrant)?;
        let (party, person) = (actor.capacity, actor.person);
        let detail = facts("left", json!({ "party": party }));
        self.take(warrant, party, person, detail, move |held| held.person == person).await
    }

    /// Says whether a person may no longer act, in whatever capacity; whoever may not loses every
    /// credential. It takes a right over the person, which nobody has over themselves here: who
    /// shut themselves out could not come back.
    ///
    /// # Errors
    ///
    /// [`Error::NotTheirs`] if it is a right over anything else.
    pub async fn set_disabled<W: Warrant<Act = Administer>>(
        &self,
        warrant: W,
        disabled: bool,
    ) -> Result<EntryId, Error> {
        let person = person_of(&warrant)?;
        if self_of(&warrant).is_ok() {
            return Err(Error::Refused("nobody shuts themselves out: leave the party".to_owned()));
        }
        let did = if disabled { "person-disabled" } else { "person-enabled" };
        let detail = facts(did, json!({ "person": person }));
        self.edit(warrant, person, detail, move |revision: &mut PersonRevision| {
            if revision.erased {
                return Err(Error::Refused("they were erased for ever".to_owned()));
            }
            revision.disabled = disabled;
            if disabled {
                revision.generation += 1;
                revision.credentials.clear();
            }
            Ok(())
        })
        .await
    }

    /// Takes the roles that are `gone`; with the last one go the person's credentials for the
    /// party.
    async fn take<W: Warrant<Act = Administer>>(
        &self,
        warrant: W,
        party: PartyId,
        person: PersonId,
        detail: Map<String, Value>,
        gone: impl Fn(&RoleHeld) -> bool + Send + Sync + 'static,
    ) -> Result<EntryId, Error> {
        let turned = self.turn_for(party, &gone).await?;
        let (registry, gone, next) = (self.registry.clone(), Arc::new(gone), turned.clone());
        let taken = self.change(warrant, detail, move |change| {
            let (registry, gone, next) = (registry.clone(), Arc::clone(&gone), next.clone());
            Box::pin(async move {
                let mut stays = false;
                // Parties before people: every change locks heads in the order of subjects.
                registry
                    .edit(change, party, |revision: &mut PartyRevision| {
                        let before = revision.roles.len();
                        revision.roles.retain(|held| !gone(held));
                        stays = revision.includes(person);
                        revision.tag_keys.extend(next);
                        let found = revision.roles.len() < before;
                        let none = || Error::Refused("they hold no such role here".to_owned());
                        if found { Ok(()) } else { Err(none()) }
                    })
                    .await?;
                if !stays {
                    registry
                        .edit(change, person, |revision: &mut PersonRevision| {
                            revision.credentials.retain(|held| held.capacity != party);
                            Ok(())
                        })
                        .await?;
                }
                Ok(())
            })
        });
        let entry = taken.await?;
        if let Some(TagKey { year, turn, .. }) = turned {
            self.writer.keyring().set_turn(party, year, turn);
            // They are gone: what fails now must not look as if they were not.
            if let Err(error) = self.turn_others(party).await {
                tracing::error!(%error, "an auditor left, and some parties still tag by keys that they know");
            }
        }
        Ok(entry)
    }

    /// The next tag key of the party, if an auditor, who may know this one, is among the `gone`.
    async fn turn_for(
        &self,
        party: PartyId,
        gone: &impl Fn(&RoleHeld) -> bool,
    ) -> Result<Option<TagKey>, Error> {
        let now = self.writer.clock().now();
        let revision: Arc<PartyRevision> =
            self.registry.read(party, &mut Revisions::new(now)).await?;
        let leaves = |held: &RoleHeld| held.role == Role::Auditor && gone(held);
        if !revision.roles.iter().any(leaves) {
            return Ok(None);
        }
        let turn = revision.tag_turn(now.year()).map_or(1, |turn| turn + 1);
        self.tag_key(party, now.year(), turn).await.map(Some)
    }
}
