//! The product from outside, as one binary.

#![allow(clippy::unwrap_used)]

mod server;
mod storage;
