//! The log for outsiders: key, checkpoint and hashes for anyone; entry bundles for every party's auditors (C2SP tlog-tiles).

use axum::{
    Router,
    extract::{Path, State},
    http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;

use crate::{
    app::App,
    audit::{
        self,
        tile::{Level, Tile},
    },
    http::problem::Problem,
    identity::Caller,
};

/// A full tile never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const TEXT: &str = "text/plain; charset=utf-8";

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/log/vkey", get(vkey))
        .route("/log/checkpoint", get(checkpoint))
        .route("/log/tile/entries/{*path}", get(bundle))
        .route("/log/tile/{*path}", get(hashes))
}

/// `GET /log/vkey`: the key that signs checkpoints.
async fn vkey(State(app): State<App>) -> impl IntoResponse {
    ([(CONTENT_TYPE, TEXT)], format!("{}\n", app.tree.verifier()))
}

/// `GET /log/checkpoint`: the last signed checkpoint.
async fn checkpoint(State(app): State<App>) -> impl IntoResponse {
    let note = app.tree.published().note.to_string();
    ([(CONTENT_TYPE, TEXT), (CACHE_CONTROL, "no-store")], note)
}

/// `GET /log/tile/<L>/<N>[.p/<W>]`: hashes.
async fn hashes(State(app): State<App>, Path(path): Path<String>) -> Result<Response, Problem> {
    let tile: Tile = format!("tile/{path}").parse().map_err(|_| Problem::missing())?;
    if tile.level == Level::Entries {
        return Err(Problem::missing());
    }
    served(&app, tile).await
}

/// `GET /log/tile/entries/<N>[.p/<W>]`: leaves, which name nothing, for anyone signed in.
async fn bundle(
    State(app): State<App>,
    _caller: Caller,
    Path(path): Path<String>,
) -> Result<Response, Problem> {
    let tile: Tile = format!("tile/entries/{path}").parse().map_err(|_| Problem::missing())?;
    served(&app, tile).await
}

async fn served(app: &App, tile: Tile) -> Result<Response, Problem> {
    match app.tree.tile(tile).await {
        Ok(bytes) => {
            let kind = "application/octet-stream";
            let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, FOR_EVER)];
            Ok((headers, Bytes::from(bytes)).into_response())
        }
        Err(audit::tree::Error::Tiles(_)) => Err(Problem::missing()),
        Err(error) => Err(Problem::internal(&error)),
    }
}

/// The header that asks a client to come back in a second.
pub(super) const SOON: (axum::http::HeaderName, &str) = (RETRY_AFTER, "1");
