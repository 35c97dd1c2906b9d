//! Plaintext from whichever copy answers first and rightly; what one copy breaks off another goes on with.

use std::{
    collections::BTreeMap,
    ops::Range,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures::{
    StreamExt as _, TryStreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream, FuturesUnordered, Peekable},
};
use tokio::time::{Instant as Moment, sleep};

use crate::{
    documents::{Content, Documents, Error},
    mission::{CopyEntry, DocumentRevision},
    storage,
    vault::{
        FileKey,
        payload::{self, Nonce, Opener, chunk_range, open_stream},
    },
};

/// How long the first piece of a copy is waited for before the next copy is asked too.
const PATIENCE: Duration = Duration::from_millis(250);

/// How long a location that did not answer in time is asked last.
const LAST_FOR: Duration = Duration::from_secs(30);

/// Locations that did not answer in time lately.
#[derive(Debug, Default)]
pub(in crate::documents) struct Late(Mutex<BTreeMap<String, Moment>>);

impl Late {
    fn note(&self, location: &str) {
        self.lock().insert(location.to_owned(), Moment::now());
    }

    fn was(&self, location: &str) -> bool {
        self.lock().get(location).is_some_and(|at| at.elapsed() < LAST_FOR)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Moment>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why sealed bytes did not become plaintext.
#[derive(Debug)]
enum Fault {
    Storage(storage::Error),
    Payload,
    Error(Error),
}

/// Pieces of plaintext, of which the first was opened already.
type Opened = Pin<Box<Peekable<BoxStream<'static, Result<Bytes, Fault>>>>>;

/// One copy, asked for a range.
type Asked = BoxFuture<'static, (usize, Result<Opened, Fault>)>;

/// A version that is being read.
struct Source {
    documents: Documents,
    content: Content,
    /// Its copies as they were when it was begun, then those that it got since: a copy may be moved away meanwhile.
    copies: Mutex<Vec<CopyEntry>>,
    key: FileKey,
    nonce: Nonce,
}

/// Where a reading is, on which copy, and what the others failed with.
struct Position {
    source: Arc<Source>,
    opened: Opened,
    copy: usize,
    at: u64,
    end: u64,
    faults: Vec<(usize, Fault)>,
}

impl Documents {
    /// The plaintext of `range`: unwrap one slot, fetch only the chunks that it needs, open each, then release it.
    pub(in crate::documents) async fn bytes(
        &self,
        content: &Content,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes, Error>>, Error> {
        let record = &content.record;
        let version = record.version;
        let key = self.inner.keyset.file_key(record.document, version).await?;
        let nonce = record.nonce().filter(|_| record.commits_to(&key) && record.size().is_some());
        let Some(nonce) = nonce else {
            self.quarantine(record.document, version).await;
            return Err(Error::Integrity(version));
        };
        let (documents, content) = (self.clone(), content.clone());
        let copies = Mutex::new(content.copies().to_vec());
        let source = Arc::new(Source { documents, content, copies, key, nonce });
        // The first chunk is opened before the answer's status is sent.
        let mut faults = Vec::new();
        let (copy, opened) = source.first(range.clone(), &mut faults).await?;
        let Range { start: at, end } = range;
        let position = Position { source, opened, copy, at, end, faults };
        let next = async |mut position: Position| {
            Ok(position.next().await?.map(|piece| (piece, position)))
        };
        Ok(stream::try_unfold(position, next).boxed())
    }
}

impl Position {
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            match self.opened.next().await {
                Some(Ok(piece)) => {
                    self.at += piece.len() as u64;
                    return Ok(Some(piece));
                }
                None => return Ok(None),
                Some(Err(fault)) => {
                    self.source.note(self.copy, &fault).await;
                    self.faults.push((self.copy, fault));
                    let rest = self.at..self.end;
                    (self.copy, self.opened) = self.source.first(rest, &mut self.faults).await?;
                }
            }
        }
    }
}

impl Source {
    fn copies(&self) -> Vec<CopyEntry> {
        self.copies.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn copy(&self, at: usize) -> CopyEntry {
        self.copies.lock().unwrap_or_else(PoisonError::into_inner)[at].clone()
    }

    /// What the document's revision says of the version now.
    async fn now(&self) -> Result<(Arc<DocumentRevision>, Vec<CopyEntry>), Error> {
        let record = &self.content.record;
        let document = self.documents.revision(record.document).await?;
        let entry = document.versions.iter().find(|entry| entry.version == record.version);
        let entry = entry.filter(|_| document.is_kept()).ok_or(Error::Stage("destroyed"))?;
        let copies = record.copies(entry).to_vec();
        Ok((document, copies))
    }

    /// Takes up the copies that the version got since the reading was begun, and says whether there are any.
    async fn learn(&self) -> Result<bool, Error> {
        let (_, now) = self.now().await?;
        let mut copies = self.copies.lock().unwrap_or_else(PoisonError::into_inner);
        let known = copies.len();
        for copy in now {
            if !copies.contains(&copy) {
                copies.push(copy);
            }
        }
        Ok(copies.len() > known)
    }

    /// The first copy that gives the first piece of `range`, of those that have no fault yet.
    ///
    /// # Errors
    ///
    /// Once none is left, what they failed with.
    async fn first(
        self: &Arc<Self>,
        range: Range<u64>,
        faults: &mut Vec<(usize, Fault)>,
    ) -> Result<(usize, Opened), Error> {
        loop {
            if let Some(first) = self.first_of_known(&range, faults).await {
                return Ok(first);
            }
            if !self.learn().await? {
                return Err(self.conclude(faults).await);
            }
        }
    }

    async fn first_of_known(
        self: &Arc<Self>,
        range: &Range<u64>,
        faults: &mut Vec<(usize, Fault)>,
    ) -> Option<(usize, Opened)> {
        let untried = |copy: &usize| !faults.iter().any(|(failed, _)| failed == copy);
        let (copies, late) = (self.copies(), &self.documents.inner.late);
        let mut order: Vec<_> = (0..copies.len()).filter(untried).collect();
        order.sort_by_key(|copy| late.was(&copies[*copy].location));
        let mut waiting = order.iter().copied();
        let mut asked = FuturesUnordered::new();
        loop {
            if asked.is_empty() {
                asked.push(self.clone().ask(waiting.next()?, range.clone()));
            }
            tokio::select! {
                Some((copy, answer)) = asked.next() => match answer {
                    Ok(opened) => return Some((copy, opened)),
                    Err(fault) => {
                        self.note(copy, &fault).await;
                        faults.push((copy, fault));
                    }
                },
                () = sleep(PATIENCE), if waiting.len() > 0 => {
                    let copy = waiting.next().expect("one waits");
                    let before = order.iter().take_while(|before| **before != copy);
                    before.for_each(|before| late.note(&copies[*before].location));
                    asked.push(self.clone().ask(copy, range.clone()));
                }
            }
        }
    }

    fn ask(self: Arc<Self>, copy: usize, range: Range<u64>) -> Asked {
        Box::pin(async move { (copy, self.open(copy, range).await) })
    }

    /// Opens a range of one copy up to its first piece.
    async fn open(&self, copy: usize, range: Range<u64>) -> Result<Opened, Fault> {
        let record = &self.content.record;
        let copy = self.copy(copy);
        let store = Arc::clone(&self.documents.at(&copy).map_err(Fault::Error)?.store);
        let span =
            chunk_range(range, self.content.size).map_err(|_| Fault::Error(Error::NoVersion))?;
        let sealed = store.read(&copy.object, span.sealed.clone()).await.map_err(Fault::Storage)?;
        let opener = Opener::new(&self.key, &self.nonce, record.sealed_len, span.first_chunk)?;
        let opened = open_stream(opener, &span, sealed.map_err(Fault::Storage)).boxed();
        let mut opened = Box::pin(opened.peekable());
        match opened.as_mut().next_if(|piece| piece.is_err()).await {
            Some(Err(fault)) => Err(fault),
            _ => Ok(opened),
        }
    }

    /// Enters that a copy contradicts its record, if it is one still and there is another.
    async fn note(&self, copy: usize, fault: &Fault) {
        let copy = self.copy(copy);
        let Some(as_found) = fault.as_found() else {
            return self.documents.inner.late.note(&copy.location);
        };
        let Ok((document, now)) = self.now().await else { return };
        if now.len() > 1 && now.contains(&copy) {
            let version = self.content.record.version;
            self.documents.doubt(&document, version, &copy, as_found).await;
        }
    }

    /// What a reading fails with once every copy did: only if all contradict their record is the document in doubt.
    async fn conclude(&self, faults: &mut Vec<(usize, Fault)>) -> Error {
        let record = &self.content.record;
        let away = faults.iter().position(|(_, fault)| !fault.contradicts());
        match away.map(|at| faults.swap_remove(at).1) {
            Some(Fault::Storage(error)) => error.into(),
            Some(Fault::Error(error)) => error,
            Some(Fault::Payload) | None => {
                self.documents.quarantine(record.document, record.version).await;
                Error::Integrity(record.version)
            }
        }
    }
}

impl Fault {
    /// Bytes that are missing or other than recorded are a contradiction; a store that is away is not.
    fn contradicts(&self) -> bool {
        match self {
            Self::Payload => true,
            Self::Storage(error) => {
                matches!(error, storage::Error::Missing(_) | storage::Error::Short { .. })
            }
            Self::Error(_) => false,
        }
    }

    /// What is wrong with the copy; nothing if its place is away.
    fn as_found(&self) -> Option<&'static str> {
        match self {
            Self::Payload => Some("other bytes"),
            Self::Storage(storage::Error::Missing(_)) => Some("missing"),
            Self::Storage(storage::Error::Short { .. }) => Some("too short"),
            Self::Storage(storage::Error::Contradiction { .. }) => Some("a contradiction"),
            Self::Storage(_) | Self::Error(_) => None,
        }
    }
}

impl From<payload::Error> for Fault {
    fn from(_: payload::Error) -> Self {
        Self::Payload
    }
}
