//! Policies indexed by their scopes, so that a decision evaluates those that can match and no others.
//!
//! Cedar evaluates every policy of a set. A scope is a conjunction, so a policy whose scope names something else than
//! the request has cannot match: leaving it out changes no decision.

use std::{collections::HashMap, sync::LazyLock};

use cedar_policy::{
    ActionConstraint, Authorizer, Decision, Entities, EntityTypeName, EntityUid, Policy, PolicySet,
    PrincipalConstraint, Request, ResourceConstraint,
};

use crate::{
    audit::ActName,
    policy::{names, spoken::Spoken},
};

static AUTHORIZER: LazyLock<Authorizer> = LazyLock::new(Authorizer::new);

/// What of a request a policy's scope demands, by its most selective part.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Scope {
    /// Nothing: it may concern every request.
    Any,
    /// A type of resource.
    Type(EntityTypeName),
    /// This person, or whoever acts for this party.
    Principal(EntityUid),
    /// This document, or whatever is in this party.
    Resource(EntityUid),
}

impl Scope {
    /// The key under which `policy` is found.
    pub(super) fn of(policy: &Policy) -> Self {
        use PrincipalConstraint as P;
        use ResourceConstraint as R;
        match (policy.principal_constraint(), policy.resource_constraint()) {
            (_, R::Eq(resource)) => Self::Resource(resource),
            (P::Eq(principal), _) => Self::Principal(principal),
            (_, R::In(resource) | R::IsIn(_, resource)) => Self::Resource(resource),
            (P::In(principal) | P::IsIn(_, principal), _) => Self::Principal(principal),
            (_, R::Is(kind)) => Self::Type(kind),
            (P::Any | P::Is(_), R::Any) => Self::Any,
        }
    }
}

/// Which of `among` a policy's scope names; all of them if it names none.
pub(super) fn acts_of(policy: &Policy, among: &[ActName]) -> Vec<ActName> {
    let names = |named: &[EntityUid]| {
        among.iter().copied().filter(|act| named.contains(&names::act(*act))).collect()
    };
    match policy.action_constraint() {
        ActionConstraint::Any => among.to_vec(),
        ActionConstraint::Eq(act) => names(&[act]),
        ActionConstraint::In(acts) => names(&acts),
    }
}

/// The policy without the acts of its scope: where it is indexed says them, and testing a list costs two microseconds.
fn for_any_act(policy: &Policy) -> Result<Policy, Box<dyn std::error::Error + Send + Sync>> {
    let mut json = policy.to_json()?;
    json["action"] = serde_json::json!({ "op": "All" });
    Ok(Policy::from_json(Some(policy.id().clone()), json)?)
}

/// What a set of rules said to a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// Which permit it.
    pub(super) permits: Vec<String>,
    /// Which forbid it.
    pub(super) forbids: Vec<String>,
    /// Which could not be evaluated. Cedar leaves such a policy out, so a forbid among them would be lost.
    pub(super) failed: Vec<String>,
}

/// Policies that cannot be indexed.
#[derive(Debug, thiserror::Error)]
#[error("could not index the policies")]
pub(super) struct Unusable(#[source] Box<dyn std::error::Error + Send + Sync>);

/// Policies by act and scope.
#[derive(Debug)]
pub(super) struct Rules {
    sets: HashMap<ActName, HashMap<Scope, PolicySet>>,
    spoken: Spoken,
}

impl Rules {
    /// Indexes `policies`, each for the acts among `acts` that its scope names.
    ///
    /// # Errors
    ///
    /// [`Unusable`] if two policies have one id.
    pub(super) fn index<'p>(
        policies: impl IntoIterator<Item = &'p Policy> + Clone,
        acts: &[ActName],
    ) -> Result<Self, Unusable> {
        let spoken = Spoken::of(policies.clone()).map_err(|error| Unusable(error))?;
        let mut sets: HashMap<_, HashMap<_, PolicySet>> = HashMap::new();
        for policy in policies {
            let indexed = for_any_act(policy).map_err(Unusable)?;
            for act in acts_of(policy, acts) {
                let set = sets.entry(act).or_default().entry(Scope::of(policy)).or_default();
                set.add(indexed.clone()).map_err(|error| Unusable(Box::new(error)))?;
            }
        }
        Ok(Self { sets, spoken })
    }

    /// Which attributes the policies speak of.
    pub(super) fn spoken(&self) -> Spoken {
        self.spoken
    }

    /// Evaluates what can match a request for `act` whose principal and resource are found under `scopes`.
    pub(super) fn ask(
        &self,
        act: ActName,
        scopes: &[Scope],
        request: &Request,
        entities: &Entities,
    ) -> Said {
        let mut said = Said::default();
        let sets = self.sets.get(&act);
        for policies in scopes.iter().filter_map(|scope| sets?.get(scope)) {
            let response = AUTHORIZER.is_authorized(request, policies, entities);
            let reasons = response.diagnostics().reason().map(ToString::to_string);
            match response.decision() {
                Decision::Allow => said.permits.extend(reasons),
                Decision::Deny => said.forbids.extend(reasons),
            }
            said.failed.extend(response.diagnostics().errors().map(|error| {
                let cedar_policy::AuthorizationError::PolicyEvaluationError(error) = error;
                error.policy_id().to_string()
            }));
        }
        said.permits.sort_unstable();
        said.forbids.sort_unstable();
        said
    }
}
