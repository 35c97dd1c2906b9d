//! What happened: acts, entries, the writer and the gate, tree, checkpoints, proofs, receipts.
