//! Where sealed bytes rested at an instant, as the log says it: of a document, of a party, of the whole mission.

mod view;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    audit::{Audit, entries::Whose},
    documents::residency::{Created, Residency, Sight, Tongue, picture},
    http::{
        Problem,
        api::{
            answer::{Listed, Shown},
            entries::{OF_EVERYBODY, record_owners},
            naming::{document, party, shows},
        },
        header::listed,
        language::Language,
        request::{Path, Query},
    },
    identity::Caller,
    policy::{Permit, Resource},
    time::Instant,
};

use view::ResidencyView;

const SVG: &str = "image/svg+xml";

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(of_document)).routes(routes!(of_party))
}

/// At which instant.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// As it was at this instant (RFC 3339), which has passed; as it is now if none.
    #[param(value_type = Option<String>, format = DateTime)]
    at: Option<Instant>,
}

/// At which instant, and which page.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct WantedPage {
    /// As it was at this instant (RFC 3339), which has passed; as it is now if none. Ask every page with the same.
    #[param(value_type = Option<String>, format = DateTime)]
    at: Option<Instant>,
    /// The `next` of the page before.
    after: Option<i64>,
}

/// Where a document rested
///
/// Its sealed objects (version, length, SHA-256), since when and at which places, what was known of each place and how, who
/// holds the keys; each with the entry of the log that bears it out, held against the signed tree. For whoever may know of the
/// document, and for auditors. As a picture if `Accept` names `image/svg+xml`.
#[utoipa::path(
    get, path = "/documents/{document}/residency", tag = "documents", params(Wanted),
    responses((status = 200, content((ResidencyView = "application/json"), (String = "image/svg+xml"))))
)]
async fn of_document(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (at, form) = (instant(&app, wanted.at)?, Form::of(&headers)?);
    let sight = sight(&app, &caller, &name).await?;
    Ok(form.answer(app.documents.residency(&sight, &app.tree, at).await?))
}

/// Where a party's documents rested
///
/// For whoever decides for the party or audits it, in the order in which they were created, at most 50 on a page. Of the
/// mission, its auditor is shown everybody's documents; its coordinator those that the mission itself owns.
#[utoipa::path(
    get, path = "/parties/{party}/residency", tag = "parties", params(WantedPage),
    responses((status = 200, body = ResidencyView))
)]
async fn of_party(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(wanted): Query<WantedPage>,
) -> Result<Listed<ResidencyView>, Problem> {
    let at = instant(&app, wanted.at)?;
    let named = Resource::from(party(&app, &name).await?).called(&name);
    let permit: Permit<Audit> = app.policy.permit(&caller, named).await?;
    let (permit, _) = app.gate.note(permit, shows("residency")).await?;
    let whose = whose(&permit)?;
    let created = app.documents.created(&permit, &app.tree, (whose, at), wanted.after).await?;
    let created = recorded(&app, &caller, whose, created).await?;
    Ok(Listed(app.documents.residency_of(&permit, &app.tree, at, created).await?.into()))
}

/// The instant that is asked about, which must have come.
fn instant(app: &App, wanted: Option<Instant>) -> Result<Instant, Problem> {
    let now = app.clock.now();
    match wanted {
        Some(at) if at > now => Err(Problem::malformed("`at` has not come yet")),
        at => Ok(at.unwrap_or(now)),
    }
}

/// The right to be shown where a document rests, recorded: an auditor's where there is one, else of whoever may know of it.
async fn sight(app: &App, caller: &Caller, name: &str) -> Result<Sight, Problem> {
    let named = document(app, name).await?;
    let detail = shows("residency");
    if app.policy.would_permit::<Audit>(caller, named.clone()).await? {
        let permit = app.policy.permit(caller, named).await?;
        return Ok(Sight::Audits(app.gate.note(permit, detail).await?.0));
    }
    let permit = app.policy.permit(caller, named).await?;
    Ok(Sight::Knows(app.gate.note(permit, detail).await?.0))
}

/// Whose documents a right over a party shows.
fn whose(permit: &Permit<Audit>) -> Result<Whose, Problem> {
    let party = permit.owner().ok_or_else(Problem::missing)?.party;
    let everybody = party == permit.mission().party
        && permit.grounds().iter().any(|ground| ground == OF_EVERYBODY);
    Ok(if everybody { Whose::Everybody } else { Whose::Party(party) })
}

/// Of everybody's documents those of parties that the caller may audit; each of these parties gets an entry of its own.
async fn recorded(
    app: &App,
    caller: &Caller,
    whose: Whose,
    mut page: Created,
) -> Result<Created, Problem> {
    if whose != Whose::Everybody {
        return Ok(page);
    }
    let mut owners: Vec<_> = page.documents.iter().map(|(_, owner)| *owner).collect();
    owners.sort_unstable();
    owners.dedup();
    let mut hidden = Vec::new();
    for owner in &owners {
        if !app.policy.would_permit::<Audit>(caller, *owner).await? {
            hidden.push(*owner);
        }
    }
    page.documents.retain(|(_, owner)| !hidden.contains(owner));
    owners.retain(|owner| !hidden.contains(owner));
    record_owners(app, caller, "residency", owners.into_iter()).await?;
    Ok(page)
}

/// What an answer is written as.
#[derive(Clone, Copy, Debug)]
enum Form {
    Json,
    Picture(Tongue),
}

impl Form {
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let accepted = listed(headers, &header::ACCEPT)?.unwrap_or_default();
        let mut ranges = accepted.split(',').filter_map(|range| range.split(';').next());
        if !ranges.any(|range| range.trim().eq_ignore_ascii_case(SVG)) {
            return Ok(Self::Json);
        }
        Ok(Self::Picture(match Language::of(headers) {
            Language::En => Tongue::English,
            Language::Fr => Tongue::French,
        }))
    }

    fn answer(self, residency: Residency) -> Response {
        let mut response = match self {
            Self::Json => Shown(ResidencyView::from(residency)).into_response(),
            Self::Picture(tongue) => {
                let drawn = [(header::CONTENT_TYPE, SVG)];
                (drawn, picture(&residency, tongue)).into_response()
            }
        };
        let varies = HeaderValue::from_static("accept, accept-language");
        response.headers_mut().insert(header::VARY, varies);
        response
    }
}
