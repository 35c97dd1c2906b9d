//! Documents that no policy can tell apart are decided once for a page.

use std::sync::Arc;

use crate::{
    mission::{DocumentRevision, PartyRevision},
    policy::{Decision, Restriction},
};

/// What was decided of one document, and so of every other that looks the same.
#[derive(Debug)]
pub(super) struct Decided {
    document: Arc<DocumentRevision>,
    owner: Arc<PartyRevision>,
    granted: bool,
    decision: Decision,
}

/// What was decided for a page so far; the asker and the circumstances are the same for all of it.
#[derive(Debug, Default)]
pub(super) struct Alike(Vec<Decided>);

impl Alike {
    /// The decision on `document` of `owner`, but for the grant that it leans on: by `decide`, unless one that looks the
    /// same was decided before.
    pub(super) fn decision(
        &mut self,
        document: &Arc<DocumentRevision>,
        owner: &Arc<PartyRevision>,
        granted: bool,
        restriction: Option<&Restriction>,
        decide: impl FnOnce() -> Decision,
    ) -> Decision {
        if restriction.is_some_and(|text| text.spoken().names_a_document()) {
            return decide();
        }
        let known = self.0.iter().find(|decided| {
            decided.granted == granted
                && Arc::ptr_eq(&decided.owner, owner)
                && look_alike(&decided.document, document)
        });
        if let Some(known) = known {
            return known.decision.clone();
        }
        let (decision, document, owner) = (decide(), Arc::clone(document), Arc::clone(owner));
        self.0.push(Decided { document, owner, granted, decision: decision.clone() });
        decision
    }
}

/// Whether they have the same attributes. What is left out, no policy sees: whoever adds a field decides here.
fn look_alike(one: &DocumentRevision, other: &DocumentRevision) -> bool {
    let DocumentRevision {
        v: _,
        document: _,
        owner,
        workstream,
        kind,
        reference: _,
        protection,
        sensitivity,
        stage,
        locations,
        title: _,
        grants: _,
        hold,
        quarantined,
        versions: _,
        created_by: _,
        created_at: _,
        shred_asked_by: _,
    } = one;
    *owner == other.owner
        && *workstream == other.workstream
        && *kind == other.kind
        && *protection == other.protection
        && *sensitivity == other.sensitivity
        && *stage == other.stage
        && *locations == other.locations
        && *hold == other.hold
        && *quarantined == other.quarantined
}
