//! The Merkle tree of the log (RFC 6962 section 2.1, RFC 9162 section 2.1) with SHA-256.
//!
//! Everything is said in terms of *nodes*, the perfect subtrees: whoever holds their hashes, in tiles or in memory, can
//! answer a [`Plan`]. Nothing here knows where they are kept.

mod frontier;
mod plan;
mod verify;

use std::{fmt, str::FromStr};

use ring::digest::{Context, SHA256};

use crate::audit::encoding;

pub use frontier::Frontier;
pub use plan::{Plan, peaks};
pub use verify::{verify_consistency, verify_inclusion};

/// Most hashes that a proof can hold, for trees of up to 2^63-1 entries.
pub const MAX_PROOF: usize = 63;

/// What is wrong with a hash, a proof or what was asked of a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not base64 of 32 bytes.
    #[error("a hash is base64 of 32 bytes")]
    NotAHash,
    /// An entry, or a tree, that this tree does not hold.
    #[error("a tree of {size} entries holds no {wanted}")]
    OutOfRange {
        /// The index or the smaller size that was asked for.
        wanted: u64,
        /// The entries of the tree.
        size: u64,
    },
    /// The hashes do not lead to the root.
    #[error("the proof does not lead to the root")]
    Unproven,
    /// Bytes that are no frontier.
    #[error("a frontier is a size and one hash for each binary digit 1 of it")]
    NotAFrontier,
}

/// A SHA-256 hash: of an entry, of a subtree, of a whole tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The root of the tree without entries, `SHA256("")`.
    pub const EMPTY: Self = Self([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9,
        0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52,
        0xb8, 0x55,
    ]);

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// A hash from 32 bytes.
    ///
    /// # Errors
    ///
    /// [`Error::NotAHash`] if these are not 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, Error> {
        bytes.try_into().map(Self).map_err(|_| Error::NotAHash)
    }

    /// Lower-case hexadecimal, as names in the store say it.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encoding::base64(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::from_slice(&encoding::from_base64(text).ok_or(Error::NotAHash)?)
    }
}

/// A whole tree: how many entries, and the root over them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tree {
    /// How many entries.
    pub size: u64,
    /// The root.
    pub root: Hash,
}

/// A perfect subtree: the entries from `index * 2^level` up to `(index + 1) * 2^level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// Binary level, 0 for the entries themselves; at most 62.
    pub level: u8,
    /// Which one of its level, counted from the left.
    pub index: u64,
}

/// The hash of an entry's bytes, `SHA256(0x00 || entry)`.
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    sha256(&[&[0x00], entry])
}

/// The hash of two subtrees, `SHA256(0x01 || left || right)`.
#[must_use]
pub fn node(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[0x01], &left.0, &right.0])
}

/// The root of adjacent perfect subtrees whose sizes fall from left to right; [`Hash::EMPTY`] if there is none.
#[must_use]
pub fn fold(subtrees: &[Hash]) -> Hash {
    subtrees.iter().rev().copied().reduce(|right, left| node(&left, &right)).unwrap_or(Hash::EMPTY)
}

/// The root over these leaf hashes.
#[must_use]
pub fn root(leaves: impl IntoIterator<Item = Hash>) -> Hash {
    let mut frontier = Frontier::default();
    for leaf in leaves {
        frontier.append(leaf);
    }
    frontier.root()
}

fn sha256(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    Hash(context.finish().as_ref().try_into().expect("SHA-256 gives 32 bytes"))
}

#[cfg(test)]
mod tests;
