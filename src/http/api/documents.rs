//! Documents: created, shown, changed, destroyed.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    audit::Discover,
    documents::{Description, New, Shredded},
    http::{
        Kind, Problem,
        api::{
            answer::{Begun, Entered, Made, Shown},
            naming::{document, mission, of_word, party, shows, word, workstream},
        },
        request::{Json, Line, Path},
    },
    id::EntryId,
    identity::Caller,
    policy::{Permit, Resource},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create)).routes(routes!(show, change, shred))
}

/// A document to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewDocument {
    /// The workstream for which it is: its slug.
    workstream: String,
    /// Its kind: `diagnostic`, `draft`, `recommendation`, `project-sheet` or `progress-review`.
    kind: String,
    /// Its title, which is sealed.
    #[schema(value_type = String, min_length = 1, max_length = 300)]
    title: Line<300>,
    /// `ordinary`, `confidential` (if none is said) or `business-secret`.
    sensitivity: Option<String>,
    /// `managed` (if none is said), or `end-to-end` for content that its depositor sealed.
    protection: Option<String>,
    /// The owner's handle, if it is not the party for which one acts.
    owner: Option<String>,
}

/// A document that was made, without content yet.
#[derive(Debug, Serialize, ToSchema)]
struct Created {
    /// Its id.
    id: String,
    /// Its reference.
    reference: String,
    /// The entry of the log.
    entry: String,
}

/// A document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Document)]
pub(super) struct DocumentView {
    /// Its id.
    id: String,
    /// Its reference, speakable and meaningless.
    reference: String,
    /// Its title; empty once it was destroyed.
    title: String,
    /// The owner's handle.
    owner: String,
    /// The workstream's slug.
    workstream: String,
    /// Its kind.
    kind: String,
    /// `ordinary`, `confidential` or `business-secret`.
    sensitivity: String,
    /// `managed` or `end-to-end`.
    protection: String,
    /// `empty`, `working`, `final`, `shredding` or `shredded`.
    stage: String,
    /// The latest version's id, which is also its entity tag.
    version: Option<String>,
    /// The latest version's number, from 1.
    number: Option<i64>,
    /// The latest version's length in bytes.
    size: Option<u64>,
    /// Where its bytes rest.
    locations: Vec<String>,
    /// Whether it may not be destroyed.
    hold: bool,
    /// Whether its bytes contradicted their record.
    quarantined: bool,
    /// When it was created.
    #[schema(format = DateTime)]
    created_at: String,
}

/// One change of a document; exactly one member.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DocumentChange {
    /// Another title.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 300)]
    title: Option<Line<300>>,
    /// `final`: the latest version is the final one.
    stage: Option<String>,
    /// Whether it may not be destroyed.
    hold: Option<bool>,
}

/// Why a document is destroyed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Reason {
    /// Sealed, and destroyed with it.
    #[schema(value_type = String, min_length = 1, max_length = 1000)]
    reason: Line<1000>,
}

/// What became of a request to destroy.
#[derive(Debug, Serialize, ToSchema)]
struct ShreddedView {
    /// The entry of the log.
    entry: String,
    /// Whether it is destroyed; if not, a second person must ask too.
    shredded: bool,
    /// Locations that have not yet erased its bytes, which open with no key any more; they are asked again.
    unanswered: Vec<String>,
}

/// Make a document
///
/// It is empty, and seen by its own party, until content is put into it; without content it is swept after a day.
#[utoipa::path(post, path = "/documents", tag = "documents", responses((status = 201, body = Created)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(new): Json<NewDocument>,
) -> Result<Made<Created>, Problem> {
    let new = new.resolved(&app, &caller).await?;
    let permit =
        app.policy.permit(&caller, Resource::new_document(new.owner, new.workstream)).await?;
    let made = app.documents.create(permit, new).await?;
    let (id, entry) = (made.id.to_string(), made.entry.to_string());
    let at = format!("/api/v1/documents/{id}");
    Ok(Made { at, body: Created { id, reference: made.reference, entry } })
}

/// A document
#[utoipa::path(get, path = "/documents/{document}", tag = "documents", responses((status = 200, body = DocumentView)))]
async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Shown<DocumentView>, Problem> {
    let permit = discover(&app, &caller, &name, "description").await?;
    Ok(Shown(app.documents.describe(&permit).await?.into()))
}

/// Change a document
///
/// Its title, its stage (`final`) or its hold; one of them at a time, since each is an act of its own.
#[utoipa::path(patch, path = "/documents/{document}", tag = "documents", responses((status = 200, body = Entered)))]
async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Json(wanted): Json<DocumentChange>,
) -> Result<Shown<Entered>, Problem> {
    let named = document(&app, &name).await?;
    Ok(Shown(Entered { entry: wanted.only()?.done(&app, &caller, named).await? }))
}

/// Destroy a document
///
/// Its keys first, so that no copy of its bytes opens again. It cannot be undone. Where the owner demands two people, the
/// first one's wish is kept (202) until a second one asks too.
#[utoipa::path(
    delete, path = "/documents/{document}", tag = "documents",
    responses((status = 200, body = ShreddedView), (status = 202, body = ShreddedView))
)]
async fn shred(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Json(why): Json<Reason>,
) -> Result<Response, Problem> {
    let permit = app.policy.permit(&caller, document(&app, &name).await?).await?;
    Ok(app.documents.shred(permit, why.reason.0).await?.into_response())
}

/// The right to know of a document, recorded with what is shown.
pub(super) async fn discover(
    app: &App,
    caller: &Caller,
    name: &str,
    what: &str,
) -> Result<Permit<Discover>, Problem> {
    let permit = app.policy.permit(caller, document(app, name).await?).await?;
    Ok(app.gate.note(permit, shows(what)).await?.0)
}

impl NewDocument {
    async fn resolved(self, app: &App, caller: &Caller) -> Result<New, Problem> {
        let owner = match &self.owner {
            Some(handle) => party(app, handle).await?,
            None => caller.actor.capacity,
        };
        let unknown = |what: &str, word: &str| {
            Problem::new(Kind::Refused).with_detail(format!("there is no {what} {word:?}"))
        };
        let (sensitivity, protection) = (self.sensitivity.as_deref(), self.protection.as_deref());
        let sensitivity = sensitivity
            .map(|word| of_word(word).ok_or_else(|| unknown("sensitivity", word)))
            .transpose()?;
        let protection = protection
            .map(|word| of_word(word).ok_or_else(|| unknown("protection", word)))
            .transpose()?;
        let workstream = workstream(app, &self.workstream).await?;
        if mission(app).await?.party(workstream).is_none() {
            return Err(unknown("workstream", &self.workstream));
        }
        Ok(New {
            owner,
            workstream,
            kind: self.kind,
            title: self.title.0,
            sensitivity: sensitivity.unwrap_or_default(),
            protection: protection.unwrap_or_default(),
        })
    }
}

/// The one change that is asked for.
enum Only {
    Title(String),
    Final,
    Hold(bool),
}

impl DocumentChange {
    fn only(self) -> Result<Only, Problem> {
        match (self.title, self.stage.as_deref(), self.hold) {
            (Some(title), None, None) => Ok(Only::Title(title.0)),
            (None, Some("final"), None) => Ok(Only::Final),
            (None, None, Some(held)) => Ok(Only::Hold(held)),
            (None, Some(_), None) => Err(Problem::malformed("the only stage to set is \"final\"")),
            _ => Err(Problem::malformed("send exactly one of title, stage and hold")),
        }
    }
}

impl Only {
    /// Each is an act of its own, for which its own right is asked.
    async fn done(self, app: &App, caller: &Caller, named: Resource) -> Result<EntryId, Problem> {
        let (policy, documents) = (&app.policy, &app.documents);
        Ok(match self {
            Self::Title(title) => {
                documents.rename(policy.permit(caller, named).await?, title).await?
            }
            Self::Final => documents.finalise(policy.permit(caller, named).await?).await?,
            Self::Hold(held) => documents.hold(policy.permit(caller, named).await?, held).await?,
        })
    }
}

impl IntoResponse for Shredded {
    fn into_response(self) -> Response {
        match self {
            Self::Done { entry, unanswered } => {
                Shown(ShreddedView { entry: entry.to_string(), shredded: true, unanswered })
                    .into_response()
            }
            Self::Asked(entry) => {
                let (entry, unanswered) = (entry.to_string(), Vec::new());
                Begun(ShreddedView { entry, shredded: false, unanswered }).into_response()
            }
        }
    }
}

impl From<Description> for DocumentView {
    fn from(told: Description) -> Self {
        let slug = told.workstream.strip_prefix("workstream:").map(str::to_owned);
        Self {
            id: told.id.to_string(),
            reference: told.reference,
            title: told.title.unwrap_or_default(),
            owner: told.owner,
            workstream: slug.unwrap_or(told.workstream),
            kind: told.kind,
            sensitivity: word(told.sensitivity),
            protection: word(told.protection),
            stage: word(told.stage),
            version: told.version.map(|version| version.to_string()),
            number: told.number,
            size: told.size,
            locations: told.locations,
            hold: told.hold,
            quarantined: told.quarantined,
            created_at: told.created_at.to_string(),
        }
    }
}
