//! *Greffe* (French: the registry of a court) keeps a mission's confidential documents sealed on storage in the EU,
//! opens them only for those whom their owner permits, and leaves a trace that an outsider can verify.

pub mod id;
pub mod time;
pub mod config;
pub mod app;

pub mod database;
pub mod storage;
pub mod vault;
pub mod audit;
pub mod mission;
pub mod identity;
pub mod policy;
pub mod documents;
pub mod http;
pub mod cli;
