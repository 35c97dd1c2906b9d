//! What was planned, written: one entry for each subject.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::{Value, json};

use crate::{
    audit::{Change, Draft, Stopped},
    database::Subject,
    id::PartyId,
    mission::{
        Authority, Error, MissionRevision, Named, PartyEntry, PartyRevision, PersonEntry,
        PersonRevision, Registry, Revision, Role, RoleHeld, TagKey,
        apply::{Application, Next},
        facts,
    },
    vault::{KeySet, SymmetricKey, keyset},
};

impl Application {
    /// Writes it: newcomers, who count for nothing before the mission names them; the parties and people that stand; the
    /// mission last. Cut between, the same file applied again writes what is missing.
    ///
    /// # Errors
    ///
    /// [`Error::Keys`] if a key could not be made, [`Error::Audit`] if an entry could not be.
    pub async fn write(self, authority: &Authority, keys: &KeySet) -> Result<usize, Error> {
        let Self { stands, mission, parties, people, .. } = self;
        let year = authority.writer().clock().now().year();
        let mut entries = 0;
        let (new_parties, parties): (Vec<_>, Vec<_>) = parties.into_iter().partition(Next::is_new);
        for Next { mut after, .. } in new_parties {
            keys.add_party(after.party).await.map_err(Error::Keys)?;
            after.tag_keys = vec![authority.tag_key(after.party, year, 0).await?];
            let detail = json!({ "given": after.roles });
            create(authority, after.party, after, detail).await?;
            entries += 1;
        }
        let mut standing = Vec::new();
        for (next, named) in people {
            if next.is_new() {
                let Next { mut after, .. } = next;
                keys.add_person(after.person).await.map_err(Error::Keys)?;
                let key = keys.person_key(after.person).await.map_err(Error::Keys)?;
                after.seal(&key, 1, &named.unwrap_or_default());
                create(authority, after.employer, after, json!({})).await?;
                entries += 1;
            } else {
                standing.push((next, named));
            }
        }
        for Next { before, after } in parties {
            let before = before.map_or_else(Vec::new, |before| before.roles.clone());
            entries += change_party(authority, before, after).await?;
        }
        for (Next { before, after }, named) in standing {
            let was = before.map_or(after.employer, |before| before.employer);
            change_person(authority, keys, was, after, named).await?;
            entries += 1;
        }
        if *stands != mission {
            change_mission(authority, &stands, mission).await?;
            entries += 1;
        }
        Ok(entries)
    }
}

async fn create<R: Revision>(
    authority: &Authority,
    owner: PartyId,
    revision: R,
    detail: Value,
) -> Result<(), Error> {
    let revision = Arc::new(revision);
    enter(authority, owner, revision.subject(), detail, move |registry, change| {
        let revision = Arc::clone(&revision);
        Box::pin(async move { registry.create(change, &*revision).await.map(|_| ()) })
    })
    .await
}

async fn change_party(
    authority: &Authority,
    before: Vec<RoleHeld>,
    after: PartyRevision,
) -> Result<usize, Error> {
    let party = after.party;
    let not_in = |these: &[RoleHeld], others: &[RoleHeld]| -> Vec<RoleHeld> {
        these.iter().filter(|held| !others.contains(held)).cloned().collect()
    };
    let (given, taken) = (not_in(&after.roles, &before), not_in(&before, &after.roles));
    let auditor_left = taken.iter().any(|held| held.role == Role::Auditor);
    let detail = json!({ "given": given, "taken": taken });
    let turned = after.tag_keys.last().cloned().filter(|_| auditor_left);
    let next = turned.clone();
    edit(authority, party, party.into(), detail, move |revision: &mut PartyRevision, _| {
        revision.roles.clone_from(&after.roles);
        // The mission's auditor may have left before, which turned this party's key already.
        revision.tag_keys.extend(next.clone().filter(|key| !revision.tag_keys.contains(key)));
    })
    .await?;
    let Some(TagKey { year, turn, .. }) = turned else { return Ok(1) };
    authority.writer().keyring().set_turn(party, year, turn);
    Ok(1 + authority.turn_others(party).await?)
}

async fn change_person(
    authority: &Authority,
    keys: &KeySet,
    was: PartyId,
    after: PersonRevision,
    named: Option<Named>,
) -> Result<(), Error> {
    let key: Option<Arc<SymmetricKey>> = match keys.person_key(after.person).await {
        Ok(key) => Some(Arc::new(key)),
        Err(keyset::Error::Missing(_)) => None,
        Err(error) => return Err(Error::Keys(error)),
    };
    let detail = json!({
        "employer": after.employer, "disabled": after.disabled, "named": named.is_some(),
    });
    edit(
        authority,
        was,
        after.person.into(),
        detail,
        move |revision: &mut PersonRevision, number| {
            revision.employer = after.employer;
            revision.disabled = after.disabled;
            revision.generation = after.generation;
            revision.credentials.clone_from(&after.credentials);
            if let (Some(key), Some(named)) = (&key, &named) {
                revision.seal(key, number, named);
            }
        },
    )
    .await
}

async fn change_mission(
    authority: &Authority,
    stands: &MissionRevision,
    mission: MissionRevision,
) -> Result<(), Error> {
    let detail = what_moves(stands, &mission);
    edit(authority, mission.party, Subject::MISSION, detail, move |revision, _| {
        *revision = MissionRevision::clone(&mission);
    })
    .await
}

/// Which parties, people and conflicts come and go, by their ids: reasons are free text, which no entry holds.
fn what_moves(stands: &MissionRevision, mission: &MissionRevision) -> Value {
    fn ids<'m, T: 'm>(
        these: impl IntoIterator<Item = &'m T>,
        id: impl Fn(&T) -> Option<Value>,
    ) -> Vec<Value> {
        these.into_iter().filter_map(id).collect()
    }
    let here = |entry: &PartyEntry| (!entry.closed).then(|| json!(entry.party));
    let among = |entry: &PersonEntry| (!entry.left).then(|| json!(entry.person));
    let conflicts = |mission: &MissionRevision| {
        ids(&mission.conflicts, |one| {
            Some(json!({ "person": one.person, "with": one.with, "capacity": one.capacity }))
        })
    };
    let moved = |before: Vec<Value>, after: Vec<Value>| {
        let comes: Vec<_> = after.iter().filter(|one| !before.contains(one)).cloned().collect();
        let goes: Vec<_> = before.into_iter().filter(|one| !after.contains(one)).collect();
        json!({ "added": comes, "removed": goes })
    };
    json!({
        "parties": moved(ids(&stands.parties, here), ids(&mission.parties, here)),
        "people": moved(ids(&stands.people, among), ids(&mission.people, among)),
        "conflicts": moved(conflicts(stands), conflicts(mission)),
        "placement": mission.placement,
    })
}

/// Edits one subject; the edit is told the number of the revision that it makes.
async fn edit<R: Revision>(
    authority: &Authority,
    owner: PartyId,
    subject: Subject,
    detail: Value,
    edit: impl Fn(&mut R, u64) + Send + Sync + 'static,
) -> Result<(), Error> {
    let edit = Arc::new(edit);
    enter(authority, owner, subject, detail, move |registry, change| {
        let edit = Arc::clone(&edit);
        Box::pin(async move {
            let (head, mut revision) = registry.current::<R>(change, subject).await?;
            edit(&mut revision, head.number.unsigned_abs() + 1);
            registry.write(change, &revision).await.map(|_| ())
        })
    })
    .await
}

/// One entry of the service itself, which concerns `owner`.
async fn enter(
    authority: &Authority,
    owner: PartyId,
    subject: Subject,
    detail: Value,
    work: impl for<'c, 't> Fn(Registry, &'c mut Change<'t>) -> BoxFuture<'c, Result<(), Stopped>>
    + Send
    + Sync
    + 'static,
) -> Result<(), Error> {
    let mut further = json!({ "subject": subject });
    if let (Value::Object(all), Value::Object(detail)) = (&mut further, detail) {
        all.extend(detail);
    }
    let draft =
        Draft { owner: Some(owner), ..Draft::system(facts("mission-file-applied", further)) };
    let registry = authority.registry().clone();
    authority.system(draft, move |change| work(registry.clone(), change)).await?;
    Ok(())
}
