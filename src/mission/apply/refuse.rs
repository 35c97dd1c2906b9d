//! What a mission file may not change: what documents lean on, and whom the service was told to forget.

use sqlx::Row as _;

use crate::{
    database::Database,
    mission::{Authority, Error, MissionFile, apply::plan::Standing},
};

impl Standing {
    /// Refuses a file that takes away what is still needed. All of it at once, a line each.
    pub(super) async fn refuse(
        &self,
        authority: &Authority,
        file: &MissionFile,
    ) -> Result<(), Error> {
        let database = authority.registry().database();
        let mut problems = Vec::new();
        if file.slug != self.mission.slug {
            let (stands, says) = (&self.mission.slug, &file.slug);
            problems.push(format!("this is the file of {says}, and the instance serves {stands}"));
        }
        for someone in &file.people {
            let known = self.mission.person_named(&someone.slug);
            let known = known.and_then(|person| self.people.get(&person));
            let names = someone.name.is_some() || someone.address.is_some();
            let left = self.mission.people.iter().any(|old| old.left && old.slug == someone.slug);
            if known.is_some_and(|known| known.erased && (left || names)) {
                let says = "was erased for ever: give whoever comes another id";
                problems.push(format!("person:{} {says}", someone.slug));
            }
        }
        for party in &self.mission.parties {
            if party.closed || file.party(&party.handle).is_some() {
                continue;
            }
            let id = party.party.as_bytes().to_vec();
            let (owns, holds) =
                (count(database, OWNS, &id).await?, count(database, HOLDS, &id).await?);
            if owns > 0 {
                let says = "destroy them first, or keep it";
                problems.push(format!("{} owns {owns} documents: {says}", party.handle));
            } else if holds > 0 {
                let says = "has documents of others: keep it";
                problems.push(format!("{} {says} ({holds})", party.handle));
            }
        }
        for kind in &self.mission.kinds {
            if file.kinds.iter().any(|other| other.id == kind.id) {
                continue;
            }
            let bear = count(database, BEAR, kind.id.as_bytes()).await?;
            if bear > 0 {
                let says = "keep it";
                problems.push(format!("{bear} documents are of kind {}: {says}", kind.id));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(Error::Refused(problems.join("\n"))) }
    }
}

/// Documents of a party that are not destroyed.
const OWNS: &str = "select count(*) from document where owner = $1 and stage <> 'shredded'";
/// Documents for a workstream that are not destroyed.
const HOLDS: &str = "select count(*) from document where workstream = $1 and stage <> 'shredded'";
/// Documents of a kind that are not destroyed.
const BEAR: &str = "select count(*) from document where kind = $1 and stage <> 'shredded'";

async fn count(database: &Database, sql: &'static str, of: &[u8]) -> Result<i64, Error> {
    // A kind is text in its column, an id is bytes.
    let query = match (sql == BEAR).then(|| String::from_utf8_lossy(of).into_owned()) {
        Some(kind) => sqlx::query(sql).bind(kind),
        None => sqlx::query(sql).bind(of.to_vec()),
    };
    Ok(query.fetch_one(database.pool()).await?.try_get(0)?)
}
