//! Lists of documents, and who could read one.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    audit::Audit,
    http::{
        Problem,
        api::{
            answer::Listed,
            documents::DocumentView,
            naming::{document, handle, party, shows, slug, workstream},
        },
        request::{Path, Query},
    },
    identity::Caller,
    mission::{Sensitivity, Stage},
    policy::{Permit, Wanted},
};

/// Documents on a page if nothing is said.
const LIMIT: usize = 50;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(readers))
}

/// Which documents, and where the page begins.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only of this owner: its handle.
    owner: Option<String>,
    /// Only for this workstream: its slug.
    workstream: Option<String>,
    /// Only of this kind.
    kind: Option<String>,
    /// Only at this stage.
    #[param(value_type = Option<String>)]
    stage: Option<Stage>,
    /// Only of this sensitivity.
    #[param(value_type = Option<String>)]
    sensitivity: Option<Sensitivity>,
    /// How many at most, up to 50.
    limit: Option<usize>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

/// Some documents, newest first.
#[derive(Debug, Serialize, ToSchema)]
struct Documents {
    /// On this page.
    documents: Vec<DocumentView>,
    /// Where the next page begins; a page may be empty and have one.
    next: Option<String>,
}

/// Who could read a document.
#[derive(Debug, Serialize, ToSchema)]
struct Readers {
    /// Each person in each capacity.
    readers: Vec<ReaderView>,
}

/// Someone who could read it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reader)]
struct ReaderView {
    /// What the mission file calls them.
    person: String,
    /// In which capacity.
    capacity: String,
    /// Why: ids of baseline policies, or of a grant.
    grounds: Vec<String>,
    /// Until when, if that is known.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// Rules of the owner's text that could still forbid it, by the circumstances of the request.
    conditions: Vec<String>,
}

/// Documents
///
/// What the caller may discover. Each owner of whom something is shown gets an entry.
#[utoipa::path(get, path = "/documents", tag = "documents", params(Filter), responses((status = 200, body = Documents)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<Listed<Documents>, Problem> {
    let (after, most) = (filter.cursor.clone(), filter.limit.unwrap_or(LIMIT));
    let wanted = filter.resolved(&app).await?;
    let page = app.documents.list(&caller, &wanted, after.as_deref(), most).await?;
    let documents = page.documents.into_iter().map(DocumentView::from).collect();
    Ok(Listed(Documents { documents, next: page.next }))
}

/// Who could read a document, and why
///
/// For its owner and for auditors; as things stand now.
#[utoipa::path(get, path = "/documents/{document}/readers", tag = "documents", responses((status = 200, body = Readers)))]
async fn readers(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Listed<Readers>, Problem> {
    let permit: Permit<Audit> = app.policy.permit(&caller, document(&app, &name).await?).await?;
    let (permit, _) = app.gate.note(permit, shows("readers")).await?;
    let mission = permit.mission();
    let readers = app.policy.readers(&permit).await?.into_iter().map(|reader| ReaderView {
        person: slug(mission, reader.person),
        capacity: handle(mission, reader.capacity),
        grounds: reader.grounds,
        until: reader.until.map(|until| until.to_string()),
        conditions: reader.conditions.into_iter().map(|rule| rule.id).collect(),
    });
    Ok(Listed(Readers { readers: readers.collect() }))
}

impl Filter {
    async fn resolved(self, app: &App) -> Result<Wanted, Problem> {
        let owner = match &self.owner {
            Some(owner) => Some(party(app, owner).await?),
            None => None,
        };
        let workstream = match &self.workstream {
            Some(slug) => Some(workstream(app, slug).await?),
            None => None,
        };
        let Self { kind, stage, sensitivity, .. } = self;
        Ok(Wanted { owner, workstream, kind, stage, sensitivity })
    }
}
