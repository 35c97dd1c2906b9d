//! Declared conflicts: whoever has one sees nothing of the party, in any capacity or in the one named.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    audit::Administer,
    http::{
        Problem,
        api::{
            answer::{Entered, Shown},
            naming::{handle, mission, party, person, shows, slug},
        },
        request::{Json, Line},
    },
    identity::Caller,
    mission::{Conflict, MissionRevision},
    policy::{Permit, Resource},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, declare, end))
}

/// Declared conflicts.
#[derive(Debug, Serialize, ToSchema)]
struct Conflicts {
    /// All of them.
    conflicts: Vec<ConflictView>,
}

/// A declared conflict.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Conflict)]
struct ConflictView {
    /// Who.
    person: String,
    /// With which party.
    with: String,
    /// Only in this capacity; in all if none.
    capacity: Option<String>,
    /// Why.
    says: String,
}

/// A conflict to be declared.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewConflict {
    /// Who, as the mission file calls them.
    person: String,
    /// With which party: its handle.
    with: String,
    /// Only in this capacity; in all if none.
    capacity: Option<String>,
    /// Why.
    #[schema(value_type = String, min_length = 1, max_length = 1000)]
    says: Line<1000>,
}

/// Which conflict.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WhichConflict)]
struct Which {
    /// Who, as the mission file calls them.
    person: String,
    /// With which party: its handle.
    with: String,
    /// The capacity, if the conflict names one.
    capacity: Option<String>,
}

/// Declared conflicts
#[utoipa::path(get, path = "/conflicts", tag = "conflicts", responses((status = 200, body = Conflicts)))]
async fn list(State(app): State<App>, caller: Caller) -> Result<Shown<Conflicts>, Problem> {
    let permit = administer(&app, &caller).await?;
    let (permit, _) = app.gate.note(permit, shows("conflicts")).await?;
    let mission = permit.mission();
    let conflicts = mission.conflicts.iter().map(|conflict| ConflictView::of(mission, conflict));
    Ok(Shown(Conflicts { conflicts: conflicts.collect() }))
}

/// Declare a conflict
///
/// Effective at the next request.
#[utoipa::path(post, path = "/conflicts", tag = "conflicts", responses((status = 200, body = Entered)))]
async fn declare(
    State(app): State<App>,
    caller: Caller,
    Json(new): Json<NewConflict>,
) -> Result<Shown<Entered>, Problem> {
    let permit = administer(&app, &caller).await?;
    let which = Which { person: new.person, with: new.with, capacity: new.capacity };
    let conflict = which.resolved(&app, new.says.0).await?;
    Ok(Shown(Entered { entry: app.authority.add_conflict(permit, conflict).await? }))
}

/// Take back a conflict
#[utoipa::path(delete, path = "/conflicts", tag = "conflicts", responses((status = 200, body = Entered)))]
async fn end(
    State(app): State<App>,
    caller: Caller,
    Json(which): Json<Which>,
) -> Result<Shown<Entered>, Problem> {
    let permit = administer(&app, &caller).await?;
    let conflict = which.resolved(&app, String::new()).await?;
    Ok(Shown(Entered { entry: app.authority.end_conflict(permit, conflict).await? }))
}

/// The right over the mission.
async fn administer(app: &App, caller: &Caller) -> Result<Permit<Administer>, Problem> {
    let named = Resource::from(mission(app).await?.party).called("conflicts");
    Ok(app.policy.permit(caller, named).await?)
}

impl Which {
    async fn resolved(self, app: &App, says: String) -> Result<Conflict, Problem> {
        let capacity = match &self.capacity {
            Some(handle) => Some(party(app, handle).await?),
            None => None,
        };
        let (person, with) = (person(app, &self.person).await?, party(app, &self.with).await?);
        Ok(Conflict { person, with, capacity, says })
    }
}

impl ConflictView {
    fn of(mission: &MissionRevision, conflict: &Conflict) -> Self {
        Self {
            person: slug(mission, conflict.person),
            with: handle(mission, conflict.with),
            capacity: conflict.capacity.map(|party| handle(mission, party)),
            says: conflict.says.clone(),
        }
    }
}
