//! A party's own text: Cedar policies that forbid, and nothing else.
//!
//! **Invariant:** a restriction permits nothing and reaches four acts on its party's documents; whatever it says, what
//! it leaves permitted was permitted by the baseline.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::Request;
use ring::digest::{SHA256, digest};
use serde::Serialize;

use crate::{
    audit::ActName,
    mission::MissionRevision,
    policy::{entities::Seen, rules::Rules, spoken::Spoken},
};

mod check;
mod lexer;
mod problem;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(in crate::policy) use check::SCHEMA as RESTRICTION_SCHEMA;
pub use problem::{Problem, Problems};

/// The acts that a restriction may forbid: never hold, audit or administer, so nobody is locked out of deciding.
pub const RESTRICTABLE: [ActName; 4] =
    [ActName::Discover, ActName::Read, ActName::Share, ActName::Export];
/// Longest a text may be, in bytes.
pub const LONGEST_TEXT_BYTES: usize = 256 * 1024;
/// Most rules that concern every request, or all requests of one person, party, workstream or document.
pub const MOST_UNDER_ONE_SCOPE: usize = 50;

/// A rule of a text, as its party calls it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Rule {
    /// Its place in the text, counted from 1: what the log names.
    pub number: usize,
    /// Its `@id`; given by us if it has none.
    pub id: String,
}

/// A checked text, ready to be asked.
#[derive(Debug)]
pub struct Restriction {
    digest: String,
    rules: Rules,
    named: BTreeMap<String, Rule>,
    /// Ids of the rules that ask for circumstances.
    circumstantial: BTreeSet<String>,
}

impl Restriction {
    /// Checks a text that somebody wants to save: its form, and that it names parties, people and places that exist.
    ///
    /// # Errors
    ///
    /// [`Problems`], each with its line, its column and what to do.
    pub fn check(text: &str, mission: &MissionRevision) -> Result<Self, Problems> {
        check::whole(text, Some(mission))
    }

    /// Reads a text that was checked when it was saved. Whom it names may have left since.
    ///
    /// # Errors
    ///
    /// [`Problems`], if this build would no longer accept it.
    pub fn read(text: &str) -> Result<Self, Problems> {
        check::whole(text, None)
    }

    /// SHA-256, in hex, of the text: what the party's revision and the log name.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Its rules, in the text's order.
    #[must_use]
    pub fn rules(&self) -> Vec<&Rule> {
        let mut rules: Vec<_> = self.named.values().collect();
        rules.sort_unstable();
        rules
    }

    /// Which attributes it speaks of.
    pub(super) fn spoken(&self) -> Spoken {
        self.rules.spoken()
    }

    /// Whether `rule` asks how someone asks (when, from where, by which method, for what), not only who and what for.
    pub(super) fn is_circumstantial(&self, rule: &Rule) -> bool {
        self.circumstantial.contains(&rule.id)
    }

    /// Which rules forbid `act`; as an error, which could not be evaluated.
    pub(super) fn ask(
        &self,
        act: ActName,
        seen: &Seen,
        request: &Request,
    ) -> Result<Vec<Rule>, Vec<Rule>> {
        let said = self.rules.ask(act, &seen.scopes, request, &seen.entities);
        let named = |ids: &[String]| {
            let mut rules: Vec<_> =
                ids.iter().filter_map(|id| self.named.get(id).cloned()).collect();
            rules.sort_unstable();
            rules
        };
        if said.failed.is_empty() { Ok(named(&said.forbids)) } else { Err(named(&said.failed)) }
    }
}

/// SHA-256, in hex, of a text.
#[must_use]
pub fn text_digest(text: &str) -> String {
    hex::encode(digest(&SHA256, text.as_bytes()))
}
