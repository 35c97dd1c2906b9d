//! A store in a folder of the local file system.
//!
//! An object `a/b` is the file `a/b.sealed`. It is written in `.unfinished`, synced, renamed, and its folder synced,
//! so a power cut leaves all of it or nothing; what `.unfinished` holds at start is removed. The file system's
//! administrator can do everything that [`crate::storage`] says of whoever controls a store.

use std::{
    fs, io,
    ops::Range,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use futures::StreamExt as _;
use tokio::task::spawn_blocking;

use crate::storage::{Error, Kept, Name, Sealed, Shown, Store, fault, location::LocationId};

mod marker;
mod places;
mod reading;
mod writing;

use marker::Marker;
use places::Places;
use reading::Blocks;
use writing::Draft;

/// Pieces are gathered to so many bytes before they are written: one switch of threads for each.
const BATCH_BYTES: usize = 256 * 1024;

/// A folder that keeps sealed bytes.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    location: LocationId,
    places: Arc<Places>,
    access: Access,
    /// Holds the lock that keeps a second server out.
    _marker: Marker,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Whole,
    ReadOnly,
}

impl Folder {
    /// Makes `path` the folder of `location`, durably: a new one, or one that is empty.
    ///
    /// # Errors
    ///
    /// [`Error::Foreign`] if something is in it already.
    pub fn establish(path: &Path, location: &LocationId) -> Result<(), Error> {
        match fs::DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.map_err(failed("make the folder"))?,
        }
        marker::write(path, location)?;
        let parent = path.parent().filter(|parent| *parent != Path::new(""));
        places::sync(parent.unwrap_or(Path::new("."))).map_err(failed("sync its parent"))
    }

    /// Opens the folder of `location`, alone, and removes what a crash left unfinished in it.
    ///
    /// # Errors
    ///
    /// [`Error::Foreign`] if it bears no marker, or that of another location; [`Error::Occupied`] if another server
    /// has it open.
    pub fn open(path: &Path, location: &LocationId) -> Result<Self, Error> {
        let marker = Marker::read(path, location)?.lock(path)?;
        let folder = Self::of(path, location, Access::Whole, marker);
        folder.places.clear_unfinished().map_err(failed("remove what was unfinished"))?;
        Ok(folder)
    }

    /// Opens the folder of `location`, or a copy of it, to look at: nothing in it is changed, locked or made.
    ///
    /// # Errors
    ///
    /// [`Error::Foreign`] as for [`Folder::open`].
    pub fn open_read_only(path: &Path, location: &LocationId) -> Result<Self, Error> {
        let marker = Marker::read(path, location)?;
        Ok(Self::of(path, location, Access::ReadOnly, marker))
    }

    fn of(path: &Path, location: &LocationId, access: Access, _marker: Marker) -> Self {
        let places = Arc::new(Places::new(path));
        Self { path: path.to_owned(), location: location.clone(), places, access, _marker }
    }

    /// The file that keeps `name`, for demonstrations and tests that attack it.
    #[must_use]
    pub fn path_of(&self, name: &Name) -> PathBuf {
        self.places.object(name)
    }

    fn writable(&self) -> Result<(), Error> {
        (self.access == Access::Whole).then_some(()).ok_or(Error::ReadOnly)
    }
}

#[async_trait]
impl Store for Folder {
    async fn create(
        &self,
        name: &Name,
        sealed: Sealed,
        length: Option<u64>,
    ) -> Result<Kept, Error> {
        self.writable()?;
        fault("storage::create").map_err(failed("create"))?;
        let size = writing::write(Draft::new(self.places.clone()), name, sealed, length).await?;
        fault("storage::kept").map_err(failed("acknowledge"))?;
        Ok(Kept { size })
    }

    async fn read(&self, name: &Name, range: Range<u64>) -> Result<Sealed, Error> {
        let (path, name) = (self.places.object(name), name.clone());
        let blocks = blocking(move || Blocks::open(&path, name, range)).await?;
        Ok(blocks.boxed())
    }

    async fn head(&self, name: &Name) -> Result<Option<u64>, Error> {
        let path = self.places.object(name);
        blocking(move || match fs::symlink_metadata(path) {
            Ok(found) if found.is_file() => Ok(Some(found.len())),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("look")(error)),
        })
        .await
    }

    async fn erase(&self, name: &Name) -> Result<(), Error> {
        self.writable()?;
        let path = self.places.object(name);
        blocking(move || {
            fault("storage::erase").map_err(failed("erase"))?;
            match fs::remove_file(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                removed => removed.map_err(failed("erase"))?,
            }
            let folder = path.parent().expect("an object lies in a folder");
            places::sync(folder).map_err(failed("sync after erasing"))?;
            fault("storage::erased").map_err(failed("acknowledge"))
        })
        .await
    }

    async fn list(&self, within: &Name) -> Result<Vec<Name>, Error> {
        let (places, within) = (self.places.clone(), within.clone());
        blocking(move || places.list(&within).map_err(failed("list"))).await
    }

    /// Another disk may have been mounted in its place.
    async fn look(&self) -> Result<Shown, Error> {
        let (path, location) = (self.path.clone(), self.location.clone());
        blocking(move || Marker::read(&path, &location)).await?;
        Ok(Shown::default())
    }
}

/// Runs what waits for the disk on a thread made for waiting.
async fn blocking<T: Send + 'static>(
    run: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    spawn_blocking(run).await.map_err(|stopped| failed("go on")(io::Error::other(stopped)))?
}

/// Names what failed, and tells a full disk from a broken one.
fn failed(what: &'static str) -> impl Fn(io::Error) -> Error {
    move |source| match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            Error::Full
        }
        _ => Error::Folder { what, source },
    }
}

#[cfg(test)]
mod tests;
