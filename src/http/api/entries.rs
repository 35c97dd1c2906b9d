//! The log, opened for those permitted; receipts for whoever acted.

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    audit::{
        Audit,
        entries::{Decided, Entries, Filter, Page, Receivable, Told, Whose},
        opening::Opening,
        receipt,
        tree::Covered,
    },
    http::{
        Problem,
        api::{
            answer::Listed,
            naming::{handle, of_word, person, shows, slug},
        },
        header::attachment,
        request::{Path, Query},
    },
    id::{EntryId, PartyId, PersonId},
    identity::Caller,
    mission::MissionRevision,
    policy::Permit,
    time::Instant,
};

/// What permits the mission's auditor, whose right is over everybody's entries.
pub(super) const OF_EVERYBODY: &str = "auditor-audits";

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(receive))
}

/// Which entries.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Only about this document: its reference or id.
    document: Option<String>,
    /// Only this act: `discover`, `read`, `deposit`, `share`, `finalise`, `export`, `shred`, `hold`, `administer`, `audit`.
    act: Option<String>,
    /// Only of this person, while that is known.
    person: Option<String>,
    /// Only from this instant on (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Instant>,
    /// Only before this instant (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Instant>,
    /// `permitted` or `refused`.
    decision: Option<String>,
    /// The `next` of the page before.
    cursor: Option<i64>,
}

/// Some entries, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Entries)]
struct EntriesView {
    /// On this page.
    entries: Vec<EntryView>,
    /// Where the next page begins; nothing if this is the last.
    next: Option<String>,
}

/// An entry of the log, opened as far as the caller may see it and its keys live.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Entry)]
struct EntryView {
    /// Its id.
    entry: String,
    /// Its position in the log.
    position: i64,
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// Which act.
    act: String,
    /// `change`, `intent`, `outcome`, `refusal` or `system`.
    class: String,
    /// `permitted` or `refused`.
    decision: String,
    /// Whom it concerns.
    owner: Option<String>,
    /// The document's id.
    document: Option<String>,
    /// The document's reference.
    reference: Option<String>,
    /// The capacity of whoever acted.
    capacity: Option<String>,
    /// Who acted, while that is known.
    person: Option<String>,
    /// From which address, while that is known.
    address: Option<String>,
    /// What it states.
    facts: Option<Value>,
    /// Whether somebody acted of whom nothing is known any more.
    personal_expired: bool,
    /// Whether what it states has run out.
    facts_expired: bool,
    /// Of a refusal: what was asked, in the words of whoever asked, and how it was answered.
    #[schema(value_type = Option<Object>)]
    asked: Option<Value>,
}

/// Entries of the log
///
/// Those that concern the party for which the caller acts, and what its own people did elsewhere; for the mission's auditor
/// everybody's. What was refused to another's document is shown as it was asked, and no more.
#[utoipa::path(get, path = "/audit/entries", tag = "log", params(Wanted), responses((status = 200, body = EntriesView)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Listed<EntriesView>, Problem> {
    let permit: Permit<Audit> = app.policy.permit(&caller, caller.actor.capacity).await?;
    let (permit, _) = app.gate.note(permit, shows("entries")).await?;
    let filter = wanted.filter(&app, &permit).await?;
    let page = Entries::of(&app.writer).page(&permit, &filter, &people(permit.mission())).await?;
    record_others(&app, &caller, &filter, &page).await?;
    Ok(Listed(EntriesView::of(&app, permit.mission(), page).await?))
}

/// A receipt
///
/// The proof that the entry is in the log, with the entry opened in it (c2sp.org/tlog-proof): for whoever acted, and for those
/// who may audit whom it concerns. Until the log has signed the entry, within two seconds, 202.
#[utoipa::path(
    get, path = "/receipts/{entry}", tag = "log", params(("entry" = String, Path, description = "The entry's id.")),
    responses(
        (status = 200, description = "The receipt.", body = String, content_type = "text/plain"),
        (status = 202, description = "Not signed yet: ask again after Retry-After.")
    )
)]
async fn receive(
    State(app): State<App>,
    caller: Caller,
    Path(entry): Path<EntryId>,
) -> Result<Response, Problem> {
    let (receivable, openings) = disclosed(&app, &caller, entry).await?;
    match app.tree.prove(receivable.position).await? {
        Covered::NotYet => Ok((StatusCode::ACCEPTED, [(header::RETRY_AFTER, "1")]).into_response()),
        Covered::Yes(mut proof) => {
            let leaf = app.tree.leaves(receivable.position, receivable.position + 1).await?;
            let told = openings.iter().map(Opening::disclosure);
            proof.extra = Some(receipt::extra(leaf.first().map_or(&[][..], Vec::as_slice), told));
            Ok(file(entry, proof.to_string()))
        }
    }
}

fn people(mission: &MissionRevision) -> Vec<PersonId> {
    mission.people.iter().map(|entry| entry.person).collect()
}

fn file(entry: EntryId, text: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (header::CONTENT_DISPOSITION, attachment(&format!("{entry}.tlog-proof"))),
    ];
    (headers, text).into_response()
}

/// What of an entry its receipt discloses to the caller. Fetching the receipt of one's own act is no entry.
async fn disclosed(
    app: &App,
    caller: &Caller,
    entry: EntryId,
) -> Result<(Receivable, Vec<Opening>), Problem> {
    let mission = super::naming::mission(app).await?;
    let found = Entries::of(&app.writer).receivable(entry, &people(&mission)).await?;
    if let Some(own) = found.as_ref().filter(|found| found.person == Some(caller.actor.person)) {
        return Ok((own.clone(), own.for_actor().to_vec()));
    }
    let owner = found.as_ref().and_then(|found| found.owner).unwrap_or_else(PartyId::random);
    let named = crate::policy::Resource::from(owner).called(&entry.to_string());
    let permit: Permit<Audit> = app.policy.permit(caller, named).await.map_err(hidden)?;
    let (_permit, _) = app.gate.note(permit, shows("receipt")).await?;
    let found = found.ok_or_else(Problem::missing)?;
    let openings = found.for_owner().to_vec();
    Ok((found, openings))
}

/// That an entry exists is nobody's to know who may not see it, though its party be in the directory.
fn hidden(error: crate::policy::Error) -> Problem {
    match error {
        crate::policy::Error::Forbidden(_) => Problem::missing(),
        error => error.into(),
    }
}

/// Where the page shows entries of other parties than the caller's, each of them gets an entry of its own.
async fn record_others(
    app: &App,
    caller: &Caller,
    filter: &Filter,
    page: &Page,
) -> Result<(), Problem> {
    if filter.whose != Whose::Everybody {
        return Ok(());
    }
    record_owners(app, caller, "entries", page.entries.iter().filter_map(|told| told.owner)).await
}

/// Enters for each of these parties but the caller's own what of it was shown.
pub(super) async fn record_owners(
    app: &App,
    caller: &Caller,
    what: &str,
    owners: impl Iterator<Item = PartyId>,
) -> Result<(), Problem> {
    let mut owners: Vec<_> = owners.collect();
    owners.sort_unstable();
    owners.dedup();
    for owner in owners.into_iter().filter(|owner| *owner != caller.actor.capacity) {
        let permit: Permit<Audit> = app.policy.permit(caller, owner).await?;
        let (_permit, _) = app.gate.note(permit, shows(what)).await?;
    }
    Ok(())
}

impl Wanted {
    async fn filter(&self, app: &App, permit: &Permit<Audit>) -> Result<Filter, Problem> {
        let everybody = permit.grounds().iter().any(|ground| ground == OF_EVERYBODY);
        let unknown = |what: &str| Problem::malformed(format!("there is no such {what}"));
        let document = match &self.document {
            Some(name) => Some(app.documents.named(name).await?.id),
            None => None,
        };
        let person = match &self.person {
            Some(name) => Some(person(app, name).await?),
            None => None,
        };
        let act = self.act.as_deref().map(|act| of_word(act).ok_or_else(|| unknown("act")));
        let decided = self.decision.as_deref().map(|decision| match decision {
            "permitted" => Ok(Decided::Permitted),
            "refused" => Ok(Decided::Refused),
            _ => Err(unknown("decision: it is permitted or refused")),
        });
        Ok(Filter {
            whose: if everybody { Whose::Everybody } else { Whose::Party(permit.actor().capacity) },
            document,
            act: act.transpose()?,
            person,
            since: self.since,
            until: self.until,
            decided: decided.transpose()?,
            before: self.cursor,
        })
    }
}

impl EntriesView {
    async fn of(app: &App, mission: &MissionRevision, page: Page) -> Result<Self, Problem> {
        let mut entries = Vec::with_capacity(page.entries.len());
        for told in page.entries {
            let reference = match told.document {
                Some(document) => app.documents.reference(document).await?,
                None => None,
            };
            entries.push(EntryView::of(mission, told, reference));
        }
        Ok(Self { entries, next: page.next.map(|position| position.to_string()) })
    }
}

impl EntryView {
    fn of(mission: &MissionRevision, told: Told, reference: Option<String>) -> Self {
        let named = |party: PartyId| handle(mission, party);
        let decision = if told.what == "refusal" { "refused" } else { "permitted" };
        Self {
            entry: told.entry.to_string(),
            position: told.position,
            at: told.at.to_string(),
            act: told.act,
            class: told.what,
            decision: decision.to_owned(),
            owner: told.owner.map(named),
            document: told.document.map(|document| document.to_string()),
            reference,
            capacity: told.capacity.map(named),
            person: told.personal.as_ref().map(|personal| slug(mission, personal.person)),
            address: told.personal.map(|personal| personal.address),
            facts: told.facts,
            personal_expired: told.personal_expired,
            facts_expired: told.facts_expired,
            asked: told.asked.and_then(|asked| serde_json::to_value(asked).ok()),
        }
    }
}
