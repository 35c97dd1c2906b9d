//! Tests of decisions over a small mission, and of rights over the founding one.

mod decisions;
mod grid;
mod hostile;
mod lists;
mod live;
mod matrix;
mod races;
mod readers;
mod rights;
mod schema;
mod standing;
mod texts;
pub(crate) mod world;
