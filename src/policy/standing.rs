//! Standing grants: on whatever a party owns of a kind, a workstream and up to a sensitivity, present and future.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    audit::{self, Share, Stopped, Writer},
    id::{EntryId, GrantId, PartyId},
    mission::{
        Grant, Grantee, MOST_STANDING_GRANTS, MissionRevision, PartyRevision, Role, Sensitivity,
        StandingGrant, plain,
    },
    policy::{Error, Permit, Policy, grantee_key},
    time::Instant,
    vault::{open_field, seal_field},
};

/// Longest purpose, in characters.
const LONGEST_PURPOSE: usize = 1_000;

/// A standing grant to be given.
#[derive(Clone, Debug)]
pub struct NewStanding {
    /// To whom.
    pub to: Grantee,
    /// Only this kind of document; any if none.
    pub kind: Option<String>,
    /// Only of this workstream; any if none.
    pub workstream: Option<PartyId>,
    /// Only up to this sensitivity.
    pub sensitivity: Sensitivity,
    /// Until when; without end if none.
    pub until: Option<Instant>,
    /// What for, in words.
    pub purpose: Option<String>,
}

/// Why a standing grant was not given or taken back; nothing is changed.
#[derive(Debug, thiserror::Error)]
pub enum Ungranted {
    /// It cannot be given, and what to do instead.
    #[error("{0}")]
    Refused(&'static str),
    /// The party has none of that id.
    #[error("the party has no such grant")]
    NoGrant,
    /// It could not be recorded.
    #[error("could not record the grant")]
    Failed(#[from] Error),
}

impl Policy {
    /// Gives a standing grant in the name of the party over which the right is; effective at the next request.
    ///
    /// # Errors
    ///
    /// [`Ungranted::Refused`] if grantee, kind or workstream do not exist, the end has passed, the role never reads, or the
    /// party has as many as it may.
    pub async fn grant_standing(
        &self,
        writer: &Writer,
        permit: Permit<Share>,
        new: NewStanding,
    ) -> Result<(GrantId, EntryId), Ungranted> {
        let over = permit.over().ok_or(Ungranted::Refused("the right is over no party"))?;
        let party = over.party;
        let now = writer.clock().now();
        check(permit.mission(), &new, now).map_err(Ungranted::Refused)?;
        let id = GrantId::random();
        let grant = Grant {
            id,
            to: new.to,
            until: new.until,
            purpose_sealed: self.seal_standing(party, id, new.purpose.as_deref()).await?,
            given_at: now,
            given_by: permit.actor().person,
        };
        let (kind, workstream, sensitivity) = (new.kind, new.workstream, new.sensitivity);
        let standing = StandingGrant { grant, kind, workstream, sensitivity };
        let registry = self.inner.registry.clone();
        let changed = writer.change(permit, move |change| {
            let (registry, standing) = (registry.clone(), standing.clone());
            Box::pin(async move {
                change.detail("did", "standing-grant-given");
                change.detail("grant", standing.grant.id);
                change.detail("to", standing.grant.to);
                change.detail("until", standing.grant.until);
                change.detail("kind", &standing.kind);
                change.detail("workstream", standing.workstream);
                change.detail("sensitivity", standing.sensitivity);
                let (_, mut revision) = registry.current::<PartyRevision>(change, party).await?;
                if revision.standing.len() >= MOST_STANDING_GRANTS {
                    let says = "the party has as many standing grants as it may: take some back";
                    return Err(Stopped::failed(Ungranted::Refused(says)));
                }
                revision.standing.push(standing.clone());
                registry.write(change, &revision).await?;
                project(change.sql(), party, &standing).await
            })
        });
        Ok((id, changed.await.map_err(unwrapped)?.1))
    }

    /// Takes a standing grant back; effective at the next request.
    ///
    /// # Errors
    ///
    /// [`Ungranted::NoGrant`] if the party over which the right is has none of that id.
    pub async fn take_back_standing(
        &self,
        writer: &Writer,
        permit: Permit<Share>,
        grant: GrantId,
    ) -> Result<EntryId, Ungranted> {
        let party = permit.over().ok_or(Ungranted::Refused("the right is over no party"))?.party;
        let registry = self.inner.registry.clone();
        let changed = writer.change(permit, move |change| {
            let registry = registry.clone();
            Box::pin(async move {
                change.detail("did", "standing-grant-taken-back");
                change.detail("grant", grant);
                let (_, mut revision) = registry.current::<PartyRevision>(change, party).await?;
                let before = revision.standing.len();
                revision.standing.retain(|standing| standing.grant.id != grant);
                if revision.standing.len() == before {
                    return Err(Stopped::failed(Ungranted::NoGrant));
                }
                registry.write(change, &revision).await?;
                sqlx::query("delete from standing_grant where id = $1")
                    .bind(grant.as_bytes().to_vec())
                    .execute(change.sql())
                    .await?;
                Ok(())
            })
        });
        Ok(changed.await.map_err(unwrapped)?.1)
    }

    /// What a standing grant was given for, in words; nothing if nothing was said.
    ///
    /// # Errors
    ///
    /// [`Error::Text`] if the party's key is not to be had, or what is sealed does not open.
    pub async fn standing_purpose(
        &self,
        party: PartyId,
        grant: &Grant,
    ) -> Result<Option<String>, Error> {
        if grant.purpose_sealed.is_empty() {
            return Ok(None);
        }
        let unreadable = |error| Error::Text(Box::new(error));
        let key = self.inner.texts.keyset().party_key(party).await.map_err(unreadable)?;
        let sealed = STANDARD.decode(&grant.purpose_sealed);
        let sealed = sealed.map_err(|error| Error::Text(Box::new(error)))?;
        let opened = open_field(&key, grant.id.as_bytes(), "purpose", 0, &sealed);
        let opened = opened.map_err(|error| Error::Text(Box::new(error)))?;
        Ok(String::from_utf8(opened.to_vec()).ok())
    }

    async fn seal_standing(
        &self,
        party: PartyId,
        grant: GrantId,
        purpose: Option<&str>,
    ) -> Result<String, Error> {
        let Some(purpose) = purpose else { return Ok(String::new()) };
        let key = self.inner.texts.keyset().party_key(party).await;
        let key = key.map_err(|error| Error::Text(Box::new(error)))?;
        let sealed = seal_field(&key, grant.as_bytes(), "purpose", 0, purpose.as_bytes());
        Ok(STANDARD.encode(sealed))
    }
}

fn check(mission: &MissionRevision, new: &NewStanding, now: Instant) -> Result<(), &'static str> {
    if new.until.is_some_and(|until| until <= now) {
        return Err("the grant's end has passed already");
    }
    if new.purpose.as_deref().is_some_and(|text| plain(text, LONGEST_PURPOSE).is_err()) {
        return Err("a purpose has at most 1,000 characters, none of them invisible or a control");
    }
    if new.kind.as_ref().is_some_and(|kind| !mission.kinds.iter().any(|known| known.id == *kind)) {
        return Err("the mission has no such kind of document");
    }
    if new.workstream.is_some_and(|workstream| mission.party(workstream).is_none()) {
        return Err("the mission has no such workstream");
    }
    match new.to {
        Grantee::Party(party) | Grantee::Role(party, _) if mission.party(party).is_none() => {
            Err("the mission has no such party")
        }
        Grantee::Role(_, Role::Auditor | Role::Operator | Role::Secretariat) => Err(
            "whoever audits, operates or keeps the directory reads no document: name another role",
        ),
        Grantee::Person(person) if mission.slug_of(person).is_none() => {
            Err("the mission has no such person")
        }
        _ => Ok(()),
    }
}

async fn project(
    sql: &mut sqlx::AnyConnection,
    party: PartyId,
    standing: &StandingGrant,
) -> Result<(), Stopped> {
    sqlx::query(
        "insert into standing_grant (id, owner, grantee, workstream, kind, sensitivity, until) \
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(standing.grant.id.as_bytes().to_vec())
    .bind(party.as_bytes().to_vec())
    .bind(grantee_key(standing.grant.to))
    .bind(standing.workstream.map(|party| party.as_bytes().to_vec()).unwrap_or_default())
    .bind(standing.kind.clone().unwrap_or_default())
    .bind(standing.sensitivity as i64)
    .bind(standing.grant.until.map_or(i64::MAX, |until| until.0))
    .execute(sql)
    .await?;
    Ok(())
}

/// The cause that a change's closure stopped with, if it is one of ours.
fn unwrapped(error: audit::Error) -> Ungranted {
    match error {
        audit::Error::Work(cause) => match cause.downcast::<Ungranted>() {
            Ok(own) => *own,
            Err(cause) => Error::from(audit::Error::Work(cause)).into(),
        },
        error => Error::from(error).into(),
    }
}
