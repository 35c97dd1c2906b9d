//! The key set: what it keeps, what it refuses, what it forgets, and what a crash leaves.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use tempfile::TempDir;

use super::{Error, KeySet, Pending, Slot, TagSubject};
use crate::{
    id::{DocumentId, PartyId, PersonId, VersionId},
    vault::{
        custody::{FileCustody, Ground},
        secret::FileKey,
    },
};

mod basics;
mod adversary;
mod places;
#[cfg(feature = "failpoints")]
mod crashes;

/// A folder with custody and the two places of a key set.
pub(super) struct Instance {
    pub(super) folder: TempDir,
}

impl Instance {
    /// A new one, and its key set.
    pub(super) async fn create() -> (Self, KeySet) {
        let instance = Self { folder: tempfile::tempdir().unwrap() };
        let (custody, _) = FileCustody::create(&instance.custody(), Ground::Warn).unwrap();
        let (first, second) = (instance.first(), instance.second());
        let set = KeySet::create(Arc::new(custody), &first, &second).await.unwrap();
        (instance, set)
    }

    pub(super) fn custody(&self) -> PathBuf {
        self.folder.path().join("custody")
    }

    pub(super) fn first(&self) -> PathBuf {
        self.folder.path().join("keys.sqlite")
    }

    pub(super) fn second(&self) -> PathBuf {
        self.folder.path().join("second.sqlite")
    }

    pub(super) async fn open(&self) -> Result<KeySet, Error> {
        self.open_at_least(0).await
    }

    pub(super) async fn open_at_least(&self, generation: u64) -> Result<KeySet, Error> {
        let (custody, _) = FileCustody::open(&self.custody(), Ground::Warn)?;
        KeySet::open(Arc::new(custody), &self.first(), &self.second(), generation).await
    }

    /// All files as they are this instant, write-ahead logs too, as a crash or a back-up finds them.
    pub(super) fn copy(&self) -> Self {
        let copy = Self { folder: tempfile::tempdir().unwrap() };
        for entry in fs::read_dir(self.folder.path()).unwrap() {
            let entry = entry.unwrap();
            let target = copy.folder.path().join(entry.file_name());
            fs::copy(entry.path(), target).unwrap();
        }
        copy
    }

    /// Puts the file `name` (and what SQLite keeps beside it) of `other` in the place of ours.
    pub(super) fn take(&self, other: &Self, name: &str) {
        for suffix in ["", "-wal", "-shm"] {
            let name = format!("{name}{suffix}");
            let ours = self.folder.path().join(&name);
            let _absent = fs::remove_file(&ours);
            let theirs = other.folder.path().join(&name);
            if theirs.exists() {
                fs::copy(theirs, ours).unwrap();
            }
        }
    }
}

/// What was put into a set, to be looked for afterwards.
pub(super) struct Deposit {
    pub(super) document: DocumentId,
    pub(super) version: VersionId,
    pub(super) key: FileKey,
}

impl Deposit {
    pub(super) async fn make(set: &KeySet, owner: PartyId) -> Self {
        let (document, version) = (DocumentId::random(), VersionId::random());
        set.add_document(owner, document).await.unwrap();
        let key = set.add_version(document, version).await.unwrap();
        Self { document, version, key }
    }

    /// Whether `set` gives the key that was made.
    pub(super) async fn lives(&self, set: &KeySet) -> bool {
        match set.file_key(self.document, self.version).await {
            Ok(key) => key.expose() == self.key.expose(),
            Err(Error::Missing(_)) => false,
            Err(error) => panic!("neither there nor missing: {error}"),
        }
    }
}

pub(super) async fn party(set: &KeySet) -> PartyId {
    let party = PartyId::random();
    set.add_party(party).await.unwrap();
    party
}

pub(super) async fn person(set: &KeySet) -> PersonId {
    let person = PersonId::random();
    set.add_person(person).await.unwrap();
    person
}

/// Every file below `folder`, as one string of bytes each.
pub(super) fn files(folder: &Path) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect()
}

fn pending(document: DocumentId, version: Option<VersionId>) -> Pending {
    Pending { document, version }
}
