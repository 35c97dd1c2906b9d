//! What happened: acts, entries, the writer and the gate, tree, checkpoints, proofs, receipts.

mod act;
mod draft;
mod warrant;
mod change;
mod written;
mod writer;
mod gate;
mod sequencer;
mod unsigned;
mod keyring;
mod sealing;
pub mod entries;

// The public formats: pure functions over bytes, each the twin of a published standard.
pub mod encoding;
pub mod leaf;
pub mod merkle;
pub mod note;
pub mod checkpoint;
pub mod tile;
pub mod bundle;
pub mod trust;
pub mod proof;
pub mod opening;
pub mod receipt;
pub mod anchor;
pub mod signer;
pub mod tree;

#[cfg(test)]
mod vectors;

pub use act::{
    Act, ActName, Administer, Audit, Deposit, Discover, Export, Finalise, Hold, Read, Share, Shred,
};
pub use change::{Change, Stopped};
pub use draft::{Actor, Asked, Denial, Draft, Method, Reason, Verdict, What};
pub use gate::{Gate, Outcome, Recorded};
pub use keyring::Keyring;
pub use sequencer::Ended;
pub use unsigned::{Replaced, Unsigned};
pub use warrant::{Again, Warrant};
pub use writer::{Error, Writer};
pub use written::Written;

#[cfg(test)]
mod tests;
