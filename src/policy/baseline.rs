//! The shipped policies: the only ones that permit anything.

use std::{collections::BTreeMap, sync::LazyLock};

#[cfg(test)]
use cedar_policy::Schema;
use cedar_policy::{Policy, PolicyId, PolicySet};
use ring::digest::{SHA256, digest};

use crate::{
    audit::{ActName, Reason},
    policy::rules::{self, Rules},
};

/// What decisions speak of.
pub(super) const SCHEMA: &str = include_str!("../../config/policies/greffe.cedarschema");

/// The files, by name; together, in this order, they are the baseline.
pub(super) const FILES: [(&str, &str); 5] = [
    ("owner.cedar", include_str!("../../config/policies/baseline/owner.cedar")),
    ("mission.cedar", include_str!("../../config/policies/baseline/mission.cedar")),
    ("directory.cedar", include_str!("../../config/policies/baseline/directory.cedar")),
    ("grant.cedar", include_str!("../../config/policies/baseline/grant.cedar")),
    ("always.cedar", include_str!("../../config/policies/baseline/always.cedar")),
];

/// The baseline, indexed once. It is compiled in, so a build whose policies do not hold fails its tests.
pub(super) static BASELINE: LazyLock<Baseline> =
    LazyLock::new(|| Baseline::load().expect("the shipped policies were checked by the tests"));

/// The schema of the baseline, parsed once.
#[cfg(test)]
pub(super) static PARSED_SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    Schema::from_cedarschema_str(SCHEMA).expect("the shipped schema was checked by the tests").0
});

/// The shipped policies, ready to be asked.
#[derive(Debug)]
pub(super) struct Baseline {
    pub(super) rules: Rules,
    /// What a refused caller is told, by the `@id` of the policy that forbade.
    reasons: BTreeMap<String, Reason>,
}

/// Why the shipped policies cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// They are not Cedar.
    #[error("could not parse {0}")]
    Malformed(&'static str, #[source] Box<cedar_policy::ParseErrors>),
    /// One has no `@id`, or a forbid has no `@reason` of the closed list.
    #[error("a policy of {0} lacks its @id, or its @reason")]
    Nameless(&'static str),
    /// Two have one `@id`.
    #[error("two policies have one @id")]
    Ambiguous(#[source] rules::Unusable),
}

impl Baseline {
    fn load() -> Result<Self, Error> {
        let mut reasons = BTreeMap::new();
        let mut policies = Vec::new();
        for (file, text) in FILES {
            for policy in named(file, text)? {
                if policy.effect() == cedar_policy::Effect::Forbid {
                    let reason = policy.annotation("reason").and_then(reason_named);
                    let reason = reason.ok_or(Error::Nameless(file))?;
                    reasons.insert(policy.id().to_string(), reason);
                }
                policies.push(policy);
            }
        }
        let rules = Rules::index(&policies, &ActName::ALL).map_err(Error::Ambiguous)?;
        Ok(Self { rules, reasons })
    }

    /// What a caller refused by `forbids` is told: a conflict before all, then the first.
    pub(super) fn reason(&self, forbids: &[String]) -> Reason {
        let named = || forbids.iter().filter_map(|id| self.reasons.get(id).copied());
        match named().find(|reason| *reason == Reason::Conflict) {
            Some(conflict) => conflict,
            None => named().next().unwrap_or(Reason::NoGrant),
        }
    }
}

/// SHA-256, in hex, over the files in their order: what the mission's revision names as its baseline.
#[must_use]
pub fn baseline_digest() -> String {
    let whole: String = [SCHEMA].into_iter().chain(FILES.map(|(_, text)| text)).collect();
    hex::encode(digest(&SHA256, whole.as_bytes()))
}

/// The policies of a file, each called by its `@id`: a parsed policy is called `policy0`.
pub(super) fn named(file: &'static str, text: &str) -> Result<Vec<Policy>, Error> {
    let set: PolicySet = text.parse().map_err(|errors| Error::Malformed(file, Box::new(errors)))?;
    let policies = set.policies().map(|policy| {
        let id = policy.annotation("id").ok_or(Error::Nameless(file))?;
        Ok(policy.new_id(PolicyId::new(id)))
    });
    policies.collect()
}

fn reason_named(word: &str) -> Option<Reason> {
    serde_json::from_value(serde_json::Value::from(word)).ok()
}

#[cfg(test)]
mod tests {
    use cedar_policy::{ValidationMode, Validator};

    use super::*;

    #[test]
    fn every_shipped_policy_is_valid_against_the_schema() {
        let (schema, warnings) = Schema::from_cedarschema_str(SCHEMA).unwrap();
        assert_eq!(warnings.map(|warning| warning.to_string()).collect::<Vec<_>>(), [""; 0]);
        let validator = Validator::new(schema);

        for (file, text) in FILES {
            let set = PolicySet::from_policies(named(file, text).unwrap()).unwrap();
            let result = validator.validate_with_level(&set, ValidationMode::Strict, 1);

            assert!(result.validation_passed_without_warnings(), "{file}: {result:?}");
        }
    }

    #[test]
    fn every_shipped_policy_has_an_id_and_a_sentence_above_it() {
        for (file, text) in FILES {
            let policies = named(file, text).unwrap();
            for policy in &policies {
                let head = text.split(&format!("@id(\"{}\")", policy.id())).next().unwrap();
                let above = head.trim_end().lines().last().unwrap_or_default();
                assert!(above.starts_with("// "), "{file}: {} has no sentence", policy.id());
                assert!(above.ends_with('.'), "{file}: {} has half a sentence", policy.id());
            }
            assert_eq!(text.matches("@id(").count(), policies.len(), "{file}");
        }
        Baseline::load().unwrap();
    }

    #[test]
    fn only_what_nothing_permits_forbids() {
        for (file, text) in FILES {
            for policy in named(file, text).unwrap() {
                let forbids = policy.effect() == cedar_policy::Effect::Forbid;
                assert_eq!(forbids, file == "always.cedar", "{file}: {}", policy.id());
            }
        }
    }
}
