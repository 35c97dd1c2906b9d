//! The directory: workstreams, parties and people that the caller may know of.

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
            naming::{handle, mission, shows, slug, word},
        },
    },
    identity::Caller,
    mission::{PartyEntry, PartyKind, Words},
    policy::Permit,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(workstreams))
        .routes(routes!(companies))
        .routes(routes!(people))
}

/// A text in both languages.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Words)]
struct WordsView {
    /// French.
    fr: String,
    /// English.
    en: String,
}

/// The workstreams.
#[derive(Debug, Serialize, ToSchema)]
struct Workstreams {
    /// In the mission's order.
    workstreams: Vec<PartyView>,
}

/// The companies and bodies that take part.
#[derive(Debug, Serialize, ToSchema)]
struct Companies {
    /// In the mission's order.
    companies: Vec<PartyView>,
}

/// A party as the directory shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Party)]
struct PartyView {
    /// Its id.
    id: String,
    /// How it is written: `company:SLUG`, `workstream:SLUG`.
    handle: String,
    /// What it is: `workstream`, `large-company`, `startup`, `state`, `operator` or `auditor`.
    kind: String,
    /// Its name.
    name: WordsView,
    /// For a workstream, what it is for.
    aim: WordsView,
    /// Its country; empty for a workstream.
    country: String,
}

/// The people.
#[derive(Debug, Serialize, ToSchema)]
struct People {
    /// In the mission's order.
    people: Vec<PersonView>,
}

/// A person as the directory shows them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Person)]
struct PersonView {
    /// What the mission file calls them.
    handle: String,
    /// Their name, if it is known.
    name: Option<String>,
    /// The party that employs them.
    employer: String,
}

/// The workstreams
#[utoipa::path(get, path = "/workstreams", tag = "directory", responses((status = 200, body = Workstreams)))]
async fn workstreams(
    State(app): State<App>,
    caller: Caller,
) -> Result<Listed<Workstreams>, Problem> {
    let permit = directory(&app, &caller, "workstreams").await?;
    let shown = app.policy.parties(&permit).await?.into_iter();
    let workstreams = shown.filter(|party| party.kind == PartyKind::Workstream);
    Ok(Listed(Workstreams { workstreams: workstreams.map(PartyView::from).collect() }))
}

/// The companies
///
/// Every company, startup and body of the State that takes part and that the caller may know of.
#[utoipa::path(get, path = "/companies", tag = "directory", responses((status = 200, body = Companies)))]
async fn companies(State(app): State<App>, caller: Caller) -> Result<Listed<Companies>, Problem> {
    let permit = directory(&app, &caller, "companies").await?;
    let shown = app.policy.parties(&permit).await?.into_iter();
    let companies =
        shown.filter(|party| !matches!(party.kind, PartyKind::Workstream | PartyKind::Mission));
    Ok(Listed(Companies { companies: companies.map(PartyView::from).collect() }))
}

/// The people
#[utoipa::path(get, path = "/people", tag = "directory", responses((status = 200, body = People)))]
async fn people(State(app): State<App>, caller: Caller) -> Result<Listed<People>, Problem> {
    let permit = directory(&app, &caller, "people").await?;
    let mission = permit.mission();
    let mut people = Vec::new();
    for (person, employer) in app.policy.people(&permit).await? {
        let name = person.named(&app.keyset).await?.name;
        let (slug, employer) = (slug(mission, person.person), handle(mission, employer));
        people.push(PersonView { handle: slug, name, employer });
    }
    Ok(Listed(People { people }))
}

/// The right to see the directory, recorded: one entry of the mission's.
async fn directory(app: &App, caller: &Caller, what: &str) -> Result<Permit<Discover>, Problem> {
    let party = mission(app).await?.party;
    let permit = app.policy.permit(caller, party).await?;
    Ok(app.gate.note(permit, shows(what)).await?.0)
}

impl From<PartyEntry> for PartyView {
    fn from(entry: PartyEntry) -> Self {
        Self {
            id: entry.party.to_string(),
            handle: entry.handle,
            kind: word(entry.kind),
            name: entry.name.into(),
            aim: entry.aim.into(),
            country: entry.country,
        }
    }
}

impl From<Words> for WordsView {
    fn from(words: Words) -> Self {
        Self { fr: words.fr, en: words.en }
    }
}
