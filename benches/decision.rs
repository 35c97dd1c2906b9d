//! How long a decision takes, entities built anew each time: `cargo bench --bench decision`.
//!
//! Prints medians in microseconds, with 0, 5 broad and 1,000 scoped restrictions of which 20 match.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::{hint::black_box, time::Instant};

use greffe::policy;

#[path = "decision/world.rs"]
mod world;

fn main() {
    let world = world::World::new();
    println!("{:<44} {:>10} {:>10}", "decision (read, permitted by a grant)", "p50 µs", "p99 µs");
    for (name, text) in [
        ("no restriction", String::new()),
        ("5 broad restrictions", world::broad(5)),
        ("50 broad restrictions", world::broad(50)),
        ("1,000 scoped restrictions, 20 match", world::scoped(1_000, 20)),
    ] {
        let mut world = world.clone();
        let restriction = policy::Restriction::check(&text, &world.mission).unwrap();
        world.owner.restriction = restriction.digest().to_owned();
        let mut taken = Vec::new();
        for _ in 0..20_000 {
            let started = Instant::now();
            let decision = world.decide(Some(&restriction));
            taken.push(started.elapsed());
            assert!(black_box(decision).permitted);
        }
        taken.sort_unstable();
        let micros = |share: usize| taken[taken.len() * share / 100].as_secs_f64() * 1e6;
        println!("{name:<44} {:>10.1} {:>10.1}", micros(50), micros(99));
    }
}
