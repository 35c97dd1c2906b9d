//! What an open instance does by itself, until it is closed in order.

use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::{Map, json};
use tokio::{task::JoinHandle, time::Instant};

use crate::{
    app::{App, Error},
    audit::{Draft, Ended, Written},
    database,
    mission::{self, AuthorityRoot, Scanned},
};

/// Between two comparisons of every head with the log, and two looks at every place of storage.
const COMPARED_EVERY: Duration = Duration::from_secs(3600);
/// Between two sweeps, and two entries of the service's own counts.
const SWEPT_EVERY: Duration = Duration::from_secs(60);
/// Between two looks at what has run out; the first is a minute after the start.
const EXPIRED_EVERY: Duration = Duration::from_secs(24 * 3600);
/// Between two looks at which copies are to be read anew.
const SCRUBBED_EVERY: Duration = Duration::from_secs(600);
/// Between two rounds over moves that are not finished; and after one in which a place did not answer, since each try is
/// entered.
const MOVED_EVERY: Duration = Duration::from_secs(5);
const MOVED_AGAIN: Duration = Duration::from_secs(60);
/// Between two confirmations of the key set's slots that are in use.
const SETTLED_EVERY: Duration = Duration::from_secs(5);

impl App {
    /// Compares every head with the root that the signer keeps, changed by what the log says was
    /// written since; gives the new root, and what was written.
    pub(super) async fn compare_authority(&self) -> Result<(AuthorityRoot, Vec<Written>), Error> {
        let scanned = Scanned::of(self.writer.database()).await?;
        let kept = self.tree.kept_authority();
        let kept = AuthorityRoot { root: kept.root, position: kept.position };
        let written = self.tree.written(kept.position, scanned.position()).await?;
        scanned.follows(&kept, &written)?;
        Ok((scanned.root(), written))
    }

    /// Compares, then keeps the new root; but while a destruction is not finished the old one stays, so that the next
    /// start reads in the log that it was begun, whatever the rows then say.
    async fn compare_and_keep(&self) -> Result<(), Error> {
        let begun = self.documents.has_begun();
        let (AuthorityRoot { root, position }, _) = self.compare_authority().await?;
        if !begun && !self.documents.has_begun() {
            self.tree.authority(root, position);
        }
        Ok(())
    }

    /// Once a minute: what a failure left undone, and, if there is something to say, certificates that end soon, failed
    /// sign-ins and in a new year the parties' tag keys.
    async fn sweep(&self) {
        for chain in self.documents.locations().iter().filter_map(|at| at.chain.as_ref()) {
            chain.remind(self.clock.now());
        }
        if let Err(error) = self.documents.sweep().await {
            tracing::warn!(%error, "sweeping is tried again");
        }
        if let Err(error) = self.identity.record_failures().await {
            tracing::warn!(%error, "failed sign-ins are counted again");
        }
        if let Err(error) = self.authority.commit_tag_keys().await {
            tracing::warn!(%error, "the year's tag keys are committed to later");
        }
    }

    /// The hourly comparison: stops the log for good if authority was changed behind its back; what was away only is
    /// compared the next time.
    pub async fn compare_or_stop(&self) {
        match self.compare_and_keep().await {
            Ok(()) => {}
            Err(Error::Mission(mission::Error::Database(database::Error::Sql(error)))) => {
                tracing::warn!(%error, "authority is compared with the log later");
            }
            Err(Error::Tree(error)) if error.is_transient() => {
                tracing::warn!(%error, "authority is compared with the log later");
            }
            Err(error) => {
                tracing::error!(%error, "authority was changed behind the service's back");
                self.writer.end(Ended::Contradiction);
            }
        }
    }

    /// The hourly look at the database's settings: stops the log for good if what is acknowledged would no longer be safe.
    pub async fn settled_or_stop(&self) {
        match self.writer.database().settings().await {
            Ok(_) => {}
            Err(error @ database::Error::Setting { .. }) => {
                tracing::error!(%error, "nothing more is acknowledged");
                self.writer.end(Ended::Uncertain);
            }
            Err(error) => tracing::warn!(%error, "the database's settings are read later"),
        }
    }

    /// Starts signing, sweeping, comparing, scrubbing and moving in the background; all end with the log.
    pub(super) fn keep_up(&self) {
        let signing = tokio::spawn(self.tree.clone().run());
        let app = self.clone();
        let sweeping = tokio::spawn(async move {
            let mut ended = app.writer.ended();
            let (mut compared, mut swept) = (Instant::now(), Instant::now());
            let mut expired: Option<Instant> = None;
            loop {
                tokio::select! {
                    _ = ended.wait_for(Option::is_some) => return,
                    () = tokio::time::sleep(SETTLED_EVERY) => {}
                }
                if let Err(error) = app.documents.settle_slots().await {
                    tracing::warn!(%error, "the key set's slots are confirmed later");
                }
                if swept.elapsed() > SWEPT_EVERY {
                    swept = Instant::now();
                    app.sweep().await;
                    if expired.is_none_or(|expired| expired.elapsed() > EXPIRED_EVERY) {
                        expired = Some(Instant::now());
                        app.expire_daily().await;
                    }
                }
                if compared.elapsed() > COMPARED_EVERY {
                    app.compare_or_stop().await;
                    app.settled_or_stop().await;
                    if let Err(error) = app.documents.probe().await {
                        tracing::warn!(%error, "the places are looked at later");
                    }
                    compared = Instant::now();
                }
            }
        });
        let app = self.clone();
        let scrubbing = self.every(SCRUBBED_EVERY, move || {
            let documents = app.documents.clone();
            Box::pin(async move { documents.scrub().await })
        });
        let app = self.clone();
        let moving = self.every(MOVED_EVERY, move || {
            let documents = app.documents.clone();
            Box::pin(async move {
                match documents.go_on_moving().await {
                    Ok(false) => {}
                    Ok(true) => tokio::time::sleep(MOVED_AGAIN).await,
                    Err(error) => tracing::warn!(%error, "moves go on later"),
                }
            })
        });
        let mut upkeep = self.upkeep.lock().expect("no holder of this lock panics");
        upkeep.extend([signing, sweeping, scrubbing, moving]);
    }

    /// Does something again and again until the log ends, which cuts it off wherever it is.
    fn every(
        &self,
        pause: Duration,
        work: impl Fn() -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) -> JoinHandle<()> {
        let mut ended = self.writer.ended();
        tokio::spawn(async move {
            loop {
                let round = async {
                    tokio::time::sleep(pause).await;
                    work().await;
                };
                tokio::select! {
                    _ = ended.wait_for(Option::is_some) => return,
                    () = round => {}
                }
            }
        })
    }

    /// Ends the instance in order: a `stop` entry, key set and database closed.
    pub async fn close(&self) {
        // The next start compares with this root, so has little to read of the log.
        if let Err(error) = self.compare_and_keep().await {
            tracing::warn!(%error, "authority is compared with the log at the next start");
        }
        if let Err(error) = self.documents.note_generation().await {
            tracing::warn!(%error, "the key set's generation is noted at the next start");
        }
        let detail = Map::from_iter([("system".to_owned(), json!("stop"))]);
        if let Err(error) = self.writer.enter(Draft::system(detail)).await {
            tracing::warn!(%error, "the stop is not in the log");
        }
        if let Err(error) = self.tree.round(None).await {
            tracing::warn!(%error, "the last entries are signed at the next start");
        }
        self.writer.end(Ended::Closed);
        let upkeep = {
            let mut upkeep = self.upkeep.lock().expect("no holder of this lock panics");
            std::mem::take(&mut *upkeep)
        };
        for task in upkeep {
            // A task that panicked has ended too.
            let _ended = task.await;
        }
        self.keyset.close().await;
        self.writer.database().pool().close().await;
    }
}
