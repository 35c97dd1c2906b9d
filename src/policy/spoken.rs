//! Which attributes a set of policies speaks of: no others need be described to decide by them.
//!
//! Describing a case costs more than deciding it. An attribute that no policy names cannot change a decision; one that
//! a policy could see without naming it (a whole record compared) makes every attribute spoken of.

use cedar_policy::{Policy, PolicyToJsonError};
use serde_json::Value;

macro_rules! attributes {
    ($($variant:ident = $name:literal,)*) => {
        /// An attribute of the schema; one that several types have is one here.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        pub(super) enum Attribute {
            $(#[doc = $name] $variant,)*
        }

        impl Attribute {
            #[doc = "All of them."]
            pub(super) const ALL: &[Self] = &[$(Self::$variant,)*];

            #[doc = "As policies write it."]
            pub(super) const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

attributes! {
    AuthenticatedSecondsAgo = "authenticated_seconds_ago",
    Capacity = "capacity",
    Certificate = "certificate",
    Closed = "closed",
    Conflicts = "conflicts",
    Employer = "employer",
    Granted = "granted",
    Held = "held",
    Kind = "kind",
    Locations = "locations",
    Method = "method",
    Network = "network",
    Now = "now",
    Owner = "owner",
    OwnerNetwork = "owner_network",
    Protection = "protection",
    Purpose = "purpose",
    Quarantined = "quarantined",
    Sensitivity = "sensitivity",
    Stage = "stage",
    Workstream = "workstream",
}

/// How someone asks: when, from where, by which method, for what.
const CIRCUMSTANCES: [Attribute; 7] = [
    Attribute::AuthenticatedSecondsAgo,
    Attribute::Certificate,
    Attribute::Method,
    Attribute::Network,
    Attribute::Now,
    Attribute::OwnerNetwork,
    Attribute::Purpose,
];

/// A set of attributes, and whether some document is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spoken(u32);

/// Beside the attributes: a policy names one document by its reference, so that two of them are not alike to it.
const A_DOCUMENT: u32 = 1 << 31;

impl Spoken {
    /// Everything that the schema has.
    pub(super) const EVERYTHING: Self = Self(u32::MAX);

    /// What `policies` name.
    ///
    /// # Errors
    ///
    /// If a policy cannot be written as JSON.
    pub(super) fn of<'p>(
        policies: impl IntoIterator<Item = &'p Policy>,
    ) -> Result<Self, Box<PolicyToJsonError>> {
        let mut spoken = Self::default();
        for policy in policies {
            let policy = policy.to_json().map_err(Box::new)?;
            spoken.hear(&policy["conditions"]);
            if names_a_document(&policy) {
                spoken.0 |= A_DOCUMENT;
            }
        }
        Ok(spoken)
    }

    /// Whether `attribute` is among them.
    pub(super) const fn includes(self, attribute: Attribute) -> bool {
        self.0 & (1 << attribute as u32) != 0
    }

    /// Whether one of them is how someone asks, which may be otherwise at the next request.
    pub(super) fn asks_for_circumstances(self) -> bool {
        CIRCUMSTANCES.into_iter().any(|attribute| self.includes(attribute))
    }

    /// Whether one document is named, so that another of the same attributes may be decided otherwise.
    pub(super) const fn names_a_document(self) -> bool {
        self.0 & A_DOCUMENT != 0
    }

    /// These and those.
    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Walks an expression in Cedar's JSON format: `{".": {"left": …, "attr": "stage"}}`, `has` alike.
    fn hear(&mut self, expression: &Value) {
        match expression {
            Value::Object(fields) => {
                if fields.get("Var") == Some(&Value::from("context")) {
                    *self = Self::EVERYTHING;
                }
                for (operator, operands) in fields {
                    let access = matches!(operator.as_str(), "." | "has");
                    match operands.get("attr") {
                        Some(attribute) if access => {
                            self.name(attribute);
                            let left = &operands["left"];
                            if left.get("Var").is_none() {
                                self.hear(left);
                            }
                        }
                        _ => self.hear(operands),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.hear(item)),
            _ => {}
        }
    }

    /// Notes an attribute's name, or the names of a chain (`has a.b` in JSON is a list).
    fn name(&mut self, attribute: &Value) {
        let known = |name: &str| Attribute::ALL.iter().find(|known| known.name() == name);
        match attribute.as_str().map(known) {
            Some(Some(attribute)) => self.0 |= 1 << *attribute as u32,
            Some(None) => {}
            None => *self = Self::EVERYTHING,
        }
    }
}

/// Whether a document's reference stands anywhere in a policy, in Cedar's JSON format: `{"type": "Document", "id": …}`.
fn names_a_document(policy: &Value) -> bool {
    match policy {
        Value::Object(fields) => {
            let document = fields.get("type") == Some(&Value::from("Document"));
            (document && fields.contains_key("id")) || fields.values().any(names_a_document)
        }
        Value::Array(items) => items.iter().any(names_a_document),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(condition: &str) -> Vec<&'static str> {
        let text = format!("forbid (principal, action, resource) when {{ {condition} }};");
        let spoken = Spoken::of([&text.parse::<Policy>().unwrap()]).unwrap();
        let heard = Attribute::ALL.iter().filter(|attribute| spoken.includes(**attribute));
        heard.map(|attribute| attribute.name()).collect()
    }

    #[test]
    fn what_a_policy_names_is_heard_however_it_is_written() {
        assert_eq!(heard("true"), [""; 0]);
        assert_eq!(heard("context.now < datetime(\"2027-01-01\")"), ["now"]);
        assert_eq!(heard("context has \"p\\u{75}rpose\""), ["purpose"]);
        assert_eq!(heard("context[\"n\\u{6f}w\"] == 1"), ["now"]);
        assert_eq!(heard("principal.employer.country == \"FR\""), ["employer"]);
        assert_eq!(
            heard(
                "if [1, context.closed].contains(1) then resource.stage == 1 else !resource.held"
            ),
            ["closed", "held", "stage"]
        );
    }

    #[test]
    fn a_record_compared_as_a_whole_speaks_of_everything() {
        for condition in ["context == {}", "[context].contains({})", "{a: context}.a.now == 1"] {
            assert_eq!(heard(condition).len(), Attribute::ALL.len(), "{condition}");
        }
    }

    #[test]
    fn an_affiliation_compared_as_a_whole_has_all_its_fields() {
        assert_eq!(heard("context.capacity == principal.employer"), ["capacity", "employer"]);
    }

    #[test]
    fn a_document_is_named_wherever_its_reference_stands() {
        let named =
            |text: &str| Spoken::of([&text.parse::<Policy>().unwrap()]).unwrap().names_a_document();
        for text in [
            "forbid (principal, action, resource == Document::\"A\");",
            "forbid (principal, action, resource) when { resource == Document::\"A\" };",
            "forbid (principal, action, resource) unless { [Document::\"A\"].contains(resource) };",
            "forbid (principal, action, resource) when { if true then resource in Document::\"A\" else false };",
        ] {
            assert!(named(text), "{text}");
        }
        for text in [
            "forbid (principal, action, resource is Document);",
            "forbid (principal, action, resource in Party::\"Document\");",
            "forbid (principal, action, resource) when { resource.kind == \"Document\" };",
        ] {
            assert!(!named(text), "{text}");
        }
        assert!(Spoken::EVERYTHING.names_a_document());
    }
}
