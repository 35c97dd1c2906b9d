//! Vectors, every small tree, and another implementation.

use std::{collections::HashMap, convert::Infallible};

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use sha2::Sha256;

use crate::audit::merkle::{
    Error, Frontier, Hash, MAX_PROOF, Node, Plan, leaf_hash, root, verify_consistency,
    verify_inclusion,
};
use crate::audit::vectors::{decimal_leaves, entries, hex_hash, hex_hashes, text, vectors};

/// Every node of a tree, as a log keeps them.
struct Nodes(HashMap<Node, Hash>);

impl Nodes {
    fn of(leaves: impl Iterator<Item = Hash>) -> Self {
        let (mut nodes, mut frontier) = (HashMap::new(), Frontier::default());
        for leaf in leaves {
            frontier.append_each(leaf, |node, hash| assert!(nodes.insert(node, hash).is_none()));
        }
        Self(nodes)
    }

    fn fill(&self, plan: &Plan) -> Vec<Hash> {
        plan.fill(|node| Ok::<_, Infallible>(self.0[&node])).unwrap()
    }

    fn root(&self, size: u64) -> Hash {
        self.fill(&Plan::root(size))[0]
    }

    fn inclusion(&self, index: u64, size: u64) -> Vec<Hash> {
        self.fill(&Plan::inclusion(index, size).unwrap())
    }

    fn consistency(&self, old: u64, new: u64) -> Vec<Hash> {
        self.fill(&Plan::consistency(old, new).unwrap())
    }
}

/// A fixed, scattered sequence, so that a failure repeats.
fn scatter(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    (*state >> 33) as usize
}

fn flip(hash: &mut Hash, bit: usize) {
    hash.0[bit / 8 % 32] ^= 1 << (bit % 8);
}

#[test]
fn the_published_roots_and_leaf_hashes_are_ours() {
    let file = vectors();
    let leaves: Vec<_> = entries().iter().map(|entry| leaf_hash(entry.as_bytes())).collect();

    assert_eq!(leaves, hex_hashes(&file["leaf_hashes"]));
    for (size, expected) in file["roots_by_size"].as_object().unwrap() {
        let size: usize = size.parse().unwrap();
        assert_eq!(root(leaves[..size].iter().copied()), hex_hash(expected), "{size}");
    }
    assert_eq!(root([]), Hash::EMPTY);
    let published = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
    assert_eq!(leaf_hash(b"").to_hex(), published);
}

#[test]
fn the_published_roots_over_several_tiles_are_ours() {
    let nodes = Nodes::of(decimal_leaves(70_000));

    for (size, expected) in vectors()["decimal_leaves_roots_b64"].as_object().unwrap() {
        let size = size.parse().unwrap();
        assert_eq!(nodes.root(size).to_string(), expected.as_str().unwrap(), "{size}");
    }
}

#[test]
fn the_published_proofs_are_made_and_accepted() {
    let file = vectors();
    let nodes = Nodes::of(entries().iter().map(|entry| leaf_hash(entry.as_bytes())));

    let inclusions = file["inclusion"].as_array().unwrap();
    assert_eq!(inclusions.len(), 41);
    for case in inclusions {
        let (index, size) = (case["index"].as_u64().unwrap(), case["size"].as_u64().unwrap());
        let proof = hex_hashes(&case["proof"]);
        let (leaf, root) = (hex_hash(&case["leaf_hash"]), hex_hash(&case["root"]));
        assert_eq!(nodes.inclusion(index, size), proof);
        assert_eq!(verify_inclusion(&leaf, index, size, &proof, &root), Ok(()));
    }
    let consistencies = file["consistency"].as_array().unwrap();
    assert_eq!(consistencies.len(), 41);
    for case in consistencies {
        let (old, new) = (case["size1"].as_u64().unwrap(), case["size2"].as_u64().unwrap());
        let proof = hex_hashes(&case["proof"]);
        let (before, after) = (hex_hash(&case["root1"]), hex_hash(&case["root2"]));
        assert_eq!(nodes.consistency(old, new), proof);
        assert_eq!(verify_consistency(old, &before, new, &after, &proof), Ok(()));
    }
}

#[test]
fn a_request_to_a_witness_carries_a_valid_proof() {
    let request = text("/add_checkpoint_request_5_to_15");
    let (head, _checkpoint) = request.split_once("\n\n").unwrap();
    let mut lines = head.lines();

    let old: u64 = lines.next().unwrap().strip_prefix("old ").unwrap().parse().unwrap();
    let proof: Vec<Hash> = lines.map(|line| line.parse().unwrap()).collect();

    let roots = &vectors()["roots_by_size"];
    let (before, after) = (hex_hash(&roots["5"]), hex_hash(&roots["15"]));
    assert_eq!(verify_consistency(old, &before, 15, &after, &proof), Ok(()));
}

#[test]
fn every_inclusion_proof_up_to_300_is_accepted_and_sampled_flips_are_not() {
    let nodes = Nodes::of(decimal_leaves(300));
    let mut state = 1;

    for size in 1..=300 {
        let root = nodes.root(size);
        for index in 0..size {
            let leaf = nodes.0[&Node { level: 0, index }];
            let mut proof = nodes.inclusion(index, size);
            let holds = |leaf: &Hash, proof: &[Hash], root: &Hash| {
                verify_inclusion(leaf, index, size, proof, root).is_ok()
            };
            assert!(holds(&leaf, &proof, &root), "{index} of {size}");
            if !scatter(&mut state).is_multiple_of(4) {
                continue;
            }

            let (bit, at) = (scatter(&mut state), scatter(&mut state));
            let mut other = if at & 1 == 0 { leaf } else { root };
            flip(&mut other, bit);
            let accepted = if at & 1 == 0 {
                holds(&other, &proof, &root)
            } else {
                holds(&leaf, &proof, &other)
            };
            assert!(!accepted, "{index} of {size}, bit {bit}");
            if !proof.is_empty() {
                let at = at % proof.len();
                flip(&mut proof[at], bit);
                assert!(!holds(&leaf, &proof, &root), "{index} of {size}, hash {at}, bit {bit}");
            }
        }
    }
}

#[test]
fn every_consistency_proof_up_to_300_is_accepted_and_sampled_flips_are_not() {
    let nodes = Nodes::of(decimal_leaves(300));
    let roots: Vec<Hash> = (0..=300).map(|size| nodes.root(size)).collect();
    let mut state = 2;

    for new in 0..=300 {
        for old in 0..=new {
            let (before, after) = (roots[old as usize], roots[new as usize]);
            let mut proof = nodes.consistency(old, new);
            let holds = |before: &Hash, after: &Hash, proof: &[Hash]| {
                verify_consistency(old, before, new, after, proof).is_ok()
            };
            assert!(holds(&before, &after, &proof), "{old} to {new}");
            if !scatter(&mut state).is_multiple_of(4) {
                continue;
            }

            let bit = scatter(&mut state);
            let mut other = before;
            flip(&mut other, bit);
            assert!(!holds(&other, &after, &proof), "{old} to {new}, old root, bit {bit}");
            let mut other = after;
            flip(&mut other, bit);
            // Any tree grows from the empty one, so there is nothing to contradict.
            assert!(old == 0 && new != 0 || !holds(&before, &other, &proof), "{old} to {new}");
            if !proof.is_empty() {
                let at = scatter(&mut state) % proof.len();
                flip(&mut proof[at], bit);
                assert!(!holds(&before, &after, &proof), "{old} to {new}, hash {at}, bit {bit}");
            }
        }
    }
}

#[test]
fn no_bit_of_a_proof_can_be_flipped() {
    let nodes = Nodes::of(decimal_leaves(300));

    for (index, size) in [(0, 2), (6, 15), (254, 255), (255, 256), (256, 257), (77, 300)] {
        let (root, leaf) = (nodes.root(size), nodes.0[&Node { level: 0, index }]);
        let proof = nodes.inclusion(index, size);
        for bit in 0..256 * proof.len() {
            let mut proof = proof.clone();
            flip(&mut proof[bit / 256], bit % 256);
            let answer = verify_inclusion(&leaf, index, size, &proof, &root);
            assert_eq!(answer, Err(Error::Unproven), "{index} of {size}, bit {bit}");
        }
    }
}

#[test]
fn a_proof_for_another_place_or_of_another_length_is_refused() {
    let nodes = Nodes::of(decimal_leaves(300));

    for size in [1, 2, 3, 7, 8, 9, 255, 256, 257, 300] {
        let root = nodes.root(size);
        for index in (0..size).step_by(13) {
            let leaf = nodes.0[&Node { level: 0, index }];
            let proof = nodes.inclusion(index, size);
            let refused = |index, size, proof: &[Hash]| {
                verify_inclusion(&leaf, index, size, proof, &root).is_err()
            };
            let longer = [&proof[..], &[root]].concat();

            assert!(refused(size, size, &proof) && refused(u64::MAX, size, &proof));
            assert!(refused(index, size, &longer));
            assert!(index == 0 || refused(index - 1, size, &proof));
            assert!(proof.is_empty() || refused(index, size, &proof[1..]));
            assert!(proof.is_empty() || refused(index, size, &proof[..proof.len() - 1]));
        }
    }
}

#[test]
fn a_consistency_proof_is_refused_where_it_says_nothing() {
    let nodes = Nodes::of(decimal_leaves(10));
    let (five, ten) = (nodes.root(5), nodes.root(10));
    let proof = nodes.consistency(5, 10);
    let check = verify_consistency;

    assert_eq!(check(5, &five, 10, &ten, &[]), Err(Error::Unproven));
    assert_eq!(check(5, &five, 5, &five, &proof), Err(Error::Unproven));
    assert_eq!(check(5, &five, 5, &ten, &[]), Err(Error::Unproven));
    assert_eq!(check(0, &five, 10, &ten, &[]), Err(Error::Unproven));
    assert_eq!(check(0, &Hash::EMPTY, 10, &ten, &proof), Err(Error::Unproven));
    assert_eq!(check(0, &Hash::EMPTY, 10, &ten, &[]), Ok(()));
    assert_eq!(check(0, &Hash::EMPTY, 0, &Hash::EMPTY, &[]), Ok(()));
    let backwards = Err(Error::OutOfRange { wanted: 10, size: 5 });
    assert_eq!(check(10, &ten, 5, &five, &proof), backwards);
    let all_ones = u64::MAX;
    assert_eq!(check(all_ones - 1, &five, all_ones, &ten, &proof), Err(Error::Unproven));
}

#[test]
fn a_plan_for_what_is_not_there_is_refused() {
    assert_eq!(Plan::inclusion(5, 5), Err(Error::OutOfRange { wanted: 5, size: 5 }));
    assert_eq!(Plan::inclusion(0, 0), Err(Error::OutOfRange { wanted: 0, size: 0 }));
    assert_eq!(Plan::consistency(6, 5), Err(Error::OutOfRange { wanted: 6, size: 5 }));
    assert!(Plan::inclusion(0, u64::MAX).is_err());
    assert!(Plan::consistency(1, u64::MAX).is_err());
}

#[test]
fn a_proof_of_the_largest_tree_holds_at_most_63_hashes() {
    let largest = i64::MAX as u64;

    for index in [0, 1, largest / 2, largest - 1] {
        let plan = Plan::inclusion(index, largest).unwrap();
        assert!(plan.nodes().all(|node| node.level < 63));
        let proof = plan.fill(|_| Ok::<_, Infallible>(Hash::EMPTY)).unwrap();
        assert!(proof.len() <= MAX_PROOF);
        let plan = Plan::consistency(index + 1, largest).unwrap();
        let proof = plan.fill(|_| Ok::<_, Infallible>(Hash::EMPTY)).unwrap();
        assert!(proof.len() <= MAX_PROOF);
    }
}

#[test]
fn proofs_around_full_tiles_are_accepted() {
    let nodes = Nodes::of(decimal_leaves(66_000));
    let sizes = [1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 65_792, 65_793];

    for new in sizes {
        let after = nodes.root(new);
        for old in sizes.into_iter().filter(|&old| old <= new) {
            let proof = nodes.consistency(old, new);
            assert_eq!(verify_consistency(old, &nodes.root(old), new, &after, &proof), Ok(()));
            let index = old - 1;
            let leaf = nodes.0[&Node { level: 0, index }];
            let proof = nodes.inclusion(index, new);
            assert_eq!(verify_inclusion(&leaf, index, new, &proof, &after), Ok(()));
        }
    }
}

#[test]
fn ct_merkle_agrees_on_roots_and_proofs() {
    let nodes = Nodes::of(decimal_leaves(70));
    let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();

    for size in 1..=70 {
        theirs.push((size - 1).to_string().into_bytes());
        assert_eq!(nodes.root(size).as_bytes(), &theirs.root().as_bytes()[..]);
        for index in 0..size {
            let proof = nodes.inclusion(index, size);
            let bytes: Vec<u8> = proof.iter().flat_map(|hash| hash.0).collect();
            assert_eq!(bytes, theirs.prove_inclusion(index as usize).as_bytes());
        }
        for old in 1..size {
            let proof = nodes.consistency(old, size);
            let bytes: Vec<u8> = proof.iter().flat_map(|hash| hash.0).collect();
            let added = (size - old) as usize;
            assert_eq!(bytes, theirs.prove_consistency(added).as_bytes(), "{old} to {size}");
        }
    }
}

#[test]
fn a_frontier_goes_on_from_its_bytes_and_from_a_tree() {
    let nodes = Nodes::of(decimal_leaves(600));
    let leaves: Vec<Hash> = decimal_leaves(600).collect();

    for size in [0, 1, 255, 256, 257, 511, 599] {
        let grown = Frontier::of(size, |node| Ok::<_, Infallible>(nodes.0[&node])).unwrap();
        let mut read = Frontier::from_bytes(&grown.to_bytes()).unwrap();
        assert_eq!(read, grown);
        assert_eq!((read.size(), read.root()), (size, nodes.root(size)));
        leaves[size as usize..].iter().for_each(|&leaf| read.append(leaf));
        assert_eq!((read.size(), read.root()), (600, nodes.root(600)));
    }
}

#[test]
fn bytes_that_are_no_frontier_are_refused() {
    let good = Frontier::of(5, |_| Ok::<_, Infallible>(Hash::EMPTY)).unwrap().to_bytes();
    let longer = [&good[..], &[0; 32]].concat();
    let other_size = [&6u64.to_be_bytes()[..], &[0; 32]].concat();
    let huge = [&u64::MAX.to_be_bytes()[..], &[0; 64 * 32]].concat();

    for bytes in [&good[..8], &good[..good.len() - 1], &longer, &other_size, &huge, b"", b"1234567"]
    {
        assert_eq!(Frontier::from_bytes(bytes), Err(Error::NotAFrontier));
    }
}

#[test]
fn a_hash_has_one_spelling() {
    let written = Hash::EMPTY.to_string();

    assert_eq!(written, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    assert_eq!(written.parse(), Ok(Hash::EMPTY));
    for text in
        ["", "AA==", &written[..43], &written.replace("FU=", "FV="), &format!("{written}\n")]
    {
        assert_eq!(text.parse::<Hash>(), Err(Error::NotAHash), "{text}");
    }
}
