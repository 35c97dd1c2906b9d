//! Round trips to the database and the key set, counted while something is decided: what is hidden is made to cost what
//! is missing costs.

use std::{cell::Cell, future::Future};

/// Statements that were sent and waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trips {
    /// To the database.
    pub database: u32,
    /// To the key set.
    pub keys: u32,
}

tokio::task_local! {
    static MADE: Cell<Trips>;
}

/// What `work` gives, and the round trips that it made: those of [`Trips::to_database`] and [`Trips::to_keys`].
pub async fn counted<F: Future>(work: F) -> (F::Output, Trips) {
    let counting = async {
        let done = work.await;
        (done, MADE.with(Cell::get))
    };
    MADE.scope(Cell::default(), counting).await
}

impl Trips {
    /// Counts one to the database, if somebody counts.
    pub fn to_database() {
        Self::one(|made| made.database += 1);
    }

    /// Counts one to the key set, if somebody counts.
    pub fn to_keys() {
        Self::one(|made| made.keys += 1);
    }

    fn one(add: impl FnOnce(&mut Self)) {
        let _nobody_counts = MADE.try_with(|made| {
            let mut now = made.get();
            add(&mut now);
            made.set(now);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_what_is_made_inside_is_counted() {
        Trips::to_database();
        let ((), made) = counted(async {
            Trips::to_keys();
            tokio::task::yield_now().await;
            Trips::to_database();
            Trips::to_database();
        })
        .await;
        Trips::to_keys();

        assert_eq!(made, Trips { database: 2, keys: 1 });
    }
}
