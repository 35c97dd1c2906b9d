//! One stream of sealed bytes, written at several places at once.

use bytes::Bytes;
use futures::{
    StreamExt as _,
    future::{try_join, try_join_all},
    stream,
};
use tokio::sync::mpsc::{Sender, channel};

use crate::{
    documents::{Documents, Error},
    mission::CopyEntry,
    storage::{self, Sealed},
};

/// Pieces that wait for the slowest place.
const WAITING: usize = 2;

impl Documents {
    /// Writes `sealed` under the name of each of `copies`; on return it is durable at every place. The slowest sets the pace.
    ///
    /// # Errors
    ///
    /// The first failure, at whichever place; then some may hold all of it, and none holds a part.
    pub(in crate::documents) async fn create_copies(
        &self,
        copies: &[CopyEntry],
        sealed: Sealed,
        length: Option<u64>,
    ) -> Result<(), Error> {
        if let [copy] = copies {
            self.at(copy)?.store.create(&copy.object, sealed, length).await?;
            return Ok(());
        }
        let (mut senders, mut writing) = (Vec::new(), Vec::new());
        for copy in copies {
            let (sender, receiver) = channel(WAITING);
            let pieces = stream::unfold(receiver, async |mut receiver| {
                Some((receiver.recv().await?, receiver))
            });
            let store = &self.at(copy)?.store;
            writing.push(store.create(&copy.object, pieces.fuse().boxed(), length));
            senders.push(sender);
        }
        // What fails drops the others: nothing is kept of a name whose bytes did not end.
        try_join(feed(sealed, senders), try_join_all(writing)).await?;
        Ok(())
    }
}

async fn feed(
    mut sealed: Sealed,
    senders: Vec<Sender<Result<Bytes, storage::Error>>>,
) -> Result<(), storage::Error> {
    while let Some(piece) = sealed.next().await {
        let piece = piece?;
        for sender in &senders {
            // A place that hears no more has failed, and says why.
            let _failed = sender.send(Ok(piece.clone())).await;
        }
    }
    Ok(())
}
