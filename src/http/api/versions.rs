//! Versions of a document, oldest first.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    documents::{CopyDescription, VersionDescription},
    http::{
        Problem,
        api::{answer::Shown, documents::discover},
        request::Path,
    },
    identity::Caller,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(versions))
}

/// Versions of a document.
#[derive(Debug, Serialize, ToSchema)]
struct Versions {
    /// Oldest first.
    versions: Vec<VersionView>,
}

/// A version of a document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Version)]
struct VersionView {
    /// Its id.
    version: String,
    /// Its number, from 1.
    number: i64,
    /// Its length in bytes.
    size: Option<u64>,
    /// As declared by its depositor.
    media_type: String,
    /// When it was deposited.
    #[schema(format = DateTime)]
    created_at: String,
    /// The entry of its deposit.
    entry: String,
    /// Its copies.
    copies: Vec<CopyView>,
    /// Length of the sealed object.
    sealed_size: u64,
    /// SHA-256 of the sealed object, in base64url.
    sealed_sha256: String,
}

/// A copy of a version.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Copy)]
struct CopyView {
    /// Where it rests.
    location: String,
    /// When it was last written or read whole, and was right.
    #[schema(format = DateTime)]
    scrubbed_at: Option<String>,
}

/// Versions of a document
#[utoipa::path(get, path = "/documents/{document}/versions", tag = "documents", responses((status = 200, body = Versions)))]
async fn versions(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Shown<Versions>, Problem> {
    let permit = discover(&app, &caller, &name, "versions").await?;
    let versions = app.documents.versions(&permit).await?.into_iter().map(VersionView::from);
    Ok(Shown(Versions { versions: versions.collect() }))
}

impl From<VersionDescription> for VersionView {
    fn from(told: VersionDescription) -> Self {
        Self {
            version: told.version.to_string(),
            number: told.number,
            size: told.size,
            media_type: told.media_type,
            created_at: told.created_at.to_string(),
            entry: told.entry.to_string(),
            copies: told.copies.into_iter().map(CopyView::from).collect(),
            sealed_size: told.sealed_size,
            sealed_sha256: told.sealed_sha256,
        }
    }
}

impl From<CopyDescription> for CopyView {
    fn from(told: CopyDescription) -> Self {
        let scrubbed_at = told.scrubbed_at.map(|at| at.to_string());
        Self { location: told.location, scrubbed_at }
    }
}
