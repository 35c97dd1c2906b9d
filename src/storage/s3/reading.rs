//! Reading a range, gone on with where it broke off.

use std::ops::Range;

use aws_sdk_s3::{operation::get_object::GetObjectOutput, primitives::ByteStream};
use bytes::Bytes;
use futures::{StreamExt as _, stream};

use crate::storage::{Error, Name, Sealed, fault, s3::Bucket};

/// A range of an object on its way to us.
pub(super) struct Reading {
    bucket: Bucket,
    name: Name,
    /// What has not come yet.
    left: Range<u64>,
    body: ByteStream,
    /// How often it may break off before anything comes again.
    tries_left: u32,
}

impl Reading {
    pub(super) async fn open(bucket: Bucket, name: Name, range: Range<u64>) -> Result<Self, Error> {
        let body = ask(&bucket, &name, &range).await?;
        let tries_left = bucket.patience.tries;
        Ok(Self { bucket, name, left: range, body, tries_left })
    }

    pub(super) fn stream(self) -> Sealed {
        let pieces = stream::unfold(Some(self), |reading| async move {
            let mut reading = reading?;
            match reading.next().await {
                Ok(Some(piece)) => Some((Ok(piece), Some(reading))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        });
        pieces.boxed()
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        while !self.left.is_empty() {
            fault("storage::read").map_err(|fault| self.bucket.away(fault))?;
            let broke_off: Box<dyn std::error::Error + Send + Sync> = match self.body.next().await {
                Some(Ok(piece)) if piece.is_empty() => continue,
                Some(Ok(piece)) => return self.arrived(piece).map(Some),
                Some(Err(error)) => error.into(),
                None => "the answer ended early".into(),
            };
            self.tries_left -= 1;
            if self.tries_left == 0 {
                return Err(self.bucket.away(broke_off));
            }
            self.body = ask(&self.bucket, &self.name, &self.left).await?;
        }
        Ok(None)
    }

    fn arrived(&mut self, piece: Bytes) -> Result<Bytes, Error> {
        self.left.start += piece.len() as u64;
        self.tries_left = self.bucket.patience.tries;
        if self.left.start > self.left.end {
            return Err(contradiction(&self.name, "more came than was asked for"));
        }
        Ok(piece)
    }
}

async fn ask(bucket: &Bucket, name: &Name, range: &Range<u64>) -> Result<ByteStream, Error> {
    let wanted = format!("bytes={}-{}", range.start, range.end - 1);
    let get = bucket.client.get_object().bucket(&bucket.name).key(name.as_str()).range(wanted);
    let answer = get.send().await.map_err(|error| match bucket.refused(error, name) {
        Error::Refused { code, .. } if code == "InvalidRange" => short(name, range),
        error => error,
    })?;
    check(&answer, name, range)?;
    Ok(answer.body)
}

/// Holds the answer's head against what was asked (RFC 9110, section 14.4).
fn check(answer: &GetObjectOutput, name: &Name, range: &Range<u64>) -> Result<(), Error> {
    let length = answer.content_length().and_then(|length| u64::try_from(length).ok());
    let came = match answer.content_range() {
        Some(text) => {
            let text = text.strip_prefix("bytes ").and_then(|text| text.split_once('/'));
            let span = text.and_then(|(span, _)| span.split_once('-'));
            let bounds = span.and_then(|(a, b)| Some(a.parse().ok()?..b.parse::<u64>().ok()? + 1));
            bounds.ok_or_else(|| contradiction(name, "its range cannot be read"))?
        }
        // A service that ignores ranges; right only if all of it was wanted.
        None => 0..length.unwrap_or(u64::MAX),
    };
    if came.start != range.start || came.end > range.end {
        return Err(contradiction(name, "another range came than was asked for"));
    }
    if came.end < range.end {
        return Err(short(name, range));
    }
    match length {
        Some(length) if length != range.end - range.start => {
            Err(contradiction(name, "its length and its range differ"))
        }
        _ => Ok(()),
    }
}

fn short(name: &Name, range: &Range<u64>) -> Error {
    Error::Short { name: name.clone(), wanted_until: range.end }
}

fn contradiction(name: &Name, what: &'static str) -> Error {
    Error::Contradiction { name: name.clone(), what }
}
