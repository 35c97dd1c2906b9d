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

pub use budget::Budget;
pub use caller::CAPACITY;
pub use language::Language;
pub use problem::{Kind, Problem};
