//! Receipts: the proof that an entry is in the signed log, with the entry opened in it, for whoever acted and the owner.

use axum::{
    Router,
    extract::{Path, State},
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};
use sqlx::Row as _;

use crate::{
    app::App,
    audit::{self, opening::Opening, tree::Covered},
    database,
    http::{log::SOON, problem::Problem},
    id::{EntryId, PartyId},
    identity::Caller,
    time::Instant,
    vault::open_field,
};

pub(super) fn router() -> Router<App> {
    Router::new().route("/api/v1/receipts/{entry}", get(receipt))
}

/// `GET /api/v1/receipts/{entry}`: a tlog-proof; 202 until the entry is signed.
async fn receipt(
    State(app): State<App>,
    caller: Caller,
    Path(entry): Path<String>,
) -> Result<Response, Problem> {
    let entry: EntryId = entry.parse().map_err(|_| Problem::missing())?;
    let (position, openings) = opened(&app, &caller, entry).await?.ok_or(Problem::missing())?;
    let failed = |error: audit::tree::Error| Problem::internal(&error);
    match app.tree.prove(position).await.map_err(failed)? {
        Covered::NotYet => Ok((StatusCode::ACCEPTED, [SOON]).into_response()),
        Covered::Yes(mut proof) => {
            let leaf = app.tree.leaves(position, position + 1).await.map_err(failed)?.remove(0);
            let leaf = String::from_utf8(leaf).unwrap_or_default();
            let extra = json!({ "leaf": leaf, "openings": openings }).to_string();
            proof.extra = Some(extra.into_bytes());
            let kind = "text/plain; charset=utf-8";
            Ok(([(CONTENT_TYPE, kind)], proof.to_string()).into_response())
        }
    }
}

/// The entry's position and the openings that the caller may see: of one's own act, and of what concerns one's party.
///
/// The actor of a refusal sees what was asked, never the facts.
async fn opened(
    app: &App,
    caller: &Caller,
    entry: EntryId,
) -> Result<Option<(u64, Value)>, Problem> {
    let failed = |error: sqlx::Error| Problem::internal(&database::Error::from(error));
    let row = sqlx::query(
        "select position, at, facts, asked_sealed, texts_sealed, personal_sealed, owner, capacity, \
         decision, document from entry where id = $1",
    )
    .bind(entry.as_bytes().to_vec())
    .fetch_optional(app.writer.database().pool())
    .await
    .map_err(failed)?;
    let Some(row) = row else { return Ok(None) };
    let bytes = |n: usize| row.try_get::<Vec<u8>, _>(n).map_err(failed);
    let actor = &caller.actor;
    let own = PartyId::from_slice(&bytes(6)?) == Ok(actor.capacity);
    let month = Instant(row.try_get(1).map_err(failed)?).month();
    let key = app.keyset.personal_key(actor.person, &month).await.ok();
    let personal = key
        .as_ref()
        .and_then(|key| open_field(key, entry.as_bytes(), "personal", 0, &bytes(5).ok()?).ok());
    let acted = personal.is_some() && PartyId::from_slice(&bytes(7)?) == Ok(actor.capacity);
    if !own && !acted {
        return Ok(None);
    }
    let text = |opened: &[u8]| String::from_utf8_lossy(opened).into_owned();
    let refusal = row.try_get::<String, _>(8).map_err(failed)? == "refusal";
    let mut openings = json!({});
    if own || !refusal {
        openings["facts"] = json!(row.try_get::<String, _>(2).map_err(failed)?);
    }
    if let Some(personal) = personal {
        openings["personal"] = json!(text(&personal));
        let sealed = bytes(3)?;
        let asked =
            key.and_then(|key| open_field(&key, entry.as_bytes(), "asked", 0, &sealed).ok());
        if let Some(asked) = asked {
            openings["asked"] = json!(text(&asked));
        }
    }
    if let Ok(document) = crate::id::DocumentId::from_slice(&bytes(9)?)
        && (own || !refusal)
        && let Ok(key) = app.keyset.document_key(document).await
        && let Ok(texts) = open_field(&key, entry.as_bytes(), "texts", 0, &bytes(4)?)
    {
        openings["texts"] = serde_json::from_slice(&texts).unwrap_or(Value::Null);
    }
    debug_assert!(openings["facts"].as_str().is_none_or(|facts| Opening::parse(facts).is_ok()));
    let position: i64 = row.try_get(0).map_err(failed)?;
    Ok(Some((position.unsigned_abs(), openings)))
}
