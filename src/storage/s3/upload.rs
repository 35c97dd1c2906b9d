//! Sending an object: in one piece if it is small, else in parts of which nothing is seen before the last.

use std::sync::Arc;

use aws_sdk_s3::{
    primitives::ByteStream,
    types::{CompletedMultipartUpload, CompletedPart},
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::Full;
use tokio::{runtime::Handle, task::JoinSet};
use tracing::warn;

use crate::storage::{
    Error, LISTED_AT_MOST, Name, Sealed,
    s3::{
        Bucket, Trailers,
        parts::{Buffer, PARTS_AT_MOST, Parts, Pool},
        refusal::{is_no_upload, is_unknown_call},
    },
};

/// How many parts of one upload are on their way at once.
const AT_ONCE: usize = 4;

/// Sends all of `sealed` and gives its length.
pub(super) async fn send(
    bucket: &Bucket,
    pool: &Arc<Pool>,
    name: &Name,
    sealed: Sealed,
    length: Option<u64>,
) -> Result<u64, Error> {
    let part = pool.part_bytes(length, name)?;
    let mut parts = Parts::new(sealed, length);
    let mut first = pool.take(part.min(length.unwrap_or(part))).await;
    parts.fill(&mut first).await?;
    if parts.ended {
        whole(bucket, name, first.into_bytes()).await?;
        return Ok(parts.came);
    }
    let mut upload = Upload::begin(bucket, name).await?;
    let sent = match upload.send(pool, part, first, &mut parts).await {
        Ok(sent) => upload.complete(sent, parts.came).await,
        Err(error) => Err(error),
    };
    if sent.is_err() {
        upload.abort().await;
    }
    upload.ended = true;
    sent.map(|()| parts.came)
}

impl Bucket {
    /// Bytes to be sent, and sent again as they are. In one piece they would bear a checksum in the head.
    fn body(&self, bytes: Bytes) -> ByteStream {
        ByteStream::new(match self.trailers {
            Trailers::Never => SdkBody::from(bytes),
            Trailers::Always => {
                SdkBody::retryable(move || SdkBody::from_body_1_x(Full::new(bytes.clone())))
            }
        })
    }
}

async fn whole(bucket: &Bucket, name: &Name, bytes: Bytes) -> Result<(), Error> {
    let put = bucket.client.put_object().bucket(&bucket.name).key(name.as_str());
    let put = put.content_type(OPAQUE).body(bucket.body(bytes)).customize();
    let put = if bucket.signs_bytes { put } else { put.disable_payload_signing() };
    put.send().await.map(drop).map_err(|error| bucket.refused(error, name))
}

/// Said of every object, since clients that say nothing make services guess.
const OPAQUE: &str = "application/octet-stream";

/// An upload in parts; dropped before it ended, it is aborted.
struct Upload {
    bucket: Bucket,
    name: Name,
    id: String,
    ended: bool,
}

impl Upload {
    async fn begin(bucket: &Bucket, name: &Name) -> Result<Self, Error> {
        let begin = bucket.client.create_multipart_upload().bucket(&bucket.name);
        let begun = begin.key(name.as_str()).content_type(OPAQUE).send().await;
        let begun = begun.map_err(|error| bucket.refused(error, name))?;
        let what = "it began an upload without an id";
        let id = begun.upload_id.ok_or(Error::Contradiction { name: name.clone(), what })?;
        Ok(Self { bucket: bucket.clone(), name: name.clone(), id, ended: false })
    }

    /// Sends `first` and all that follows, a few parts at once.
    async fn send(
        &self,
        pool: &Arc<Pool>,
        part: u64,
        first: Buffer,
        parts: &mut Parts,
    ) -> Result<Vec<CompletedPart>, Error> {
        let mut sending = JoinSet::new();
        let mut sent = Vec::new();
        let mut next = Some(first);
        for number in 1.. {
            let Some(buffer) = next.take() else { break };
            if number > PARTS_AT_MOST {
                return Err(Error::TooLong { name: self.name.clone() });
            }
            let number = i32::try_from(number).expect("there are 10,000 parts at most");
            sending.spawn(send_part(
                self.bucket.clone(),
                self.name.clone(),
                self.id.clone(),
                number,
                buffer.into_bytes(),
            ));
            while sending.len() >= AT_ONCE {
                sent.extend(self.joined(&mut sending).await?);
            }
            if !parts.ended {
                let mut buffer = pool.take(part.min(parts.left().unwrap_or(part))).await;
                parts.fill(&mut buffer).await?;
                next = Some(buffer);
            }
        }
        while let Some(part) = self.joined(&mut sending).await? {
            sent.push(part);
        }
        sent.sort_by_key(CompletedPart::part_number);
        Ok(sent)
    }

    async fn joined(
        &self,
        sending: &mut JoinSet<Result<CompletedPart, Error>>,
    ) -> Result<Option<CompletedPart>, Error> {
        match sending.join_next().await {
            Some(Ok(sent)) => sent.map(Some),
            Some(Err(stopped)) => Err(self.bucket.away(stopped)),
            None => Ok(None),
        }
    }

    async fn complete(&self, parts: Vec<CompletedPart>, size: u64) -> Result<(), Error> {
        let complete = self.bucket.client.complete_multipart_upload().bucket(&self.bucket.name);
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let complete = complete.key(self.name.as_str()).upload_id(&self.id).multipart_upload(parts);
        let Err(error) = complete.send().await else { return Ok(()) };
        // It may have completed at a try whose answer was lost; services differ in what they say to the next.
        match self.bucket.length(&self.name).await {
            Ok(Some(length)) if length == size => Ok(()),
            _ => Err(self.bucket.refused(error, &self.name)),
        }
    }

    /// Gives the parts up; what fails here is found again under the object's name.
    async fn abort(&self) {
        if let Err(error) = abort(&self.bucket, &self.name, &self.id).await {
            warn!(name = %self.name, %error, "could not abort an upload");
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let (false, Ok(runtime)) = (self.ended, Handle::try_current()) {
            let (bucket, name, id) = (self.bucket.clone(), self.name.clone(), self.id.clone());
            runtime.spawn(async move { Upload { bucket, name, id, ended: true }.abort().await });
        }
    }
}

async fn send_part(
    bucket: Bucket,
    name: Name,
    upload: String,
    number: i32,
    bytes: Bytes,
) -> Result<CompletedPart, Error> {
    let put = bucket.client.upload_part().bucket(&bucket.name).key(name.as_str());
    let put = put.upload_id(upload).part_number(number);
    let put = put.body(bucket.body(bytes)).customize();
    let put = if bucket.signs_bytes { put } else { put.disable_payload_signing() };
    let sent = put.send().await.map_err(|error| bucket.refused(error, &name))?;
    Ok(CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag).build())
}

async fn abort(bucket: &Bucket, name: &Name, id: &str) -> Result<(), Error> {
    let abort = bucket.client.abort_multipart_upload().bucket(&bucket.name);
    match abort.key(name.as_str()).upload_id(id).send().await {
        Err(error) if is_no_upload(&error) => Ok(()),
        aborted => aborted.map(drop).map_err(|error| bucket.refused(error, name)),
    }
}

/// Aborts the unfinished uploads that are listed under exactly this name.
pub(super) async fn abort_all(bucket: &Bucket, name: &Name) -> Result<(), Error> {
    let (mut key_marker, mut id_marker) = (None, None);
    for _ in 0..LISTED_AT_MOST {
        let list = bucket.client.list_multipart_uploads().bucket(&bucket.name);
        let list = list.prefix(name.as_str()).set_key_marker(key_marker.take());
        let page = match list.set_upload_id_marker(id_marker.take()).send().await {
            // Then none can be found; what an upload left is the service's to clear.
            Err(error) if is_unknown_call(&error) => return Ok(()),
            page => page.map_err(|error| bucket.refused(error, name))?,
        };
        let ours = page.uploads().iter().filter(|upload| upload.key() == Some(name.as_str()));
        for id in ours.filter_map(|upload| upload.upload_id()) {
            abort(bucket, name, id).await?;
        }
        if page.is_truncated() != Some(true) || page.next_key_marker().is_none() {
            break;
        }
        (key_marker, id_marker) = (page.next_key_marker, page.next_upload_id_marker);
    }
    Ok(())
}
