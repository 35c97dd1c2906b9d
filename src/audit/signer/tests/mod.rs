//! Growth signed, forks refused, and a memory that does not go back.

#[cfg(feature = "failpoints")]
mod faults;

use std::{fs, path::PathBuf};

use tempfile::TempDir;

use crate::audit::{
    anchor::Anchor,
    checkpoint::Checkpoint,
    merkle::{self, Frontier, Hash, Plan, Tree, peaks},
    note,
    signer::{Answer, Authority, Error, Request, Signer},
    vectors::decimal_leaves,
};

const NOBODY: Authority = Authority { root: [0; 32], position: 0 };

fn key() -> note::Signer {
    note::Signer::from_seed("log.example".parse().unwrap(), &[1; 32]).unwrap()
}

fn tree(size: u64) -> Tree {
    Tree { size, root: merkle::root(decimal_leaves(size)) }
}

fn other(size: u64) -> Tree {
    Tree { size, root: Hash([9; 32]) }
}

/// The consistency proof between two trees of decimal leaves.
fn proof(old: u64, new: u64) -> Vec<Hash> {
    let leaves: Vec<Hash> = decimal_leaves(new).collect();
    let hash = |node: merkle::Node| {
        let first = (node.index << node.level) as usize;
        Ok::<_, ()>(merkle::root(leaves[first..first + (1 << node.level)].iter().copied()))
    };
    Plan::consistency(old, new).unwrap().fill(hash).unwrap()
}

/// Asks for the step from `old` to `new` entries.
fn ask(signer: &mut Signer, old: u64, new: u64) -> Result<Answer, Error> {
    let proof = proof(old, new);
    let (old, new) = (tree(old), tree(new));
    signer.sign(&Request { old, new, proof: &proof, authority: NOBODY })
}

fn signed(answer: Result<Answer, Error>) -> String {
    match answer.unwrap() {
        Answer::Signed(note) => note.to_string(),
        Answer::Ahead(note) => panic!("the signer is ahead: {note}"),
    }
}

/// A signer of a tree of `size` entries, and its folder.
fn at(size: u64) -> (TempDir, PathBuf, Signer) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signer");
    let mut signer = Signer::create(&path, key(), NOBODY).unwrap();
    if size > 0 {
        signed(ask(&mut signer, 0, size));
    }
    (folder, path, signer)
}

fn size_of(note: &str) -> u64 {
    Checkpoint::open(note.as_bytes(), key().verifier()).unwrap().size
}

#[test]
fn each_tree_that_continues_the_last_is_signed() {
    let (_folder, path, mut signer) = at(0);

    for (old, new) in [(0, 1), (1, 5), (5, 6), (6, 300)] {
        let note = signed(ask(&mut signer, old, new));
        let opened = Checkpoint::open(note.as_bytes(), key().verifier()).unwrap();
        assert_eq!(opened.tree(), tree(new));
        // Durable before it was answered.
        let mut again = Signer::open(&path, key()).unwrap();
        assert_eq!(again.state().unwrap().note.to_string(), note);
    }
}

#[test]
fn the_same_tree_gets_the_same_bytes_however_often() {
    let (_folder, path, mut signer) = at(5);
    let first = signed(ask(&mut signer, 5, 9));

    assert_eq!(signed(ask(&mut signer, 5, 9)), first);
    assert_eq!(signed(ask(&mut signer, 9, 9)), first);
    let mut reopened = Signer::open(&path, key()).unwrap();
    assert_eq!(signed(ask(&mut reopened, 5, 9)), first);
}

#[test]
fn a_signer_that_is_ahead_answers_what_it_signed() {
    let (_folder, path, mut signer) = at(5);
    let nine = signed(ask(&mut signer, 5, 9));
    let before = fs::read(&path).unwrap();

    for (old, new) in [(5, 12), (5, 7), (0, 3), (5, 5)] {
        let answer = ask(&mut signer, old, new).unwrap();
        assert!(matches!(answer, Answer::Ahead(note) if note.to_string() == nine), "{old} {new}");
    }
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(size_of(&signed(ask(&mut signer, 9, 12))), 12);
}

#[test]
fn a_fork_is_refused_and_nothing_is_written() {
    let (_folder, path, mut signer) = at(9);
    let before = fs::read(&path).unwrap();
    let good = proof(9, 12);
    let mut refused = |old, new, proof: &[Hash]| {
        let answer = signer.sign(&Request { old, new, proof, authority: NOBODY });
        assert_eq!(fs::read(&path).unwrap(), before);
        answer.unwrap_err()
    };

    for (old, new) in [(other(9), tree(12)), (tree(5), other(9)), (other(9), other(9))] {
        let error = refused(old, new, &good);
        assert!(matches!(error, Error::Forked { signed, .. } if signed == tree(9)), "{error:?}");
    }
    for (new, proof) in [(other(12), &good[..]), (tree(12), &good[1..]), (tree(12), &[])] {
        let error = refused(tree(9), new, proof);
        assert!(matches!(error, Error::Unproven(merkle::Error::Unproven)), "{error:?}");
    }
    let backwards = refused(tree(9), tree(5), &[]);
    assert!(matches!(backwards, Error::Unproven(merkle::Error::OutOfRange { .. })));
}

#[test]
fn a_signer_whose_state_was_put_back_refuses() {
    let (_folder, path, mut signer) = at(5);
    let yesterday = fs::read(&path).unwrap();
    signed(ask(&mut signer, 5, 9));
    fs::write(&path, &yesterday).unwrap();
    let mut signer = Signer::open(&path, key()).unwrap();

    let answer = ask(&mut signer, 9, 12);

    assert!(matches!(answer, Err(Error::Behind { known: 5, row: 9 })));
    assert_eq!(fs::read(&path).unwrap(), yesterday);
}

#[test]
fn anchors_and_authority_are_remembered_and_never_go_back() {
    let (_folder, path, mut signer) = at(9);
    let authority = Authority { root: [7; 32], position: 8 };
    let stale = Authority { root: [6; 32], position: 7 };
    let mut sign = |new, authority| {
        let proof = proof(9, 12);
        signer.sign(&Request { old: tree(9), new, proof: &proof, authority }).unwrap();
        signer.state().unwrap().authority
    };

    assert_eq!(sign(tree(12), authority), authority);
    assert_eq!(sign(tree(12), stale), authority);
    signer.acknowledge(Anchor(tree(5))).unwrap();
    signer.acknowledge(Anchor(tree(12))).unwrap();
    signer.acknowledge(Anchor(tree(9))).unwrap();
    let mut reopened = Signer::open(&path, key()).unwrap();
    assert_eq!(reopened.state().unwrap(), signer.state().unwrap());
    assert_eq!(reopened.state().unwrap().acknowledged, Some(Anchor(tree(12))));
    for unsigned in [tree(13), other(12)] {
        let answer = signer.acknowledge(Anchor(unsigned));
        assert!(matches!(answer, Err(Error::Unsigned(_))));
    }
    assert_eq!(reopened.state().unwrap(), signer.state().unwrap());
}

#[test]
fn a_state_that_is_missing_is_not_made_and_one_that_exists_is_not_replaced() {
    let (folder, path, _signer) = at(5);
    let before = fs::read(&path).unwrap();
    let elsewhere = folder.path().join("elsewhere");

    assert!(matches!(Signer::create(&path, key(), NOBODY), Err(Error::Exists(_))));
    assert!(matches!(Signer::open(&elsewhere, key()), Err(Error::Missing(_))));
    assert!(!elsewhere.exists());
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_damaged_state_or_that_of_another_key_is_refused() {
    let (_folder, path, mut signer) = at(5);
    signer.acknowledge(Anchor(tree(5))).unwrap();
    let good = fs::read(&path).unwrap();
    let damaged = || matches!(Signer::open(&path, key()), Err(Error::Damaged(_)));

    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert!(damaged(), "byte {at}");
    }
    for cut in [0, 1, good.len() / 2, good.len() - 1] {
        fs::write(&path, &good[..cut]).unwrap();
        assert!(damaged(), "cut at {cut}");
    }
    fs::write(&path, &good).unwrap();
    let stranger = note::Signer::from_seed("log.example".parse().unwrap(), &[2; 32]).unwrap();
    assert!(matches!(Signer::open(&path, stranger), Err(Error::Damaged(_))));
    assert!(Signer::open(&path, key()).is_ok());
}

#[cfg(unix)]
#[test]
fn only_its_owner_reads_the_state() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, path, _signer) = at(5);

    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_frontier_and_the_signer_agree_on_growth() {
    let mut frontier = Frontier::default();
    let (_folder, _path, mut signer) = at(0);
    for (size, leaf) in (1..=20).zip(decimal_leaves(20)) {
        frontier.append(leaf);
        let note = signed(ask(&mut signer, size - 1, size));
        let opened = Checkpoint::open(note.as_bytes(), key().verifier()).unwrap();
        assert_eq!(opened.tree(), Tree { size, root: frontier.root() });
        assert_eq!(peaks(size).len(), size.count_ones() as usize);
    }
}
