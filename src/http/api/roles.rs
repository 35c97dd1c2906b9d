//! Who holds which role in a party, and to whom its exports may be sealed.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    audit::Administer,
    http::{
        Kind, Problem,
        api::{
            answer::{Entered, Shown},
            naming::{of_word, party, person, shows, slug, word},
        },
        request::{Json, Line, Path},
    },
    identity::Caller,
    mission::{PartyRevision, Recipient, Role},
    policy::{Permit, Resource},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, give, take))
        .routes(routes!(remove))
        .routes(routes!(recipients, add_recipient))
        .routes(routes!(remove_recipient))
}

/// Roles in a party.
#[derive(Debug, Serialize, ToSchema)]
struct Roles {
    /// All of them.
    roles: Vec<RoleHeld>,
}

/// Someone holds a role.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleHeld {
    /// The person, as the mission file calls them.
    person: String,
    /// `contributor`, `access-manager`, `pilot`, `coordinator`, `committee`, `secretariat`, `auditor` or `operator`.
    role: String,
}

/// To whom a party's exports may be sealed.
#[derive(Debug, Serialize, ToSchema)]
struct Recipients {
    /// All of them.
    recipients: Vec<RecipientView>,
}

/// A recipient of exports.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Recipient)]
struct RecipientView {
    /// How the party calls it.
    name: String,
    /// `age1…`.
    recipient: String,
}

/// A recipient to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRecipient {
    /// How to call it.
    #[schema(value_type = String, min_length = 1, max_length = 100)]
    name: Line<100>,
    /// `age1…`, as age-keygen writes it.
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    recipient: Line<200>,
}

/// Roles in a party
#[utoipa::path(get, path = "/parties/{party}/roles", tag = "parties", responses((status = 200, body = Roles)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Shown<Roles>, Problem> {
    let (permit, party) = shown(&app, &caller, &name, "roles").await?;
    let held = party.roles.iter().map(|held| RoleHeld {
        person: slug(permit.mission(), held.person),
        role: word(held.role),
    });
    Ok(Shown(Roles { roles: held.collect() }))
}

/// Give a role
///
/// Effective at the next request.
#[utoipa::path(post, path = "/parties/{party}/roles", tag = "parties", responses((status = 200, body = Entered)))]
async fn give(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Json(wanted): Json<RoleHeld>,
) -> Result<Shown<Entered>, Problem> {
    let permit = administer(&app, &caller, &name).await?;
    let (person, role) = (person(&app, &wanted.person).await?, role(&wanted.role)?);
    Ok(Shown(Entered { entry: app.authority.give_role(permit, person, role).await? }))
}

/// Take a role
///
/// With the last one go the credentials by which the person acted for the party.
#[utoipa::path(delete, path = "/parties/{party}/roles", tag = "parties", responses((status = 200, body = Entered)))]
async fn take(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Json(wanted): Json<RoleHeld>,
) -> Result<Shown<Entered>, Problem> {
    let permit = administer(&app, &caller, &name).await?;
    let (person, role) = (person(&app, &wanted.person).await?, role(&wanted.role)?);
    Ok(Shown(Entered { entry: app.authority.take_role(permit, person, role).await? }))
}

/// Remove a person from a party
///
/// Every role in it, and the credentials by which they acted for it.
#[utoipa::path(delete, path = "/parties/{party}/people/{person}", tag = "parties", responses((status = 200, body = Entered)))]
async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path((name, someone)): Path<(String, String)>,
) -> Result<Shown<Entered>, Problem> {
    let permit = administer(&app, &caller, &name).await?;
    let person = person(&app, &someone).await?;
    Ok(Shown(Entered { entry: app.authority.remove(permit, person).await? }))
}

/// Recipients of exports
#[utoipa::path(get, path = "/parties/{party}/recipients", tag = "parties", responses((status = 200, body = Recipients)))]
async fn recipients(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Shown<Recipients>, Problem> {
    let (_permit, party) = shown(&app, &caller, &name, "recipients").await?;
    let recipients = party
        .recipients
        .into_iter()
        .map(|recipient| RecipientView { name: recipient.name, recipient: recipient.recipient });
    Ok(Shown(Recipients { recipients: recipients.collect() }))
}

/// Add a recipient of exports
#[utoipa::path(post, path = "/parties/{party}/recipients", tag = "parties", responses((status = 200, body = Entered)))]
async fn add_recipient(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Json(new): Json<NewRecipient>,
) -> Result<Shown<Entered>, Problem> {
    let permit = administer(&app, &caller, &name).await?;
    let recipient = Recipient { name: new.name.0, recipient: new.recipient.0 };
    Ok(Shown(Entered { entry: app.authority.add_recipient(permit, recipient).await? }))
}

/// Remove a recipient of exports
#[utoipa::path(delete, path = "/parties/{party}/recipients/{recipient}", tag = "parties", responses((status = 200, body = Entered)))]
async fn remove_recipient(
    State(app): State<App>,
    caller: Caller,
    Path((name, recipient)): Path<(String, String)>,
) -> Result<Shown<Entered>, Problem> {
    let permit = administer(&app, &caller, &name).await?;
    Ok(Shown(Entered { entry: app.authority.remove_recipient(permit, recipient).await? }))
}

/// The right over a party.
pub(super) async fn administer(
    app: &App,
    caller: &Caller,
    name: &str,
) -> Result<Permit<Administer>, Problem> {
    let named = Resource::from(party(app, name).await?).called(name);
    Ok(app.policy.permit(caller, named).await?)
}

/// What a party decided, for those who decide for it; recorded.
pub(super) async fn shown(
    app: &App,
    caller: &Caller,
    name: &str,
    what: &str,
) -> Result<(Permit<Administer>, PartyRevision), Problem> {
    let permit = administer(app, caller, name).await?;
    let (permit, _) = app.gate.note(permit, shows(what)).await?;
    let party = permit.owner().ok_or_else(Problem::missing)?.as_ref().clone();
    Ok((permit, party))
}

fn role(text: &str) -> Result<Role, Problem> {
    let unknown = || {
        let says = "roles are contributor, access-manager, pilot, coordinator, committee, secretariat, auditor and operator";
        Problem::new(Kind::Refused).with_detail(says)
    };
    of_word(text).ok_or_else(unknown)
}
