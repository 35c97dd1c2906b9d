//! Documents of a copy are looked at: every version opened and compared with its record. Nothing is written.

use futures::{Stream, StreamExt as _, TryStreamExt as _};
use ring::digest::{Context, SHA256};
use sqlx::Row as _;

use crate::{
    audit::tree::Found,
    database,
    documents::{Error, VersionRecord, record::encoded},
    id::DocumentId,
    mission::{CopyEntry, DocumentRevision, Registry, Stage, VersionEntry},
    storage::{self, Location},
    vault::{
        self, FileKey, KeySet,
        payload::{self, Opener, chunk_range, open_stream, sha256},
        record::open_record,
    },
};

/// Where documents are looked for.
#[derive(Clone, Copy)]
pub struct Parts<'p> {
    /// What they are.
    pub registry: &'p Registry,
    /// Their keys.
    pub keyset: &'p KeySet,
    /// Their bytes.
    pub locations: &'p [Location],
}

/// Why a sealed object is not what its record says.
enum Fault {
    Away(storage::Error),
    Altered,
}

impl From<payload::Error> for Fault {
    fn from(_: payload::Error) -> Self {
        Self::Altered
    }
}

impl From<storage::Error> for Fault {
    fn from(error: storage::Error) -> Self {
        match error {
            storage::Error::Missing(_) | storage::Error::Short { .. } => Self::Altered,
            error => Self::Away(error),
        }
    }
}

/// Looks at one document: its rows, its keys, its objects. `done` is told how many sealed bytes more were read.
///
/// # Errors
///
/// Only if something cannot be read: what contradicts is in the answer.
pub async fn examine(
    parts: Parts<'_>,
    (number, document): (i64, &DocumentRevision),
    done: &(dyn Fn(usize) + Sync),
) -> Result<Vec<Found>, Error> {
    let reference = &document.reference;
    let mut found = Vec::new();
    if !row_agrees(parts, number, document).await? {
        found.push(Found::new("found-document-row", reference));
    }
    let gone = matches!(document.stage, Stage::Shredded);
    if gone && is_known(parts.keyset, document.document).await? {
        found.push(Found::new("found-key-left", reference));
    }
    for entry in &document.versions {
        let named = format!("{reference} v{}", entry.number);
        let record = match record(parts, document.document, entry).await? {
            Some(record) => record,
            None => {
                found.push(Found::new("found-record", named));
                continue;
            }
        };
        if gone || document.stage == Stage::Shredding {
            continue;
        }
        let copies = record.copies(entry);
        if !rows_agree(parts, entry, copies).await? {
            found.push(Found::new("found-copy-row", &named));
        }
        let key = match parts.keyset.file_key(document.document, entry.version).await {
            Ok(key) if record.commits_to(&key) => key,
            Ok(_) => {
                found.push(Found::new("found-key-other", named));
                continue;
            }
            Err(vault::keyset::Error::Missing(_) | vault::keyset::Error::Contradiction(_)) => {
                found.push(Found::new("found-key-missing", named));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        for copy in copies {
            let named = match copies {
                [_] => named.clone(),
                _ => format!("{named} ({})", copy.location),
            };
            match object(parts, &record, copy, &key, done).await {
                Ok(()) => {}
                Err(Fault::Altered) => found.push(Found::new("found-object", &named)),
                Err(Fault::Away(error)) => return Err(error.into()),
            }
            match beside(parts, &record, copy, &key).await {
                Ok(()) => {}
                Err(Fault::Altered) => found.push(Found::new("found-beside", &named)),
                Err(Fault::Away(error)) => return Err(error.into()),
            }
        }
    }
    Ok(found)
}

async fn is_known(keyset: &KeySet, document: DocumentId) -> Result<bool, Error> {
    match keyset.document_key(document).await {
        Ok(_) => Ok(true),
        Err(vault::keyset::Error::Missing(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Whether the row by which lists find the document says what its revision says.
async fn row_agrees(
    parts: Parts<'_>,
    number: i64,
    document: &DocumentRevision,
) -> Result<bool, Error> {
    let sql = "select number, owner, workstream, kind, sensitivity, stage, reference, title_sealed, created_at \
               from document where id = $1";
    let row = sqlx::query(sql)
        .bind(document.document.as_bytes().to_vec())
        .fetch_optional(parts.registry.database().pool())
        .await
        .map_err(database::Error::from)?;
    let Some(row) = row else { return Ok(false) };
    let read = || -> Result<bool, sqlx::Error> {
        let title: Vec<u8> = row.try_get(7)?;
        let destroyed = document.stage == Stage::Shredded && title.is_empty();
        let stage = serde_json::to_value(document.stage).unwrap_or_default();
        Ok(row.try_get::<i64, _>(0)? == number
            && row.try_get::<Vec<u8>, _>(1)? == document.owner.as_bytes()
            && row.try_get::<Vec<u8>, _>(2)? == document.workstream.as_bytes()
            && row.try_get::<String, _>(3)? == document.kind
            && row.try_get::<i64, _>(4)? == document.sensitivity as i64
            && stage == row.try_get::<String, _>(5)?
            && row.try_get::<String, _>(6)? == document.reference
            && row.try_get::<i64, _>(8)? == document.created_at.0
            && (destroyed || hex::encode(sha256(&title)) == document.title))
    };
    Ok(read().map_err(database::Error::from)?)
}

/// The record of a version, if its row is the one that the revision names.
async fn record(
    parts: Parts<'_>,
    document: DocumentId,
    entry: &VersionEntry,
) -> Result<Option<VersionRecord>, Error> {
    let sql =
        "select record, media_type_sealed, document, number, entry from version where id = $1";
    let row = sqlx::query(sql)
        .bind(entry.version.as_bytes().to_vec())
        .fetch_optional(parts.registry.database().pool())
        .await
        .map_err(database::Error::from)?;
    let Some(row) = row else { return Ok(None) };
    let read = || -> Result<Option<VersionRecord>, sqlx::Error> {
        let (text, media_type): (String, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
        let beside = row.try_get::<Vec<u8>, _>(2)? == document.as_bytes()
            && row.try_get::<i64, _>(3)? == entry.number
            && row.try_get::<Vec<u8>, _>(4)? == entry.entry.as_bytes();
        let record = VersionRecord::read(&text, &entry.record);
        Ok(record.filter(|record| {
            beside
                && record.document == document
                && record.version == entry.version
                && record.media_type == encoded(&sha256(&media_type))
        }))
    };
    Ok(read().map_err(database::Error::from)?)
}

/// Whether the rows of the version's copies name what revision and record name.
async fn rows_agree(
    parts: Parts<'_>,
    entry: &VersionEntry,
    copies: &[CopyEntry],
) -> Result<bool, Error> {
    let rows = sqlx::query("select location, name from copy where version = $1 order by name")
        .bind(entry.version.as_bytes().to_vec())
        .fetch_all(parts.registry.database().pool())
        .await
        .map_err(database::Error::from)?;
    let named = |row: &sqlx::any::AnyRow| Ok((row.try_get(0)?, row.try_get(1)?));
    let rows: Result<Vec<(String, String)>, sqlx::Error> = rows.iter().map(named).collect();
    let mut copies: Vec<_> = copies
        .iter()
        .map(|copy| (copy.location.clone(), copy.object.as_str().to_owned()))
        .collect();
    copies.sort_unstable_by(|one, other| one.1.cmp(&other.1));
    Ok(rows.map_err(database::Error::from)? == copies)
}

fn location<'p>(parts: Parts<'p>, id: &str) -> Result<&'p Location, Fault> {
    let mut locations = parts.locations.iter();
    locations.find(|location| location.id.to_string() == id).ok_or(Fault::Altered)
}

/// Reads a sealed object to its end: length, nonce, digest, and every chunk opened.
async fn object(
    parts: Parts<'_>,
    record: &VersionRecord,
    copy: &CopyEntry,
    key: &FileKey,
    done: &(dyn Fn(usize) + Sync),
) -> Result<(), Fault> {
    let (store, name) = (&location(parts, &copy.location)?.store, &copy.object);
    if store.head(name).await? != Some(record.sealed_len) {
        return Err(Fault::Altered);
    }
    let (size, nonce) = (record.size().ok_or(Fault::Altered)?, record.nonce());
    let nonce = nonce.ok_or(Fault::Altered)?;
    let mut digest = Context::new(&SHA256);
    let span = chunk_range(0..size, size)?;
    let head = gathered(store.read(name, 0..span.sealed.start).await?).await?;
    if head != nonce.0 {
        return Err(Fault::Altered);
    }
    digest.update(&head);
    let digest = std::sync::Mutex::new(digest);
    let sealed = store.read(name, span.sealed.clone()).await?.map_err(Fault::from);
    let sealed = sealed.inspect_ok(|piece| {
        digest.lock().expect("no holder of this lock panics").update(piece);
        done(piece.len());
    });
    let opener = Opener::new(key, &nonce, record.sealed_len, span.first_chunk)?;
    let mut opened = Box::pin(open_stream(opener, &span, sealed));
    let mut length = 0;
    while let Some(piece) = opened.next().await {
        length += piece?.len() as u64;
    }
    drop(opened);
    let digest = digest.into_inner().expect("no holder of this lock panics").finish();
    let same = length == size && encoded(digest.as_ref()) == record.sealed_sha256;
    if same { Ok(()) } else { Err(Fault::Altered) }
}

/// Opens the sealed record beside a copy, which must say the same.
async fn beside(
    parts: Parts<'_>,
    record: &VersionRecord,
    copy: &CopyEntry,
    key: &FileKey,
) -> Result<(), Fault> {
    let (store, name) = (&location(parts, &copy.location)?.store, copy.object.of_its_record());
    if store.head(&name).await? != Some(record.record_len) {
        return Err(Fault::Altered);
    }
    let sealed = gathered(store.read(&name, 0..record.record_len).await?).await?;
    if encoded(&sha256(&sealed)) != record.record_sha256 {
        return Err(Fault::Altered);
    }
    let told = open_record(key, &record.version, 1, &sealed).map_err(|_| Fault::Altered)?;
    let same = told.document == record.document
        && told.number == record.number.unsigned_abs()
        && told.sealed_len == record.sealed_len;
    if same { Ok(()) } else { Err(Fault::Altered) }
}

async fn gathered(
    mut pieces: impl Stream<Item = Result<bytes::Bytes, storage::Error>> + Unpin,
) -> Result<Vec<u8>, Fault> {
    let mut all = Vec::new();
    while let Some(piece) = pieces.next().await {
        all.extend_from_slice(&piece?);
    }
    Ok(all)
}
