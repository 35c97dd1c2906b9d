//! What Cedar sees of a case: entities, request and the scopes under which policies about it are found.

use std::collections::{HashMap, HashSet};

use cedar_policy::{Context, Entities, Entity, EntityUid, Request, RestrictedExpression as Value};

use crate::{
    audit::ActName,
    id::PartyId,
    mission::{DocumentRevision, MissionRevision, PartyKind, Role, network_of},
    policy::{
        Case, Target, names,
        rules::Scope,
        spoken::{Attribute, Spoken},
    },
};

/// A case as Cedar sees it.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) entities: Entities,
    pub(super) scopes: Vec<Scope>,
    principal: EntityUid,
    resource: EntityUid,
    context: Context,
}

/// A value that the schema has no place for; only a defect of ours makes one.
#[derive(Debug, thiserror::Error)]
#[error("could not describe the case")]
pub(super) struct Indescribable(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Seen {
    /// Describes `case`, in which the caller holds `roles` and a grant reaches them or not, as far as it is spoken of.
    pub(super) fn new(
        case: &Case<'_>,
        roles: &[Role],
        granted: bool,
        spoken: Spoken,
    ) -> Result<Self, Indescribable> {
        let principal = names::person(case.mission, case.person.person);
        let mut parents: HashSet<_> = roles.iter().map(|role| names::role(*role)).collect();
        parents.insert(names::party(case.mission, case.acting.party));
        let (resource, within, entity) = resource(case, spoken)?;
        let mut scopes = vec![
            Scope::Any,
            Scope::Type(resource.type_name().clone()),
            Scope::Principal(principal.clone()),
            Scope::Resource(resource.clone()),
        ];
        scopes.extend(parents.iter().cloned().map(Scope::Principal));
        scopes.extend(within.into_iter().map(Scope::Resource));
        let mut person = Attributes::new(spoken);
        person.add(Attribute::Employer, || affiliation(case.mission, case.person.employer));
        let person = person.of(principal.clone(), parents)?;
        let entities = [Some(person), entity.filter(|entity| entity.uid() != principal)];
        let entities = Entities::from_entities(entities.into_iter().flatten(), None);
        Ok(Self {
            entities: entities.map_err(indescribable)?,
            scopes,
            principal,
            resource,
            context: context(case, granted, spoken)?,
        })
    }

    /// The request for `act`.
    pub(super) fn request(&self, act: ActName) -> Result<Request, Indescribable> {
        let (principal, resource) = (self.principal.clone(), self.resource.clone());
        Request::new(principal, names::act(act), resource, self.context.clone(), None)
            .map_err(indescribable)
    }

    /// Whether all of it is as the schema says.
    #[cfg(test)]
    pub(super) fn conforms(&self, act: ActName) -> Result<(), Box<dyn std::error::Error>> {
        let schema = &crate::policy::baseline::PARSED_SCHEMA;
        Entities::from_entities(self.entities.iter().cloned(), Some(schema))?;
        let (principal, resource) = (self.principal.clone(), self.resource.clone());
        let context = self.context.clone();
        Request::new(principal, names::act(act), resource, context, Some(schema))?;
        Ok(())
    }
}

/// The resource, the parties in which it is, and what it is.
type Resource = (EntityUid, HashSet<EntityUid>, Option<Entity>);

fn resource(case: &Case<'_>, spoken: Spoken) -> Result<Resource, Indescribable> {
    let mission = case.mission;
    let mut attributes = Attributes::new(spoken);
    let (uid, within) = match case.target {
        Target::Document { document, .. } => {
            let owner = names::party(mission, document.owner);
            let workstream = names::party(mission, document.workstream);
            attributes.add(Attribute::Owner, || Value::new_entity_uid(owner.clone()));
            attributes.add(Attribute::Workstream, || Value::new_entity_uid(workstream.clone()));
            describe(document, &mut attributes);
            (names::document(&document.reference), HashSet::from([owner, workstream]))
        }
        Target::NewDocument { owner: party, .. } | Target::Party(party) => {
            attributes.add(Attribute::Kind, || party_kind(mission, party.party));
            (names::party(mission, party.party), HashSet::new())
        }
        Target::Person(person) => {
            attributes.add(Attribute::Employer, || affiliation(mission, person.employer));
            (names::person(mission, person.person), HashSet::new())
        }
        Target::Service => return Ok((names::service(), HashSet::new(), None)),
    };
    let entity = attributes.of(uid.clone(), within.clone())?;
    Ok((uid, within, Some(entity)))
}

/// What a document's own revision says of it.
fn describe(document: &DocumentRevision, attributes: &mut Attributes) {
    let names = |name: EntityUid| Value::new_entity_uid(name);
    attributes.add(Attribute::Kind, || Value::new_string(document.kind.clone()));
    attributes.add(Attribute::Sensitivity, || names(names::sensitivity(document.sensitivity)));
    attributes.add(Attribute::Stage, || names(names::stage(document.stage)));
    attributes.add(Attribute::Protection, || names(names::protection(document.protection)));
    attributes.add(Attribute::Locations, || {
        Value::new_set(document.locations.iter().map(|id| names(names::location(id))))
    });
    attributes.add(Attribute::Held, || Value::new_bool(document.hold));
    attributes.add(Attribute::Quarantined, || Value::new_bool(document.quarantined));
}

fn context(case: &Case<'_>, granted: bool, spoken: Spoken) -> Result<Context, Indescribable> {
    let how = case.circumstances;
    let party = |party| Value::new_entity_uid(names::party(case.mission, party));
    let text = |text: &str| Value::new_string(text.to_owned());
    let mut attributes = Attributes::new(spoken);
    attributes.add(Attribute::Now, || Value::new_datetime(how.now.to_second()));
    attributes.add(Attribute::Method, || Value::new_entity_uid(names::method(how.method)));
    attributes.add(Attribute::AuthenticatedSecondsAgo, || {
        let age = how.now.since(how.authenticated_at).as_secs();
        Value::new_long(i64::try_from(age).unwrap_or(i64::MAX))
    });
    attributes.add(Attribute::Certificate, || Value::new_bool(how.certificate));
    attributes.add(Attribute::Capacity, || affiliation(case.mission, case.acting.party));
    attributes.add(Attribute::Conflicts, || Value::new_set(case.conflicts().map(party)));
    attributes.add(Attribute::Granted, || Value::new_bool(granted));
    attributes.add(Attribute::Closed, || Value::new_bool(case.closed()));
    if let Some(network) = &how.network {
        attributes.add(Attribute::Network, || text(network));
    }
    if let Some(purpose) = &how.purpose {
        attributes.add(Attribute::Purpose, || text(purpose));
    }
    if spoken.includes(Attribute::OwnerNetwork)
        && let Some(owner) = case.target.owner()
        && let Some(network) = network_of(&owner.networks, how.address)
    {
        attributes.add(Attribute::OwnerNetwork, || text(network));
    }
    Context::from_pairs(attributes.described).map_err(indescribable)
}

/// A party with what the directory shows of it.
fn affiliation(mission: &MissionRevision, party: PartyId) -> Value {
    let country = mission.party(party).map_or(String::new(), |entry| entry.country.clone());
    let fields = [
        ("party".to_owned(), Value::new_entity_uid(names::party(mission, party))),
        ("kind".to_owned(), party_kind(mission, party)),
        ("country".to_owned(), Value::new_string(country)),
    ];
    Value::new_record(fields).expect("the names of the fields differ")
}

/// What a party is; no right comes from being an operator, so one that the mission does not know is called that.
fn party_kind(mission: &MissionRevision, party: PartyId) -> Value {
    let kind = mission.party(party).map_or(PartyKind::Operator, |entry| entry.kind);
    Value::new_entity_uid(names::party_kind(kind))
}

/// Attributes as far as they are spoken of.
struct Attributes {
    spoken: Spoken,
    described: HashMap<String, Value>,
}

impl Attributes {
    fn new(spoken: Spoken) -> Self {
        Self { spoken, described: HashMap::new() }
    }

    fn add(&mut self, attribute: Attribute, value: impl FnOnce() -> Value) {
        if self.spoken.includes(attribute) {
            self.described.insert(attribute.name().to_owned(), value());
        }
    }

    fn of(self, uid: EntityUid, parents: HashSet<EntityUid>) -> Result<Entity, Indescribable> {
        Entity::new(uid, self.described, parents).map_err(indescribable)
    }
}

fn indescribable(error: impl std::error::Error + Send + Sync + 'static) -> Indescribable {
    Indescribable(Box::new(error))
}
