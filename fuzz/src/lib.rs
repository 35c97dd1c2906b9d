//! The parsers of foreign bytes, each as a function that panics where its parser breaks its word.
//!
//! The fuzzer runs them (`fuzz_targets/`), and so does the suite, over the seeds and what it makes of them
//! (`tests/it/fuzz/`): so this file stands alone, and names nothing but the product.

mod log;
mod requests;
mod texts;

/// A parser, and where its well-formed inputs lie.
pub struct Target {
    /// What it is called, here and in `fuzz_targets/`.
    pub name: &'static str,
    /// Panics if the parser breaks its word on these bytes.
    pub check: fn(&[u8]),
    /// Files and folders of seeds, from the top of the tree.
    pub seeds: &'static [&'static str],
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "age", check: texts::age, seeds: &["tests/vectors/age"] },
    Target { name: "bundle", check: log::bundle, seeds: &["fuzz/seeds/bundle"] },
    Target { name: "checkpoint", check: log::checkpoint, seeds: &["fuzz/seeds/checkpoint"] },
    Target { name: "configuration", check: texts::configuration, seeds: &["config/greffe.toml"] },
    Target { name: "headers", check: requests::headers, seeds: &["fuzz/seeds/headers"] },
    Target { name: "leaf", check: log::leaf, seeds: &["fuzz/seeds/leaf"] },
    Target { name: "merkle", check: log::merkle, seeds: &["fuzz/seeds/merkle"] },
    Target { name: "mission", check: texts::mission, seeds: &["config/mission.toml"] },
    Target { name: "names", check: requests::names, seeds: &["fuzz/seeds/names"] },
    Target { name: "note", check: log::note, seeds: &["fuzz/seeds/note"] },
    Target { name: "opening", check: log::opening, seeds: &["fuzz/seeds/opening"] },
    Target { name: "proof", check: log::proof, seeds: &["fuzz/seeds/proof"] },
    Target { name: "range", check: requests::range, seeds: &["fuzz/seeds/range"] },
    Target { name: "receipt", check: log::receipt, seeds: &["fuzz/seeds/receipt"] },
    Target {
        name: "restriction",
        check: texts::restriction,
        seeds: &["config/policies/templates", "fuzz/seeds/restriction"],
    },
    Target { name: "tile", check: log::tile, seeds: &["fuzz/seeds/tile"] },
    Target { name: "token", check: requests::token, seeds: &["fuzz/seeds/token"] },
    Target { name: "trust", check: log::trust, seeds: &["fuzz/seeds/trust"] },
];

/// Runs one of them.
///
/// # Panics
///
/// If the parser breaks its word, or there is no such target.
pub fn check(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target");
    (target.check)(bytes);
}

/// The bytes as text, where they are any.
fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}
