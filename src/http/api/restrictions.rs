//! A party's restrictions: a Cedar text that forbids, on top of everything else.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    audit::Administer,
    http::{
        Problem,
        api::{
            answer::{Entered, Shown},
            naming::{party, shows},
        },
        request::{Path, Text},
    },
    identity::Caller,
    policy::{Permit, Problems, Resource},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show, set)).routes(routes!(check))
}

/// Whether a text could be put in force.
#[derive(Debug, Serialize, ToSchema)]
struct Checked {
    /// Whether it could.
    valid: bool,
    /// How many policies it holds, if it is valid.
    policies: Option<usize>,
    /// What is wrong with it.
    problems: Vec<Flaw>,
}

/// What is wrong at one place of a text.
#[derive(Debug, Serialize, ToSchema)]
struct Flaw {
    /// The line, from 1.
    line: usize,
    /// The column, from 1.
    column: usize,
    /// What is wrong, and what to do.
    message: String,
}

/// The restrictions in force
///
/// The party's text as it was put in force; empty if there is none.
#[utoipa::path(
    get, path = "/parties/{party}/restrictions", tag = "parties",
    responses((status = 200, description = "The text.", body = String, content_type = "text/plain"))
)]
async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let named = Resource::from(party(&app, &name).await?).called(&name);
    let permit = app.policy.permit(&caller, named).await?;
    let (permit, _) = app.gate.note(permit, shows("restrictions")).await?;
    let text = app.policy.restriction_text(&permit).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

/// Put restrictions in force
///
/// In place of the text before, from the next request on; an empty text lifts all. A text can forbid and never permits: it
/// is refused with what is wrong, and the former one stays.
#[utoipa::path(
    put, path = "/parties/{party}/restrictions", tag = "parties",
    request_body(content = String, content_type = "text/plain"),
    responses((status = 200, body = Entered))
)]
async fn set(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Text(text): Text,
) -> Result<Shown<Entered>, Problem> {
    let named = Resource::from(party(&app, &name).await?).called(&name);
    let permit = app.policy.permit(&caller, named).await?;
    Ok(Shown(Entered { entry: app.policy.restrict(&app.writer, permit, text).await? }))
}

/// Check restrictions
///
/// Says whether a text could be put in force, and what is wrong where. Nothing is changed.
#[utoipa::path(
    post, path = "/parties/{party}/restrictions/check", tag = "parties",
    request_body(content = String, content_type = "text/plain"),
    responses((status = 200, body = Checked))
)]
async fn check(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Text(text): Text,
) -> Result<Shown<Checked>, Problem> {
    let named = Resource::from(party(&app, &name).await?).called(&name);
    let permit: Permit<Administer> = app.policy.permit(&caller, named).await?;
    let (permit, _) = app.gate.note(permit, shows("restriction check")).await?;
    Ok(Shown(checked(app.policy.check_restriction(permit.mission(), &text))))
}

fn checked(found: Result<usize, Problems>) -> Checked {
    match found {
        Ok(policies) => Checked { valid: true, policies: Some(policies), problems: Vec::new() },
        Err(problems) => Checked { valid: false, policies: None, problems: flaws(&problems) },
    }
}

fn flaws(problems: &Problems) -> Vec<Flaw> {
    let flaw = |problem: &crate::policy::Problem| {
        let message = format!("{}: {}", problem.says, problem.hint);
        Flaw { line: problem.line, column: problem.column, message }
    };
    problems.all().iter().map(flaw).collect()
}
