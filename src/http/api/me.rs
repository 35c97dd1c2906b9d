//! Who one is, and leaving.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    database::Revisions,
    http::{
        Kind, Problem,
        api::{
            answer::{Entered, Shown},
            naming::{handle, mission, slug, word},
        },
        checkpoint::Kept,
        request::Path,
    },
    identity::Caller,
    mission::Capacity,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(me)).routes(routes!(leave))
}

/// Who the service takes one for.
#[derive(Debug, Serialize, ToSchema)]
struct Me {
    /// What the mission file calls them.
    person: String,
    /// Their name; empty if it is not known.
    name: String,
    /// The capacity in which they act.
    handle: String,
    /// Their roles in it.
    roles: Vec<String>,
    /// Every capacity that they have.
    capacities: Vec<CapacityView>,
    /// When the credential ends.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// What they may still cause in this minute.
    budget: BudgetView,
    /// The log's name.
    origin: String,
    /// The log's key (c2sp.org/signed-note).
    vkey: String,
}

/// A capacity that one has.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Capacity)]
struct CapacityView {
    /// `company:SLUG`, `workstream:SLUG` or `mission`.
    handle: String,
    /// The roles in it.
    roles: Vec<String>,
}

/// Entries by refusals and lists.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Budget)]
struct BudgetView {
    /// In a minute.
    per_minute: u32,
    /// In this one.
    left: u32,
}

/// Who am I
///
/// The person, the capacity in which they act, every other that they have, and what identifies the log.
#[utoipa::path(get, path = "/me", tag = "me", responses((status = 200, body = Me)))]
async fn me(State(app): State<App>, caller: Caller, kept: Kept) -> Result<Shown<Me>, Problem> {
    kept.compared(&app).await?;
    Ok(Shown(Me::of(&app, &caller).await?))
}

/// Leave
///
/// The caller leaves the party, which must be the one for which they act: every role in it, and the credentials to act for
/// it, end at once.
#[utoipa::path(post, path = "/parties/{party}/leave", tag = "me", responses((status = 200, body = Entered)))]
async fn leave(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Shown<Entered>, Problem> {
    own_capacity(&app, &caller, &name).await?;
    let permit = app.policy.permit(&caller, caller.actor.person).await?;
    Ok(Shown(Entered { entry: app.authority.leave(permit).await? }))
}

/// Refuses a capacity that is not the one in which the caller acts.
pub(super) async fn own_capacity(app: &App, caller: &Caller, named: &str) -> Result<(), Problem> {
    let own = handle(&*mission(app).await?, caller.actor.capacity);
    if named == own {
        return Ok(());
    }
    let says = format!("this is done in the capacity itself, and the credential is for {own}");
    let choose = Problem::new(Kind::ChooseCapacity).with_detail(says);
    Err(choose.with("capacities", vec![own]))
}

impl Me {
    async fn of(app: &App, caller: &Caller) -> Result<Self, Problem> {
        let now = app.clock.now();
        let mut revisions = Revisions::new(now);
        let confirmed = caller.confirm(&app.registry, &mut revisions).await?;
        let mission = app.registry.mission(&mut revisions).await?;
        let capacities = app.registry.capacities(caller.actor.person, &mut revisions).await?;
        let named = confirmed.person.named(&app.keyset).await?;
        let held = confirmed.party.roles.iter().filter(|held| held.person == caller.actor.person);
        let credential = confirmed.person.credential(caller.actor.credential);
        Ok(Self {
            person: slug(&mission, caller.actor.person),
            name: named.name.unwrap_or_default(),
            handle: handle(&mission, caller.actor.capacity),
            roles: held.map(|held| word(held.role)).collect(),
            capacities: capacities.into_iter().map(CapacityView::from).collect(),
            expires_at: credential.map(|credential| credential.expires_at.to_string()),
            budget: BudgetView {
                per_minute: app.budget.per_minute(),
                left: app.budget.left(caller.actor.person, now),
            },
            origin: app.tree.origin().to_owned(),
            vkey: app.tree.verifier().to_string(),
        })
    }
}

impl From<Capacity> for CapacityView {
    fn from(capacity: Capacity) -> Self {
        let roles = capacity.roles.into_iter().map(word).collect();
        Self { handle: capacity.handle, roles }
    }
}
