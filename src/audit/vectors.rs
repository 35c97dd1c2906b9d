//! `tests/vectors/tlog.json`, for the tests of every format.

use serde_json::Value;

use crate::audit::merkle::{Hash, leaf_hash};

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
