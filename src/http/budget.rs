//! A caller's budget: entries that refusals and lists cause. Permitted reads cost nothing.
//!
//! Whoever floods the log is told to wait before it becomes too much for everybody.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::{
    http::{Kind, Problem},
    id::PersonId,
    time::Instant,
};

/// Over how long entries are counted.
const WINDOW: Duration = Duration::from_secs(60);

/// What each person may still cause in this minute. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Budget {
    per_minute: u32,
    window: Arc<Mutex<Window>>,
}

#[derive(Debug, Default)]
struct Window {
    began_at: Instant,
    spent: HashMap<PersonId, u32>,
}

impl Budget {
    /// So many entries a minute for each person.
    #[must_use]
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute, window: Arc::default() }
    }

    /// How many entries a minute.
    #[must_use]
    pub fn per_minute(&self) -> u32 {
        self.per_minute
    }

    /// How many are left to `person` in this minute.
    #[must_use]
    pub fn left(&self, person: PersonId, now: Instant) -> u32 {
        let spent = self.turned(now, |window| window.spent.get(&person).copied().unwrap_or(0));
        self.per_minute.saturating_sub(spent)
    }

    /// Whether `person` may ask.
    ///
    /// # Errors
    ///
    /// 429, with the seconds to wait, once nothing is left.
    pub fn check(&self, person: PersonId, now: Instant) -> Result<(), Problem> {
        if self.left(person, now) > 0 {
            return Ok(());
        }
        let began_at = self.turned(now, |window| window.began_at);
        let left = WINDOW.saturating_sub(now.since(began_at)).as_secs();
        Err(Problem::new(Kind::OverBudget).retry_after(left.max(1)))
    }

    /// Takes note of an entry that `person` caused.
    pub fn spend(&self, person: PersonId, now: Instant) {
        self.turned(now, |window| *window.spent.entry(person).or_default() += 1);
    }

    /// The window of `now`; a clock that went back begins a new one.
    fn turned<T>(&self, now: Instant, then: impl FnOnce(&mut Window) -> T) -> T {
        let mut window = self.window.lock().expect("no holder of this lock panics");
        if now < window.began_at || now.since(window.began_at) >= WINDOW {
            *window = Window { began_at: now, spent: HashMap::new() };
        }
        then(&mut window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_floods_waits_until_the_minute_is_over_and_nobody_else_does() {
        let budget = Budget::new(3);
        let (flood, other) = (PersonId::random(), PersonId::random());
        let start = Instant(1_000_000_000);

        for _ in 0..3 {
            budget.check(flood, start).unwrap();
            budget.spend(flood, start);
        }

        let later = start.plus(Duration::from_secs(20));
        let refused = budget.check(flood, later).unwrap_err();
        assert_eq!(refused.status().as_u16(), 429);
        assert_eq!(refused.header("retry-after"), Some("40"));
        budget.check(other, later).unwrap();
        assert_eq!((budget.left(flood, later), budget.left(other, later)), (0, 3));
        budget.check(flood, start.plus(WINDOW)).unwrap();
    }

    #[test]
    fn a_clock_that_goes_back_shuts_nobody_out() {
        let budget = Budget::new(1);
        let person = PersonId::random();
        budget.spend(person, Instant(9_000_000_000));

        budget.check(person, Instant(1_000_000)).unwrap();
    }
}
