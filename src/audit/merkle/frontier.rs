//! The right edge of a tree: enough to append and to give the root, in at most 63 hashes.

use crate::audit::merkle::{Error, Hash, Node, fold, node, plan::peaks};

/// The largest perfect subtrees of a tree, from left to right: one for each binary digit 1 of its size.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    /// In the order of [`peaks`].
    hashes: Vec<Hash>,
}

impl Frontier {
    /// The frontier of a tree of `size` entries, whose subtrees' hashes `hash` knows.
    ///
    /// # Errors
    ///
    /// Whatever `hash` answers.
    pub fn of<E>(size: u64, hash: impl FnMut(Node) -> Result<Hash, E>) -> Result<Self, E> {
        let hashes = peaks(size).into_iter().map(hash).collect::<Result<_, _>>()?;
        Ok(Self { size, hashes })
    }

    /// How many entries the tree has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        fold(&self.hashes)
    }

    /// Appends the hash of the next entry.
    pub fn append(&mut self, leaf: Hash) {
        self.append_each(leaf, |_, _| ());
    }

    /// Appends the hash of the next entry, and names every subtree that it completes, itself first.
    pub fn append_each(&mut self, leaf: Hash, mut completed: impl FnMut(Node, Hash)) {
        let mut at = Node { level: 0, index: self.size };
        let mut hash = leaf;
        completed(at, hash);
        while at.index & 1 == 1 {
            let left = self.hashes.pop().expect("each digit 1 of the size has its hash");
            hash = node(&left, &hash);
            at = Node { level: at.level + 1, index: at.index >> 1 };
            completed(at, hash);
        }
        self.hashes.push(hash);
        self.size += 1;
    }

    /// The size (8 bytes, big-endian) and the hashes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        for hash in &self.hashes {
            bytes.extend(hash.0);
        }
        bytes
    }

    /// Reads what [`Frontier::to_bytes`] writes.
    ///
    /// # Errors
    ///
    /// [`Error::NotAFrontier`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let (size, rest) = bytes.split_first_chunk::<8>().ok_or(Error::NotAFrontier)?;
        let size = u64::from_be_bytes(*size);
        let (hashes, []) = rest.as_chunks::<32>() else {
            return Err(Error::NotAFrontier);
        };
        if size > i64::MAX as u64 || hashes.len() != size.count_ones() as usize {
            return Err(Error::NotAFrontier);
        }
        Ok(Self { size, hashes: hashes.iter().copied().map(Hash).collect() })
    }
}
