//! Progress on standard error: a bar on a terminal, else a plain line every ten seconds.

use std::{
    io::{self, IsTerminal, Write},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::terminal::{Terminal, size};

const HEARTBEAT: Duration = Duration::from_secs(10);

/// How far long work has come. Cheap to clone; gone from the screen when `finish` is called.
#[derive(Clone)]
pub struct Progress {
    done_bytes: Arc<AtomicU64>,
    sight: Sight,
}

#[derive(Clone)]
enum Sight {
    Bar(ProgressBar),
    Lines { said_at: Arc<Mutex<Instant>>, name: String, total: Option<u64> },
    None,
}

impl Progress {
    /// Work called `name` on `total_bytes`, if that is known.
    #[must_use]
    pub fn new(terminal: &Terminal, name: &str, total_bytes: Option<u64>) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        let sight = if terminal.quiet {
            Sight::None
        } else if io::stderr().is_terminal() && !plain && !dumb {
            Sight::Bar(bar(name, total_bytes))
        } else {
            let said_at = Arc::new(Mutex::new(Instant::now()));
            Sight::Lines { said_at, name: name.to_owned(), total: total_bytes }
        };
        Self { done_bytes: Arc::default(), sight }
    }

    /// Work that nobody watches.
    #[must_use]
    pub fn hidden() -> Self {
        Self { sight: Sight::None, done_bytes: Arc::default() }
    }

    /// Work called `name` on so many things, which are counted and not measured.
    #[must_use]
    pub fn counting(terminal: &Terminal, name: &str, total: u64) -> Self {
        let progress = Self::new(terminal, name, Some(total));
        if let Sight::Bar(bar) = &progress.sight {
            let template = "{msg} {wide_bar} {human_pos}/{human_len} {eta}";
            bar.set_style(ProgressStyle::with_template(template).expect("it is well formed"));
        }
        progress
    }

    /// So many bytes (or things) more were done.
    pub fn advance(&self, bytes: usize) {
        let bytes = bytes as u64;
        let done = self.done_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        match &self.sight {
            Sight::Bar(bar) => bar.inc(bytes),
            Sight::Lines { said_at, name, total } => {
                let mut said_at = said_at.lock().expect("nobody panics holding it");
                if said_at.elapsed() >= HEARTBEAT {
                    *said_at = Instant::now();
                    let total = total.map(|total| format!(" / {}", size(total)));
                    let total = total.unwrap_or_default();
                    let _ = writeln!(io::stderr(), "{name}: {}{total}", size(done));
                }
            }
            Sight::None => {}
        }
    }

    /// What was done so far, in bytes.
    #[must_use]
    pub fn done_bytes(&self) -> u64 {
        self.done_bytes.load(Ordering::Relaxed)
    }

    /// Takes it from the screen.
    pub fn finish(&self) {
        if let Sight::Bar(bar) = &self.sight {
            bar.finish_and_clear();
        }
    }
}

fn bar(name: &str, total_bytes: Option<u64>) -> ProgressBar {
    let template = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    let endless = "{msg} {spinner} {bytes} {bytes_per_sec}";
    let chosen = if total_bytes.is_some() { template } else { endless };
    let style = ProgressStyle::with_template(chosen).expect("the template is well formed");
    let bar = total_bytes.map_or_else(ProgressBar::no_length, ProgressBar::new);
    bar.set_style(style);
    bar.set_message(name.to_owned());
    bar
}
