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
            naming::{mission, shows, word},
        },
    },
    identity::Caller,
    policy::Permit,
    storage::{Facts, Location, Probe, Shown},
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
    /// When it was last looked at; nothing if that was never.
    #[schema(format = DateTime)]
    probed_at: Option<String>,
    /// What came of it: `as-known`, `warned`, `away` or `contradicted`; after the last nothing is written there.
    verdict: Option<String>,
    /// What speaks against it, or is odd.
    says: Vec<String>,
    /// What it showed: `bucket_location`, `certificate`, `certificate_ends`, `addresses`, `clock_ahead_seconds`.
    #[schema(value_type = Option<Object>)]
    shown: Option<Shown>,
}

/// Places of storage
///
/// Where sealed bytes may rest, with what is known of each place.
#[utoipa::path(get, path = "/locations", tag = "directory", responses((status = 200, body = Locations)))]
async fn list(State(app): State<App>, caller: Caller) -> Result<Listed<Locations>, Problem> {
    let party = mission(&app).await?.party;
    let permit: Permit<Discover> = app.policy.permit(&caller, party).await?;
    let (_permit, _) = app.gate.note(permit, shows("locations")).await?;
    let locations = app.documents.locations().iter();
    let locations = locations.map(|at| LocationView::of(at, app.documents.probed(&at.id)));
    Ok(Listed(Locations { locations: locations.collect() }))
}

impl LocationView {
    fn of(location: &Location, probe: Option<Probe>) -> Self {
        let mut facts = location.facts.clone();
        if let Some(probe) = &probe {
            facts.look_at_region(probe);
        }
        Self {
            id: location.id.to_string(),
            facts,
            probed_at: probe.as_ref().map(|probe| probe.at.to_string()),
            verdict: probe.as_ref().map(|probe| word(probe.verdict)),
            says: probe.iter().flat_map(|probe| probe.says.clone()).collect(),
            shown: probe.map(|probe| probe.shown),
        }
    }
}
