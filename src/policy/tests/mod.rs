//! Tests of decisions over a small mission, and of rights over the founding one.

mod lists;
mod live;
mod matrix;
mod rights;
mod standing;
pub(crate) mod world;
