//! What was sealed becomes a version: the record beside the object, then one change.

use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;

use crate::{
    audit::{Deposit, Stopped},
    documents::{
        Deposited, Documents, Error, Upload, VersionRecord, deposit::precondition, grants::project,
        pending::Place, record::encoded, repeat::Repeat, texts, unwrapped,
    },
    id::{EntryId, VersionId},
    mission::{CopyEntry, DocumentRevision, Stage, VersionEntry},
    policy::Permit,
    time::Instant,
    vault::{
        FileKey,
        payload::{Commitment, Summary, sha256},
        record::{Record, seal_record},
    },
};

impl Documents {
    /// One change writes version, copy and the entry with the version record.
    pub(super) async fn publish(
        &self,
        permit: Permit<Deposit>,
        key: &FileKey,
        upload: &Upload,
        place: &Place,
        summary: Summary,
        repeat: Option<Repeat>,
    ) -> Result<Deposited, Error> {
        let media_type = texts::media_type(&upload.media_type);
        let media_type_sealed =
            self.seal_media_type(place.document, place.version, &media_type).await?;
        let document = Arc::clone(permit.document().ok_or(Error::NoVersion)?);
        let (record_len, record_sha256) =
            self.write_beside(key, &document, place, &summary, &media_type).await?;
        let template = VersionRecord {
            v: 1,
            document: place.document,
            version: place.version,
            number: 0,
            previous: None,
            copies: place.copies.clone(),
            sealed_len: summary.sealed_len,
            sealed_sha256: encoded(&summary.sealed_sha256),
            record_len,
            record_sha256,
            nonce: encoded(&summary.nonce.0),
            commitment: encoded(&Commitment::of(key, &place.version).0),
            media_type: encoded(&sha256(&media_type_sealed)),
            generation: self.inner.keyset.generation(),
        };
        let (registry, if_match) = (self.inner.registry.clone(), upload.if_match.clone());
        let changed = self.inner.writer.change(permit, move |change| {
            let (registry, template) = (registry.clone(), template.clone());
            let (sealed, repeat) = (media_type_sealed.clone(), repeat.clone());
            let if_match = if_match.clone();
            Box::pin(async move {
                let (_, mut revision) =
                    registry.current::<DocumentRevision>(change, template.document).await?;
                precondition(&revision, if_match.as_ref()).map_err(Stopped::failed)?;
                let record = numbered(template, &revision);
                let deposited = deposited(&revision, &record, &summary, change.entry);
                let text = record.to_text();
                revision.versions.push(VersionEntry {
                    version: record.version,
                    number: record.number,
                    entry: change.entry,
                    record: hex::encode(sha256(text.as_bytes())),
                    moved: Vec::new(),
                });
                revision.stage = Stage::Working;
                for copy in &record.copies {
                    if !revision.locations.contains(&copy.location) {
                        revision.locations.push(copy.location.clone());
                    }
                }
                change.detail("step", "version");
                change.detail("reference", &revision.reference);
                change.detail("version", record.version);
                change.detail("record", &record);
                change.text("sha256", deposited.sha256.clone());
                let head = registry.write(change, &revision).await?;
                super::sweep::record_generation(change.sql(), record.generation).await?;
                let (entry, now) = (change.entry, change.now);
                rows(change.sql(), &record, &text, sealed, entry, now).await?;
                project(change.sql(), &revision, head.number).await?;
                if let Some(repeat) = &repeat {
                    repeat.end(change, &deposited).await?;
                }
                Ok(deposited)
            })
        });
        Ok(changed.await.map_err(unwrapped)?.0)
    }

    /// The sealed record beside each copy, its length and digest: with the key set it suffices to rebuild a lost catalogue.
    async fn write_beside(
        &self,
        key: &FileKey,
        document: &DocumentRevision,
        place: &Place,
        summary: &Summary,
        media_type: &str,
    ) -> Result<(u64, String), Error> {
        let number = document.latest().map_or(1, |latest| latest.number + 1);
        let word = |value: serde_json::Result<serde_json::Value>| {
            value.ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
        };
        let record = Record {
            party: document.owner,
            document: place.document,
            version: place.version,
            number: number.unsigned_abs(),
            workstream: Some(document.workstream),
            reference: document.reference.clone(),
            kind: document.kind.clone(),
            sensitivity: word(serde_json::to_value(document.sensitivity)),
            protection: word(serde_json::to_value(document.protection)),
            title: self.title_of(document).await?.unwrap_or_default(),
            media_type: media_type.to_owned(),
            nonce: hex::encode(summary.nonce.0),
            plain_len: summary.plain_len,
            sealed_len: summary.sealed_len,
            plain_sha256: hex::encode(summary.plain_sha256),
            sealed_sha256: hex::encode(summary.sealed_sha256),
            deposited_at: self.inner.writer.clock().now().to_string(),
        };
        let sealed = Bytes::from(seal_record(key, 1, &record));
        let (length, digest) = (sealed.len() as u64, encoded(&sha256(&sealed)));
        let beside = |copy: &CopyEntry| CopyEntry {
            location: copy.location.clone(),
            object: copy.object.of_its_record(),
        };
        let records: Vec<_> = place.copies.iter().map(beside).collect();
        let sealed = futures::stream::iter([Ok(sealed)]).boxed();
        self.create_copies(&records, sealed, Some(length)).await?;
        Ok((length, digest))
    }
}

fn numbered(template: VersionRecord, revision: &DocumentRevision) -> VersionRecord {
    let latest = revision.latest();
    let number = latest.map_or(1, |latest| latest.number + 1);
    VersionRecord { number, previous: latest.map(|latest| latest.entry), ..template }
}

fn deposited(
    revision: &DocumentRevision,
    record: &VersionRecord,
    summary: &Summary,
    entry: EntryId,
) -> Deposited {
    Deposited {
        document: revision.document,
        reference: revision.reference.clone(),
        version: record.version,
        number: record.number,
        size: summary.plain_len,
        sha256: hex::encode(summary.plain_sha256),
        entry,
        locations: record.copies.iter().map(|copy| copy.location.clone()).collect(),
        replayed: false,
    }
}

async fn rows(
    sql: &mut sqlx::AnyConnection,
    record: &VersionRecord,
    text: &str,
    media_type_sealed: Vec<u8>,
    entry: EntryId,
    at: Instant,
) -> Result<(), Stopped> {
    sqlx::query(
        "insert into version (id, document, number, entry, record, media_type_sealed, created_at) \
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(record.version.as_bytes().to_vec())
    .bind(record.document.as_bytes().to_vec())
    .bind(record.number)
    .bind(entry.as_bytes().to_vec())
    .bind(text.to_owned())
    .bind(media_type_sealed)
    .bind(at.0)
    .execute(&mut *sql)
    .await?;
    for copy in &record.copies {
        insert_copy(sql, record.version, copy, at).await?;
    }
    let place =
        Place { document: record.document, version: record.version, copies: record.copies.clone() };
    // Swept meanwhile: the object may be erased at any moment.
    match place.unlist(sql).await? {
        true => Ok(()),
        false => Err(Stopped::failed(Error::Stage("swept while it was deposited"))),
    }
}

/// Puts the row of a copy that was written whole just now.
pub(super) async fn insert_copy(
    sql: &mut sqlx::AnyConnection,
    version: VersionId,
    copy: &CopyEntry,
    at: Instant,
) -> Result<(), Stopped> {
    sqlx::query("insert into copy (version, location, name, scrubbed_at) values ($1, $2, $3, $4)")
        .bind(version.as_bytes().to_vec())
        .bind(copy.location.clone())
        .bind(copy.object.as_str().to_owned())
        .bind(at.0)
        .execute(sql)
        .await?;
    Ok(())
}
