//! The product from outside, as one binary.

#![allow(clippy::unwrap_used)]

mod storage;
