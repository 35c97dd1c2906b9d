//! Parses, asks, answers: API, log endpoints, the accept loop.

pub mod server;
