//! Limits fail points to one instance, so that tests that fail on purpose do not fail those beside them.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

static FOLDER: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Whether a fail point counts for the file at `path`: always, unless a test limited them to another folder.
pub(super) fn counts(path: &Path) -> bool {
    let folder = FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
    folder.as_ref().is_none_or(|folder| path.starts_with(folder))
}

/// Limits fail points to files in `folder` until what is returned is dropped.
#[cfg(test)]
pub(super) fn within(folder: &Path) -> Within {
    *FOLDER.lock().unwrap_or_else(PoisonError::into_inner) = Some(folder.to_owned());
    Within
}

/// See [`within`].
#[cfg(test)]
pub(super) struct Within;

#[cfg(test)]
impl Drop for Within {
    fn drop(&mut self) {
        *FOLDER.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
