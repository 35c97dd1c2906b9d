//! The log as outsiders fetch it (c2sp.org/tlog-tiles): key, checkpoint and hashes for everybody, bundles of entries for
//! whoever may audit a party.

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};

use crate::{
    app::App,
    audit::{
        Audit,
        tile::{FULL, Level, Tile},
    },
    http::Problem,
    identity::Caller,
    policy::Permit,
};

/// A full tile never changes.
const FOR_GOOD: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// A bundle never changes either, and is kept by whoever fetched it only.
const FOR_GOOD_BY_ITSELF: HeaderValue =
    HeaderValue::from_static("private, max-age=31536000, immutable");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/log/vkey", get(vkey))
        .route("/log/checkpoint", get(checkpoint))
        .route("/log/tile/entries/{*rest}", get(bundle))
        .route("/log/tile/{level}/{*rest}", get(tile))
}

/// `GET /log/vkey`: the log's public key (c2sp.org/signed-note).
async fn vkey(State(app): State<App>) -> Response {
    ([(header::CONTENT_TYPE, TEXT)], format!("{}\n", app.tree.verifier())).into_response()
}

/// `GET /log/checkpoint`: the last signed state of the tree (c2sp.org/tlog-checkpoint).
async fn checkpoint(State(app): State<App>) -> Response {
    ([(header::CONTENT_TYPE, TEXT)], app.tree.published().note.to_string()).into_response()
}

/// `GET /log/tile/{level}/{index}[.p/{width}]`: hashes, which name nothing.
async fn tile(
    State(app): State<App>,
    Path((level, rest)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let tile = named(&format!("tile/{level}/{rest}"))?;
    let bytes = app.tree.tile(tile).await?;
    Ok(([(header::CONTENT_TYPE, BYTES), (header::CACHE_CONTROL, FOR_GOOD)], bytes).into_response())
}

/// `GET /log/tile/entries/{index}[.p/{width}]`: leaves, which name nothing, for whoever may audit the party for which they
/// act. That they fetched them is no entry: a scan of the whole log would grow the log by itself.
async fn bundle(
    State(app): State<App>,
    caller: Caller,
    Path(rest): Path<String>,
) -> Result<Response, Problem> {
    let tile = named(&format!("tile/entries/{rest}"))?;
    let _permit: Permit<Audit> = app.policy.permit(&caller, caller.actor.capacity).await?;
    let bytes = app.tree.tile(tile).await?;
    let caches = [(header::CONTENT_TYPE, BYTES), (header::CACHE_CONTROL, FOR_GOOD_BY_ITSELF)];
    Ok((caches, bytes).into_response())
}

/// The tile of this path; another spelling names nothing.
fn named(path: &str) -> Result<Tile, Problem> {
    let tile: Tile = path.parse().map_err(|_| Problem::missing())?;
    let exists = tile.width <= FULL && matches!(tile.level, Level::Entries | Level::Hashes(0..=7));
    exists.then_some(tile).ok_or_else(Problem::missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_a_tile_in_one_spelling() {
        assert_eq!(named("tile/0/001.p/5").unwrap().to_string(), "tile/0/001.p/5");
        assert_eq!(named("tile/entries/x001/234").unwrap().level, Level::Entries);

        for path in ["tile/0/1", "tile/8/000", "tile/0/000.p/256", "tile/0/../0", "tile/00/000"] {
            assert_eq!(named(path).unwrap_err().status().as_u16(), 404, "{path}");
        }
    }
}
