//! How long the disk takes to make a small write durable.

use std::{fs::File, io::Write as _, path::Path, time::Instant};

/// Writes 4 KiB and waits for them to be durable, 300 times; prints the median and the 99th percentile in milliseconds.
pub fn run(folder: &Path) {
    let path = folder.join("flush");
    let mut file = File::create(&path).unwrap();
    let mut taken: Vec<f64> = (0..300)
        .map(|_| {
            let begun = Instant::now();
            file.write_all(&[7; 4096]).unwrap();
            file.sync_data().unwrap();
            begun.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    std::fs::remove_file(&path).unwrap();
    taken.sort_by(f64::total_cmp);
    println!("flush_p50_ms {:.3}\nflush_p99_ms {:.3}", taken[150], taken[297]);
}
