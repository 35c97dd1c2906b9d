//! What this server appended and has not yet seen signed.

use std::{collections::VecDeque, sync::Mutex, time::Duration};

use crate::{audit::merkle::Hash, time::Instant};

/// Oldest that an unsigned entry may be for the gate to go on: a lock held on the tree buys nobody a window.
pub const OLDEST: Duration = Duration::from_secs(10);

/// What this server appended does not stand in the tree as it was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the entry at position {position} is not the one that this server appended")]
pub struct Replaced {
    /// Where.
    pub position: i64,
}

/// Leaf hashes by position, from the append until they are seen in a signed tree.
#[derive(Debug, Default)]
pub struct Unsigned {
    waiting: Mutex<VecDeque<(i64, Instant, Hash)>>,
}

impl Unsigned {
    pub(super) fn appended(&self, start: i64, at: Instant, hashes: &[Hash]) {
        let mut waiting = self.waiting.lock().expect("no holder of this lock panics");
        waiting.extend((start..).zip(hashes).map(|(position, hash)| (position, at, *hash)));
    }

    /// Compares a leaf about to be signed with what was appended here.
    ///
    /// # Errors
    ///
    /// [`Replaced`] if this server appended another leaf at `position`.
    pub fn check(&self, position: i64, hash: &Hash) -> Result<(), Replaced> {
        let waiting = self.waiting.lock().expect("no holder of this lock panics");
        let Ok(place) = waiting.binary_search_by_key(&position, |(position, ..)| *position) else {
            return Ok(());
        };
        if waiting[place].2 == *hash { Ok(()) } else { Err(Replaced { position }) }
    }

    /// Forgets what a signed tree of `size` covers.
    pub fn signed(&self, size: u64) {
        let mut waiting = self.waiting.lock().expect("no holder of this lock panics");
        while waiting.front().is_some_and(|(position, ..)| position.unsigned_abs() < size) {
            waiting.pop_front();
        }
    }

    /// Whether the oldest unsigned entry is younger than `OLDEST`.
    #[must_use]
    pub fn young(&self, now: Instant) -> bool {
        let waiting = self.waiting.lock().expect("no holder of this lock panics");
        waiting.front().is_none_or(|(_, at, _)| now.since(*at) < OLDEST)
    }
}
