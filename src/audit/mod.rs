//! What happened: acts, entries, the writer and the gate, tree, checkpoints, proofs, receipts.

// The public formats: pure functions over bytes, each the twin of a published standard.
pub mod encoding;
pub mod merkle;

#[cfg(test)]
mod vectors;
