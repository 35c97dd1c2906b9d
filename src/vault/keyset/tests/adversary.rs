//! adversary
