//! Revisions that stood once: every one is kept, and counts by the same code as the latest.

use sqlx::Row as _;

use crate::{
    database::{self, Head, Subject},
    id::EntryId,
    mission::{
        Error, Revision,
        registry::{Registry, stored},
    },
    time::Instant,
};

/// A revision of a subject, and the entry that made it.
#[derive(Clone, Debug)]
pub struct Past<R> {
    /// Its number and digest.
    pub head: Head,
    /// The entry that made it.
    pub entry: EntryId,
    /// What it says.
    pub revision: R,
}

impl Registry {
    /// Revision `number` of `subject`. It is not held in memory, where the latest ones are.
    ///
    /// # Errors
    ///
    /// [`Error::Forged`] if its row does not count, or is gone.
    pub async fn numbered<R: Revision>(
        &self,
        subject: impl Into<Subject>,
        number: i64,
    ) -> Result<Past<R>, Error> {
        let subject = subject.into();
        if subject.kind != R::KIND {
            return Err(Error::Missing(subject));
        }
        let stored = stored::load(self.database.pool(), subject, number).await?;
        let head = stored.stamp.head;
        if !stored.entered || !stored.is_authentic(&self.code, head) {
            return Err(Error::Forged(subject));
        }
        Ok(Past { head, entry: stored.stamp.entry, revision: stored.parse()? })
    }

    /// The number of the revision that stood at an instant, and that of the latest; 0 for a subject that was not there yet.
    ///
    /// Instants are those of the entries' rows: whoever must know them from the log holds the entries of this revision and
    /// of the next against the signed tree.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if there is no such subject.
    pub async fn number_at(
        &self,
        subject: impl Into<Subject>,
        at: Instant,
    ) -> Result<(i64, i64), Error> {
        let subject = subject.into();
        let latest = self.database.head(subject).await?.ok_or(Error::Missing(subject))?.number;
        // From the latest back: most are asked for as they are now.
        let row = sqlx::query(
            "select revision.number from revision join entry on entry.id = revision.entry \
             where revision.subject = $1 and revision.number <= $2 and entry.at <= $3 \
             order by revision.number desc limit 1",
        )
        .bind(subject.key())
        .bind(latest)
        .bind(at.0)
        .fetch_optional(self.database.pool())
        .await?;
        let number = row.map(|row| row.try_get(0)).transpose().map_err(database::Error::from)?;
        Ok((number.unwrap_or(0), latest))
    }
}
