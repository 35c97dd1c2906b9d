//! What a mission file would change.

use std::fmt;

use crate::mission::file::{FilePerson, MissionFile, present::role_text};

/// One difference between what stands and what a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The file adds it.
    Added(String),
    /// The file no longer has it.
    Removed(String),
    /// The file says otherwise.
    Changed {
        /// Of what, e.g. `person:pilot-ia`.
        of: String,
        /// Which key of the file.
        key: &'static str,
        /// What stands.
        was: String,
        /// What the file says.
        is: String,
    },
    /// The file gives someone another name or address than what is sealed of them.
    Named(String),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added(what) => write!(f, "+ {what}"),
            Self::Removed(what) => write!(f, "- {what}"),
            Self::Changed { of, key, was, is } => write!(f, "~ {of} {key}: {was} -> {is}"),
            Self::Named(of) => write!(f, "~ {of} name, address: as the file says"),
        }
    }
}

/// One thing of a file: how it is called, and each key with what it says.
type Item = (String, Vec<(&'static str, String)>);

/// What `file` changes in what `stands`, in the order of the file; what it removes comes last.
/// Names and addresses are sealed where they stand, so they are not compared.
#[must_use]
pub fn differences(stands: &MissionFile, file: &MissionFile) -> Vec<Difference> {
    let (old, new) = (items(stands), items(file));
    let mut found = Vec::new();
    for (of, keys) in &new {
        let Some((_, before)) = old.iter().find(|(name, _)| name == of) else {
            found.push(Difference::Added(of.clone()));
            continue;
        };
        for ((key, is), (_, was)) in keys.iter().zip(before) {
            if is != was {
                let (was, is) = (was.clone(), is.clone());
                found.push(Difference::Changed { of: of.clone(), key, was, is });
            }
        }
    }
    let gone = old.into_iter().filter(|(of, _)| !new.iter().any(|(name, _)| name == of));
    found.extend(gone.map(|(of, _)| Difference::Removed(of)));
    found
}

fn items(file: &MissionFile) -> Vec<Item> {
    let mut items: Vec<Item> = vec![(
        "the mission".to_owned(),
        vec![
            ("id", file.slug.clone()),
            ("secretariat", file.secretariat.clone()),
            ("operator", file.operator.clone()),
            ("languages", file.languages.join(", ")),
            ("time_zone", file.time_zone.clone()),
            ("placement", format!("{:?}", file.placement)),
        ],
    )];
    items.extend(file.parties.iter().map(|party| {
        let keys = vec![
            ("kind", format!("{:?}", party.kind)),
            ("name", format!("{} / {}", party.name.fr, party.name.en)),
            ("aim", format!("{} / {}", party.aim.fr, party.aim.en)),
            ("country", party.country.clone()),
        ];
        (party.handle.clone(), keys)
    }));
    items.extend(file.kinds.iter().map(|kind| {
        let title = format!("{} / {}", kind.title.fr, kind.title.en);
        (format!("document kind {}", kind.id), vec![("title", title), ("says", kind.says.clone())])
    }));
    items.extend(file.people.iter().map(person));
    items.extend(file.conflicts.iter().map(|conflict| {
        let only = conflict.capacity.as_ref().map(|capacity| format!(" as {capacity}"));
        let only = only.unwrap_or_default();
        let name = format!("conflict of {} with {}{only}", conflict.person, conflict.with);
        (name, vec![("says", conflict.says.clone())])
    }));
    items
}

fn person(person: &FilePerson) -> Item {
    let roles: Vec<_> = person.roles.iter().map(|(party, role)| role_text(party, *role)).collect();
    let keys = vec![("company", person.employer.clone()), ("roles", roles.join(", "))];
    (format!("person:{}", person.slug), keys)
}
