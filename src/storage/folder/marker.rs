//! The file that makes a folder a store's, and whose lock keeps a second server out.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::Path,
};

use rustix::fs::{FlockOperation, flock};

use crate::storage::{
    Error,
    folder::{failed, places},
    location::LocationId,
};

const FILE: &str = ".greffe-store";
const NEW: &str = ".greffe-store.new";

/// The open marker of a folder.
#[derive(Debug)]
pub(super) struct Marker(File);

fn text(location: &LocationId) -> String {
    format!("greffe store 1\nlocation {location}\n")
}

/// Marks `path`, which holds nothing yet, as the folder of `location`.
pub(super) fn write(path: &Path, location: &LocationId) -> Result<(), Error> {
    for found in fs::read_dir(path).map_err(failed("look"))? {
        // A crash while it was being marked.
        if found.map_err(failed("look"))?.file_name() != NEW {
            return Err(foreign(path, location, "something is in it already"));
        }
    }
    let mark = || -> io::Result<()> {
        let mut file = File::create(path.join(NEW))?;
        file.write_all(text(location).as_bytes())?;
        file.sync_all()?;
        fs::rename(path.join(NEW), path.join(FILE))?;
        places::sync(path)
    };
    mark().map_err(failed("mark the folder"))
}

impl Marker {
    /// Opens the marker of `path`, which must be that of `location`.
    pub(super) fn read(path: &Path, location: &LocationId) -> Result<Self, Error> {
        let mut file = match File::open(path.join(FILE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(foreign(path, location, "it bears no marker"));
            }
            opened => opened.map_err(failed("open its marker"))?,
        };
        let mut found = String::new();
        (&mut file).take(256).read_to_string(&mut found).map_err(failed("read its marker"))?;
        if found == text(location) {
            Ok(Self(file))
        } else {
            Err(foreign(path, location, "it bears another marker"))
        }
    }

    /// Locks it until this is dropped.
    pub(super) fn lock(self, path: &Path) -> Result<Self, Error> {
        match flock(&self.0, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(self),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(Error::Occupied(path.to_owned())),
            Err(error) => Err(failed("lock its marker")(error.into())),
        }
    }
}

fn foreign(path: &Path, location: &LocationId, why: &'static str) -> Error {
    Error::Foreign { path: path.to_owned(), location: location.clone(), why }
}
