//! A person's capacities: the parties in which they hold a role.

use std::sync::Arc;

use sqlx::Row as _;

use crate::{
    database::{self, Revisions},
    id::{PartyId, PersonId},
    mission::{Error, PartyRevision, Registry, Role},
};

/// A party for which a person may act, and as what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Which party.
    pub party: PartyId,
    /// `company:ID`, `workstream:ID` or `mission`.
    pub handle: String,
    /// The roles that the person holds in it, sorted.
    pub roles: Vec<Role>,
}

impl Registry {
    /// Every capacity of `person`, by handle. The projection gives candidates; each party's
    /// revision decides.
    ///
    /// # Errors
    ///
    /// As [`Registry::read`].
    pub async fn capacities(
        &self,
        person: PersonId,
        revisions: &mut Revisions,
    ) -> Result<Vec<Capacity>, Error> {
        let mission = self.mission(revisions).await?;
        let rows = sqlx::query("select party from member where person = $1")
            .bind(person.as_bytes())
            .fetch_all(self.database().pool())
            .await?;
        let mut capacities = Vec::new();
        for row in rows {
            let party: Vec<u8> = row.try_get(0)?;
            let party = PartyId::from_slice(&party).map_err(|_| database::Error::Row("member"))?;
            let Some(entry) = mission.party(party) else { continue };
            let revision: Arc<PartyRevision> = self.read(party, revisions).await?;
            let held = revision.roles.iter().filter(|held| held.person == person);
            let mut roles: Vec<_> = held.map(|held| held.role).collect();
            roles.sort_unstable();
            if !roles.is_empty() {
                capacities.push(Capacity { party, handle: entry.handle.clone(), roles });
            }
        }
        capacities.sort_by(|one, other| one.handle.cmp(&other.handle));
        Ok(capacities)
    }
}
