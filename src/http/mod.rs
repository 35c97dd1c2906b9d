//! Parses, asks, answers: API, log endpoints, the accept loop.
