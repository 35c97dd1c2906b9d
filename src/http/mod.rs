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
mod checkpoint;
mod budget;
mod frame;
mod api;
mod log;
mod operator;

use std::time::Duration;

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn, from_fn_with_state, map_response},
    response::Response,
};
use tower_http::catch_panic::CatchPanicLayer;

use crate::app::App;

pub use budget::Budget;
pub use caller::CAPACITY;
pub use language::Language;
pub use operator::operator;
pub use problem::{Kind, Problem};

/// Everything that is served to clients.
pub fn router(app: App) -> Router {
    let limit = Duration::from_secs(u64::from(app.config.limits.request_seconds));
    let in_time = from_fn(move |request: Request, next: Next| frame::in_time(limit, request, next));
    let router = Router::new()
        .merge(api::router())
        .merge(log::router())
        .merge(problem::router())
        .fallback(|| async { Problem::missing() })
        .method_not_allowed_fallback(|| async { Problem::new(Kind::WrongMethod) })
        .layer(in_time)
        .layer(from_fn(frame::same_site))
        .layer(from_fn_with_state(app.clone(), frame::account));
    framed(router.with_state(app))
}

/// What is true of every answer, on whichever address.
fn framed(router: Router) -> Router {
    router
        .layer(CatchPanicLayer::custom(frame::panicked))
        .layer(from_fn(problem::answer))
        .layer(map_response(frame::secure as fn(Response) -> _))
        .layer(from_fn(frame::identify))
}
