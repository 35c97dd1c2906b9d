//! The directory: which parties and people a caller may know of.
//!
//! It is the mission's own: one right over the mission, one entry. Who is shown in it follows from revisions that this
//! right was decided on, so nothing is listed that moved since.

use std::sync::Arc;

use crate::{
    audit::{ActName, Discover},
    database::Revisions,
    id::PartyId,
    mission::{PartyEntry, PartyRevision, PersonRevision},
    policy::{Case, Circumstances, Decider, Error, Permit, Policy, Target},
};

impl Policy {
    /// The parties that the caller may discover, in the mission's order. It takes a right over the mission.
    ///
    /// # Errors
    ///
    /// [`Error::Authority`] if who acts cannot be read.
    pub async fn parties(&self, permit: &Permit<Discover>) -> Result<Vec<PartyEntry>, Error> {
        let mut shown = Vec::new();
        for entry in permit.mission().parties.iter().filter(|entry| !entry.closed) {
            // The directory has what the mission says of a party; what the party decided for itself is not looked at.
            let party = PartyRevision::new(entry.party);
            if may(permit, Target::Party(&party)) {
                shown.push(entry.clone());
            }
        }
        Ok(shown)
    }

    /// The people whom the caller may discover, with the party that employs them. It takes a right over the mission.
    ///
    /// # Errors
    ///
    /// [`Error::Authority`] if one of them cannot be read.
    pub async fn people(
        &self,
        permit: &Permit<Discover>,
    ) -> Result<Vec<(Arc<PersonRevision>, PartyId)>, Error> {
        let mut revisions = Revisions::new(self.inner.gate.clock().now());
        let mut shown = Vec::new();
        for entry in permit.mission().people.iter().filter(|entry| !entry.left) {
            let person: Arc<PersonRevision> =
                self.inner.registry.read(entry.person, &mut revisions).await?;
            if may(permit, Target::Person(&person)) {
                let employer = person.employer;
                shown.push((person, employer));
            }
        }
        Ok(shown)
    }
}

fn may(permit: &Permit<Discover>, target: Target<'_>) -> bool {
    let actor = permit.actor();
    let circumstances = Circumstances::of(actor, permit.decided_at(), None);
    let case = Case {
        mission: permit.mission(),
        person: permit.person(),
        acting: permit.party(),
        target,
        restriction: None,
        circumstances: &circumstances,
    };
    Decider::new(case).decide(ActName::Discover).permitted
}
