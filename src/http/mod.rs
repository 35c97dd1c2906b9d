//! Parses, asks, answers: API, log endpoints, the accept loop.

pub mod server;
mod language;
mod problem;
pub mod header;

pub use language::Language;
pub use problem::{Kind, Problem};
