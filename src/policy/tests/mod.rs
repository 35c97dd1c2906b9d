//! Tests of decisions over a small mission.

mod matrix;
pub(crate) mod world;
