//! The API's own description (OpenAPI 3.1), made from the routes themselves.

use std::sync::Arc;

use axum::{Json, Router, routing::get};
use serde::Serialize;
use utoipa::{
    OpenApi, ToSchema,
    openapi::{
        self, Content, InfoBuilder, Ref, RefOr, Response, SecurityRequirement,
        path::Operation,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::router::OpenApiRouter;

use crate::{app::App, http::api::ROOT};

/// What is answered instead of what was asked for (RFC 9457). `GET` its `type` to read what it means and what to do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
struct ProblemView {
    /// The stable path that names the situation.
    #[serde(rename = "type")]
    kind: String,
    /// What it is, in the language that `Accept-Language` prefers: `en` or `fr`.
    title: String,
    /// The status.
    status: u16,
    /// What about this request; never of a failure of the service.
    detail: Option<String>,
    /// Why it is not permitted, from a closed list.
    reason: Option<String>,
    /// The capacities to choose from, where one must be chosen.
    capacities: Option<Vec<String>>,
}

#[derive(OpenApi)]
#[openapi(components(schemas(ProblemView)))]
struct Description;

/// The router, and its description made whole: what every operation may answer, and how one authenticates.
pub(super) fn split(routes: OpenApiRouter<App>) -> (Router<App>, openapi::OpenApi) {
    let whole = OpenApiRouter::with_openapi(Description::openapi()).merge(routes);
    let (router, mut description) = whole.split_for_parts();
    description.info = InfoBuilder::new()
        .title("Greffe")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Confidential documents, sealed, for whom their owner permits; every access in the log."))
        .build();
    let components = description.components.get_or_insert_default();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("greffe_…");
    components.add_security_scheme("token", SecurityScheme::Http(bearer.build()));
    description.security = Some(vec![SecurityRequirement::new("token", [""; 0])]);
    for operation in description.paths.paths.values_mut().flat_map(operations) {
        let problem = Ref::from_schema_name("Problem");
        let mut response = Response::new("A problem; its type says which.");
        let content = Content::new(Some(RefOr::<openapi::Schema>::Ref(problem)));
        response.content.insert("application/problem+json".to_owned(), RefOr::T(content));
        operation.responses.responses.insert("default".to_owned(), RefOr::T(response));
    }
    (router, description)
}

fn operations(item: &mut openapi::PathItem) -> impl Iterator<Item = &mut Operation> {
    let each = [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.head,
        &mut item.patch,
    ];
    each.into_iter().filter_map(Option::as_mut)
}

/// `GET /api/v1/openapi.json`: the description itself, for everybody.
pub(super) fn router(description: openapi::OpenApi) -> Router<App> {
    let description = Arc::new(description);
    let show = get(move || async move { Json((*description).clone()) });
    Router::new().route(&format!("{ROOT}/openapi.json"), show)
}
