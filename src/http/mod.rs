//! Parses, asks, answers: API, log endpoints, the accept loop.
//!
//! **Invariant:** a handler extracts, asks for a permit, acts, answers. It decides nothing, and what it cannot answer
//! becomes a [`Problem`] in one place.

pub mod server;
mod language;
mod problem;
pub mod header;
mod request;
mod caller;
mod budget;
mod frame;
mod api;
mod log;
mod operator;
mod receipts;

use axum::{Router, extract::DefaultBodyLimit, middleware};
use tower_http::catch_panic::CatchPanicLayer;

use crate::app::App;

pub use budget::Budget;
pub use caller::CAPACITY;
pub use language::Language;
pub use operator::operator;
pub use problem::{Kind, Problem};

/// Longest body of a request that is no content, in bytes: a restriction text is the longest.
const LONGEST_BODY: usize = 300 * 1024;

/// Everything that is served over TLS.
#[must_use]
pub fn router(app: App) -> Router {
    let account = middleware::from_fn_with_state(app.clone(), frame::account);
    Router::new()
        .merge(api::router())
        .merge(log::router())
        .merge(receipts::router())
        .merge(problem::router())
        .fallback(|| async { Problem::missing() })
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(account)
        .layer(middleware::from_fn(frame::same_site))
        .layer(CatchPanicLayer::custom(frame::panicked))
        .layer(middleware::map_response(frame::secure))
        .layer(middleware::from_fn(frame::identify))
        .with_state(app)
}
