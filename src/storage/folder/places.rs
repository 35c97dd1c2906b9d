//! Where in the folder things lie, and which of its folders are durable.

use std::{
    collections::{BTreeSet, HashSet},
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use crate::{
    id::Id,
    storage::{LISTED_AT_MOST, Name},
};

const UNFINISHED: &str = ".unfinished";

/// A name's segments hold no dot, so with it no object's file is another's folder.
const SUFFIX: &str = ".sealed";

#[derive(Debug)]
pub(super) struct Places {
    root: PathBuf,
    /// Folders whose entry in their parent is known to survive a power cut.
    durable: Mutex<HashSet<PathBuf>>,
}

impl Places {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), durable: Mutex::default() }
    }

    pub(super) fn object(&self, name: &Name) -> PathBuf {
        self.root.join(format!("{name}{SUFFIX}"))
    }

    pub(super) fn unfinished(&self) -> PathBuf {
        self.root.join(UNFINISHED).join(Id::random().to_string())
    }

    /// Removes what a crash left, and makes the folder for what is unfinished.
    pub(super) fn clear_unfinished(&self) -> io::Result<()> {
        let unfinished = self.root.join(UNFINISHED);
        match fs::remove_dir_all(&unfinished) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => removed?,
        }
        fs::create_dir(unfinished)
    }

    /// Makes the folder of `name`'s file, durably, and gives it.
    pub(super) fn folder_of(&self, name: &Name) -> io::Result<PathBuf> {
        let mut durable = self.durable.lock().unwrap_or_else(PoisonError::into_inner);
        let mut folder = self.root.clone();
        let (folders, _) = name.as_str().rsplit_once('/').unwrap_or_default();
        for segment in folders.split_terminator('/') {
            let parent = folder.clone();
            folder.push(segment);
            if durable.contains(&folder) {
                continue;
            }
            match fs::create_dir(&folder) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => made?,
            }
            sync(&parent)?;
            durable.insert(folder.clone());
        }
        Ok(folder)
    }

    /// The first names in the folder `within`, sorted; what no name leads to is passed over.
    pub(super) fn list(&self, within: &Name) -> io::Result<Vec<Name>> {
        let mut names = BTreeSet::new();
        let mut left = vec![within.as_str().to_owned()];
        while let Some(folder) = left.pop() {
            let found = match fs::read_dir(self.root.join(&folder)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                found => found?,
            };
            for entry in found {
                let entry = entry?;
                let file = entry.file_name();
                let Some(file) = file.to_str() else { continue };
                if entry.file_type()?.is_dir() {
                    left.push(format!("{folder}/{file}"));
                } else if let Some(file) = file.strip_suffix(SUFFIX)
                    && let Ok(name) = Name::new(format!("{folder}/{file}"))
                {
                    names.insert(name);
                    if names.len() > LISTED_AT_MOST {
                        names.pop_last();
                    }
                }
            }
        }
        Ok(names.into_iter().collect())
    }
}

/// Makes what was created, renamed or removed in `folder` survive a power cut.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
