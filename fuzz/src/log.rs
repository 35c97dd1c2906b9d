//! The log's formats: what is read is written again byte for byte.

use greffe::audit::{
    anchor::Anchor,
    bundle as bundles,
    checkpoint::Checkpoint,
    leaf::Leaf,
    merkle::{Frontier, Hash, verify_consistency, verify_inclusion},
    note::{Note, Verifier},
    opening::{Digest, Opening},
    proof::Proof,
    receipt::Receipt,
    tile::Tile,
    trust::Policy,
};

use super::text;

const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const POLICY: &[u8] =
    b"log exchange.example/audit/2026+04dca8f8+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4\nquorum none\n";

/// Entry bundles.
pub fn bundle(bytes: &[u8]) {
    if let Ok(entries) = bundles::entries(bytes) {
        let width = entries.len();
        assert_eq!(bundles::write(entries).expect("each was short enough"), bytes);
        if let Ok(width) = u16::try_from(width) {
            assert!(bundles::read(bytes, width).is_ok());
        }
    }
}

/// Checkpoint bodies and anchors' names.
pub fn checkpoint(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(checkpoint) = text.parse::<Checkpoint>() {
        assert_eq!(checkpoint.to_string(), text);
    }
    if let Ok(anchor) = text.parse::<Anchor>() {
        assert_eq!(anchor.to_string(), text);
    }
}

/// Leaves.
pub fn leaf(bytes: &[u8]) {
    if let Ok(leaf) = Leaf::parse(bytes) {
        assert_eq!(leaf.to_bytes(), bytes);
    }
}

/// Proofs by strangers: none is accepted for a tree that it does not belong to, and no size or length panics.
pub fn merkle(bytes: &[u8]) {
    let number = |at: usize| bytes.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
    let (Some(first), Some(second)) = (number(0), number(8)) else { return };
    let (first, second) = (u64::from_be_bytes(first), u64::from_be_bytes(second));
    let mut hashes = bytes[16..].chunks_exact(32).filter_map(|hash| hash.try_into().ok().map(Hash));
    let (leaf, root) = (Hash([1; 32]), hashes.next().unwrap_or(Hash([2; 32])));
    let proof: Vec<Hash> = hashes.collect();
    let included = verify_inclusion(&leaf, first, second, &proof, &root);
    // Only a tree of one entry has the root that a stranger can name without breaking SHA-256.
    assert!(included.is_err() || (first, second) == (0, 1) && root == leaf);
    let consistent = verify_consistency(first, &root, second, &leaf, &proof);
    assert!(consistent.is_err() || first == 0 || first == second && root == leaf);
    if let Ok(frontier) = Frontier::from_bytes(bytes) {
        assert_eq!(frontier.to_bytes(), bytes);
    }
}

/// Signed notes and verifier keys.
pub fn note(bytes: &[u8]) {
    let key: Verifier = PETER.parse().expect("a key");
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes);
        let _ = note.open(&[key]);
    }
    if let Some(key) = text(bytes).and_then(|text| text.parse::<Verifier>().ok()) {
        assert_eq!(key.to_string().as_bytes(), bytes);
    }
}

/// Disclosures: whatever opens its own digest is well formed.
pub fn opening(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(opening) = Opening::open(text, &Digest::of(text)) {
        assert_eq!(opening.disclosure(), text);
        let _ = opening.value::<serde_json::Value>();
    }
    if let Ok(digest) = text.parse::<Digest>() {
        assert_eq!(digest.to_string(), text);
    }
}

/// Proofs as files; verifying one never fails otherwise than by refusing.
pub fn proof(bytes: &[u8]) {
    if let Ok(proof) = Proof::parse(bytes) {
        assert_eq!(proof.to_string().as_bytes(), bytes);
        let policy = Policy::parse(POLICY).expect("a policy");
        let _ = proof.verify(b"seven", &policy);
    }
}

/// Receipts; none that was altered says anything else than the entry does.
pub fn receipt(bytes: &[u8]) {
    if let Ok(receipt) = Receipt::parse(bytes) {
        assert_eq!(receipt.proof.to_string().as_bytes(), bytes);
        let policy = Policy::parse(POLICY).expect("a policy");
        // No tree that this log signed holds an entry that the fuzzer can name.
        assert!(receipt.verify(&policy).is_err());
    }
}

/// Paths of tiles, as clients ask for them: each has one spelling.
pub fn tile(bytes: &[u8]) {
    let Some(path) = text(bytes) else { return };
    if let Ok(tile) = path.parse::<Tile>() {
        assert_eq!(tile.to_string(), path);
        assert!((1..=256).contains(&tile.width));
    }
}

/// Trust policies: what is read is written so that it is read again as the same policy.
pub fn trust(bytes: &[u8]) {
    if let Ok(policy) = Policy::parse(bytes) {
        assert_eq!(Policy::parse(policy.to_string().as_bytes()), Ok(policy));
    }
}
