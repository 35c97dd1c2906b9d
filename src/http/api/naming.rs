//! What a request names: documents by id or reference, parties by handle, people by the mission file's word.
//!
//! What does not exist becomes something that nothing has, so that it is decided about, refused and recorded as what is
//! hidden.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::{
    app::App,
    database::Revisions,
    http::{Kind, Problem},
    id::{PartyId, PersonId},
    mission::{Grantee, MissionRevision, Role},
    policy::Resource,
};

/// The mission, as it is now.
pub(super) async fn mission(app: &App) -> Result<Arc<MissionRevision>, Problem> {
    let mut revisions = Revisions::new(app.clock.now());
    Ok(app.registry.mission(&mut revisions).await?)
}

/// The document that is called so.
pub(super) async fn document(app: &App, name: &str) -> Result<Resource, Problem> {
    let named = app.documents.named(name).await?;
    Ok(Resource::document(named.id, named.reference).called(name))
}

/// The party whose handle or id this is.
pub(super) async fn party(app: &App, name: &str) -> Result<PartyId, Problem> {
    let mission = mission(app).await?;
    let known = mission.party_named(name).map(|entry| entry.party);
    Ok(known.or_else(|| name.parse().ok()).unwrap_or_else(PartyId::random))
}

/// The workstream of this slug or handle.
pub(super) async fn workstream(app: &App, name: &str) -> Result<PartyId, Problem> {
    let handle = if name.contains(':') { name.to_owned() } else { format!("workstream:{name}") };
    party(app, &handle).await
}

/// The person of this slug or id.
pub(super) async fn person(app: &App, name: &str) -> Result<PersonId, Problem> {
    let mission = mission(app).await?;
    let known = mission.person_named(name);
    Ok(known.or_else(|| name.parse().ok()).unwrap_or_else(PersonId::random))
}

/// How people call a party.
pub(super) fn handle(mission: &MissionRevision, party: PartyId) -> String {
    let entry = mission.party(party);
    entry.map_or_else(|| party.to_string(), |entry| entry.handle.clone())
}

/// How people call a person.
pub(super) fn slug(mission: &MissionRevision, person: PersonId) -> String {
    mission.slug_of(person).map_or_else(|| person.to_string(), str::to_owned)
}

/// A word of a closed list as JSON writes it.
pub(super) fn word(value: impl serde::Serialize) -> String {
    let written = serde_json::to_value(value).unwrap_or_default();
    written.as_str().unwrap_or_default().to_owned()
}

/// The value that JSON writes as this word.
pub(super) fn of_word<T: serde::de::DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(Value::from(word)).ok()
}

/// To whom a grant is to be given: `company:SLUG`, `workstream:SLUG`, `mission`, `person:SLUG` or `role:HANDLE:ROLE`.
pub(super) fn grantee(mission: &MissionRevision, text: &str) -> Result<Grantee, Problem> {
    let unknown = || {
        let says = "it is company:SLUG, workstream:SLUG, person:SLUG or role:PARTY:ROLE, of someone in the directory";
        Problem::new(Kind::Refused).with_detail(format!("nobody is called {text:?}: {says}"))
    };
    let party = |handle: &str| mission.party_named(handle).map(|entry| entry.party);
    let grantee = if let Some(slug) = text.strip_prefix("person:") {
        mission.person_named(slug).map(Grantee::Person)
    } else if let Some(rest) = text.strip_prefix("role:") {
        rest.rsplit_once(':')
            .and_then(|(handle, role)| Some(Grantee::Role(party(handle)?, of_word::<Role>(role)?)))
    } else {
        party(text).map(Grantee::Party)
    };
    grantee.ok_or_else(unknown)
}

/// To whom a grant was given, as [`grantee`] reads it.
pub(super) fn granted(mission: &MissionRevision, to: Grantee) -> String {
    match to {
        Grantee::Party(party) => handle(mission, party),
        Grantee::Person(person) => format!("person:{}", slug(mission, person)),
        Grantee::Role(party, role) => format!("role:{}:{}", handle(mission, party), word(role)),
    }
}

/// What an intent's entry says is shown.
pub(super) fn shows(what: &str) -> Map<String, Value> {
    Map::from_iter([("shows".to_owned(), json!(what))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mission::Protection;

    #[test]
    fn a_word_of_a_closed_list_is_read_as_it_is_written() {
        assert_eq!(word(Role::AccessManager), "access-manager");
        assert_eq!(of_word::<Role>("access-manager"), Some(Role::AccessManager));
        assert_eq!(word(Protection::EndToEnd), "end-to-end");
        assert_eq!(of_word::<Role>("king"), None);
    }
}
