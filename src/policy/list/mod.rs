//! Lists: candidates from indexed rows, each decided for *discover*, within a bounded number a page.
//!
//! The rows are projections: one that SQL alone inserted makes a candidate and no more, since the revision decides.

use std::sync::Arc;

use serde_json::{Map, json};

use crate::{
    audit::{ActName, Draft},
    database::Revisions,
    id::PartyId,
    identity::Caller,
    mission::{self, DocumentRevision, PartyRevision, Sensitivity, Stage},
    policy::{Case, Circumstances, Decider, Error, Policy, Restriction, Target, read::Asker},
};

mod alike;
mod candidates;
mod cursor;

use alike::Alike;
use candidates::{Candidate, Position};

/// Most documents that are decided for one page.
pub const MOST_CANDIDATES: usize = 100;

/// Which documents are wanted; everything that they may discover if nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only of this owner.
    pub owner: Option<PartyId>,
    /// Only for this workstream.
    pub workstream: Option<PartyId>,
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only at this stage.
    pub stage: Option<Stage>,
    /// Only of this sensitivity.
    pub sensitivity: Option<Sensitivity>,
}

/// A page of a list, before it is recorded: nothing of it may be shown before [`Listed::entries`] are durable.
#[derive(Debug)]
#[must_use = "a list is shown after its entries are durable"]
pub struct Listed {
    /// Newest first.
    pub documents: Vec<Arc<DocumentRevision>>,
    /// One entry for each owner shown, with what it was decided on: for the gate, together.
    pub entries: Vec<(Draft, Revisions)>,
    /// Where the next page begins; nothing if this is the last. A page may be empty and have one.
    pub next: Option<String>,
}

impl Policy {
    /// A page of the documents that `caller` may discover, newest first, at most `most` of them.
    ///
    /// # Errors
    ///
    /// [`Error::Cursor`] if `after` was not given to this person in this capacity; [`Error::Unknown`] if their credential
    /// has ended; else a failure to read.
    pub async fn list(
        &self,
        caller: &Caller,
        wanted: &Wanted,
        after: Option<&str>,
        most: usize,
    ) -> Result<Listed, Error> {
        let mut revisions = Revisions::new(self.inner.gate.clock().now());
        let asker = self.asker(caller, &mut revisions).await?;
        let key = self.inner.texts.keyset().party_key(asker.confirmed.party.party).await;
        let key = key.map_err(|error| Error::Text(Box::new(error)))?;
        let person = asker.confirmed.person.person;
        let from = match after {
            Some(after) => cursor::open(&key, person, after).ok_or(Error::Cursor)?,
            None => Position::NEWEST,
        };
        let candidates = self.candidates(&asker, wanted, from).await?;
        let (mut shown, mut considered) = (Page::default(), 0);
        for candidate in &candidates.found {
            if considered == MOST_CANDIDATES || shown.documents.len() == most.max(1) {
                break;
            }
            considered += 1;
            self.consider(&asker, candidate, &revisions, &mut shown).await?;
        }
        let stopped = candidates.found.get(considered).is_some();
        let last = considered.checked_sub(1).map(|last| candidates.found[last].position);
        let next = if stopped { last } else { candidates.horizon };
        let next = next.map(|position| cursor::seal(&key, person, position));
        Ok(Listed { documents: shown.documents, entries: shown.entries, next })
    }

    /// Decides one candidate, and notes it under its owner if they may discover it.
    async fn consider(
        &self,
        asker: &Asker,
        candidate: &Candidate,
        basis: &Revisions,
        page: &mut Page,
    ) -> Result<(), Error> {
        let mut revisions = basis.clone();
        let registry = &self.inner.registry;
        let document = registry.read(candidate.position.document, &mut revisions).await;
        let document: Arc<DocumentRevision> = match document {
            Ok(document) => document,
            Err(mission::Error::Missing(_)) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let owner: Arc<PartyRevision> = registry.read(document.owner, &mut revisions).await?;
        let restriction = self.restriction_of(&owner).await?;
        let now = revisions.decided_at;
        let circumstances = Circumstances::of(&asker.confirmed.actor, now, None);
        let case = asker.case(&document, &owner, restriction.as_deref(), &circumstances);
        let (reach, restriction) = (case.reach(&asker.roles()), case.restriction);
        let decide = || Decider::new(case).decide_alike(ActName::Discover);
        let alike = &mut page.alike;
        let decision = alike.decision(&document, &owner, reach.is_some(), restriction, decide);
        let decision = decision.leaning_on(reach);
        if decision.permitted {
            if let Some(until) = decision.until {
                revisions.ends(until);
            }
            page.note(asker, document, decision.grounds, &revisions);
        }
        Ok(())
    }
}

impl Asker {
    fn case<'a>(
        &'a self,
        document: &'a DocumentRevision,
        owner: &'a PartyRevision,
        restriction: Option<&'a Restriction>,
        circumstances: &'a Circumstances,
    ) -> Case<'a> {
        Case {
            mission: &self.mission,
            person: &self.confirmed.person,
            acting: &self.confirmed.party,
            target: Target::Document { document, owner, workstream: None },
            restriction,
            circumstances,
        }
    }
}

/// What is shown so far.
#[derive(Debug, Default)]
struct Page {
    documents: Vec<Arc<DocumentRevision>>,
    entries: Vec<(Draft, Revisions)>,
    alike: Alike,
}

impl Page {
    /// One owner has one entry, with the ids that are shown, every ground, and every head.
    fn note(
        &mut self,
        asker: &Asker,
        document: Arc<DocumentRevision>,
        grounds: Vec<String>,
        revisions: &Revisions,
    ) {
        let of_owner = |(draft, _): &(Draft, Revisions)| draft.owner == Some(document.owner);
        let place = self.entries.iter().position(of_owner).unwrap_or_else(|| {
            let detail = Map::from_iter([("documents".to_owned(), json!([]))]);
            let draft = asker.draft(ActName::Discover, Some(document.owner), detail);
            self.entries.push((draft, Revisions::new(revisions.decided_at)));
            self.entries.len() - 1
        });
        let (draft, heads) = &mut self.entries[place];
        for head in revisions.heads() {
            heads.read(*head);
        }
        if let Some(until) = revisions.until {
            heads.ends(until);
        }
        for ground in grounds {
            if !draft.grounds.contains(&ground) {
                draft.grounds.push(ground);
            }
        }
        if let Some(serde_json::Value::Array(ids)) = draft.detail.get_mut("documents") {
            ids.push(json!(document.document));
        }
        self.documents.push(document);
    }
}
