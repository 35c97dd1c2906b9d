//! One's own tokens, and signing in.

use std::time::Duration;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    database::Revisions,
    http::{
        Problem,
        api::{
            answer::{Entered, Made, Shown},
            me::own_capacity,
            naming::{handle, mission, word},
        },
        caller::{Origin, OwnCertificate},
        request::{Json, Line, Path},
    },
    id::CredentialId,
    identity::{Caller, TOKEN_LIFE, Token},
    mission::Credential,
    time::Instant,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, issue, sign_out))
        .routes(routes!(list_certificate))
        .routes(routes!(revoke))
        .routes(routes!(sign_in))
}

/// One's own credentials that live.
#[derive(Debug, Serialize, ToSchema)]
struct Tokens {
    /// Oldest first.
    tokens: Vec<TokenView>,
}

/// A credential; its secret is shown once, when it is made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Token)]
struct TokenView {
    /// Its id.
    id: String,
    /// `token`, `certificate` or `link`.
    kind: String,
    /// How its person calls it.
    label: String,
    /// The capacity in which it acts.
    capacity: String,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it ends.
    #[schema(format = DateTime)]
    expires_at: String,
    /// Whether it is the one of this request.
    current: bool,
}

/// A token to be made, or a certificate to be listed, for the capacity in which one acts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewToken {
    /// What to call it.
    #[schema(value_type = String, min_length = 1, max_length = 100)]
    label: Line<100>,
    /// For how many days it is good.
    #[schema(minimum = 1, maximum = 366)]
    days: Option<u16>,
    /// The capacity; if it is named, it must be the one in which one acts.
    capacity: Option<String>,
}

/// A sign-in link's code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignIn {
    /// `greffe-link_…`, or an address that ends in it.
    link: String,
    /// What to call the token.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100)]
    label: Option<Line<100>>,
}

/// A token, with its secret: in this answer and in no other.
#[derive(Serialize, ToSchema)]
struct Minted {
    /// Its id.
    id: String,
    /// The secret itself.
    token: String,
    /// When it ends.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// A certificate that was listed.
#[derive(Debug, Serialize, ToSchema)]
struct ListedCertificate {
    /// Its id among one's credentials.
    id: String,
}

/// One's own tokens
///
/// Every credential of the caller that lives, in whatever capacity.
#[utoipa::path(get, path = "/tokens", tag = "tokens", responses((status = 200, body = Tokens)))]
async fn list(State(app): State<App>, caller: Caller) -> Result<Shown<Tokens>, Problem> {
    let mut revisions = Revisions::new(app.clock.now());
    let confirmed = caller.confirm(&app.registry, &mut revisions).await?;
    let mission = mission(&app).await?;
    let listed = confirmed.credentials(app.clock.now()).into_iter();
    let tokens = listed.map(|listed| {
        let current = listed.id == caller.actor.credential;
        TokenView::of(listed, handle(&mission, listed.capacity), current)
    });
    Ok(Shown(Tokens { tokens: tokens.collect() }))
}

/// A new token
///
/// For the capacity in which the caller acts. Its secret is in this answer only.
#[utoipa::path(post, path = "/tokens", tag = "tokens", responses((status = 201, body = Minted)))]
async fn issue(
    State(app): State<App>,
    caller: Caller,
    Json(new): Json<NewToken>,
) -> Result<Made<Minted>, Problem> {
    let life = new.life(&app, &caller).await?;
    let permit = app.policy.permit(&caller, caller.actor.person).await?;
    let token = app.identity.issue_token(permit, &new.label.0, life).await?;
    Ok(Minted::made(&token, app.clock.now().plus(life)))
}

/// List a client certificate
///
/// The one of this very connection, for the capacity in which the caller acts: it then signs them in without a token. One
/// certificate may be listed once for each of its person's capacities.
#[utoipa::path(post, path = "/certificates", tag = "tokens", responses((status = 201, body = ListedCertificate)))]
async fn list_certificate(
    State(app): State<App>,
    caller: Caller,
    certificate: OwnCertificate,
    Json(new): Json<NewToken>,
) -> Result<Made<ListedCertificate>, Problem> {
    let life = new.life(&app, &caller).await?;
    let permit = app.policy.permit(&caller, caller.actor.person).await?;
    let listed = app.identity.list_certificate(permit, &certificate.0, &new.label.0, life).await?;
    let id = listed.to_string();
    Ok(Made { at: format!("/api/v1/tokens/{id}"), body: ListedCertificate { id } })
}

/// Revoke a token
///
/// Or a certificate: it is refused from the next request on.
#[utoipa::path(delete, path = "/tokens/{token}", tag = "tokens", responses((status = 200, body = Entered)))]
async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path(token): Path<String>,
) -> Result<Shown<Entered>, Problem> {
    let id: CredentialId = token.parse().map_err(|_| Problem::missing())?;
    let permit = app.policy.permit(&caller, caller.actor.person).await?;
    Ok(Shown(Entered { entry: app.identity.revoke(permit, id).await? }))
}

/// Sign out everywhere else
///
/// Every credential of the caller in every capacity ends, but the one of this request: tokens, links and certificates.
#[utoipa::path(delete, path = "/tokens", tag = "tokens", responses((status = 200, body = Entered)))]
async fn sign_out(State(app): State<App>, caller: Caller) -> Result<Shown<Entered>, Problem> {
    let permit = app.policy.permit(&caller, caller.actor.person).await?;
    Ok(Shown(Entered { entry: app.identity.sign_out_elsewhere(permit).await? }))
}

/// Sign in
///
/// Exchanges a sign-in link, which works once, for a token.
#[utoipa::path(
    post, path = "/sign-in", tag = "tokens", security(()), request_body = SignIn,
    responses((status = 201, body = Minted))
)]
async fn sign_in(
    State(app): State<App>,
    origin: Origin,
    Json(wanted): Json<SignIn>,
) -> Result<Made<Minted>, Problem> {
    let presented = origin.presents(wanted.code(), app.clock.now());
    let token = app.identity.redeem(presented, wanted.label(), TOKEN_LIFE).await?;
    Ok(Minted::made(&token, app.clock.now().plus(TOKEN_LIFE)))
}

impl NewToken {
    async fn life(&self, app: &App, caller: &Caller) -> Result<Duration, Problem> {
        if let Some(named) = &self.capacity {
            own_capacity(app, caller, named).await?;
        }
        Ok(self.days.map_or(TOKEN_LIFE, |days| Duration::from_secs(u64::from(days) * 24 * 3600)))
    }
}

impl SignIn {
    fn code(&self) -> &str {
        self.link.find("greffe-link_").map_or("", |start| &self.link[start..])
    }

    fn label(&self) -> &str {
        self.label.as_ref().map_or("sign-in", |label| &label.0)
    }
}

impl Minted {
    fn made(token: &Token, expires_at: Instant) -> Made<Self> {
        let (id, secret) = (token.id.to_string(), token.expose().to_string());
        let body = Self { id, token: secret, expires_at: expires_at.to_string() };
        Made { at: format!("/api/v1/tokens/{}", token.id), body }
    }
}

impl TokenView {
    fn of(listed: &Credential, capacity: String, current: bool) -> Self {
        Self {
            id: listed.id.to_string(),
            kind: word(listed.kind),
            label: listed.label.clone(),
            capacity,
            created_at: listed.issued_at.to_string(),
            expires_at: listed.expires_at.to_string(),
            current,
        }
    }
}
