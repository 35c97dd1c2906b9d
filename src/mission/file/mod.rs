//! The mission file (`config/mission.toml`): who takes part, in which workstreams, with which roles
//! and conflicts.

mod raw;
mod check;
mod people;
mod present;
mod diff;

use std::fmt;

use crate::mission::{DocumentKind, PartyKind, Placement, Role, Words};

pub use diff::{Difference, differences};

/// One thing wrong with a mission file, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong, and what to write instead.
    pub says: String,
}

/// Everything that is wrong with a mission file, one problem a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, problem) in self.0.iter().enumerate() {
            let separator = if place == 0 { "" } else { "\n" };
            write!(f, "{separator}line {}: {}", problem.line, problem.says)?;
        }
        Ok(())
    }
}

/// A mission file of which every reference was checked. Parties are named by handle
/// (`mission`, `workstream:SLUG`, `company:SLUG`), people by slug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissionFile {
    /// E.g. `mission-numerique`.
    pub slug: String,
    /// Its title.
    pub title: Words,
    /// `fr`, `en`; the first is the default.
    pub languages: Vec<String>,
    /// An IANA name, e.g. `Europe/Paris`.
    pub time_zone: String,
    /// Handle of the State's body that supports the mission.
    pub secretariat: String,
    /// Handle of whoever runs the service.
    pub operator: String,
    /// Where anything of the mission may rest.
    pub placement: Placement,
    /// The mission, its workstreams, the companies.
    pub parties: Vec<FileParty>,
    /// What moves through a workstream, in order.
    pub kinds: Vec<DocumentKind>,
    /// Everyone.
    pub people: Vec<FilePerson>,
    /// Who must see nothing of whom.
    pub conflicts: Vec<FileConflict>,
}

/// A party of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileParty {
    /// `mission`, `workstream:SLUG` or `company:SLUG`.
    pub handle: String,
    /// What it is.
    pub kind: PartyKind,
    /// Its name or title; the same in both languages for a company.
    pub name: Words,
    /// For a workstream, what it is for; else empty.
    pub aim: Words,
    /// ISO 3166-1 alpha-2; empty for mission and workstreams.
    pub country: String,
}

/// A person of the file.
#[derive(Clone, PartialEq, Eq)]
pub struct FilePerson {
    /// E.g. `pilot-ia`.
    pub slug: String,
    /// Handle of the company that employs them.
    pub employer: String,
    /// Exactly the roles that the file names: handle of the party, role; sorted.
    pub roles: Vec<(String, Role)>,
    /// Their name, if the file gives one.
    pub name: Option<String>,
    /// Their mail address, if the file gives one.
    pub address: Option<String>,
}

impl fmt::Debug for FilePerson {
    /// Without name and address, which belong in no log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut person = f.debug_struct("FilePerson");
        person.field("slug", &self.slug).field("employer", &self.employer);
        person.field("roles", &self.roles).finish_non_exhaustive()
    }
}

/// A conflict of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileConflict {
    /// Slug of the person.
    pub person: String,
    /// Handle of the party of which they see nothing.
    pub with: String,
    /// Only in this capacity, if one is named.
    pub capacity: Option<String>,
    /// Why.
    pub says: String,
}

impl MissionFile {
    /// Reads and checks a mission file.
    ///
    /// # Errors
    ///
    /// [`Problems`] lists everything that is wrong, with lines.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        check::check(text)
    }

    /// The party that the file calls `handle`.
    #[must_use]
    pub fn party(&self, handle: &str) -> Option<&FileParty> {
        self.parties.iter().find(|party| party.handle == handle)
    }
}

#[cfg(test)]
mod tests;
