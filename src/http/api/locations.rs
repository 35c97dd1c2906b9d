//! Places of storage: what is known of each, and how it is known.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    audit::Discover,
    http::{
        Problem,
        api::{
            answer::Listed,
            naming::{mission, shows},
        },
    },
    identity::Caller,
    policy::Permit,
    storage::{Facts, Location},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Places of storage.
#[derive(Debug, Serialize, ToSchema)]
struct Locations {
    /// All that are in use.
    locations: Vec<LocationView>,
}

/// A place of storage.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Location)]
struct LocationView {
    /// Its name in the configuration.
    id: String,
    /// Each fact (`country`, `region`, `city`, `operator`, `seat`, `control`, `qualification`, `access_logs`) has its
    /// value, its basis (declared, verified or unknown), who says so and when.
    #[schema(value_type = Object)]
    facts: Facts,
    /// When it was last probed; nothing if it never was.
    #[schema(format = DateTime)]
    probed_at: Option<String>,
}

/// Places of storage
///
/// Where sealed bytes may rest, with what is known of each place.
#[utoipa::path(get, path = "/locations", tag = "directory", responses((status = 200, body = Locations)))]
async fn list(State(app): State<App>, caller: Caller) -> Result<Listed<Locations>, Problem> {
    let party = mission(&app).await?.party;
    let permit: Permit<Discover> = app.policy.permit(&caller, party).await?;
    let (_permit, _) = app.gate.note(permit, shows("locations")).await?;
    let locations = app.documents.locations().iter().map(LocationView::of);
    Ok(Listed(Locations { locations: locations.collect() }))
}

impl LocationView {
    fn of(location: &Location) -> Self {
        Self { id: location.id.to_string(), facts: location.facts.clone(), probed_at: None }
    }
}
