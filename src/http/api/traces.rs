//! Who did what with a document, and who technically can open it.

use std::collections::BTreeMap;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    documents::{Access, AccessPage, Openers},
    http::{
        Problem,
        api::{
            answer::{Listed, Shown},
            documents::discover,
            naming::{document, shows, word},
        },
        request::{Path, Query},
    },
    identity::Caller,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(accesses)).routes(routes!(openers))
}

/// Where a page begins.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Page {
    /// The `next` of the page before.
    cursor: Option<i64>,
}

/// Some accesses, newest first.
#[derive(Debug, Serialize, ToSchema)]
struct Accesses {
    /// On this page.
    entries: Vec<AccessView>,
    /// Where the next page begins; nothing if this is the last.
    next: Option<String>,
}

/// An entry of the log about a document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Access)]
struct AccessView {
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
    /// The capacity of whoever acted.
    capacity: Option<String>,
    /// Who acted, while that is known.
    person: Option<String>,
    /// From which address, while that is known.
    address: Option<String>,
    /// Whether somebody acted of whom nothing is known any more.
    personal_expired: bool,
    /// What they said: `purpose`, `reason`. For whoever acts for the owner, until the document is destroyed.
    texts: BTreeMap<String, String>,
    /// What the entry states; nothing once that has run out.
    facts: Value,
}

/// Who can technically open a document, whether or not they may.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Openers)]
struct OpenersView {
    /// `managed` or `end-to-end`.
    protection: String,
    /// Who holds what it takes, and what the places of storage can do.
    openers: Vec<OpenerView>,
}

/// Somebody who can technically open, or withhold.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Opener)]
struct OpenerView {
    /// Who.
    who: String,
    /// With what, or what they can do.
    with: String,
    /// Whether opening leaves an entry of the log.
    logged: Option<bool>,
    /// In which place of storage.
    place: Option<String>,
    /// Under whose law.
    jurisdiction: Option<String>,
}

/// Accesses to a document
///
/// Every act on it that is in the log, permitted and refused: for its owner, and for auditors.
#[utoipa::path(get, path = "/documents/{document}/accesses", tag = "documents", params(Page), responses((status = 200, body = Accesses)))]
async fn accesses(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(page): Query<Page>,
) -> Result<Listed<Accesses>, Problem> {
    let permit = app.policy.permit(&caller, document(&app, &name).await?).await?;
    let (permit, _) = app.gate.note(permit, shows("accesses")).await?;
    Ok(Listed(app.documents.accesses(&permit, page.cursor).await?.into()))
}

/// Who can technically open a document
#[utoipa::path(get, path = "/documents/{document}/openers", tag = "documents", responses((status = 200, body = OpenersView)))]
async fn openers(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Shown<OpenersView>, Problem> {
    let permit = discover(&app, &caller, &name, "openers").await?;
    Ok(Shown(app.documents.openers(&permit).await?.into()))
}

impl From<AccessPage> for Accesses {
    fn from(page: AccessPage) -> Self {
        let entries = page.accesses.into_iter().map(AccessView::from).collect();
        Self { entries, next: page.next.map(|position| position.to_string()) }
    }
}

impl From<Access> for AccessView {
    fn from(access: Access) -> Self {
        let decision = if access.what == "refusal" { "refused" } else { "permitted" };
        Self {
            entry: access.entry.to_string(),
            position: access.position,
            at: access.at.to_string(),
            act: access.act,
            class: access.what,
            decision: decision.to_owned(),
            personal_expired: access.capacity.is_some() && access.person.is_none(),
            capacity: access.capacity,
            person: access.person,
            address: access.address,
            texts: access.texts,
            facts: access.facts,
        }
    }
}

impl From<Openers> for OpenersView {
    fn from(told: Openers) -> Self {
        let holders = told.holders.into_iter().map(|holder| OpenerView {
            who: holder.party.unwrap_or_else(|| holder.who.to_owned()),
            with: holder.with.to_owned(),
            logged: Some(holder.logged),
            place: None,
            jurisdiction: None,
        });
        let places = told.places.into_iter().map(|place| {
            let facts = place.facts.as_ref();
            let operator = facts.and_then(|facts| facts.operator.known().cloned());
            let seat = facts.and_then(|facts| facts.seat.known());
            OpenerView {
                who: operator.unwrap_or_else(|| place.location.clone()),
                with: place.can.to_owned(),
                logged: None,
                place: Some(place.location),
                jurisdiction: seat.map(ToString::to_string),
            }
        });
        Self { protection: word(told.protection), openers: holders.chain(places).collect() }
    }
}
