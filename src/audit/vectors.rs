//! `tests/vectors/tlog.json`, for the tests of every format.

use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::Value;

use crate::audit::merkle::{Hash, leaf_hash, verify_inclusion};

/// The whole file.
pub fn vectors() -> Value {
    serde_json::from_str(include_str!("../../tests/vectors/tlog.json")).unwrap()
}

/// A text of the file, by its JSON pointer.
pub fn text(pointer: &str) -> String {
    vectors().pointer(pointer).and_then(Value::as_str).expect(pointer).to_owned()
}

/// The 15 entries of the file's tree.
pub fn entries() -> Vec<String> {
    let entries = vectors()["entries"].take();
    serde_json::from_value(entries).unwrap()
}

/// The leaf hashes of a tree whose entries are the decimal numbers from 0.
pub fn decimal_leaves(count: u64) -> impl Iterator<Item = Hash> {
    (0..count).map(|index| leaf_hash(index.to_string().as_bytes()))
}

/// A hash that the file writes in hexadecimal.
pub fn hex_hash(value: &Value) -> Hash {
    Hash::from_slice(&hex::decode(value.as_str().unwrap()).unwrap()).unwrap()
}

/// A list of hashes that the file writes in hexadecimal.
pub fn hex_hashes(value: &Value) -> Vec<Hash> {
    value.as_array().unwrap().iter().map(hex_hash).collect()
}

#[test]
fn every_item_of_the_file_has_a_test() {
    // Where each is looked at; a new item fails here until it is.
    let tested = [
        ("add_checkpoint_request_5_to_15", "merkle"),
        ("checkpoints", "note, checkpoint"),
        ("consistency", "merkle"),
        ("cose_receipt_note", "none: says what the receipt is"),
        ("cose_receipt_rfc9942_hex", "vectors"),
        ("cosigned_checkpoint_15", "note, trust"),
        ("decimal_leaves_note", "none: says what the leaves are"),
        ("decimal_leaves_roots_b64", "merkle"),
        ("entries", "merkle, bundle, proof"),
        ("entry_bundle_p3_hex", "bundle"),
        ("inclusion", "merkle"),
        ("leaf_hashes", "merkle, bundle"),
        ("log", "note"),
        ("note", "none: says where the file comes from"),
        ("roots_by_size", "merkle, checkpoint"),
        ("sd_jwt_disclosure_rfc9901", "opening"),
        ("tile_paths", "tile"),
        ("tlog_proof_index6_size15", "proof"),
        ("witness", "note"),
    ];

    let file = vectors();

    let mut items: Vec<&str> = file.as_object().unwrap().keys().map(String::as_str).collect();
    items.sort_unstable();
    assert_eq!(items, tested.map(|(item, _)| item));
}

/// A COSE receipt (RFC 9942) carries the same proof in CBOR; this file's is of entry 6 in the tree of 15.
#[test]
fn the_published_receipt_proves_the_same_entry() {
    let receipt = hex::decode(text("/cose_receipt_rfc9942_hex")).unwrap();
    // Tag 18, an array of four: the protected header of 0x49 bytes comes first, the signature last.
    let (protected, rest) = receipt[2..].split_at(2 + 0x49);
    assert_eq!((&receipt[..2], &protected[..2]), (&[0xd2, 0x84][..], &[0x58, 0x49][..]));
    let (rest, signature) = rest.split_at(rest.len() - 64);
    // The proof: an array of tree size, leaf index and four hashes, each 0x58 0x20 and 32 bytes.
    let proof = rest.windows(4).position(|bytes| bytes == [0x83, 0x0f, 0x06, 0x84]).unwrap() + 4;
    let (hashes, tail) = rest[proof..].split_at(4 * 34);
    let hashes: Vec<Hash> =
        hashes.chunks(34).map(|hash| Hash::from_slice(&hash[2..]).unwrap()).collect();
    assert_eq!(tail, [0xf6, 0x58, 0x40], "a detached payload, then a signature");

    let root = hex_hash(&vectors()["roots_by_size"]["15"]);
    assert_eq!(verify_inclusion(&leaf_hash(b"seven"), 6, 15, &hashes, &root), Ok(()));
    let signed =
        [&b"\x84\x6aSignature1"[..], protected, &[0x40, 0x58, 0x20], root.as_bytes()].concat();
    let key = hex::decode(text("/log/public_hex")).unwrap();
    assert!(UnparsedPublicKey::new(&ED25519, key).verify(&signed, signature).is_ok());
}
