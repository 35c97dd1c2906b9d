//! The key set: every key but custody's, as a tree in a small store of its own, alive in two places.
//!
//! It lies apart from the database and never in its back-ups. A change is durable in both places before it is
//! acknowledged. Erasing re-keys the path from the slot to a new wrapping key in custody and destroys the old one, so
//! that stray copies of the set (write-ahead logs, freed blocks, back-ups) open with nothing that lives. Slots are
//! opened one at a time, when asked for: neither opening the set nor adding a document costs more with a million of
//! them.

use std::{fmt, path::Path, sync::Arc};

use tokio::sync::{mpsc, oneshot};

use crate::{
    id::{DocumentId, PartyId, PersonId, VersionId},
    vault::{
        custody::Custody,
        label,
        secret::{FileKey, SymmetricKey, TagKey},
    },
};

mod slot;
mod error;
mod read;
mod writer;
mod plan;
mod turn;
mod open;
mod check;
mod place;
mod head;
mod op;
mod tree;
mod cache;
#[cfg(test)]
mod tests;

pub use check::Verified;
pub use error::Error;
use read::Shared;
pub use slot::{Pending, Slot, TagSubject};
use writer::{Change, Job};

/// Every key but custody's.
///
/// All its futures may be dropped: a change that was begun is finished all the same.
pub struct KeySet {
    shared: Arc<Shared>,
    /// None if it was opened to be read only.
    jobs: Option<mpsc::Sender<Job>>,
}

impl KeySet {
    /// Makes an empty key set in two places, where nothing may be; they should be on different disks.
    ///
    /// # Errors
    ///
    /// [`Error::Exists`], or why a place or custody cannot be used; then nothing is left in either place.
    pub async fn create(
        custody: Arc<dyn Custody>,
        first: &Path,
        second: &Path,
    ) -> Result<Self, Error> {
        open::create(custody, first, second).await
    }

    /// Opens the key set, finishes or drops a turn that was cut, and brings the lagging place up to the other.
    ///
    /// `at_least` is the largest generation that anything recorded.
    ///
    /// # Errors
    ///
    /// [`Error::NoSet`], [`Error::Older`], [`Error::FirstPlaceAway`], [`Error::SecondPlaceAway`],
    /// [`Error::Contradiction`] if both places differ at one generation, [`Error::Custody`] if custody opens neither.
    pub async fn open(
        custody: Arc<dyn Custody>,
        first: &Path,
        second: &Path,
        at_least: u64,
    ) -> Result<Self, Error> {
        open::open(custody, first, second, at_least).await
    }

    /// Opens one place of a key set to look at it: a copy, or what a stopped instance left. Every change is refused.
    ///
    /// # Errors
    ///
    /// [`Error::NoSet`], [`Error::Custody`] if custody does not open it, [`Error::Contradiction`] if it is altered.
    pub async fn open_read_only(custody: Arc<dyn Custody>, path: &Path) -> Result<Self, Error> {
        check::open_read_only(custody, path).await
    }

    /// Makes a lost place anew at `lost`, where nothing may be, from the place that is left; no set may be open.
    ///
    /// Gives the generation that both now have: compare it with the largest that anything recorded.
    ///
    /// # Errors
    ///
    /// [`Error::Exists`] if something is at `lost`, or why either place or custody cannot be used.
    pub async fn mend(custody: &dyn Custody, left: &Path, lost: &Path) -> Result<u64, Error> {
        check::mend(custody, left, lost).await
    }

    /// Opens every slot, to find what does not open. Takes about a minute for a million.
    pub async fn verify(&self) -> Result<Verified, Error> {
        self.shared.verify().await
    }

    /// The generation of the last acknowledged change, or a later one.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.shared.generation()
    }

    /// Makes a party's node and key; nothing if they are there.
    pub async fn add_party(&self, party: PartyId) -> Result<(), Error> {
        self.change(Change::Party(party)).await
    }

    /// Makes a person's node and key; nothing if they are there.
    pub async fn add_person(&self, person: PersonId) -> Result<(), Error> {
        self.change(Change::Person(person)).await
    }

    /// Makes a document's key, pending until confirmed.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if `owner` has no node, [`Error::Occupied`] if the document is there.
    pub async fn add_document(&self, owner: PartyId, document: DocumentId) -> Result<(), Error> {
        self.change(Change::Document(owner, document)).await
    }

    /// Makes the file key of a new version, pending until confirmed.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if the document is not there, [`Error::Occupied`] if the version is.
    pub async fn add_version(
        &self,
        document: DocumentId,
        version: VersionId,
    ) -> Result<FileKey, Error> {
        let key = FileKey::random();
        self.change(Change::Version(document, version, key.clone())).await?;
        Ok(key)
    }

    /// Says that the entries of these are signed; those that are not pending are left as they are.
    pub async fn confirm(&self, pending: &[Pending]) -> Result<(), Error> {
        self.change(Change::Confirm(pending.to_vec())).await
    }

    /// All slots that are pending.
    pub async fn pending(&self) -> Result<Vec<Pending>, Error> {
        self.shared.pending().await
    }

    /// Forgets the file key of an abandoned deposit; nothing if it is not there.
    ///
    /// Older copies of the set may hold it until the next [`erase`](Self::erase) or [`rotate`](Self::rotate),
    /// whatever these touch.
    pub async fn drop_version(
        &self,
        document: DocumentId,
        version: VersionId,
    ) -> Result<(), Error> {
        self.change(Change::Abandon(document, version)).await
    }

    /// Makes the keys of these people for `month`, where they are not there; one transaction.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if a person has no node; then none is made.
    pub async fn ensure_months(&self, people: &[PersonId], month: &str) -> Result<(), Error> {
        let missing = self.shared.without_month(people, month).await?;
        if missing.is_empty() {
            return Ok(());
        }
        self.change(Change::Months(missing, month.to_owned())).await
    }

    /// The people and months before `month` whose keys are still there, for retention.
    pub async fn months_before(&self, month: &str) -> Result<Vec<Slot>, Error> {
        self.shared.months_before(month).await
    }

    /// At most `limit` documents after `after`, in the order of their ids, with the owner under whom each lies.
    pub async fn documents(
        &self,
        after: Option<DocumentId>,
        limit: u32,
    ) -> Result<Vec<(PartyId, DocumentId)>, Error> {
        self.shared.documents(after, limit).await
    }

    /// The versions of a document that have a file key, oldest first.
    pub async fn versions(&self, document: DocumentId) -> Result<Vec<VersionId>, Error> {
        let keys = self.shared.keys(&Slot::Document(document)).await?;
        Ok(keys.files.iter().map(|(version, _)| *version).collect())
    }

    /// Makes one round trip that finds nothing, where what is missing is to cost what is hidden costs.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] if the first place does not answer.
    pub async fn look_for_nothing(&self) -> Result<(), Error> {
        self.shared.look_for_nothing().await
    }

    /// A document's key: title, media type, purposes, reasons.
    pub async fn document_key(&self, document: DocumentId) -> Result<SymmetricKey, Error> {
        self.own(Slot::Document(document), label::DOCUMENT).await
    }

    /// A version's file key.
    pub async fn file_key(
        &self,
        document: DocumentId,
        version: VersionId,
    ) -> Result<FileKey, Error> {
        self.shared.file_key(document, version).await
    }

    /// A party's key: its names, its restriction texts, free text of acts without a document.
    pub async fn party_key(&self, party: PartyId) -> Result<SymmetricKey, Error> {
        self.own(Slot::Party(party), label::PARTY).await
    }

    /// A person's key: name and address.
    pub async fn person_key(&self, person: PersonId) -> Result<SymmetricKey, Error> {
        self.own(Slot::Person(person), label::PERSON).await
    }

    /// A person's key of one month, e.g. `2026-11`: personal openings and the person's index.
    pub async fn personal_key(&self, person: PersonId, month: &str) -> Result<SymmetricKey, Error> {
        self.own(Slot::Month(person, month.to_owned()), label::PERSONAL).await
    }

    /// The key under which addresses are looked up.
    pub async fn address_key(&self) -> Result<SymmetricKey, Error> {
        self.own(Slot::Address, label::ADDRESS).await
    }

    /// The key of a subject's tags in `year`; see [`crate::vault::tag_key`].
    pub async fn tag_key(
        &self,
        subject: TagSubject,
        year: u16,
        turn: u32,
    ) -> Result<TagKey, Error> {
        self.shared.tag_key(subject, year, turn).await
    }

    /// Erases these, for good: on return the wrapping key that older copies of the set need is destroyed.
    ///
    /// What is not there is erased already. Keys that callers hold are theirs to drop.
    ///
    /// # Errors
    ///
    /// Why it could not be finished; it may be half done, and is finished by the next call or at the next start.
    pub async fn erase(&self, slots: &[Slot]) -> Result<(), Error> {
        self.change(Change::Erase(slots.to_vec())).await
    }

    /// Re-keys at most `buckets` buckets (of up to 256 slots) from where the last call ended; whether that was the
    /// last slice.
    pub async fn rotate(&self, buckets: u32) -> Result<bool, Error> {
        self.submit(Change::Rotate(buckets)).await
    }

    /// Ends the work of this set, and lets another open it. What was begun is finished first.
    pub async fn close(&self) {
        // A set that is closed already is closed.
        let _closed = self.change(Change::Close).await;
        self.shared.close().await;
    }

    async fn own(&self, slot: Slot, label: &'static str) -> Result<SymmetricKey, Error> {
        let keys = self.shared.keys(&slot).await?;
        Ok(SymmetricKey::new(label, keys.own.clone()))
    }

    async fn change(&self, change: Change) -> Result<(), Error> {
        self.submit(change).await.map(drop)
    }

    async fn submit(&self, change: Change) -> Result<bool, Error> {
        let (reply, done) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or(Error::ReadOnly)?;
        jobs.send(Job { change, reply }).await.map_err(|_| Error::Closed)?;
        done.await.map_err(|_| Error::Closed)?
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySet")
    }
}
