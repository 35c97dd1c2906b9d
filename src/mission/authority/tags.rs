//! A party's tag keys: a new one each year, and whenever an auditor who knows it leaves.

use std::sync::Arc;

use crate::{
    database::Revisions,
    id::PartyId,
    mission::{Error, PartyRevision, TagKey, authority::Authority},
    vault::keyset::TagSubject,
};

impl Authority {
    /// Tags every party's entries with the latest key that it committed to, and commits to this
    /// year's where a party has none yet; how many did. For each start, before anything is entered,
    /// and for a new year.
    ///
    /// # Errors
    ///
    /// [`Error::Keys`] if a key is not to be had; [`Error::Missing`] if no mission was imported.
    pub async fn commit_tag_keys(&self) -> Result<usize, Error> {
        let year = self.writer.clock().now().year();
        let mut revisions = Revisions::new(self.writer.clock().now());
        let mission = self.registry.mission(&mut revisions).await?;
        let mut without = Vec::new();
        for entry in &mission.parties {
            let party: Arc<PartyRevision> = self.registry.read(entry.party, &mut revisions).await?;
            match party.tag_turn(year) {
                Some(turn) => self.writer.keyring().set_turn(entry.party, year, turn),
                None => without.push(entry.party),
            }
        }
        for party in &without {
            let key = self.tag_key(*party, year, 0).await?;
            self.commit_tag_key(*party, key).await?;
        }
        Ok(without.len())
    }

    /// Turns the keys of all other parties once an auditor of the mission is gone: they were given every party's. How
    /// many turned.
    ///
    /// # Errors
    ///
    /// As [`Authority::commit_tag_keys`]; some parties then go on with keys that the auditor knows.
    pub(in crate::mission) async fn turn_others(&self, left: PartyId) -> Result<usize, Error> {
        let now = self.writer.clock().now();
        let mut revisions = Revisions::new(now);
        let mission = self.registry.mission(&mut revisions).await?;
        if left != mission.party {
            return Ok(0);
        }
        let mut turned = 0;
        for entry in mission.parties.iter().filter(|entry| entry.party != left) {
            let party: Arc<PartyRevision> = self.registry.read(entry.party, &mut revisions).await?;
            let turn = party.tag_turn(now.year()).map_or(0, |turn| turn + 1);
            let key = self.tag_key(entry.party, now.year(), turn).await?;
            self.commit_tag_key(entry.party, key).await?;
            turned += 1;
        }
        Ok(turned)
    }

    /// The commitment to the key of a party's tags in `year`, at `turn`.
    pub(in crate::mission) async fn tag_key(
        &self,
        party: PartyId,
        year: u16,
        turn: u32,
    ) -> Result<TagKey, Error> {
        let keys = self.writer.keyring().keyset();
        let key = keys.tag_key(TagSubject::Party(party), year, turn).await.map_err(Error::Keys)?;
        Ok(TagKey { year, turn, commitment: key.commitment() })
    }
}

impl PartyRevision {
    /// The latest turn of the tag keys of `year`, if one was committed to.
    #[must_use]
    pub fn tag_turn(&self, year: u16) -> Option<u32> {
        let of_year = self.tag_keys.iter().filter(|key| key.year == year);
        of_year.map(|key| key.turn).max()
    }
}
