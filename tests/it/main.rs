//! Tests of the whole: the service and its clients, and what we believe about the code.

#![allow(clippy::unwrap_used)]

mod command_line;
mod configuration;
mod layers;
mod links;
mod storage;
mod tidy;
mod tree;
