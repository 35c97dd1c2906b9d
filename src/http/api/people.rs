//! One's people: who may no longer act.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    audit::Administer,
    http::{
        Problem,
        api::{
            answer::{Entered, Shown},
            naming::person,
        },
        request::{Json, Path},
    },
    identity::Caller,
    policy::{Permit, Resource},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(change))
}

/// A change of what somebody may.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PersonChange {
    /// Whether they may no longer act, in whatever capacity.
    disabled: bool,
}

/// Shut somebody out, or let them in again
///
/// For access managers of the company that employs them. Whoever is shut out loses every token, link and certificate, and
/// keeps their roles: let in again, they sign in by a new link.
#[utoipa::path(patch, path = "/people/{person}", tag = "directory", responses((status = 200, body = Entered)))]
async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Json(wanted): Json<PersonChange>,
) -> Result<Shown<Entered>, Problem> {
    let named = Resource::from(person(&app, &name).await?).called(&name);
    let permit: Permit<Administer> = app.policy.permit(&caller, named).await?;
    Ok(Shown(Entered { entry: app.authority.set_disabled(permit, wanted.disabled).await? }))
}
