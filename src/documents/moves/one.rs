//! One copy is moved: the new one is listed as pending, written and read back; a change makes it the copy and lists the old
//! one as pending; the old one is erased.

use serde_json::json;
use sqlx::Row as _;

use crate::{
    audit::{self, Stopped},
    database::Subject,
    documents::{
        Documents, Error, VersionRecord, copies::of_copies, grants::project, pending::Place,
        unwrapped,
    },
    id::{DocumentId, VersionId},
    mission::{
        CopyEntry, DocumentRevision, MissionRevision, MoveEntry, PartyRevision, VersionEntry,
    },
    policy::Sought,
    storage::{LocationId, Name},
};

/// How often the switch is made again while heads move.
const TRIES: usize = 8;

/// What became of one copy.
pub(super) enum Step {
    /// It rests at the new location; so many sealed bytes.
    Moved(u64),
    /// It may not rest there, or another copy does already: it stays.
    Refused,
    /// There is none to be moved any more.
    Nothing,
    /// The move was stopped.
    Stopped,
}

/// A copy on its way.
#[derive(Clone)]
struct Switch {
    order: MoveEntry,
    document: DocumentId,
    version: VersionId,
    old: CopyEntry,
    new: CopyEntry,
}

impl Documents {
    pub(super) async fn move_one(
        &self,
        order: &MoveEntry,
        document: DocumentId,
        version: VersionId,
    ) -> Result<Step, Error> {
        let mission = self.mission().await?;
        if !mission.moves.iter().any(|other| other.entry == order.entry) {
            return Ok(Step::Stopped);
        }
        let revision = self.revision(document).await?;
        let entry = revision.versions.iter().find(|entry| entry.version == version);
        let Some(entry) = entry.filter(|_| revision.is_kept()) else { return Ok(Step::Nothing) };
        let row = self.catalogued(document, entry).await?;
        let copies = row.record.copies(entry);
        let old = copies.iter().find(|copy| copy.location == order.from).cloned();
        let Some(old) = old else { return Ok(Step::Nothing) };
        let new = CopyEntry { location: order.to.clone(), object: Name::of_an_object() };
        if revision.quarantined {
            let why = "its bytes contradict their record".to_owned();
            return self.refuse(order, &revision, version, why).await;
        }
        let owner = self.party(revision.owner).await?;
        let after = moved(copies, &old, &new);
        if let Err(why) = self.may_rest(&mission, &owner, &revision, &after) {
            return self.refuse(order, &revision, version, why).await;
        }
        self.location(&order.to).map_or(Err(Error::NoLocation), |to| self.writable(&to.id))?;
        let switch = Switch { order: order.clone(), document, version, old, new };
        let length = row.record.sealed_len + row.record.record_len;
        self.carry(&revision, &row.record, copies, switch).await.map(|()| Step::Moved(length))
    }

    async fn carry(
        &self,
        revision: &DocumentRevision,
        record: &VersionRecord,
        copies: &[CopyEntry],
        switch: Switch,
    ) -> Result<(), Error> {
        let place = |copy: &CopyEntry| Place {
            document: switch.document,
            version: switch.version,
            copies: vec![copy.clone()],
        };
        let (coming, going) = (place(&switch.new), place(&switch.old));
        self.list_copy(revision, &coming).await?;
        let written = async {
            self.written_from_another(revision, record, copies, &switch.new).await?;
            self.read_back(record, &switch.new).await?;
            self.switch(revision, switch).await
        };
        let written = written.await;
        // Whichever of the two is not the copy now.
        self.abandon(if written.is_ok() { &going } else { &coming }, None).await;
        written
    }

    /// Enters that a copy is being made, and lists its names.
    async fn list_copy(&self, revision: &DocumentRevision, place: &Place) -> Result<(), Error> {
        let copy = ("copy", json!(place.copies[0]));
        let draft = of_copies(revision, place.version, "copy begun", [copy]);
        let (place, key) = (place.clone(), self.inner.pending_key.clone());
        let listed = self.inner.writer.system(draft, move |change| {
            let (place, key) = (place.clone(), key.clone());
            Box::pin(async move {
                let now = change.now.0;
                place.list(&key, now, change.sql()).await
            })
        });
        listed.await.map_err(unwrapped)?;
        Ok(())
    }

    /// Makes the new copy the one that counts, if it still may be.
    async fn switch(&self, revision: &DocumentRevision, switch: Switch) -> Result<(), Error> {
        for _ in 0..TRIES {
            match self.try_switch(revision, switch.clone()).await {
                Err(Error::Audit(audit::Error::Moved)) => {}
                switched => return switched,
            }
        }
        Err(audit::Error::Unsettled.into())
    }

    async fn try_switch(&self, revision: &DocumentRevision, switch: Switch) -> Result<(), Error> {
        let details = [
            ("from", json!(switch.old)),
            ("to", json!(switch.new)),
            ("move", json!(switch.order.entry)),
        ];
        let draft = of_copies(revision, switch.version, "copy moved", details);
        let (documents, key) = (self.clone(), self.inner.pending_key.clone());
        let changed = self.inner.writer.system(draft, move |change| {
            let (documents, switch, key) = (documents.clone(), switch.clone(), key.clone());
            Box::pin(async move {
                let registry = &documents.inner.registry;
                let (_, mut revision) =
                    registry.current::<DocumentRevision>(change, switch.document).await?;
                let (_, mission) =
                    registry.current::<MissionRevision>(change, Subject::MISSION).await?;
                let (_, owner) = registry.current::<PartyRevision>(change, revision.owner).await?;
                if !mission.moves.iter().any(|other| other.entry == switch.order.entry) {
                    return Err(Stopped::failed(Error::Stage("no longer being moved")));
                }
                let records = records(&revision, change.sql()).await?;
                let after = switch.apply(&mut revision, &records).map_err(Stopped::failed)?;
                let ground = documents.may_rest(&mission, &owner, &revision, &after);
                let ground = ground.map_err(|why| Stopped::failed(Error::NoPlace(why)))?;
                change.detail("placement", ground);
                let head = registry.write(change, &revision).await?;
                project(change.sql(), &revision, head.number).await?;
                let now = change.now.0;
                switch.rows(&key, now, change.sql()).await
            })
        });
        changed.await.map_err(unwrapped)?;
        Ok(())
    }

    /// Why copies may rest where they would, as the log states it.
    ///
    /// # Errors
    ///
    /// Why they may not.
    fn may_rest(
        &self,
        mission: &MissionRevision,
        owner: &PartyRevision,
        document: &DocumentRevision,
        copies: &[CopyEntry],
    ) -> Result<String, String> {
        let ids: Vec<&LocationId> =
            copies.iter().filter_map(|copy| Some(&self.location(&copy.location)?.id)).collect();
        if ids.iter().collect::<std::collections::BTreeSet<_>>().len() < copies.len() {
            return Err("another copy rests there already".to_owned());
        }
        let sought = Sought { mission, owner, sensitivity: document.sensitivity };
        match sought.place(ids.iter().copied(), ids.len()) {
            Ok(placed) => Ok(placed.ground),
            Err(nowhere) => Err(nowhere.to_string()),
        }
    }

    async fn refuse(
        &self,
        order: &MoveEntry,
        document: &DocumentRevision,
        version: VersionId,
        why: String,
    ) -> Result<Step, Error> {
        if !self.inner.moves.of(order).refused.contains(&version) {
            let details = [("move", json!(order.entry)), ("why", json!(why))];
            self.enter_copy(document, version, "move refused", details).await?;
        }
        Ok(Step::Refused)
    }
}

impl Switch {
    /// Writes into the revision where the version's copies rest now, and gives them.
    fn apply(
        &self,
        revision: &mut DocumentRevision,
        records: &[VersionRecord],
    ) -> Result<Vec<CopyEntry>, Error> {
        if !revision.is_kept() {
            return Err(Error::Stage("destroyed"));
        }
        let record = |entry: &VersionEntry| {
            records.iter().find(|record| record.version == entry.version).ok_or(Error::NoVersion)
        };
        let entry = revision.versions.iter_mut().find(|entry| entry.version == self.version);
        let entry = entry.ok_or(Error::NoVersion)?;
        let before = record(entry)?.copies(entry).to_vec();
        if !before.contains(&self.old) {
            return Err(Error::Stage("moved already"));
        }
        let after = moved(&before, &self.old, &self.new);
        entry.moved.clone_from(&after);
        revision.locations.clear();
        for entry in &revision.versions {
            for copy in record(entry)?.copies(entry) {
                if !revision.locations.contains(&copy.location) {
                    revision.locations.push(copy.location.clone());
                }
            }
        }
        Ok(after)
    }

    /// The row of the copy names the new one; what is pending is the old one.
    async fn rows(
        &self,
        key: &ring::hmac::Key,
        now: i64,
        sql: &mut sqlx::AnyConnection,
    ) -> Result<(), Stopped> {
        sqlx::query("update copy set location = $1, name = $2, scrubbed_at = $3 where name = $4")
            .bind(self.new.location.clone())
            .bind(self.new.object.as_str().to_owned())
            .bind(now)
            .bind(self.old.object.as_str().to_owned())
            .execute(&mut *sql)
            .await?;
        let (document, version) = (self.document, self.version);
        let coming = Place { document, version, copies: vec![self.new.clone()] };
        if !coming.unlist(sql).await? {
            return Err(Stopped::failed(Error::Stage("swept while it was moved")));
        }
        let going = Place { copies: vec![self.old.clone()], ..coming };
        going.list(key, now, sql).await
    }
}

fn moved(copies: &[CopyEntry], old: &CopyEntry, new: &CopyEntry) -> Vec<CopyEntry> {
    copies.iter().map(|copy| if copy == old { new.clone() } else { copy.clone() }).collect()
}

/// The records of every version of the document, as their rows hold them, if its revision names them.
async fn records(
    revision: &DocumentRevision,
    sql: &mut sqlx::AnyConnection,
) -> Result<Vec<VersionRecord>, Stopped> {
    let rows = sqlx::query("select record from version where document = $1")
        .bind(revision.document.as_bytes().to_vec())
        .fetch_all(sql)
        .await?;
    let texts: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get(0)).collect();
    let texts = texts?;
    let named = |entry: &VersionEntry| {
        let record = texts.iter().find_map(|text| VersionRecord::read(text, &entry.record));
        record.ok_or_else(|| Stopped::failed(Error::Integrity(entry.version)))
    };
    revision.versions.iter().map(named).collect()
}
