//! Which subtrees a root or a proof is made of, and in which order.

use crate::audit::merkle::{Error, Hash, Node, fold};

/// The recipe of a list of hashes: each the root of a range of entries, given by the perfect subtrees that make it up.
///
/// First ask [`Plan::nodes`] what to fetch (asynchronously, from tiles), then [`Plan::fill`] in their hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// One range for each hash of the result.
    ranges: Vec<Vec<Node>>,
}

impl Plan {
    /// The root of a tree of `size` entries, as one hash.
    #[must_use]
    pub fn root(size: u64) -> Self {
        Self { ranges: vec![peaks(size)] }
    }

    /// The proof that entry `index` is in the tree of `size` entries (RFC 9162 section 2.1.3.1), leaf's sibling first.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] unless `index < size`.
    pub fn inclusion(index: u64, size: u64) -> Result<Self, Error> {
        if index >= size || size > i64::MAX as u64 {
            return Err(Error::OutOfRange { wanted: index, size });
        }
        let (mut start, mut end) = (0, size);
        let mut ranges = Vec::new();
        while end - start > 1 {
            let middle = start + split(end - start);
            if index < middle {
                ranges.push(cover(middle, end));
                end = middle;
            } else {
                ranges.push(cover(start, middle));
                start = middle;
            }
        }
        ranges.reverse();
        Ok(Self { ranges })
    }

    /// The proof that the tree of `new` entries begins with the tree of `old` ones (RFC 9162 section 2.1.4.1).
    ///
    /// Empty if `old` is 0 or `new`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] unless `old <= new`.
    pub fn consistency(old: u64, new: u64) -> Result<Self, Error> {
        if old > new || new > i64::MAX as u64 {
            return Err(Error::OutOfRange { wanted: old, size: new });
        }
        let (mut start, mut end) = (0, new);
        let mut ranges = Vec::new();
        // The range that ends at `old` closes the proof, unless it is the old tree itself, which the verifier knows.
        while old != 0 && end != old {
            let middle = start + split(end - start);
            if old <= middle {
                ranges.push(cover(middle, end));
                end = middle;
            } else {
                ranges.push(cover(start, middle));
                start = middle;
            }
        }
        if start != 0 {
            ranges.push(cover(start, end));
        }
        ranges.reverse();
        Ok(Self { ranges })
    }

    /// The subtrees whose hashes are needed; each once.
    pub fn nodes(&self) -> impl Iterator<Item = Node> + '_ {
        self.ranges.iter().flatten().copied()
    }

    /// The hashes of the plan, from those of its subtrees.
    ///
    /// # Errors
    ///
    /// Whatever `hash` answers.
    pub fn fill<E>(&self, mut hash: impl FnMut(Node) -> Result<Hash, E>) -> Result<Vec<Hash>, E> {
        let range = |nodes: &Vec<Node>| {
            let hashes = nodes.iter().map(|&node| hash(node)).collect::<Result<Vec<_>, E>>()?;
            Ok(fold(&hashes))
        };
        self.ranges.iter().map(range).collect()
    }
}

/// The largest perfect subtrees of a tree of `size` entries, from left to right.
#[must_use]
pub fn peaks(size: u64) -> Vec<Node> {
    cover(0, size)
}

/// The perfect subtrees that make up the entries from `start` to `end`, `start` being aligned as in the recursion.
fn cover(mut start: u64, end: u64) -> Vec<Node> {
    let mut nodes = Vec::new();
    while start < end {
        let level = (end - start).ilog2();
        nodes.push(Node { level: level as u8, index: start >> level });
        start += 1 << level;
    }
    nodes
}

/// The largest power of two below `count`, which is at least 2.
fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}
