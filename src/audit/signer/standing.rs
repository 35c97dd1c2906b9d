//! Whether database, store and signer tell one history: looked at before anything is served.

use crate::audit::{anchor::Anchor, merkle::Tree, note::Note, signer::State};

/// How the three stand to each other, if they do not contradict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The database holds what was signed last.
    Level,
    /// A crash came between signing and the database: this checkpoint is to be put there, once the database's own
    /// batches give its root. If they do not, the database was put back.
    Finish(Note),
}

/// What shows that one of the three was put back, or that there are two histories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// An anchor of ours is of a larger tree than the database's.
    #[error(
        "the store holds a signed tree of {anchored} entries, the database one of {row}: the database was put back"
    )]
    DatabasePutBack {
        /// The entries of the largest anchor.
        anchored: u64,
        /// The entries of the tree that the database holds.
        row: u64,
    },
    /// The signer knows less than the database.
    #[error(
        "the database holds a signed tree of {row} entries, the signer knows {known}: the signer was put back"
    )]
    SignerPutBack {
        /// The entries of the last tree that the signer knows.
        known: u64,
        /// The entries of the tree that the database holds.
        row: u64,
    },
    /// The store lost an anchor that it had.
    #[error(
        "the store held a signed tree of {acknowledged} entries and does not now: the store was put back"
    )]
    StorePutBack {
        /// The entries of the largest anchor that was acknowledged.
        acknowledged: u64,
    },
    /// Two roots at one size.
    #[error("two different trees of {0} entries were signed")]
    Forked(u64),
}

/// Compares the database's tree, the signer's state and the largest anchor of ours ([`Anchor::open`]) in the store.
///
/// # Errors
///
/// The first [`Contradiction`] found; then nothing may be served.
pub fn standing(
    row: Tree,
    signer: &State,
    largest: Option<Anchor>,
) -> Result<Standing, Contradiction> {
    let Tree { size: known, .. } = signer.tree;
    let anchors = [largest, signer.acknowledged].into_iter().flatten().map(|anchor| anchor.0);
    let trees: Vec<Tree> = [row, signer.tree].into_iter().chain(anchors).collect();
    for tree in &trees {
        if trees.iter().any(|other| other.size == tree.size && other.root != tree.root) {
            return Err(Contradiction::Forked(tree.size));
        }
    }
    let anchored = largest.map(|anchor| anchor.0.size);
    if let Some(anchored) = anchored.filter(|anchored| *anchored > row.size) {
        return Err(Contradiction::DatabasePutBack { anchored, row: row.size });
    }
    if known < row.size {
        return Err(Contradiction::SignerPutBack { known, row: row.size });
    }
    if let Some(Anchor(Tree { size: acknowledged, .. })) = signer.acknowledged {
        if acknowledged > row.size {
            return Err(Contradiction::DatabasePutBack { anchored: acknowledged, row: row.size });
        }
        if anchored.is_none_or(|anchored| anchored < acknowledged) {
            return Err(Contradiction::StorePutBack { acknowledged });
        }
    }
    if known > row.size { Ok(Standing::Finish(signer.note.clone())) } else { Ok(Standing::Level) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{
        checkpoint::Checkpoint,
        merkle::{self, Hash},
        note,
        signer::Authority,
        vectors::decimal_leaves,
    };

    fn tree(size: u64) -> Tree {
        Tree { size, root: merkle::root(decimal_leaves(size)) }
    }

    fn other(size: u64) -> Tree {
        Tree { size, root: Hash([9; 32]) }
    }

    fn state(signed: Tree, acknowledged: Option<Tree>) -> State {
        let checkpoint =
            Checkpoint { origin: "log.example".into(), size: signed.size, root: signed.root };
        let key = note::Signer::from_seed("log.example".parse().unwrap(), &[1; 32]).unwrap();
        let authority = Authority { root: [0; 32], position: 0 };
        let note = checkpoint.sign(&key).unwrap();
        State { tree: signed, note, acknowledged: acknowledged.map(Anchor), authority }
    }

    #[test]
    fn database_store_and_signer_are_compared_before_serving() {
        let compare = |row, signed, acknowledged: Option<u64>, largest: Option<u64>| {
            let largest = largest.map(|size| Anchor(tree(size)));
            standing(tree(row), &state(tree(signed), acknowledged.map(tree)), largest)
        };
        let database = |anchored, row| Err(Contradiction::DatabasePutBack { anchored, row });
        let signer = |known, row| Err(Contradiction::SignerPutBack { known, row });
        let store = |acknowledged| Err(Contradiction::StorePutBack { acknowledged });

        assert_eq!(compare(0, 0, None, None), Ok(Standing::Level));
        assert_eq!(compare(9, 9, Some(9), Some(9)), Ok(Standing::Level));
        assert_eq!(compare(9, 9, Some(5), Some(9)), Ok(Standing::Level));
        assert_eq!(compare(9, 9, None, None), Ok(Standing::Level));
        let finish = Standing::Finish(state(tree(9), None).note);
        assert_eq!(compare(5, 9, Some(5), Some(5)), Ok(finish));
        assert_eq!(compare(5, 5, Some(5), Some(9)), database(9, 5));
        assert_eq!(compare(5, 9, Some(9), Some(9)), database(9, 5));
        assert_eq!(compare(5, 9, Some(9), Some(5)), database(9, 5));
        assert_eq!(compare(9, 5, None, Some(9)), signer(5, 9));
        assert_eq!(compare(9, 9, Some(9), Some(5)), store(9));
        assert_eq!(compare(9, 9, Some(9), None), store(9));
    }

    #[test]
    fn two_roots_at_one_size_are_a_fork_wherever_they_are() {
        let forked = Err(Contradiction::Forked(9));
        let level = state(tree(9), Some(tree(9)));

        assert_eq!(standing(other(9), &level, Some(Anchor(tree(9)))), forked);
        assert_eq!(standing(tree(9), &level, Some(Anchor(other(9)))), forked);
        assert_eq!(standing(tree(9), &state(other(9), None), None), forked);
        assert_eq!(
            standing(tree(12), &state(tree(12), Some(tree(9))), Some(Anchor(other(9)))),
            forked
        );
    }
}
