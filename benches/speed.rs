//! How fast sealing and appending are, in this process; `benches/run` puts the service itself beside its peers.
//!
//! `cargo bench --bench speed -- seal [MiB] | append DIR [ROWS] | flush DIR`

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::{path::Path, process::ExitCode};

#[path = "speed/append.rs"]
mod append;
#[path = "speed/flush.rs"]
mod flush;
#[path = "speed/seal.rs"]
mod seal;

fn main() -> ExitCode {
    // Cargo adds `--bench`.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let number = |at: usize, otherwise: u64| {
        words.get(at).map_or(otherwise, |word| word.parse().expect("a number"))
    };
    match words.first().map(String::as_str) {
        Some("seal") | None => seal::run(number(1, 256)),
        Some("append") if words.len() > 1 => append::run(Path::new(&words[1]), number(2, 100_000)),
        Some("flush") if words.len() > 1 => flush::run(Path::new(&words[1])),
        Some(_) => {
            eprintln!("speed: seal [MiB] | append DIR [ROWS] | flush DIR");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
