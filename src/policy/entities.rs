//! What Cedar sees of a case: entities, request and the scopes under which policies about it are found.

use std::collections::{HashMap, HashSet};

use cedar_policy::{Context, Entities, Entity, EntityUid, Request, RestrictedExpression as Value};

use crate::{
    audit::ActName,
    id::PartyId,
    mission::{MissionRevision, PartyKind, Role},
    policy::{Case, Target, names, network, rules::Scope},
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
    /// Describes `case`, in which the caller holds `roles` and a grant reaches them or not.
    pub(super) fn new(
        case: &Case<'_>,
        roles: &[Role],
        granted: bool,
    ) -> Result<Self, Indescribable> {
        let principal = names::person(case.mission, case.person.person);
        let capacity = names::party(case.mission, case.acting.party);
        let person = Entity::new(
            principal.clone(),
            attributes([("employer", affiliation(case.mission, case.person.employer))]),
            HashSet::from([capacity.clone()]),
        )
        .map_err(indescribable)?;
        let (resource, entity, mut scopes) = resource(case)?;
        let described = [Some(person), entity.filter(|entity| entity.uid() != principal)];
        let entities = Entities::from_entities(described.into_iter().flatten(), None)
            .map_err(indescribable)?;
        scopes.extend([
            Scope::Any,
            Scope::Principal(principal.clone()),
            Scope::Principal(capacity),
            Scope::Resource(resource.clone()),
            Scope::Type(resource.type_name().clone()),
        ]);
        let context = context(case, roles, granted)?;
        Ok(Self { entities, scopes, principal, resource, context })
    }

    /// The request for `act`.
    pub(super) fn request(&self, act: ActName) -> Result<Request, Indescribable> {
        let (principal, resource) = (self.principal.clone(), self.resource.clone());
        Request::new(principal, names::act(act), resource, self.context.clone(), None)
            .map_err(indescribable)
    }
}

/// The resource, what it is, and the parties in which it is.
fn resource(case: &Case<'_>) -> Result<(EntityUid, Option<Entity>, Vec<Scope>), Indescribable> {
    let mission = case.mission;
    match case.target {
        Target::Document { document, .. } => {
            let uid = names::document(&document.reference);
            let owner = names::party(mission, document.owner);
            let workstream = names::party(mission, document.workstream);
            let places =
                document.locations.iter().map(|id| Value::new_entity_uid(names::location(id)));
            let attributes = attributes([
                ("owner", Value::new_entity_uid(owner.clone())),
                ("workstream", Value::new_entity_uid(workstream.clone())),
                ("kind", Value::new_string(document.kind.clone())),
                ("sensitivity", Value::new_entity_uid(names::sensitivity(document.sensitivity))),
                ("stage", Value::new_entity_uid(names::stage(document.stage))),
                ("protection", Value::new_entity_uid(names::protection(document.protection))),
                ("locations", Value::new_set(places)),
                ("held", Value::new_bool(document.hold)),
                ("quarantined", Value::new_bool(document.quarantined)),
            ]);
            let parents = HashSet::from([owner.clone(), workstream.clone()]);
            let scopes = parents.iter().cloned().map(Scope::Resource).collect();
            let entity = Entity::new(uid.clone(), attributes, parents).map_err(indescribable)?;
            Ok((uid, Some(entity), scopes))
        }
        Target::NewDocument { owner: party, .. } | Target::Party(party) => {
            let uid = names::party(mission, party.party);
            let attributes = attributes([("kind", party_kind(mission, party.party))]);
            let entity = Entity::new(uid.clone(), attributes, HashSet::new());
            Ok((uid, Some(entity.map_err(indescribable)?), Vec::new()))
        }
        Target::Person(person) => {
            let uid = names::person(mission, person.person);
            let attributes = attributes([("employer", affiliation(mission, person.employer))]);
            let entity = Entity::new(uid.clone(), attributes, HashSet::new());
            Ok((uid, Some(entity.map_err(indescribable)?), Vec::new()))
        }
        Target::Service => Ok((names::service(), None, Vec::new())),
    }
}

fn context(case: &Case<'_>, roles: &[Role], granted: bool) -> Result<Context, Indescribable> {
    let how = case.circumstances;
    let age = how.now.since(how.authenticated_at).as_secs();
    let owner_network =
        case.target.owner().and_then(|owner| network::name_of(&owner.networks, how.address));
    let with =
        case.conflicts().map(|party| Value::new_entity_uid(names::party(case.mission, party)));
    let always = [
        ("now", Value::new_datetime(how.now.to_second())),
        ("method", Value::new_entity_uid(names::method(how.method))),
        ("authenticated_seconds_ago", Value::new_long(i64::try_from(age).unwrap_or(i64::MAX))),
        ("certificate", Value::new_bool(how.certificate)),
        ("capacity", affiliation(case.mission, case.acting.party)),
        (
            "roles",
            Value::new_set(roles.iter().map(|role| Value::new_entity_uid(names::role(*role)))),
        ),
        ("conflicts", Value::new_set(with)),
        ("granted", Value::new_bool(granted)),
        ("closed", Value::new_bool(case.closed())),
    ];
    let perhaps = [
        ("network", how.network.as_deref()),
        ("owner_network", owner_network),
        ("purpose", how.purpose.as_deref()),
    ];
    let perhaps = perhaps.into_iter().filter_map(|(name, value)| Some((name, text(value?))));
    let pairs = always.into_iter().chain(perhaps);
    Context::from_pairs(pairs.map(|(name, value)| (name.to_owned(), value))).map_err(indescribable)
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

/// What a party is; one that the mission does not know has no right by what it is.
fn party_kind(mission: &MissionRevision, party: PartyId) -> Value {
    let kind = mission.party(party).map_or(PartyKind::Operator, |entry| entry.kind);
    Value::new_entity_uid(names::party_kind(kind))
}

fn text(value: &str) -> Value {
    Value::new_string(value.to_owned())
}

fn attributes<const N: usize>(pairs: [(&str, Value); N]) -> HashMap<String, Value> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn indescribable(error: impl std::error::Error + Send + Sync + 'static) -> Indescribable {
    Indescribable(Box::new(error))
}
