//! Moves of copies from one place of storage to another, ordered by whoever operates the service.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    audit::Administer,
    documents::Moving,
    http::{
        Problem,
        api::{
            answer::{Entered, Listed, Shown},
            naming::{handle, mission, party, shows},
        },
        request::{Json, Path},
    },
    id::EntryId,
    identity::Caller,
    mission::{MissionRevision, MoveScope},
    policy::{Permit, Resource},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, begin)).routes(routes!(stop))
}

/// Unfinished moves.
#[derive(Debug, Serialize, ToSchema)]
struct Moves {
    /// In the order in which they were begun.
    moves: Vec<MoveView>,
}

/// A move from one location to another.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Move)]
struct MoveView {
    /// The entry that began it, by which it is named.
    id: String,
    /// From which location.
    from: String,
    /// To which.
    to: String,
    /// Whose copies: a party's handle; everybody's if neither party nor document is named.
    party: Option<String>,
    /// Of which document: its id.
    document: Option<String>,
    /// When it was begun.
    #[schema(format = DateTime)]
    begun_at: String,
    /// Copies moved since the service was started.
    copies: u64,
    /// Sealed bytes of these.
    bytes: u64,
    /// Copies that still rest at the old location.
    left: u64,
    /// Of these, copies that may not rest at the new one: they stay, and the log says why.
    refused: u64,
    /// Why it does not go on just now; it is tried again.
    waits_for: Option<String>,
}

/// A move to be begun.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewMove {
    /// From which location.
    from: String,
    /// To which.
    to: String,
    /// A party's copies only: its handle.
    party: Option<String>,
    /// A document's copies only: its reference or id.
    document: Option<String>,
}

/// Unfinished moves
#[utoipa::path(get, path = "/moves", tag = "moves", responses((status = 200, body = Moves)))]
async fn list(State(app): State<App>, caller: Caller) -> Result<Listed<Moves>, Problem> {
    let permit = operate(&app, &caller).await?;
    let (permit, _) = app.gate.note(permit, shows("moves")).await?;
    let (moving, mission) = (app.documents.moving(&permit).await?, mission(&app).await?);
    let moves = moving.into_iter().map(|moving| MoveView::of(&mission, moving)).collect();
    Ok(Listed(Moves { moves }))
}

/// Begin a move
///
/// Each copy is written anew at the other location without being unsealed, read back, entered in the log; then the old one
/// is erased. Nothing rests where mission or owner do not permit it. It goes on after a restart.
#[utoipa::path(post, path = "/moves", tag = "moves", responses((status = 200, body = Entered)))]
async fn begin(
    State(app): State<App>,
    caller: Caller,
    Json(new): Json<NewMove>,
) -> Result<Shown<Entered>, Problem> {
    let permit = operate(&app, &caller).await?;
    app.documents.can_move(&new.from, &new.to)?;
    let scope = new.scope(&app).await?;
    let entry = app.authority.begin_move(permit, scope, (new.from, new.to)).await?;
    Ok(Shown(Entered { entry }))
}

/// Stop a move
///
/// What was moved stays where it is.
#[utoipa::path(delete, path = "/moves/{move}", tag = "moves", responses((status = 200, body = Entered)))]
async fn stop(
    State(app): State<App>,
    caller: Caller,
    Path(named): Path<String>,
) -> Result<Shown<Entered>, Problem> {
    let permit = operate(&app, &caller).await?;
    let named: EntryId = named.parse().map_err(|_| Problem::missing())?;
    Ok(Shown(Entered { entry: app.authority.stop_move(permit, named).await? }))
}

/// The right over the service.
async fn operate(app: &App, caller: &Caller) -> Result<Permit<Administer>, Problem> {
    Ok(app.policy.permit(caller, Resource::service().called("moves")).await?)
}

impl NewMove {
    async fn scope(&self, app: &App) -> Result<MoveScope, Problem> {
        match (&self.party, &self.document) {
            (None, None) => Ok(MoveScope::Everything),
            (Some(name), None) => Ok(MoveScope::Party(party(app, name).await?)),
            (None, Some(name)) => Ok(MoveScope::Document(app.documents.named(name).await?.id)),
            (Some(_), Some(_)) => Err(Problem::malformed("name a party or a document, not both")),
        }
    }
}

impl MoveView {
    fn of(mission: &MissionRevision, moving: Moving) -> Self {
        let Moving { order, copies, bytes, left, refused, waits_for } = moving;
        let (party, document) = match order.scope {
            MoveScope::Everything => (None, None),
            MoveScope::Party(party) => (Some(handle(mission, party)), None),
            MoveScope::Document(document) => (None, Some(document.to_string())),
        };
        Self {
            id: order.entry.to_string(),
            from: order.from,
            to: order.to,
            party,
            document,
            begun_at: order.begun_at.to_string(),
            copies,
            bytes,
            left,
            refused,
            waits_for,
        }
    }
}
