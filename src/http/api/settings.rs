//! What a party decides for itself: its networks, where its bytes may rest, two people to shred.

use axum::extract::State;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    audit::Administer,
    http::{
        Problem,
        api::{
            answer::{Entered, Shown},
            roles::{administer, shown},
        },
        request::{Json, Line, Path},
    },
    id::EntryId,
    identity::Caller,
    mission::{Network, Placement},
    policy::Permit,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show, change))
}

/// What a party has set.
#[derive(Debug, Serialize, ToSchema)]
struct Settings {
    /// Networks that it declares its own.
    networks: Vec<NetworkView>,
    /// Where its bytes may rest; wherever the mission's may if it says nothing.
    #[schema(value_type = Option<PlacementView>)]
    placement: Option<Placement>,
    /// Whether shredding one of its documents takes two people.
    two_to_shred: bool,
}

/// A declared network.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Network)]
struct NetworkView {
    /// How the party calls it.
    name: String,
    /// E.g. `192.0.2.0/24`.
    prefix: String,
}

/// A network to be declared.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewNetwork {
    /// How to call it.
    #[schema(value_type = String, min_length = 1, max_length = 100)]
    name: Line<100>,
    /// E.g. `192.0.2.0/24`.
    #[schema(value_type = String, min_length = 1, max_length = 50)]
    prefix: Line<50>,
}

/// Where bytes may rest. An empty list permits anything.
#[derive(Debug, ToSchema)]
#[schema(as = Placement)]
#[expect(dead_code, reason = "it describes the mission's type")]
struct PlacementView {
    /// Countries of the soil: two capital letters, or `EU` for its members.
    countries: Vec<String>,
    /// Countries of seat and ultimate control of whoever runs the place.
    control: Vec<String>,
    /// Who may run a place, by the names under which locations know them.
    #[schema(required = false)]
    operators: Vec<String>,
    /// Qualifications of the service, of which it must have one.
    #[schema(required = false)]
    qualifications: Vec<String>,
    /// Locations that are never used.
    never: Vec<String>,
    /// With how many operators copies must rest: a copy more is kept where that asks for it.
    #[schema(required = false, minimum = 1, maximum = 9)]
    operators_at_least: u8,
    /// What an unknown fact does: `refuse` or `permit`.
    unknown: String,
    /// Further rules, added for documents of a sensitivity (`ordinary`, `confidential`, `business-secret`) and of those
    /// above it; each like this, but without `from`.
    #[schema(required = false, value_type = Object)]
    from: Option<serde_json::Value>,
}

/// One change of what a party has set; exactly one member.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SettingsChange {
    /// Its networks, in place of those declared before.
    networks: Option<Vec<NewNetwork>>,
    /// Where its bytes may rest; `null` for wherever the mission's may.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<PlacementView>)]
    placement: Option<Option<Placement>>,
    /// Whether shredding one of its documents takes two people.
    two_to_shred: Option<bool>,
}

/// What a party has set
#[utoipa::path(get, path = "/parties/{party}/settings", tag = "parties", responses((status = 200, body = Settings)))]
async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Shown<Settings>, Problem> {
    let (_permit, party) = shown(&app, &caller, &name, "settings").await?;
    let networks =
        party.networks.into_iter().map(|Network { name, prefix }| NetworkView { name, prefix });
    let (placement, two_to_shred) = (party.placement, party.two_to_shred);
    Ok(Shown(Settings { networks: networks.collect(), placement, two_to_shred }))
}

/// Change what a party has set
///
/// One thing at a time, since each is an act of its own; effective at the next request.
#[utoipa::path(patch, path = "/parties/{party}/settings", tag = "parties", responses((status = 200, body = Entered)))]
async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Json(wanted): Json<SettingsChange>,
) -> Result<Shown<Entered>, Problem> {
    let permit = administer(&app, &caller, &name).await?;
    Ok(Shown(Entered { entry: wanted.done(&app, permit).await? }))
}

impl SettingsChange {
    async fn done(self, app: &App, permit: Permit<Administer>) -> Result<EntryId, Problem> {
        let authority = &app.authority;
        match (self.networks, self.placement, self.two_to_shred) {
            (Some(networks), None, None) => {
                let network = |new: NewNetwork| Network { name: new.name.0, prefix: new.prefix.0 };
                let networks = networks.into_iter().map(network).collect();
                Ok(authority.set_networks(permit, networks).await?)
            }
            (None, Some(placement), None) => Ok(authority.set_placement(permit, placement).await?),
            (None, None, Some(two)) => Ok(authority.set_two_to_shred(permit, two).await?),
            _ => {
                let says = "send exactly one of networks, placement and two_to_shred";
                Err(Problem::malformed(says))
            }
        }
    }
}

/// A member that is there, even as `null`.
fn said<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<Placement>>, D::Error> {
    Option::deserialize(from).map(Some)
}
