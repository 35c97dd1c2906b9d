//! Policies indexed by their scopes, so that a decision evaluates those that can match and no others.
//!
//! Cedar evaluates every policy of a set. A scope is a conjunction, so a policy whose scope names something else than
//! the request has cannot match: leaving it out changes no decision.

use std::{collections::HashMap, sync::LazyLock};

use cedar_policy::{
    ActionConstraint, Authorizer, Decision, Entities, EntityTypeName, EntityUid, Policy, PolicySet,
    PrincipalConstraint, Request, ResourceConstraint,
};

use crate::{audit::ActName, policy::names};

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

/// Policies by act and scope.
#[derive(Debug, Default)]
pub(super) struct Rules {
    sets: HashMap<(ActName, Scope), PolicySet>,
}

impl Rules {
    /// Indexes `policies`, each for the acts among `acts` that its scope names.
    ///
    /// # Errors
    ///
    /// If two policies have one id.
    pub(super) fn index<'p>(
        policies: impl IntoIterator<Item = &'p Policy>,
        acts: &[ActName],
    ) -> Result<Self, cedar_policy::PolicySetError> {
        let mut sets: HashMap<_, PolicySet> = HashMap::new();
        for policy in policies {
            for act in acts_of(policy, acts) {
                sets.entry((act, Scope::of(policy))).or_default().add(policy.clone())?;
            }
        }
        Ok(Self { sets })
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
        for scope in scopes {
            let Some(policies) = self.sets.get(&(act, scope.clone())) else { continue };
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

    /// How many policies are found under each act and scope.
    #[cfg(test)]
    pub(super) fn sizes(&self) -> impl Iterator<Item = usize> {
        self.sets.values().map(PolicySet::num_of_policies)
    }
}
