//! Moves of copies from one location to another: begun and stopped by whoever operates the service, ended by the service.

use serde_json::json;

use crate::{
    audit::{Administer, Change, Stopped, Warrant},
    database::Subject,
    id::EntryId,
    mission::{
        Error, MissionRevision, MoveEntry, MoveScope, Registry,
        authority::{Authority, facts},
    },
};

/// Most moves at once.
const MOST_MOVES: usize = 100;

impl Authority {
    /// Begins to move copies. It takes a warrant over the service; the entry names the move.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if the same is being moved already.
    pub async fn begin_move<W: Warrant<Act = Administer>>(
        &self,
        warrant: W,
        scope: MoveScope,
        (from, to): (String, String),
    ) -> Result<EntryId, Error> {
        over_the_service(&warrant)?;
        let registry = self.registry.clone();
        let detail = facts("move-begun", json!({ "scope": scope, "from": from, "to": to }));
        self.change(warrant, detail, move |change| {
            let (registry, from, to) = (registry.clone(), from.clone(), to.clone());
            Box::pin(async move {
                let begun =
                    MoveEntry { entry: change.entry, scope, from, to, begun_at: change.now };
                registry
                    .edit(change, Subject::MISSION, |mission: &mut MissionRevision| {
                        if mission.moves.iter().any(|other| is_same(other, &begun)) {
                            return Err(Error::Refused("this is being moved already".to_owned()));
                        }
                        if mission.moves.len() >= MOST_MOVES {
                            return Err(Error::Refused(format!("{MOST_MOVES} moves are the most")));
                        }
                        mission.moves.push(begun);
                        Ok(())
                    })
                    .await
            })
        })
        .await
    }

    /// Stops a move; what was moved stays where it is. It takes a warrant over the service.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if there is none of this name.
    pub async fn stop_move<W: Warrant<Act = Administer>>(
        &self,
        warrant: W,
        named: EntryId,
    ) -> Result<EntryId, Error> {
        over_the_service(&warrant)?;
        let detail = facts("move-stopped", json!({ "move": named }));
        self.edit(warrant, Subject::MISSION, detail, move |mission| taken_away(mission, named))
            .await
    }
}

impl Registry {
    /// Ends a move inside the service's own change, once nothing is left of it.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if it was stopped meanwhile.
    pub async fn end_move(&self, change: &mut Change<'_>, named: EntryId) -> Result<(), Stopped> {
        self.edit(change, Subject::MISSION, |mission| taken_away(mission, named)).await?;
        Ok(())
    }
}

/// A right over one thing is none over the service.
fn over_the_service(warrant: &impl Warrant<Act = Administer>) -> Result<(), Error> {
    if warrant.subject().is_none() { Ok(()) } else { Err(Error::NotTheirs) }
}

fn taken_away(mission: &mut MissionRevision, named: EntryId) -> Result<(), Error> {
    let before = mission.moves.len();
    mission.moves.retain(|other| other.entry != named);
    let found = mission.moves.len() < before;
    if found { Ok(()) } else { Err(Error::Refused("there is no such move".to_owned())) }
}

fn is_same(one: &MoveEntry, other: &MoveEntry) -> bool {
    (one.scope, &one.from, &one.to) == (other.scope, &other.from, &other.to)
}
