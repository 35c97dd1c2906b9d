//! Tag keys, for auditors: by which a party finds its entries, and the mission's auditor that all were tagged.

use std::collections::{BTreeMap, btree_map::Entry};

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    audit::{
        Audit, Reason,
        encoding::base64url,
        entries::{Entries, Tagged},
    },
    database::Revisions,
    http::{
        Problem,
        api::{
            answer::{Listed, Shown},
            entries::{OF_EVERYBODY, record_owners},
            naming::{party, shows},
        },
        request::{Path, Query},
    },
    id::{DocumentId, PartyId},
    identity::Caller,
    mission::PartyRevision,
    policy::{self, Permit, Resource},
    vault::{self, TagKey, keyset::TagSubject},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(keys)).routes(routes!(tags))
}

/// The tag keys of a party.
#[derive(Debug, Serialize, ToSchema)]
struct TagKeys {
    /// Of each year, and of each turn within one: a new turn begins when an auditor leaves.
    keys: Vec<TagKeyView>,
}

/// A tag key. Whoever has it finds the party's entries of its year, without asking anybody which they are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TagKey)]
struct TagKeyView {
    /// Calendar year, UTC.
    year: u16,
    /// Counted from 0.
    turn: u32,
    /// The key, 32 bytes in base64url.
    key: String,
    /// What the party's revision commits to: SHA-256 of the key, in hex.
    commitment: Option<String>,
}

/// Where a page begins.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Page {
    /// Before which position: the `next` of the page before, or the size of a checkpoint.
    cursor: Option<i64>,
}

/// Some entries as committed, newest first, and the keys of the tags that they should bear.
#[derive(Debug, Serialize, ToSchema)]
struct Tags {
    /// On this page.
    entries: Vec<TaggedView>,
    /// Of each party and document that an entry on this page names. One that has none was erased.
    keys: BTreeMap<String, Vec<TagKeyView>>,
    /// Where the next page begins; nothing if this is the last.
    next: Option<String>,
}

/// An entry as its leaf commits to it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tagged)]
struct TaggedView {
    /// Its position in the log.
    position: i64,
    /// The disclosure of its facts, of which the leaf has the SHA-256; nothing once they have run out.
    facts: Option<String>,
}

/// The tag keys of one's party
///
/// For the party's own auditors, and nobody else. With them every entry that is tagged for the party is found in the bundles
/// under `/log/tile/entries/`, so that none can be hidden.
#[utoipa::path(get, path = "/parties/{party}/tag-keys", tag = "parties", responses((status = 200, body = TagKeys)))]
async fn keys(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Shown<TagKeys>, Problem> {
    let named = Resource::from(party(&app, &name).await?).called(&name);
    let permit = noted(&app, &caller, named, "tag keys", Permit::is_own_auditors).await?;
    Ok(Shown(TagKeys { keys: of_party(&app, permit.actor().capacity).await? }))
}

/// What entries should be tagged by
///
/// For the mission's auditor, who recomputes the tags of every entry from its facts: an entry that was left untagged is found
/// by no party.
#[utoipa::path(get, path = "/audit/tags", tag = "log", params(Page), responses((status = 200, body = Tags)))]
async fn tags(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<Page>,
) -> Result<Listed<Tags>, Problem> {
    let mission = |permit: &Permit<Audit>| permit.grounds().iter().any(|by| by == OF_EVERYBODY);
    let own = Resource::from(caller.actor.capacity);
    let permit = noted(&app, &caller, own, "tags", mission).await?;
    let before = page.cursor.unwrap_or(i64::MAX);
    let (entries, next) = Entries::of(&app.writer).tagged(&permit, before).await?;
    record_owners(&app, &caller, "entries", entries.iter().flat_map(|one| one.parties.clone()))
        .await?;
    Ok(Listed(Tags::of(&app, entries, next).await?))
}

/// An auditor's right that is narrower than the act, recorded.
async fn noted(
    app: &App,
    caller: &Caller,
    resource: Resource,
    what: &str,
    only: impl Fn(&Permit<Audit>) -> bool,
) -> Result<Permit<Audit>, Problem> {
    let permit = app.policy.permit_only(caller, resource, &only).await?;
    let (permit, _) = app.gate.note(permit, shows(what)).await?;
    // It may have been decided again since.
    match only(&permit) {
        true => Ok(permit),
        false => Err(policy::Error::Forbidden(Reason::NoGrant).into()),
    }
}

/// A party's keys, as many as it committed to.
async fn of_party(app: &App, party: PartyId) -> Result<Vec<TagKeyView>, Problem> {
    let mut revisions = Revisions::new(app.clock.now());
    let revision = app.registry.read::<PartyRevision>(party, &mut revisions).await?;
    let mut keys = Vec::with_capacity(revision.tag_keys.len());
    for committed in &revision.tag_keys {
        let subject = TagSubject::Party(party);
        if let Some(key) = known(app, subject, committed.year, committed.turn).await? {
            let commitment = Some(committed.commitment.clone());
            keys.push(TagKeyView { commitment, ..view(committed.year, committed.turn, &key) });
        }
    }
    Ok(keys)
}

fn view(year: u16, turn: u32, key: &TagKey) -> TagKeyView {
    TagKeyView { year, turn, key: base64url(key.expose()), commitment: None }
}

async fn known(
    app: &App,
    subject: TagSubject,
    year: u16,
    turn: u32,
) -> Result<Option<TagKey>, Problem> {
    match app.keyset.tag_key(subject, year, turn).await {
        Ok(key) => Ok(Some(key)),
        Err(vault::keyset::Error::Missing(_)) => Ok(None),
        Err(error) => Err(crate::documents::Error::from(error).into()),
    }
}

impl Tags {
    async fn of(app: &App, entries: Vec<Tagged>, next: Option<i64>) -> Result<Self, Problem> {
        let mut keys = BTreeMap::new();
        let mut documents: BTreeMap<DocumentId, Vec<u16>> = BTreeMap::new();
        for entry in &entries {
            for party in &entry.parties {
                if let Entry::Vacant(place) = keys.entry(party.to_string()) {
                    place.insert(of_party(app, *party).await?);
                }
            }
            if let Some(document) = entry.document {
                let years = documents.entry(document).or_default();
                // The key was fetched a moment before the entry got its instant.
                years.extend([entry.at.year(), entry.at.year() - 1]);
            }
        }
        for (document, mut years) in documents {
            years.sort_unstable();
            years.dedup();
            let found = keys.entry(document.to_string()).or_insert_with(Vec::new);
            for year in years {
                if let Some(key) = known(app, TagSubject::Document(document), year, 0).await? {
                    found.push(view(year, 0, &key));
                }
            }
        }
        let entries = entries.into_iter().map(|entry| TaggedView {
            position: entry.position,
            facts: Some(entry.facts).filter(|facts| !facts.is_empty()),
        });
        let next = next.map(|position| position.to_string());
        Ok(Self { entries: entries.collect(), keys, next })
    }
}
