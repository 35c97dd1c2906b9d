//! Sealed bytes at rest: a store per location, and what is known of that location; not trusted.

/// What is known of a location.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Facts {}
