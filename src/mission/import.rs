//! From a mission file to the revisions that a mission begins with.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde_json::json;

use crate::{
    audit::Draft,
    database::Subject,
    id::{PartyId, PersonId},
    mission::{
        Authority, Conflict, Error, FORMAT, FileConflict, FileParty, LocationEntry, MissionFile,
        MissionRevision, PartyEntry, PartyRevision, PersonEntry, PersonRevision, Revision,
        RoleHeld, facts, names::Named,
    },
    vault::KeySet,
};

/// What the mission's first revision holds beside the file: from the configuration.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// Places of storage in use.
    pub locations: Vec<LocationEntry>,
    /// SHA-256, in hex, of the baseline policies.
    pub baseline: String,
}

/// The first revisions of a mission, its parties and its people.
pub struct Import {
    /// The mission.
    pub mission: MissionRevision,
    /// Every party, in the order of the file, the mission first.
    pub parties: Vec<PartyRevision>,
    /// Everyone, in the order of the file.
    pub people: Vec<PersonRevision>,
    /// Name and address of whoever has one, still to be sealed.
    names: BTreeMap<PersonId, Named>,
}

impl fmt::Debug for Import {
    /// Without names and addresses, which belong in no log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut import = f.debug_struct("Import");
        import.field("mission", &self.mission.slug).field("parties", &self.parties.len());
        import.field("people", &self.people.len()).finish_non_exhaustive()
    }
}

impl Import {
    /// Gives everyone and everything of `file` an id, and exactly the roles that it names.
    #[must_use]
    pub fn new(file: &MissionFile, setting: Setting) -> Self {
        let ids: BTreeMap<&str, PartyId> =
            file.parties.iter().map(|party| (party.handle.as_str(), PartyId::random())).collect();
        let people: BTreeMap<&str, PersonId> =
            file.people.iter().map(|person| (person.slug.as_str(), PersonId::random())).collect();
        let party = |handle: &str| *ids.get(handle).expect("references were checked");
        let person = |slug: &str| *people.get(slug).expect("references were checked");
        let mission = mission_of(file, setting, party, person);
        let parties = file.parties.iter().map(|entry| {
            let here = file.people.iter().flat_map(|someone| {
                let held = someone.roles.iter().filter(|(handle, _)| *handle == entry.handle);
                held.map(|(_, role)| RoleHeld { person: person(&someone.slug), role: *role })
            });
            PartyRevision { roles: here.collect(), ..PartyRevision::new(party(&entry.handle)) }
        });
        let named = file.people.iter().map(|someone| {
            let named = Named { name: someone.name.clone(), address: someone.address.clone() };
            (person(&someone.slug), named)
        });
        Self {
            parties: parties.collect(),
            people: file
                .people
                .iter()
                .map(|someone| PersonRevision::new(person(&someone.slug), party(&someone.employer)))
                .collect(),
            names: named.collect(),
            mission,
        }
    }

    /// Gives a name and an address to whoever the file calls `slug`, where it gives none.
    pub fn name(&mut self, slug: &str, name: &str, address: &str) {
        let Some(person) = self.mission.person_named(slug) else { return };
        let named = self.names.entry(person).or_default();
        named.name.get_or_insert_with(|| name.to_owned());
        named.address.get_or_insert_with(|| address.to_owned());
    }
}

impl Import {
    /// Makes the keys of every party and person, and writes their first revisions, one entry each:
    /// parties, people, the mission last, so that a mission that stands is whole. Cut before that,
    /// nothing refers to what was written, and it is imported anew.
    ///
    /// # Errors
    ///
    /// [`Error::Exists`] if a mission was imported already; [`Error::Keys`] if a key could not be
    /// made.
    pub async fn write(mut self, authority: &Authority, keys: &KeySet) -> Result<(), Error> {
        if authority.registry().database().head(Subject::MISSION).await?.is_some() {
            return Err(Error::Exists(Subject::MISSION));
        }
        let year = authority.writer().clock().now().year();
        for party in &mut self.parties {
            keys.add_party(party.party).await.map_err(Error::Keys)?;
            party.tag_keys = vec![authority.tag_key(party.party, year, 0).await?];
        }
        for person in &mut self.people {
            keys.add_person(person.person).await.map_err(Error::Keys)?;
            let key = keys.person_key(person.person).await.map_err(Error::Keys)?;
            person.seal(&key, 1, &self.names.remove(&person.person).unwrap_or_default());
        }
        for party in self.parties {
            first(authority, party.party, party).await?;
        }
        for person in self.people {
            first(authority, person.employer, person).await?;
        }
        first(authority, self.mission.party, self.mission).await
    }
}

/// Writes the first revision of a subject; its entry concerns `owner`.
async fn first<R: Revision>(
    authority: &Authority,
    owner: PartyId,
    revision: R,
) -> Result<(), Error> {
    let detail = facts("imported", json!({ "subject": revision.subject() }));
    let draft = Draft { owner: Some(owner), ..Draft::system(detail) };
    let (registry, revision) = (authority.registry().clone(), Arc::new(revision));
    let written = authority.system(draft, move |change| {
        let (registry, revision) = (registry.clone(), Arc::clone(&revision));
        Box::pin(async move { registry.create(change, &*revision).await })
    });
    written.await?;
    Ok(())
}

/// The mission as the file says it, under these ids.
pub(super) fn mission_of(
    file: &MissionFile,
    setting: Setting,
    party: impl Fn(&str) -> PartyId + Copy,
    person: impl Fn(&str) -> PersonId,
) -> MissionRevision {
    let person_entry =
        |slug: &String| PersonEntry { person: person(slug), slug: slug.clone(), left: false };
    let conflict = |conflict: &FileConflict| Conflict {
        person: person(&conflict.person),
        with: party(&conflict.with),
        capacity: conflict.capacity.as_deref().map(party),
        says: conflict.says.clone(),
    };
    MissionRevision {
        v: FORMAT,
        slug: file.slug.clone(),
        title: file.title.clone(),
        languages: file.languages.clone(),
        time_zone: file.time_zone.clone(),
        party: party("mission"),
        secretariat: party(&file.secretariat),
        operator: party(&file.operator),
        placement: file.placement.clone(),
        parties: file.parties.iter().map(|entry| entry_of(entry, party(&entry.handle))).collect(),
        people: file.people.iter().map(|entry| person_entry(&entry.slug)).collect(),
        kinds: file.kinds.clone(),
        conflicts: file.conflicts.iter().map(conflict).collect(),
        locations: setting.locations,
        moves: Vec::new(),
        baseline: setting.baseline,
    }
}

/// A party as the file says it, under this id.
fn entry_of(party: &FileParty, id: PartyId) -> PartyEntry {
    PartyEntry {
        party: id,
        handle: party.handle.clone(),
        kind: party.kind,
        name: party.name.clone(),
        aim: party.aim.clone(),
        country: party.country.clone(),
        closed: false,
    }
}
