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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use crate::http::api::described;

    fn description() -> Value {
        serde_json::to_value(described().1).unwrap()
    }

    /// Every value of `name` anywhere below `value`.
    fn values<'v>(value: &'v Value, name: &str, found: &mut BTreeSet<&'v str>) {
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    match value {
                        Value::String(text) if key == name => _ = found.insert(text),
                        value => values(value, name, found),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| values(item, name, found)),
            _ => {}
        }
    }

    #[test]
    fn the_description_is_ours_and_of_openapi_3_1() {
        let description = description();

        assert_eq!(description["openapi"], "3.1.0");
        assert_eq!(description["info"]["title"], "Greffe");
        for stranger in ["contact", "license"] {
            assert!(description["info"].get(stranger).is_none());
        }
    }

    #[test]
    fn every_operation_says_its_parameters_its_success_and_its_problems() {
        let description = description();
        let mut count = 0;
        for (path, item) in description["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                count += 1;
                let at = format!("{method} {path}");
                let said = operation["parameters"].as_array().cloned().unwrap_or_default();
                for named in path.split('/').filter_map(|part| part.strip_prefix('{')) {
                    let named = named.trim_end_matches('}');
                    let is_said = |said: &Value| said["name"] == named && said["in"] == "path";
                    assert!(said.iter().any(is_said), "{at}: {named}");
                }
                let responses = operation["responses"].as_object().unwrap();
                assert!(responses.keys().any(|status| status.starts_with('2')), "{at}");
                assert!(responses.contains_key("default"), "{at}");
                assert!(operation["summary"].is_string(), "{at}: say what it does");
            }
        }
        assert!(count > 40, "{count}");
    }

    #[test]
    fn every_schema_that_is_named_is_there() {
        let description = description();
        let mut named = BTreeSet::new();
        values(&description, "$ref", &mut named);

        assert!(named.len() > 30);
        for reference in named {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(description.pointer(pointer).is_some(), "{reference}");
        }
    }

    #[test]
    fn nobodys_credential_is_needed_to_sign_in() {
        let description = description();

        assert_eq!(description["security"], serde_json::json!([{"token": []}]));
        let sign_in = &description["paths"]["/api/v1/sign-in"]["post"];
        assert_eq!(sign_in["security"], serde_json::json!([{}]));
    }
}
