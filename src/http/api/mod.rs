//! The API under `/api/v1`: a module for each kind of thing, and the OpenAPI description of all.

mod answer;
mod naming;
mod me;
mod tokens;
mod directory;
mod people;
mod documents;
mod versions;
mod lists;
mod grants;
mod traces;
mod content;
mod deposit;
mod restrictions;
mod roles;
mod settings;
mod standing;
mod conflicts;
mod locations;
mod moves;
mod placement;
mod residency;
mod entries;
mod tags;
mod openapi;

use axum::Router;
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// Where the API is.
const ROOT: &str = "/api/v1";

/// The routes, with their own description at `/api/v1/openapi.json`.
pub(super) fn router() -> Router<App> {
    let (router, description) = described();
    router.merge(openapi::router(description))
}

/// The routes and their description, one made from the other.
fn described() -> (Router<App>, utoipa::openapi::OpenApi) {
    openapi::split(OpenApiRouter::new().nest(ROOT, routes()))
}

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(me::router())
        .merge(tokens::router())
        .merge(directory::router())
        .merge(people::router())
        .merge(documents::router())
        .merge(versions::router())
        .merge(lists::router())
        .merge(grants::router())
        .merge(traces::router())
        .merge(content::router())
        .merge(deposit::router())
        .merge(restrictions::router())
        .merge(roles::router())
        .merge(settings::router())
        .merge(standing::router())
        .merge(conflicts::router())
        .merge(locations::router())
        .merge(moves::router())
        .merge(placement::router())
        .merge(residency::router())
        .merge(entries::router())
        .merge(tags::router())
}
