//! Anchors: signed checkpoints in the store, under names that say size and root, the largest tree first.
//!
//! A store cannot be trusted, only contradicted: an anchor larger than our tree, or another root at a size of ours,
//! shows that the database was put back. So a foreign or broken object under such a name counts for nothing, unless
//! [`Anchor::open`] finds our own signature in it.

use std::{cmp::Ordering, collections::HashSet, fmt, str::FromStr};

use crate::{
    audit::{
        checkpoint::{self, Checkpoint},
        merkle::{Hash, Tree},
        note::Verifier,
    },
    time::Instant,
};

/// The folder of anchors in a store.
pub const FOLDER: &str = "anchor";

/// How many of the newest anchors are kept; of older ones, the largest of each day.
pub const KEPT: usize = 1000;

/// What sizes are subtracted from, so that names sort the largest first: 10^19 - 1.
const LARGEST: u64 = 9_999_999_999_999_999_999;

/// What is wrong with an anchor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not `anchor/<19 digits>-<64 hexadecimal digits>`.
    #[error("not the name of an anchor")]
    NotAName,
    /// What is under the name is no checkpoint that our log signed.
    #[error("the anchor holds no checkpoint of this log")]
    Checkpoint(#[from] checkpoint::Error),
    /// A checkpoint of our log, under the name of another.
    #[error("the anchor holds the checkpoint of another tree, of {0} entries")]
    Misnamed(u64),
}

/// The name of an anchor: which tree was signed.
///
/// Ordered as names are: the largest tree first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Anchor(pub Tree);

impl Anchor {
    /// The checkpoint under this name, which the log with this key must have signed.
    ///
    /// # Errors
    ///
    /// [`Error::Checkpoint`] or [`Error::Misnamed`].
    pub fn open(&self, bytes: &[u8], log: &Verifier) -> Result<Checkpoint, Error> {
        let checkpoint = Checkpoint::open(bytes, log)?;
        if checkpoint.tree() == self.0 {
            return Ok(checkpoint);
        }
        Err(Error::Misnamed(checkpoint.size))
    }
}

/// The anchors among these names, the largest tree first; other names are passed over.
pub fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> Vec<Anchor> {
    let mut anchors: Vec<Anchor> = names.into_iter().filter_map(|name| name.parse().ok()).collect();
    anchors.sort_unstable();
    anchors
}

/// Which anchors to erase, so that [`KEPT`] of the newest stay, and of each day in UTC the largest.
///
/// `signed_at` says when, e.g. by the tree's last entry.
pub fn surplus(anchors: &[Anchor], mut signed_at: impl FnMut(&Anchor) -> Instant) -> Vec<Anchor> {
    let mut sorted = anchors.to_vec();
    sorted.sort_unstable();
    let mut days = HashSet::new();
    let mut surplus = Vec::new();
    for (place, anchor) in sorted.iter().enumerate() {
        let first_of_its_day = days.insert(signed_at(anchor).0.div_euclid(86_400_000_000));
        if place >= KEPT && !first_of_its_day {
            surplus.push(*anchor);
        }
    }
    surplus
}

impl Ord for Anchor {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.size.cmp(&self.0.size).then(self.0.root.cmp(&other.0.root))
    }
}

impl PartialOrd for Anchor {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{FOLDER}/{:019}-{}", LARGEST - self.0.size, self.0.root.to_hex())
    }
}

impl FromStr for Anchor {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let read = |name: &str| {
            let (number, root) = name.strip_prefix(FOLDER)?.strip_prefix('/')?.split_once('-')?;
            let size = LARGEST.checked_sub(number.parse().ok()?)?;
            let root = Hash::from_slice(&hex::decode(root).ok()?).ok()?;
            i64::try_from(size).ok()?;
            Some(Self(Tree { size, root }))
        };
        // Each has one spelling: 19 digits, lower case.
        read(name).filter(|anchor| anchor.to_string() == name).ok_or(Error::NotAName)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audit::{note::Signer, vectors::text as vector};

    fn anchor(size: u64, root: u8) -> Anchor {
        Anchor(Tree { size, root: Hash([root; 32]) })
    }

    #[test]
    fn the_largest_tree_is_listed_first() {
        let zeros = "00".repeat(32);
        let sizes = [0, 1, 9, 10, 255, 1 << 40, i64::MAX as u64];
        let mut names: Vec<String> = sizes.map(|size| anchor(size, 0).to_string()).into();
        assert_eq!(names[0], format!("anchor/9999999999999999999-{zeros}"));
        assert_eq!(names[6], format!("anchor/0776627963145224192-{zeros}"));

        names.sort();
        names.extend(["anchor/x".into(), "sealed/1".into(), names[0].to_uppercase()]);

        let anchors = listed(names.iter().map(String::as_str));
        let found: Vec<u64> = anchors.iter().map(|anchor| anchor.0.size).collect();
        assert_eq!(found, sizes.into_iter().rev().collect::<Vec<_>>());
    }

    #[test]
    fn another_name_is_no_anchor() {
        let good = anchor(5, 0xab).to_string();

        assert_eq!(good.parse(), Ok(anchor(5, 0xab)));
        for name in [
            String::new(),
            "anchor".into(),
            "anchor/".into(),
            good.replace("anchor/", ""),
            good.replace("anchor/", "anchor//"),
            good.replace("anchor/", "anchor/0"),
            good.replace("anchor/9", "anchor/"),
            good.replace("anchor/9", "anchor/+"),
            good.replace("-ab", "ab"),
            good.replace("-ab", "-AB"),
            good.replace("-ab", "-"),
            good.replace("-ab", "-abab"),
            format!("{good}/x"),
            format!("anchor/0000000000000000000-{}", "00".repeat(32)),
            format!("anchor/0776627963145224191-{}", "00".repeat(32)),
        ] {
            assert_eq!(name.parse::<Anchor>(), Err(Error::NotAName), "{name}");
        }
    }

    #[test]
    fn an_anchor_counts_only_with_our_signature_under_its_own_name() {
        let log: Verifier = vector("/log/vkey").parse().unwrap();
        let note = vector("/checkpoints/15");
        let tree = Checkpoint::open(note.as_bytes(), &log).unwrap().tree();
        let other = Signer::from_seed(vector("/log/origin").parse().unwrap(), &[9; 32]).unwrap();

        assert_eq!(Anchor(tree).open(note.as_bytes(), &log).unwrap().size, 15);
        let misnamed = Anchor(Tree { size: 16, ..tree }).open(note.as_bytes(), &log);
        assert_eq!(misnamed, Err(Error::Misnamed(15)));
        assert_eq!(anchor(15, 0).open(note.as_bytes(), &log), Err(Error::Misnamed(15)));
        let forged = Anchor(tree).open(note.as_bytes(), other.verifier());
        assert!(matches!(forged, Err(Error::Checkpoint(_))));
        assert!(matches!(Anchor(tree).open(b"junk", &log), Err(Error::Checkpoint(_))));
    }

    #[test]
    fn the_newest_thousand_and_one_a_day_are_kept() {
        let day = |anchor: &Anchor| Instant((anchor.0.size as i64 / 1500) * 86_400_000_000 + 5);
        let anchors: Vec<Anchor> = (0..4000).map(|size| anchor(size, 1)).collect();

        let surplus = surplus(&anchors, day);

        let erased: HashSet<u64> = surplus.iter().map(|anchor| anchor.0.size).collect();
        let kept: Vec<u64> = (0..4000).filter(|size| !erased.contains(size)).collect();
        assert_eq!(kept[..2], [1499, 2999]);
        assert_eq!(kept[2..], (3000..4000).collect::<Vec<u64>>());
        assert!(super::surplus(&anchors[..1000], |_| Instant(0)).is_empty());
    }

    proptest! {
        #[test]
        fn any_name_is_read_or_refused(name in "\\PC{0,20}|anchor/[0-9]{18,20}-([0-9a-fA-F]{2}){31,33}") {
            if let Ok(anchor) = name.parse::<Anchor>() {
                prop_assert_eq!(anchor.to_string(), name);
            }
        }

        #[test]
        fn names_sort_as_anchors_do(sizes: [u32; 2], roots: [u8; 2]) {
            let [first, second] = [0, 1].map(|at| anchor(sizes[at].into(), roots[at]));

            prop_assert_eq!(first.to_string().cmp(&second.to_string()), first.cmp(&second));
        }
    }
}
