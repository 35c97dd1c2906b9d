//! A copy is written from another, sealed as it is: what is not what the record says is kept nowhere.

use bytes::Bytes;
use futures::{
    StreamExt as _,
    stream::{self, Fuse},
};

use crate::{
    documents::{Documents, Error, VersionRecord, copies::Upkeep, record::encoded},
    mission::CopyEntry,
    storage::{self, Name, Sealed, Store},
    vault::payload::Hasher,
};

/// An object of a copy, and what the version record says of it.
pub(super) struct Part<'r> {
    pub name: Name,
    pub length: u64,
    pub sha256: &'r str,
}

/// The bytes that came are not what the record says.
#[derive(Debug, thiserror::Error)]
#[error("the bytes are not what the version record says")]
struct Altered;

/// The sealed object of a copy and the record beside it.
pub(super) fn parts<'r>(record: &'r VersionRecord, copy: &CopyEntry) -> [Part<'r>; 2] {
    let (length, sha256) = (record.sealed_len, &record.sealed_sha256[..]);
    let object = Part { name: copy.object.clone(), length, sha256 };
    let (length, sha256) = (record.record_len, &record.record_sha256[..]);
    [object, Part { name: copy.object.of_its_record(), length, sha256 }]
}

impl Documents {
    /// Writes the copy `to` from the copy `from`.
    ///
    /// # Errors
    ///
    /// [`Error::Altered`] if `from` is not what the record says; whatever either place fails with.
    pub(super) async fn transfer(
        &self,
        record: &VersionRecord,
        from: &CopyEntry,
        to: &CopyEntry,
    ) -> Result<(), Error> {
        let (source, target) = (&self.at(from)?.store, &self.at(to)?.store);
        for (part, kept) in parts(record, from).iter().zip(parts(record, to)) {
            let sealed =
                genuine(&**source, part, self.inner.traffic.upkeep()).await.map_err(altered)?;
            let created = target.create(&kept.name, sealed, Some(kept.length)).await;
            created.map_err(of_source)?;
        }
        Ok(())
    }
}

/// What a place says of a copy that it should hold; other failures as they are.
pub(super) fn altered(error: storage::Error) -> Error {
    match error {
        storage::Error::Missing(_)
        | storage::Error::Short { .. }
        | storage::Error::Contradiction { .. } => Error::Altered,
        error => Error::Storage(error),
    }
}

/// What the source failed with, as the target heard it; what the target itself failed with says nothing of the source.
fn of_source(error: storage::Error) -> Error {
    match error {
        storage::Error::Source(cause) if cause.is::<Altered>() => Error::Altered,
        storage::Error::Source(cause) => match cause.downcast::<storage::Error>() {
            Ok(error) => altered(*error),
            Err(cause) => Error::Storage(storage::Error::Source(cause)),
        },
        error => Error::Storage(error),
    }
}

/// The bytes of a part; the last piece comes only if all of them are what the record says.
async fn genuine(
    store: &dyn Store,
    part: &Part<'_>,
    upkeep: Upkeep,
) -> Result<Sealed, storage::Error> {
    let sealed = store.read(&part.name, 0..part.length).await?.fuse();
    let digest = Hasher::new();
    let checked = Checked { sealed, digest, held: None, expected: part.sha256.to_owned(), upkeep };
    let next = async |mut checked: Checked| Ok(checked.next().await?.map(|piece| (piece, checked)));
    Ok(stream::try_unfold(checked, next).boxed())
}

/// A stream of which one piece is held back until it is known what follows.
struct Checked {
    sealed: Fuse<Sealed>,
    digest: Hasher,
    held: Option<Bytes>,
    expected: String,
    upkeep: Upkeep,
}

impl Checked {
    async fn next(&mut self) -> Result<Option<Bytes>, storage::Error> {
        while let Some(piece) = self.sealed.next().await {
            let piece = piece.map_err(|error| storage::Error::Source(Box::new(error)))?;
            self.digest.add(&piece).await;
            self.upkeep.give_way().await;
            if let Some(before) = self.held.replace(piece) {
                return Ok(Some(before));
            }
        }
        match self.held.take() {
            Some(last) if encoded(&self.digest.finish().await.1) == self.expected => Ok(Some(last)),
            Some(_) => Err(storage::Error::Source(Box::new(Altered))),
            None => Ok(None),
        }
    }
}
