//! Grants on a document: to a party, a person or a role, until an instant, for a purpose.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    audit::Share,
    documents::{self, GrantDescription},
    http::{
        Problem,
        api::{
            answer::{Entered, Made, Shown},
            documents::discover,
            naming::{document, grantee, mission, shows},
        },
        request::{Json, Line, Path},
    },
    id::GrantId,
    identity::Caller,
    policy::Permit,
    time::Instant,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, share)).routes(routes!(unshare))
}

/// Grants on a document.
#[derive(Debug, Serialize, ToSchema)]
struct Grants {
    /// All of them.
    grants: Vec<GrantView>,
}

/// A grant on a document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Grant)]
struct GrantView {
    /// Its id.
    id: String,
    /// To whom.
    to: String,
    /// Until when; without end if none.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// For what.
    purpose: Option<String>,
    /// When it was given.
    #[schema(format = DateTime)]
    given_at: String,
}

/// A grant to be given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewGrant {
    /// `company:SLUG`, `workstream:SLUG`, `person:SLUG` or `role:PARTY:ROLE`.
    to: String,
    /// Until when (RFC 3339); without end if none.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Instant>,
    /// For what; sealed.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1000)]
    purpose: Option<Line<1000>>,
}

/// A grant that was given.
#[derive(Debug, Serialize, ToSchema)]
struct Granted {
    /// Its id.
    id: String,
    /// The entry of the log.
    entry: String,
}

/// Grants on a document
///
/// For those who may give them: who else was permitted is no matter of a grantee's.
#[utoipa::path(get, path = "/documents/{document}/grants", tag = "grants", responses((status = 200, body = Grants)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Shown<Grants>, Problem> {
    let may: Permit<Share> = app.policy.permit(&caller, document(&app, &name).await?).await?;
    let (_may, _) = app.gate.note(may, shows("grants")).await?;
    let permit = discover(&app, &caller, &name, "grants").await?;
    let grants = app.documents.grants(&permit).await?.into_iter().map(GrantView::from);
    Ok(Shown(Grants { grants: grants.collect() }))
}

/// Share a document
///
/// It holds from the next request on, until the instant that is given, or until it is taken back. What the owner's
/// restrictions forbid stays forbidden.
#[utoipa::path(post, path = "/documents/{document}/grants", tag = "grants", responses((status = 201, body = Granted)))]
async fn share(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Json(new): Json<NewGrant>,
) -> Result<Made<Granted>, Problem> {
    let permit = app.policy.permit(&caller, document(&app, &name).await?).await?;
    let to = grantee(&*mission(&app).await?, &new.to)?;
    let purpose = new.purpose.map(|purpose| purpose.0);
    let wanted = documents::NewGrant { to, until: new.until, purpose };
    let (id, entry) = app.documents.share(permit, wanted).await?;
    let at = format!("/api/v1/documents/{name}/grants/{id}");
    Ok(Made { at, body: Granted { id: id.to_string(), entry: entry.to_string() } })
}

/// Take back a grant
///
/// The next request is refused; a long reading that is open is decided again within a minute.
#[utoipa::path(delete, path = "/documents/{document}/grants/{grant}", tag = "grants", responses((status = 200, body = Entered)))]
async fn unshare(
    State(app): State<App>,
    caller: Caller,
    Path((name, grant)): Path<(String, String)>,
) -> Result<Shown<Entered>, Problem> {
    let permit = app.policy.permit(&caller, document(&app, &name).await?).await?;
    let grant: GrantId = grant.parse().map_err(|_| Problem::missing())?;
    Ok(Shown(Entered { entry: app.documents.unshare(permit, grant).await? }))
}

impl From<GrantDescription> for GrantView {
    fn from(told: GrantDescription) -> Self {
        Self {
            id: told.id.to_string(),
            to: told.to,
            until: told.until.map(|until| until.to_string()),
            purpose: told.purpose,
            given_at: told.given_at.to_string(),
        }
    }
}
