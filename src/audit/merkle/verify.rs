//! Proofs verified in constant space, as RFC 9162 sections 2.1.3.2 and 2.1.4.2 say it.

use crate::audit::merkle::{Error, Hash, node};

/// Verifies that the entry with this leaf hash is number `index` of the tree of `size` entries under `root`.
///
/// # Errors
///
/// [`Error::OutOfRange`] unless `index < size`; [`Error::Unproven`] if the proof is too short, too long or wrong.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), Error> {
    if index >= size {
        return Err(Error::OutOfRange { wanted: index, size });
    }
    let mut climb = Climb { index, last: size - 1 };
    let mut hash = *leaf;
    for sibling in proof {
        hash = match climb.step()? {
            Side::Left => node(sibling, &hash),
            Side::Right => node(&hash, sibling),
        };
    }
    proven(climb.last == 0 && hash == *root)
}

/// Verifies that the tree of `new` entries begins with the entries of the tree of `old` ones.
///
/// A tree without entries begins every tree, as C2SP has it: with an empty proof, and only if its root is
/// [`Hash::EMPTY`].
///
/// # Errors
///
/// [`Error::OutOfRange`] unless `old <= new`; [`Error::Unproven`] if the proof is too short, too long or wrong.
pub fn verify_consistency(
    old: u64,
    old_root: &Hash,
    new: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), Error> {
    if old > new {
        return Err(Error::OutOfRange { wanted: old, size: new });
    }
    if old == new {
        return proven(proof.is_empty() && old_root == new_root);
    }
    if old == 0 {
        return proven(proof.is_empty() && *old_root == Hash::EMPTY);
    }
    // Where the old tree is perfect it is itself the first subtree, and the proof leaves it out.
    let (seed, proof) = match proof {
        [] => return Err(Error::Unproven),
        all if old.is_power_of_two() => (*old_root, all),
        [first, rest @ ..] => (*first, rest),
    };
    let low = (old - 1).trailing_ones();
    let mut climb = Climb { index: (old - 1) >> low, last: (new - 1) >> low };
    let (mut before, mut after) = (seed, seed);
    for sibling in proof {
        match climb.step()? {
            Side::Left => {
                before = node(sibling, &before);
                after = node(sibling, &after);
            }
            Side::Right => after = node(&after, sibling),
        }
    }
    proven(climb.last == 0 && before == *old_root && after == *new_root)
}

/// Where the next hash of a proof lies.
enum Side {
    Left,
    Right,
}

/// A walk from a node up to the root: its index, and that of the last node of the same level.
struct Climb {
    index: u64,
    last: u64,
}

impl Climb {
    fn step(&mut self) -> Result<Side, Error> {
        if self.last == 0 {
            return Err(Error::Unproven);
        }
        let side = if self.index & 1 == 1 || self.index == self.last {
            // A last node without sibling is passed up unchanged until it is a right child.
            let lone = self.index.trailing_zeros();
            self.index >>= lone;
            self.last >>= lone;
            Side::Left
        } else {
            Side::Right
        };
        self.index >>= 1;
        self.last >>= 1;
        Ok(side)
    }
}

fn proven(holds: bool) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(Error::Unproven) }
}
