//! What this process has seen of every head: a row that contradicts it was written behind the service's back.

use std::{collections::HashMap, sync::RwLock};

use crate::database::{Error, Head, Subject};

/// Number and digest of each head seen, about 100 bytes a subject.
#[derive(Debug, Default)]
pub struct Heads {
    seen: RwLock<HashMap<Subject, (i64, [u8; 32])>>,
}

impl Heads {
    /// The head of `subject` as last seen.
    #[must_use]
    pub fn seen(&self, subject: Subject) -> Option<Head> {
        let seen = self.seen.read().expect("no holder of this lock panics");
        seen.get(&subject).map(|&(number, digest)| Head { subject, number, digest })
    }

    /// Takes note of a row.
    ///
    /// # Errors
    ///
    /// [`Error::PutBack`] if the number went back, the digest changed under it, or the row is gone.
    pub fn witness(&self, subject: Subject, row: Option<Head>) -> Result<(), Error> {
        let mut seen = self.seen.write().expect("no holder of this lock panics");
        let known = seen.get(&subject).copied();
        match (known, row) {
            (None, None) => Ok(()),
            (Some(_), None) => Err(Error::PutBack(subject)),
            (known, Some(row)) => {
                if let Some((number, digest)) = known
                    && (row.number < number || (row.number == number && row.digest != digest))
                {
                    return Err(Error::PutBack(subject));
                }
                seen.insert(subject, (row.number, row.digest));
                Ok(())
            }
        }
    }
}
