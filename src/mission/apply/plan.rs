//! What stands and what the file says give what is to be written.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    database::Revisions,
    id::{PartyId, PersonId},
    mission::{
        Authority, Difference, Error, FilePerson, MissionFile, MissionRevision, Named, PartyEntry,
        PartyRevision, PersonEntry, PersonRevision, Revision, Role, RoleHeld,
        apply::{Application, Next},
        differences,
        import::{Setting, mission_of},
    },
};

impl Application {
    /// What `file` changes in the mission that stands.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] names everything that it may not change, one thing a line.
    pub async fn plan(authority: &Authority, file: &MissionFile) -> Result<Self, Error> {
        let stands = Standing::read(authority).await?;
        stands.refuse(authority, file).await?;
        let mut found = differences(&stands.as_file(), file);
        let mission = stands.mission_after(file);
        let mut people = Vec::new();
        for entry in &mission.people {
            let said = file.people.iter().find(|someone| someone.slug == entry.slug);
            let (next, named) = stands.person_after(authority, &mission, entry, said).await?;
            if named.is_some() && next.before.is_some() {
                found.push(Difference::Named(format!("person:{}", entry.slug)));
            }
            let same = next.before.as_deref() == Some(&next.after);
            if !same || named.is_some() {
                people.push((next, named));
            }
        }
        let mut parties = Vec::new();
        for entry in &mission.parties {
            let next = stands.party_after(authority, &mission, entry, file).await?;
            if next.before.as_deref() != Some(&next.after) {
                parties.push(next);
            }
        }
        let stands = stands.mission;
        Ok(Self { differences: found, stands, mission, parties, people })
    }
}

/// Every revision that a mission file speaks of, as it stands.
pub(super) struct Standing {
    pub(super) mission: Arc<MissionRevision>,
    pub(super) parties: BTreeMap<PartyId, Arc<PartyRevision>>,
    pub(super) people: BTreeMap<PersonId, Arc<PersonRevision>>,
}

impl Standing {
    async fn read(authority: &Authority) -> Result<Self, Error> {
        let registry = authority.registry();
        let mut revisions = Revisions::new(authority.writer().clock().now());
        let mission = registry.mission(&mut revisions).await?;
        let (mut parties, mut people) = (BTreeMap::new(), BTreeMap::new());
        for entry in &mission.parties {
            parties.insert(entry.party, registry.read(entry.party, &mut revisions).await?);
        }
        for entry in &mission.people {
            people.insert(entry.person, registry.read(entry.person, &mut revisions).await?);
        }
        Ok(Self { mission, parties, people })
    }

    fn as_file(&self) -> MissionFile {
        let mission = &self.mission;
        let parties: Vec<_> =
            mission.parties.iter().map(|entry| Arc::clone(&self.parties[&entry.party])).collect();
        let people: Vec<_> =
            mission.people.iter().map(|entry| Arc::clone(&self.people[&entry.person])).collect();
        MissionFile::of(mission, &parties, &people)
    }

    /// The mission as the file says it. Who and what it no longer has keeps its id, at the end.
    fn mission_after(&self, file: &MissionFile) -> MissionRevision {
        let stands = &self.mission;
        let ids: BTreeMap<&str, PartyId> = file
            .parties
            .iter()
            .map(|party| {
                let known = stands.party_named(&party.handle).map(|entry| entry.party);
                (party.handle.as_str(), known.unwrap_or_else(PartyId::random))
            })
            .collect();
        let people: BTreeMap<&str, PersonId> = file
            .people
            .iter()
            .map(|someone| {
                let known = stands.person_named(&someone.slug);
                (someone.slug.as_str(), known.unwrap_or_else(PersonId::random))
            })
            .collect();
        let (party, person) = (|handle: &str| ids[handle], |slug: &str| people[slug]);
        let closed = stands.parties.iter().filter(|entry| file.party(&entry.handle).is_none());
        let left = stands.people.iter().filter(|entry| !people.contains_key(entry.slug.as_str()));
        let setting =
            Setting { locations: stands.locations.clone(), baseline: stands.baseline.clone() };
        let mut mission = mission_of(file, setting, party, person);
        mission.parties.extend(closed.map(|entry| PartyEntry { closed: true, ..entry.clone() }));
        mission.moves.clone_from(&stands.moves);
        mission.people.extend(left.map(|entry| PersonEntry { left: true, ..entry.clone() }));
        mission
    }

    /// Someone as the file says them; where it says a name or address that is not the one that stands, both anew.
    async fn person_after(
        &self,
        authority: &Authority,
        mission: &MissionRevision,
        entry: &PersonEntry,
        said: Option<&FilePerson>,
    ) -> Result<(Next<PersonRevision>, Option<Named>), Error> {
        let before = self.people.get(&entry.person).cloned();
        let Some(said) = said else {
            let before = before.ok_or(Error::Missing(entry.person.into()))?;
            let mut after = PersonRevision::clone(&before);
            // Who left once stays as they are.
            if !self.mission.people.iter().any(|old| old.person == entry.person && old.left) {
                after.disabled = true;
                after.generation += 1;
                after.credentials.clear();
            }
            return Ok((Next { before: Some(before), after }, None));
        };
        let named = |handle: &str| mission.party_named(handle).map(|party| party.party);
        let employer = named(&said.employer).ok_or(Error::NotTheirs)?;
        let given = Named { name: said.name.clone(), address: said.address.clone() };
        let Some(before) = before else {
            let after = PersonRevision::new(entry.person, employer);
            return Ok((Next { before: None, after }, Some(given)));
        };
        let keyset = authority.writer().keyring().keyset();
        let stands = before.named(keyset).await?;
        let next = Named {
            name: given.name.or_else(|| stands.name.clone()),
            address: given.address.or_else(|| stands.address.clone()),
        };
        let mut after = PersonRevision { employer, ..PersonRevision::clone(&before) };
        if self.mission.people.iter().any(|old| old.person == entry.person && old.left) {
            after.disabled = false;
        }
        let held: Vec<_> = said.roles.iter().filter_map(|(handle, _)| named(handle)).collect();
        after.credentials.retain(|credential| held.contains(&credential.capacity));
        Ok((Next { before: Some(before), after }, (next != stands).then_some(next)))
    }

    /// A party in which exactly the roles of the file are held. Where an auditor is gone, its tags turn.
    async fn party_after(
        &self,
        authority: &Authority,
        mission: &MissionRevision,
        entry: &PartyEntry,
        file: &MissionFile,
    ) -> Result<Next<PartyRevision>, Error> {
        let year = authority.writer().clock().now().year();
        let roles: Vec<RoleHeld> = (file.people.iter())
            .flat_map(|someone| {
                let here = someone.roles.iter().filter(|(handle, _)| *handle == entry.handle);
                here.filter_map(|(_, role)| {
                    let person = mission.person_named(&someone.slug)?;
                    Some(RoleHeld { person, role: *role })
                })
            })
            .collect();
        let Some(before) = self.parties.get(&entry.party).cloned() else {
            let after = PartyRevision { roles, ..PartyRevision::new(entry.party) };
            return Ok(Next { before: None, after });
        };
        let mut after = PartyRevision::clone(&before);
        if !same_roles(&before.roles, &roles) {
            after.roles = roles;
        }
        let stays = |held: &RoleHeld| after.holds(held.person, held.role);
        let auditors = before.roles.iter().filter(|held| held.role == Role::Auditor);
        if auditors.clone().any(|held| !stays(held)) {
            let turn = before.tag_turn(year).map_or(1, |turn| turn + 1);
            after.tag_keys.push(authority.tag_key(before.party, year, turn).await?);
        }
        Ok(Next { before: Some(before), after })
    }
}

/// Whether the same people hold the same roles, in whatever order.
fn same_roles(one: &[RoleHeld], other: &[RoleHeld]) -> bool {
    let sorted = |roles: &[RoleHeld]| {
        let mut sorted: Vec<_> = roles.iter().map(|held| (held.person, held.role)).collect();
        sorted.sort_unstable();
        sorted
    };
    sorted(one) == sorted(other)
}

impl<R: Revision> Next<R> {
    /// Whether it is the first revision of its subject.
    pub(super) fn is_new(&self) -> bool {
        self.before.is_none()
    }
}
