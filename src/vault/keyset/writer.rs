//! The one task that writes: it takes the changes that have arrived, and makes them one transaction in both places.

use std::sync::Arc;

use fail::fail_point;
use ring::digest::{Context, SHA256};
use tokio::sync::{mpsc, oneshot};

#[cfg(feature = "failpoints")]
use crate::vault::only::counts;
use crate::{
    id::{DocumentId, PartyId, PersonId, VersionId},
    vault::{
        keyset::{
            Error, Pending, Slot,
            head::Head,
            op::Op,
            open,
            place::{Place, Rank},
            plan::Draft,
            read::Shared,
        },
        secret::{FileKey, Secret},
    },
};

/// What is asked of the writer.
pub(super) enum Change {
    Party(PartyId),
    Person(PersonId),
    Document(PartyId, DocumentId),
    Version(DocumentId, VersionId, FileKey),
    Confirm(Vec<Pending>),
    Abandon(DocumentId, VersionId),
    Months(Vec<PersonId>, String),
    Erase(Vec<Slot>),
    Rotate(u32),
    Close,
}

/// A change, and whom to tell.
pub(super) struct Job {
    pub(super) change: Change,
    pub(super) reply: oneshot::Sender<Result<bool, Error>>,
}

/// The most changes in one transaction.
const BATCH: usize = 256;

/// Writes both places. The first is the truth while this runs; the second follows it.
pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) first: Place,
    /// Not open while a copy of the first takes its place, or after that failed.
    pub(super) second: Option<Place>,
    pub(super) second_path: std::path::PathBuf,
    /// Whether the places, custody or memory may differ from each other.
    pub(super) unsettled: bool,
}

impl Writer {
    /// Works until nobody can ask any more.
    pub(super) async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut batch = Vec::with_capacity(BATCH);
        while jobs.recv_many(&mut batch, BATCH).await > 0 {
            let mut additions = Vec::new();
            for Job { change, reply } in batch.drain(..) {
                let turn = match change {
                    Change::Erase(slots) => Turn::Erase(slots),
                    Change::Rotate(buckets) => Turn::Rotate(buckets),
                    Change::Close => Turn::Close,
                    change => {
                        additions.push((change, reply));
                        continue;
                    }
                };
                self.add(std::mem::take(&mut additions)).await;
                let closing = matches!(turn, Turn::Close);
                let done = match turn {
                    Turn::Erase(slots) => self.erase(&slots).await.map(|()| true),
                    Turn::Rotate(buckets) => self.rotate(buckets).await,
                    Turn::Close => {
                        jobs.close();
                        Ok(true)
                    }
                };
                if closing {
                    self.close().await;
                    answer(reply, done);
                    return;
                }
                answer(reply, done);
            }
            self.add(additions).await;
        }
        self.close().await;
    }

    /// Makes all additions in one transaction. One that cannot be made is told so; it does not spoil the others.
    async fn add(&mut self, additions: Vec<(Change, oneshot::Sender<Result<bool, Error>>)>) {
        if additions.is_empty() {
            return;
        }
        let mut waiting = Vec::with_capacity(additions.len());
        let done = match self.begin().await {
            Ok(()) => {
                let mut draft = Draft::default();
                let mut failure = None;
                for (change, reply) in additions {
                    let planned = match &failure {
                        Some(error) => Err(Error::clone(error)),
                        None => self.plan(&mut draft, &change).await,
                    };
                    match planned {
                        Ok(Ok(())) => waiting.push(reply),
                        Ok(Err(refused)) => answer(reply, Err(refused)),
                        Err(error) => {
                            waiting.push(reply);
                            failure = Some(error);
                        }
                    }
                }
                match failure {
                    Some(error) => self.abort(error).await,
                    None => self.finish(draft).await,
                }
            }
            Err(error) => {
                waiting.extend(additions.into_iter().map(|(_, reply)| reply));
                Err(error)
            }
        };
        for reply in waiting {
            answer(reply, done.clone());
        }
    }

    pub(super) async fn finish(&mut self, draft: Draft) -> Result<bool, Error> {
        if draft.ops.is_empty() {
            self.roll_back().await;
            return Ok(false);
        }
        let (head, top) = self.next_head(&draft.ops, |_| ());
        let committed = self.commit(draft.ops, head.clone(), &top).await;
        if let Err(error) = committed {
            return self.abort(error).await;
        }
        self.shared.change_trunk(|trunk| {
            trunk.head = head;
            trunk.nodes.extend(draft.nodes);
        });
        for leaf in &draft.changed {
            self.shared.forget(leaf);
        }
        Ok(true)
    }

    /// Begins a transaction in both places, having settled what an earlier failure left.
    pub(super) async fn begin(&mut self) -> Result<(), Error> {
        if self.unsettled {
            self.settle().await?;
        }
        let begun = self.begin_both().await;
        if let Err(error) = begun {
            self.roll_back().await;
            return Err(error);
        }
        Ok(())
    }

    pub(super) async fn begin_both(&mut self) -> Result<(), Error> {
        fail_point!("vault::keyset::begin", counts(&self.second_path), |_| Err(stopped(
            &self.second_path
        )));
        self.second()?.begin().await?;
        self.first.begin().await?;
        let (found, _) = Head::stored(&mut self.first.connection).await?;
        if self.shared.with_trunk(|trunk| trunk.head != found) {
            return Err(Error::Contradiction("another process changed the key set"));
        }
        Ok(())
    }

    /// The head after `ops`, and the top key that it stands under unless a turn replaces it.
    pub(super) fn next_head(
        &self,
        ops: &[Op],
        change: impl FnOnce(&mut Head),
    ) -> (Head, Secret<32>) {
        let (mut head, top) =
            self.shared.with_trunk(|trunk| (trunk.head.clone(), trunk.top.clone()));
        let mut chain = Context::new(&SHA256);
        chain.update(&head.chain);
        for op in ops {
            op.feed(&mut chain);
        }
        head.chain = chain.finish().as_ref().try_into().expect("SHA-256 has 32 bytes");
        head.generation += 1;
        change(&mut head);
        (head, top)
    }

    /// Commits `ops`, which the first place has applied already, in both.
    pub(super) async fn commit(
        &mut self,
        mut ops: Vec<Op>,
        head: Head,
        top: &Secret<32>,
    ) -> Result<(), Error> {
        let set_head = Op::set_head(&head, &head.mac(top));
        self.first.apply(std::slice::from_ref(&set_head)).await?;
        ops.push(set_head);
        self.second()?.apply(&ops).await?;
        fail_point!("vault::keyset::first", counts(&self.second_path), |_| Err(stopped(
            &self.second_path
        )));
        self.unsettled = true;
        self.first.commit().await?;
        fail_point!("vault::keyset::second", counts(&self.second_path), |_| Err(stopped(
            &self.second_path
        )));
        self.second()?.commit().await?;
        fail_point!("vault::keyset::committed", counts(&self.second_path), |_| Err(stopped(
            &self.second_path
        )));
        self.unsettled = false;
        Ok(())
    }

    /// Gives up a transaction, whose outcome may be unknown, and reads from the first place what stands.
    pub(super) async fn abort<T>(&mut self, error: Error) -> Result<T, Error> {
        self.roll_back().await;
        self.shared.forget_all();
        if self.unsettled {
            let shared = Arc::clone(&self.shared);
            let _gate = shared.gate.write().await;
            // If it cannot be read now, settling reads it before the next change.
            let _unread = self.reload().await;
        }
        Err(error)
    }

    pub(super) async fn roll_back(&mut self) {
        self.first.roll_back().await;
        if let Some(second) = &mut self.second {
            second.roll_back().await;
        }
    }

    /// Brings memory, both places and custody to one state, that of the first place.
    pub(super) async fn settle(&mut self) -> Result<(), Error> {
        self.roll_back().await;
        {
            let shared = Arc::clone(&self.shared);
            let _gate = shared.gate.write().await;
            self.reload().await?;
        }
        self.level().await?;
        // A new transaction, so that what stands is durable whatever became of the one in doubt.
        self.begin_both().await?;
        let (head, top) = self.next_head(&[], |_| ());
        if let Err(error) = self.commit(Vec::new(), head.clone(), &top).await {
            self.unsettled = true;
            return self.abort(error).await;
        }
        self.shared.change_trunk(|trunk| trunk.head = head.clone());
        self.unsettled = true;
        self.shared.custody.end(&head.wrapped).await?;
        self.unsettled = false;
        Ok(())
    }

    async fn reload(&mut self) -> Result<(), Error> {
        let trunk = open::trunk(&mut self.first.connection, &*self.shared.custody).await?;
        self.shared.forget_all();
        self.shared.change_trunk(|present| *present = trunk);
        Ok(())
    }

    /// Brings the second place up to the first.
    async fn level(&mut self) -> Result<(), Error> {
        let wanted = self.shared.with_trunk(|trunk| trunk.head.clone());
        let custody = Arc::clone(&self.shared.custody);
        if let Ok(second) = self.second() {
            let found = Head::read(&mut second.connection, &*custody).await;
            if found.is_ok_and(|(found, _)| found == wanted) {
                return Ok(());
            }
        }
        if let Some(second) = self.second.take() {
            second.close().await;
        }
        self.first.copy_to(&self.second_path, Rank::Second).await?;
        self.second = Some(Place::open(&self.second_path, Rank::Second).await?);
        Ok(())
    }

    pub(super) fn second(&mut self) -> Result<&mut Place, Error> {
        let path = &self.second_path;
        self.second.as_mut().ok_or_else(|| {
            let source = std::io::Error::other("it could not be brought up to the first");
            Error::SecondPlaceAway { path: path.clone(), source: Arc::new(source) }
        })
    }

    async fn close(self) {
        self.first.close().await;
        if let Some(second) = self.second {
            second.close().await;
        }
    }
}

/// A change that is a transaction of its own.
enum Turn {
    Erase(Vec<Slot>),
    Rotate(u32),
    Close,
}

fn answer(reply: oneshot::Sender<Result<bool, Error>>, done: Result<bool, Error>) {
    // Whoever asked may be gone; the change stands all the same.
    let _gone = reply.send(done);
}

/// What a fail point gives.
#[cfg(feature = "failpoints")]
pub(super) fn stopped(path: &std::path::Path) -> Error {
    let source = Arc::new(std::io::Error::other("stopped by a fail point"));
    Error::SecondPlaceAway { path: path.to_owned(), source }
}
