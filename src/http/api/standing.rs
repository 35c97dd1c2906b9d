//! Standing grants of a party: on whatever it owns of a kind, a workstream and up to a sensitivity, present and future.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    audit::Share,
    http::{
        Problem,
        api::{
            answer::{Entered, Made, Shown},
            naming::{granted, grantee, handle, mission, party, shows, word, workstream},
        },
        request::{Json, Line, Path},
    },
    id::GrantId,
    identity::Caller,
    mission::{Sensitivity, StandingGrant},
    policy::{NewStanding, Permit, Resource},
    time::Instant,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, give)).routes(routes!(take_back))
}

/// Standing grants of a party.
#[derive(Debug, Serialize, ToSchema)]
struct StandingGrants {
    /// All of them.
    grants: Vec<StandingView>,
}

/// A standing grant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StandingGrant)]
struct StandingView {
    /// Its id.
    id: String,
    /// To whom.
    to: String,
    /// Only this kind; any if none.
    kind: Option<String>,
    /// Only of this workstream; any if none.
    workstream: Option<String>,
    /// Up to this sensitivity.
    sensitivity: String,
    /// Until when; without end if none.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// For what.
    purpose: Option<String>,
    /// When it was given.
    #[schema(format = DateTime)]
    given_at: String,
}

/// A standing grant to be given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewStandingGrant {
    /// `company:SLUG`, `workstream:SLUG`, `person:SLUG` or `role:PARTY:ROLE`.
    to: String,
    /// Only this kind; any if none.
    kind: Option<String>,
    /// Only of this workstream: its slug; any if none.
    workstream: Option<String>,
    /// Up to this sensitivity: `ordinary`, `confidential` or `business-secret`.
    #[schema(value_type = String)]
    sensitivity: Sensitivity,
    /// Until when (RFC 3339); without end if none.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Instant>,
    /// For what; sealed.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1000)]
    purpose: Option<Line<1000>>,
}

/// A standing grant that was given.
#[derive(Debug, Serialize, ToSchema)]
struct StandingGranted {
    /// Its id.
    id: String,
    /// The entry of the log.
    entry: String,
}

/// Standing grants
#[utoipa::path(get, path = "/parties/{party}/grants", tag = "parties", responses((status = 200, body = StandingGrants)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Shown<StandingGrants>, Problem> {
    let permit = share(&app, &caller, &name).await?;
    let (permit, _) = app.gate.note(permit, shows("standing grants")).await?;
    let owner = permit.owner().ok_or_else(Problem::missing)?.clone();
    let mut grants = Vec::with_capacity(owner.standing.len());
    for standing in &owner.standing {
        let purpose = app.policy.standing_purpose(owner.party, &standing.grant).await?;
        grants.push(StandingView::of(permit.mission(), standing, purpose));
    }
    Ok(Shown(StandingGrants { grants }))
}

/// Give a standing grant
///
/// On what the party owns now and will own. What its restrictions forbid stays forbidden.
#[utoipa::path(post, path = "/parties/{party}/grants", tag = "parties", responses((status = 201, body = StandingGranted)))]
async fn give(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Json(new): Json<NewStandingGrant>,
) -> Result<Made<StandingGranted>, Problem> {
    let permit = share(&app, &caller, &name).await?;
    let new = new.resolved(&app).await?;
    let (id, entry) = app.policy.grant_standing(&app.writer, permit, new).await?;
    let at = format!("/api/v1/parties/{name}/grants/{id}");
    Ok(Made { at, body: StandingGranted { id: id.to_string(), entry: entry.to_string() } })
}

/// Take back a standing grant
///
/// Effective at the next request.
#[utoipa::path(delete, path = "/parties/{party}/grants/{grant}", tag = "parties", responses((status = 200, body = Entered)))]
async fn take_back(
    State(app): State<App>,
    caller: Caller,
    Path((name, grant)): Path<(String, String)>,
) -> Result<Shown<Entered>, Problem> {
    let permit = share(&app, &caller, &name).await?;
    let grant: GrantId = grant.parse().map_err(|_| Problem::missing())?;
    let entry = app.policy.take_back_standing(&app.writer, permit, grant).await?;
    Ok(Shown(Entered { entry }))
}

async fn share(app: &App, caller: &Caller, name: &str) -> Result<Permit<Share>, Problem> {
    let named = Resource::from(party(app, name).await?).called(name);
    Ok(app.policy.permit(caller, named).await?)
}

impl NewStandingGrant {
    async fn resolved(self, app: &App) -> Result<NewStanding, Problem> {
        let workstream = match &self.workstream {
            Some(slug) => Some(workstream(app, slug).await?),
            None => None,
        };
        Ok(NewStanding {
            to: grantee(&*mission(app).await?, &self.to)?,
            kind: self.kind,
            workstream,
            sensitivity: self.sensitivity,
            until: self.until,
            purpose: self.purpose.map(|purpose| purpose.0),
        })
    }
}

impl StandingView {
    fn of(
        mission: &crate::mission::MissionRevision,
        standing: &StandingGrant,
        purpose: Option<String>,
    ) -> Self {
        Self {
            id: standing.grant.id.to_string(),
            to: granted(mission, standing.grant.to),
            kind: standing.kind.clone(),
            workstream: standing.workstream.map(|party| handle(mission, party)),
            sensitivity: word(standing.sensitivity),
            until: standing.grant.until.map(|until| until.to_string()),
            purpose,
            given_at: standing.grant.given_at.to_string(),
        }
    }
}
