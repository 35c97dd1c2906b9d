//! The parsers of foreign bytes, over their seeds and over what a small deterministic mutator makes of them.
//!
//! Two seconds in all; `GREFFE_FUZZ_SECONDS` says how many (`tests/run fuzz`: 60), `GREFFE_FUZZ_TARGET` which target
//! alone. Input n of a target is the same on every machine. `fuzz/` has the same targets for a fuzzer that sees the code.

mod bodies;
mod mutate;
#[path = "../../../fuzz/src/lib.rs"]
mod parsers;

use std::{
    env, fs,
    panic::catch_unwind,
    path::Path,
    time::{Duration, Instant},
};

use crate::tree::root;
use mutate::Random;
use parsers::{TARGETS, Target};

/// No input takes longer, on the slowest machine and in a build without optimisation.
const STALLED: Duration = Duration::from_secs(10);

fn seconds() -> f64 {
    let asked = env::var("GREFFE_FUZZ_SECONDS").ok().map(|text| text.parse().expect("a number"));
    asked.unwrap_or(2.0)
}

/// The files of a seed: itself, or all in its folder, in their order.
fn seeds(target: &Target) -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for path in target.seeds.iter().map(|path| root().join(path)) {
        match path.is_dir() {
            false => seeds.push(fs::read(path).unwrap()),
            true => seeds.extend(files(&path)),
        }
    }
    assert!(!seeds.is_empty(), "{} has no seed", target.name);
    seeds
}

fn files(folder: &Path) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().filter(|path| path.is_file()).map(|path| fs::read(path).unwrap()).collect()
}

/// Runs one target on one input, and says which one if it fails.
fn run(target: &Target, n: usize, input: &[u8]) {
    let began = Instant::now();
    let ended = catch_unwind(|| (target.check)(input));
    let took = began.elapsed();
    assert!(
        ended.is_ok() && took < STALLED,
        "{}, input {n}, {took:?}: b\"{}\"",
        target.name,
        input.escape_ascii()
    );
}

/// Seeds, then mutations until the time is over, at least a hundred; how many inputs.
fn fuzz(target: &Target, time: Duration) -> usize {
    let (seeds, began) = (seeds(target), Instant::now());
    for (n, seed) in seeds.iter().enumerate() {
        run(target, n, seed);
    }
    let mut random = Random::of(target.name);
    let mut n = seeds.len();
    while n < seeds.len() + 100 || began.elapsed() < time {
        run(target, n, &random.mutated(&seeds));
        n += 1;
    }
    n
}

#[test]
fn no_parser_of_foreign_bytes_breaks_its_word() {
    let only = env::var("GREFFE_FUZZ_TARGET").ok();
    let wanted: Vec<_> = TARGETS
        .iter()
        .filter(|target| only.as_ref().is_none_or(|only| only == target.name))
        .collect();
    assert!(!wanted.is_empty(), "no such target");
    let time = Duration::from_secs_f64(seconds() / wanted.len() as f64);
    for target in wanted {
        let inputs = fuzz(target, time);
        eprintln!("{}: {inputs} inputs", target.name);
    }
}

#[test]
fn every_target_is_one_of_the_fuzzers_too() {
    let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    let listed = manifest.lines().filter_map(|line| line.strip_prefix("path = \"fuzz_targets/"));
    let mut listed: Vec<_> = listed.map(|rest| rest.trim_end_matches(".rs\"")).collect();
    listed.sort_unstable();

    for target in TARGETS {
        let file = format!("fuzz/fuzz_targets/{}.rs", target.name);
        let text = fs::read_to_string(root().join(&file)).unwrap();
        assert!(text.contains(&format!("check(\"{}\", bytes)", target.name)), "{file}");
        // The same function, by its name: what the fuzzer calls.
        parsers::check(target.name, b"");
    }
    assert_eq!(listed, TARGETS.iter().map(|target| target.name).collect::<Vec<_>>());
}
