//! Places of storage: what is known of each, and how it is known.

use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
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
    storage::Location,
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

/// A place of storage. Each fact has its value, how it is known (declared, verified or unknown), who says so and when.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Location)]
struct LocationView {
    /// Its name in the configuration.
    id: String,
    /// Where the machines stand.
    country: Value,
    /// The operator's word for the place.
    region: Value,
    /// Where in the country.
    city: Value,
    /// Who runs the machines.
    operator: Value,
    /// Whose law the operator is under.
    seat: Value,
    /// Who controls the operator in the end.
    control: Value,
    /// A qualification of the service itself.
    qualification: Value,
    /// Whether its operator hands over its own log of who accessed it.
    access_logs: Value,
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
        let facts = &location.facts;
        let fact = |fact: Result<Value, serde_json::Error>| fact.unwrap_or_default();
        Self {
            id: location.id.to_string(),
            country: fact(serde_json::to_value(&facts.country)),
            region: fact(serde_json::to_value(&facts.region)),
            city: fact(serde_json::to_value(&facts.city)),
            operator: fact(serde_json::to_value(&facts.operator)),
            seat: fact(serde_json::to_value(&facts.seat)),
            control: fact(serde_json::to_value(&facts.control)),
            qualification: fact(serde_json::to_value(&facts.qualification)),
            access_logs: fact(serde_json::to_value(&facts.access_logs)),
        }
    }
}
