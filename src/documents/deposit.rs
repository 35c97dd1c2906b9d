//! A version is deposited: intent, sealed object, slot, and the change that makes it a version.
//!
//! | durable, in this order | after a crash right there |
//! |---|---|
//! | pending row, with its entry | the names are erased, an entry says *abandoned* |
//! | file key, pending | it is dropped with the names |
//! | sealed object and the record beside it, at every place | erased by name |
//! | version, with its entry | the deposit stands |

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use serde::{Deserialize, Serialize};

use crate::{
    audit::{self, Again, Deposit, Warrant},
    documents::{Documents, Error, pending::Place, repeat::Repeat, unwrapped},
    id::{DocumentId, EntryId, VersionId},
    mission::{CopyEntry, DocumentRevision, Protection, Stage},
    policy::{Permit, Placed},
    storage::{self, Name},
    vault::{
        FileKey,
        export::FormCheck,
        payload::{Nonce, Summary, seal_stream, sealed_len},
    },
};

/// Which latest version the depositor expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// Any version, but one.
    Any,
    /// One of these.
    OneOf(Vec<VersionId>),
}

/// What is deposited, but for its bytes.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Into which document.
    pub document: DocumentId,
    /// As declared; whatever is none becomes `application/octet-stream`.
    pub media_type: String,
    /// As announced, in bytes.
    pub length: Option<u64>,
    /// As announced by `Content-Digest`.
    pub sha256: Option<[u8; 32]>,
    /// The header `If-Match`.
    pub if_match: Option<IfMatch>,
    /// The header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

/// A version that was deposited: what its depositor's receipt is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deposited {
    /// Into which document.
    pub document: DocumentId,
    /// Its reference.
    pub reference: String,
    /// Which version.
    pub version: VersionId,
    /// Its number.
    pub number: i64,
    /// Bytes of plaintext.
    pub size: u64,
    /// SHA-256 of the plaintext, in hex.
    pub sha256: String,
    /// The entry, of which a receipt follows.
    pub entry: EntryId,
    /// Where its bytes rest.
    pub locations: Vec<String>,
    /// Whether this answers a request made before.
    #[serde(skip)]
    pub replayed: bool,
}

/// How often a refusal is decided again while heads move.
const TRIES: usize = 3;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Documents {
    /// Deposits a version, streamed in bounded memory.
    ///
    /// # Errors
    ///
    /// Whatever goes wrong, the object, its key and its pending row are gone, or are swept at the next start.
    pub async fn deposit(
        &self,
        permit: Permit<Deposit>,
        upload: Upload,
        body: impl Stream<Item = Result<Bytes, BoxError>> + Send + 'static,
    ) -> Result<Deposited, Error> {
        if !self.inner.recovered {
            return Err(Error::NoRecovery);
        }
        let document = Arc::clone(permit.document().ok_or(Error::NoVersion)?);
        precondition(&document, upload.if_match.as_ref())?;
        let (permit, place, ground) = self.place(permit, &document).await?;
        let key = self.inner.keyset.document_key(document.document).await?;
        let repeat = Repeat::of(permit.actor().person, &upload, &key);
        let spare = permit.clone();
        if let Some(deposited) = self.begin(spare, place.clone(), ground, repeat.clone()).await? {
            return Ok(deposited);
        }
        let _transfer = self.inner.traffic.begin();
        let deposited = self.fill(permit, &document, &upload, &place, repeat.clone(), body).await;
        if deposited.is_err() {
            self.abandon(&place, repeat).await;
        }
        deposited
    }

    /// Where the version may rest, and why: the first configured locations that mission and owner both permit. From then on
    /// the right is one to deposit there.
    async fn place(
        &self,
        permit: Permit<Deposit>,
        document: &DocumentRevision,
    ) -> Result<(Permit<Deposit>, Place, String), Error> {
        let (permit, chosen) = self.placed(permit).await?;
        chosen.locations.iter().try_for_each(|location| self.writable(location))?;
        let copy = |location: &storage::LocationId| CopyEntry {
            location: location.to_string(),
            object: Name::of_an_object(),
        };
        let copies = chosen.locations.iter().map(copy).collect();
        let place = Place { document: document.document, version: VersionId::random(), copies };
        Ok((permit, place, chosen.ground))
    }

    /// The right with its place, or a refusal that is durable already.
    async fn placed(
        &self,
        mut permit: Permit<Deposit>,
    ) -> Result<(Permit<Deposit>, Placed), Error> {
        for _ in 0..TRIES {
            let unplaced =
                match permit.clone().placed(&self.inner.locations, self.inner.copies.kept) {
                    Ok(placed) => return Ok(placed),
                    Err(unplaced) => *unplaced,
                };
            match self.inner.gate.refuse(unplaced.denial).await {
                Ok(()) => return Err(Error::NoPlace(unplaced.nowhere.to_string())),
                // What it was refused on has moved.
                Err(audit::Error::Moved) => permit = self.again(permit).await?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(audit::Error::Unsettled.into())
    }

    /// Records the intent and the names that may come to hold something.
    async fn begin(
        &self,
        permit: Permit<Deposit>,
        place: Place,
        ground: String,
        repeat: Option<Repeat>,
    ) -> Result<Option<Deposited>, Error> {
        let key = self.inner.pending_key.clone();
        let changed = self.inner.writer.change(permit, move |change| {
            let (place, repeat, key) = (place.clone(), repeat.clone(), key.clone());
            let ground = ground.clone();
            Box::pin(async move {
                if let Some(repeat) = &repeat
                    && let Some(deposited) = repeat.begin(change).await?
                {
                    change.detail("step", "repeated");
                    return Ok(Some(deposited));
                }
                change.detail("step", "begin");
                change.detail("version", place.version);
                change.detail("copies", &place.copies);
                change.detail("placement", ground);
                let now = change.now.0;
                place.list(&key, now, change.sql()).await?;
                Ok(None)
            })
        });
        Ok(changed.await.map_err(unwrapped)?.0)
    }

    async fn fill(
        &self,
        permit: Permit<Deposit>,
        document: &DocumentRevision,
        upload: &Upload,
        place: &Place,
        repeat: Option<Repeat>,
        body: impl Stream<Item = Result<Bytes, BoxError>> + Send + 'static,
    ) -> Result<Deposited, Error> {
        let key = self.inner.keyset.add_version(place.document, place.version).await?;
        let summary = self.seal(&key, document, upload, place, body).await?;
        fail::fail_point!("documents::sealed", |_| Err(Error::Stage("stopped by a test")));
        let permit = self.again(permit).await?;
        self.publish(permit, &key, upload, place, summary, repeat).await
    }

    /// Seals the body into every place, and checks that it was what was announced.
    async fn seal(
        &self,
        key: &FileKey,
        document: &DocumentRevision,
        upload: &Upload,
        place: &Place,
        body: impl Stream<Item = Result<Bytes, BoxError>> + Send + 'static,
    ) -> Result<Summary, Error> {
        let end_to_end = document.protection == Protection::EndToEnd;
        let form = end_to_end.then(|| Arc::new(Mutex::new(FormCheck::new())));
        let (body, form_of_body) = (body, form.clone());
        let body = body.map(move |piece| {
            let piece = piece.map_err(storage::Error::Source)?;
            if let Some(form) = &form_of_body {
                let mut form = form.lock().expect("no holder of this lock panics");
                form.push(&piece).map_err(|error| storage::Error::Source(Box::new(error)))?;
            }
            Ok(piece)
        });
        let (sealed, summary) = seal_stream(key, Nonce::random(), body);
        let length = upload.length.map(sealed_len);
        let kept = self.create_copies(&place.copies, sealed.boxed(), length).await;
        kept.map_err(|error| broken_off(error, end_to_end))?;
        let summary = summary.await.map_err(|_| Error::Stage("not sealed to its end"))?;
        if let Some(form) = form {
            let form = std::mem::take(&mut *form.lock().expect("no holder of this lock panics"));
            form.finish().map_err(|_| Error::NotAge)?;
        }
        announced(upload, &summary)?;
        Ok(summary)
    }

    /// Decides again: rights may have moved while the body came.
    async fn again(&self, permit: Permit<Deposit>) -> Result<Permit<Deposit>, Error> {
        match permit.again().await {
            Ok(permit) => Ok(permit),
            Err(Again::Undecided(cause)) => Err(audit::Error::Undecided(cause).into()),
            Err(Again::Refused(denial)) => {
                let verdict = denial.verdict;
                self.inner.gate.refuse(*denial).await?;
                Err(audit::Error::Refused(verdict).into())
            }
        }
    }
}

/// The store's own failure, or why the body broke off.
fn broken_off(error: Error, end_to_end: bool) -> Error {
    match error {
        Error::Storage(storage::Error::Source(_)) if end_to_end => Error::NotAge,
        Error::Storage(storage::Error::Source(cause)) => Error::Body(cause),
        Error::Storage(storage::Error::Length { announced, came }) => {
            Error::Length { found: came, wanted: announced }
        }
        error => error,
    }
}

fn announced(upload: &Upload, summary: &Summary) -> Result<(), Error> {
    if let Some(wanted) = upload.length
        && wanted != summary.plain_len
    {
        return Err(Error::Length { found: summary.plain_len, wanted });
    }
    match upload.sha256 {
        Some(wanted) if wanted != summary.plain_sha256 => Err(Error::Digest {
            found: hex::encode(summary.plain_sha256),
            wanted: hex::encode(wanted),
        }),
        _ => Ok(()),
    }
}

pub(super) fn precondition(
    document: &DocumentRevision,
    if_match: Option<&IfMatch>,
) -> Result<(), Error> {
    if matches!(document.stage, Stage::Shredding | Stage::Shredded) {
        return Err(Error::Stage("destroyed"));
    }
    let latest = document.latest().map(|latest| latest.version);
    let fits = match if_match {
        None => true,
        Some(IfMatch::Any) => latest.is_some(),
        Some(IfMatch::OneOf(versions)) => latest.is_some_and(|latest| versions.contains(&latest)),
    };
    if fits { Ok(()) } else { Err(Error::Precondition) }
}
