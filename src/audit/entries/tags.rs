//! What an auditor recomputes tags from: each entry's facts as committed, and whose tags it should bear.

use crate::{
    audit::{
        Audit, Warrant,
        entries::{Entries, Error, Filter, PAGE, Whose},
    },
    id::{DocumentId, PartyId},
    time::Instant,
};

/// An entry, and the subjects by which it should be tagged.
#[derive(Clone, Debug)]
pub struct Tagged {
    /// Its position in the log.
    pub position: i64,
    /// When.
    pub at: Instant,
    /// The disclosure of its facts; empty once they have run out.
    pub facts: String,
    /// Whom it concerns, and for whom it was done.
    pub parties: Vec<PartyId>,
    /// Which document.
    pub document: Option<DocumentId>,
}

impl Entries {
    /// Some entries before `before`, newest first, and where the next page begins. It takes a right to audit.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn tagged<W: Warrant<Act = Audit>>(
        &self,
        _warrant: &W,
        before: i64,
    ) -> Result<(Vec<Tagged>, Option<i64>), Error> {
        let filter = Filter {
            whose: Whose::Everybody,
            document: None,
            act: None,
            person: None,
            since: None,
            until: None,
            decided: None,
            before: None,
        };
        let rows = self.rows(&filter, before).await?;
        let next = rows.last().filter(|_| rows.len() == PAGE).map(|row| row.position);
        let tagged = rows.into_iter().map(|row| Tagged {
            position: row.position,
            at: row.at,
            facts: row.facts,
            parties: row.owner.into_iter().chain(row.capacity).collect(),
            document: row.document,
        });
        Ok((tagged.collect(), next))
    }
}
