//! Where a party's documents may rest, and which rule says so.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    http::{
        Problem,
        api::{
            answer::Shown,
            naming::{of_word, word},
            roles::administer,
        },
        request::{Path, Query},
    },
    identity::Caller,
    mission::Sensitivity,
    policy::{Judged, Sought},
};

use super::naming::shows;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(explain))
}

/// For which documents.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// `ordinary`, `confidential` (the default) or `business-secret`.
    sensitivity: Option<String>,
}

/// Where the next version of a party's document may rest.
#[derive(Debug, Serialize, ToSchema)]
struct PlacementExplained {
    /// Of which sensitivity.
    sensitivity: String,
    /// Where its copies would rest; none if it may rest nowhere.
    places: Vec<String>,
    /// Why it may rest nowhere.
    nowhere: Option<String>,
    /// Each location in use, in the order in which they are tried.
    #[schema(value_type = Vec<JudgedView>)]
    locations: Vec<Judged>,
}

/// A location, held against every rule that binds.
#[derive(Debug, ToSchema)]
#[schema(as = Judged)]
#[expect(dead_code, reason = "it describes the policy's type")]
struct JudgedView {
    /// Which.
    location: String,
    /// Whether it passes all rules.
    permitted: bool,
    /// Each rule.
    rules: Vec<JudgementView>,
}

/// A rule, and whether a location passes it.
#[derive(Debug, ToSchema)]
#[schema(as = Judgement)]
#[expect(dead_code, reason = "it describes the policy's type")]
struct JudgementView {
    /// Whose rule it is: `mission` or `owner`.
    whose: String,
    /// From which sensitivity on it binds, or `all`.
    from: String,
    /// `known`, `never`, `soil`, `seat`, `control`, `operator` or `qualification`.
    rule: String,
    /// What it permits, or for `never` excludes.
    wanted: Vec<String>,
    /// What is known of the location; nothing if that is unknown.
    found: Option<String>,
    /// How it is known: `declared`, `verified` or `unknown`.
    basis: Option<String>,
    /// Whether the location passes.
    passes: bool,
}

/// Explain a party's placement
///
/// For documents of one sensitivity: each location in use, with the rules of mission and party that it passes and fails.
#[utoipa::path(get, path = "/parties/{party}/placement", tag = "parties", params(Wanted), responses((status = 200, body = PlacementExplained)))]
async fn explain(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Shown<PlacementExplained>, Problem> {
    let sensitivity = wanted.sensitivity()?;
    let permit = administer(&app, &caller, &name).await?;
    let (permit, _) = app.gate.note(permit, shows("placement")).await?;
    let owner = permit.owner().ok_or_else(Problem::missing)?;
    let sought = Sought { mission: permit.mission(), owner, sensitivity };
    Ok(Shown(PlacementExplained::of(&app, sought)))
}

impl Wanted {
    fn sensitivity(&self) -> Result<Sensitivity, Problem> {
        let Some(asked) = &self.sensitivity else { return Ok(Sensitivity::default()) };
        let says = "sensitivities are ordinary, confidential and business-secret";
        of_word(asked).ok_or_else(|| Problem::malformed(says))
    }
}

impl PlacementExplained {
    fn of(app: &App, sought: Sought<'_>) -> Self {
        let ids = || app.documents.locations().iter().map(|at| &at.id);
        let (locations, placed) =
            (sought.explain(ids()), sought.place(ids(), app.config.copies.kept));
        let sensitivity = word(sought.sensitivity);
        let (places, nowhere) = match placed {
            Ok(placed) => (placed.locations.iter().map(ToString::to_string).collect(), None),
            Err(nowhere) => (Vec::new(), Some(nowhere.to_string())),
        };
        Self { sensitivity, places, nowhere, locations }
    }
}
