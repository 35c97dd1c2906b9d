//! The product from outside, as one binary.

#![allow(clippy::unwrap_used)]

mod administrator;
mod api;
mod authority;
mod bad_input;
mod check;
mod command_line;
mod configuration;
mod copies;
mod crashes;
mod erasure;
mod fuzz;
mod garage;
mod gate;
mod go;
mod layers;
mod links;
mod postgres;
mod residency;
mod retention;
mod server;
mod storage;
mod storage_adversary;
mod tags;
mod tidy;
mod tree;
mod witness;
