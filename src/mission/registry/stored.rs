//! A revision as its row has it, and whether it counts.

use ring::digest::{SHA256, digest};
use sqlx::{Any, Executor, Row as _, any::AnyRow};

use crate::{
    database::{self, Head, Subject},
    id::EntryId,
    mission::{
        Error, FORMAT, Revision,
        registry::code::{Code, Stamp},
    },
};

/// One row of the table `revision`.
pub(super) struct Stored {
    pub stamp: Stamp,
    pub bytes: Vec<u8>,
    mac: Vec<u8>,
    /// Whether the log has the entry that made it.
    pub entered: bool,
}

/// The row that `head` names.
pub(super) async fn load<'e>(
    executor: impl Executor<'e, Database = Any>,
    subject: Subject,
    number: i64,
) -> Result<Stored, Error> {
    fail::fail_point!("database::read", |_| Err(sqlx::Error::PoolTimedOut.into()));
    database::Trips::to_database();
    let row = sqlx::query(
        "select digest, previous, entry, bytes, mac, \
         (select count(*) from entry where entry.id = revision.entry) \
         from revision where subject = $1 and number = $2",
    )
    .bind(subject.key())
    .bind(number)
    .fetch_optional(executor)
    .await?;
    let row = row.ok_or(Error::Forged(subject))?;
    // A column of another type or length is no more ours than wrong bytes are.
    stored(&row, subject, number).map_err(|_| Error::Forged(subject))
}

fn stored(row: &AnyRow, subject: Subject, number: i64) -> Result<Stored, database::Error> {
    let fixed = |column: usize| -> Result<[u8; 32], database::Error> {
        let bytes: Vec<u8> = row.try_get(column)?;
        bytes.try_into().map_err(|_| database::Error::Row("revision"))
    };
    let entry: Vec<u8> = row.try_get(2)?;
    let entry = EntryId::from_slice(&entry).map_err(|_| database::Error::Row("revision"))?;
    let head = Head { subject, number, digest: fixed(0)? };
    Ok(Stored {
        stamp: Stamp { head, previous: fixed(1)?, entry },
        bytes: row.try_get(3)?,
        mac: row.try_get(4)?,
        entered: row.try_get::<i64, _>(5)? == 1,
    })
}

impl Stored {
    /// Whether these bytes were written by this service as the revision that `head` names. The
    /// bytes are digested as they are stored, never serialised again.
    pub(super) fn is_authentic(&self, code: &Code, head: Head) -> bool {
        self.stamp.head == head
            && digest(&SHA256, &self.bytes).as_ref() == head.digest
            && code.verify(&self.stamp, &self.mac)
    }

    /// What the bytes say.
    pub(super) fn parse<R: Revision>(&self) -> Result<R, Error> {
        let subject = self.stamp.head.subject;
        let revision: R = serde_json::from_slice(&self.bytes)
            .map_err(|cause| Error::Unreadable { subject, cause })?;
        if revision.subject() != subject || revision.format() != FORMAT {
            return Err(Error::Forged(subject));
        }
        Ok(revision)
    }
}
