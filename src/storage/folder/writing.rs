//! Writing a file that becomes visible only when all of it is durable.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
    sync::Arc,
};

use bytes::Bytes;
use futures::StreamExt as _;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::storage::{
    Error, Name, Sealed, fault,
    folder::{BATCH_BYTES, blocking, failed, places, places::Places},
};

/// After how many bytes the disk begins to keep what was written, while more comes: all at the end would be waited for.
const SYNC_AHEAD: u64 = 32 * 1024 * 1024;

/// Writes all of `sealed` under `name` and gives its length. One batch is written, and an earlier part becomes durable,
/// while the next one comes.
pub(super) async fn write(
    draft: Draft,
    name: &Name,
    sealed: Sealed,
    length: Option<u64>,
) -> Result<u64, Error> {
    let mut batches = Batches { sealed, ended: false, announced: length, came: 0 };
    let mut draft = Some(draft);
    let mut writing: Option<JoinHandle<Result<Draft, Error>>> = None;
    let mut syncing: Option<JoinHandle<Result<(), Error>>> = None;
    let mut synced = 0;
    while let Some(batch) = batches.next().await? {
        let mut written = match writing.take() {
            Some(writing) => joined(writing).await?,
            None => draft.take().expect("a draft is here or being written"),
        };
        if batches.came - synced >= SYNC_AHEAD {
            if let Some(syncing) = syncing.take() {
                joined(syncing).await?;
            }
            synced = batches.came;
            syncing = Some(written.sync_ahead()?);
        }
        writing = Some(spawn_blocking(move || {
            written.write(&batch)?;
            Ok(written)
        }));
    }
    let draft = match writing {
        Some(writing) => joined(writing).await?,
        None => draft.expect("nothing was written"),
    };
    if let Some(syncing) = syncing {
        joined(syncing).await?;
    }
    let name = name.clone();
    blocking(move || draft.keep(&name)).await?;
    Ok(batches.came)
}

async fn joined<T>(working: JoinHandle<Result<T, Error>>) -> Result<T, Error> {
    working.await.map_err(|stopped| failed("go on")(io::Error::other(stopped)))?
}

/// Gathers small pieces, and counts them.
struct Batches {
    sealed: Sealed,
    /// After its end a stream is not asked again.
    ended: bool,
    announced: Option<u64>,
    came: u64,
}

impl Batches {
    async fn next(&mut self) -> Result<Option<Vec<Bytes>>, Error> {
        let (mut batch, mut gathered) = (Vec::new(), 0);
        while gathered < BATCH_BYTES && !self.ended {
            let Some(piece) = self.sealed.next().await.transpose()? else {
                self.ended = true;
                break;
            };
            gathered += piece.len();
            self.came += piece.len() as u64;
            self.expect(self.announced.is_none_or(|announced| self.came <= announced))?;
            batch.push(piece);
        }
        if batch.is_empty() {
            self.expect(self.announced.is_none_or(|announced| self.came == announced))?;
        }
        Ok((!batch.is_empty()).then_some(batch))
    }

    fn expect(&self, as_announced: bool) -> Result<(), Error> {
        let (announced, came) = (self.announced.unwrap_or(self.came), self.came);
        as_announced.then_some(()).ok_or(Error::Length { announced, came })
    }
}

/// A file that no name leads to yet; dropped, it is gone.
pub(super) struct Draft {
    places: Arc<Places>,
    path: PathBuf,
    file: Option<File>,
}

impl Draft {
    pub(super) fn new(places: Arc<Places>) -> Self {
        let path = places.unfinished();
        Self { places, path, file: None }
    }

    fn file(&mut self) -> Result<&mut File, Error> {
        let open = match self.file.take() {
            Some(open) => open,
            None => OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&self.path)
                .map_err(failed("begin"))?,
        };
        Ok(self.file.insert(open))
    }

    fn write(&mut self, batch: &[Bytes]) -> Result<(), Error> {
        let file = self.file()?;
        fault("storage::write").map_err(failed("write"))?;
        batch.iter().try_for_each(|piece| file.write_all(piece)).map_err(failed("write"))
    }

    /// Makes what was written so far durable beside the writing. What fails here is told once only, so it must be heard.
    fn sync_ahead(&mut self) -> Result<JoinHandle<Result<(), Error>>, Error> {
        let file = self.file()?.try_clone().map_err(failed("sync"))?;
        Ok(spawn_blocking(move || {
            fault("storage::sync").and_then(|()| file.sync_data()).map_err(failed("sync"))
        }))
    }

    /// Gives the file its name, durably.
    fn keep(mut self, name: &Name) -> Result<(), Error> {
        let file = self.file()?;
        fault("storage::sync").and_then(|()| file.sync_all()).map_err(failed("sync"))?;
        let folder = self.places.folder_of(name).map_err(failed("make its folder"))?;
        fault("storage::rename")
            .and_then(|()| fs::rename(&self.path, self.places.object(name)))
            .map_err(failed("rename"))?;
        // It has moved: nothing is left to remove.
        self.path = PathBuf::new();
        fault("storage::sync_folder")
            .and_then(|()| places::sync(&folder))
            .map_err(failed("sync its folder"))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.file.is_some() && self.path != PathBuf::new() {
            // If it stays, the next start removes it.
            let _ = fs::remove_file(&self.path);
        }
    }
}
