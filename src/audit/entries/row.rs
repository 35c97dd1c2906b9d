//! A row of the table of entries.

use sqlx::{Row as _, any::AnyRow};

use crate::{
    database::Error,
    id::{DocumentId, EntryId, PartyId},
    time::Instant,
};

/// What [`read`] reads, in its order.
pub(super) const COLUMNS: &str = "position, id, at, facts, asked_sealed, texts_sealed, \
     personal_sealed, person_index, document, owner, capacity, act, decision";

/// A row, still sealed.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub position: i64,
    pub entry: EntryId,
    pub at: Instant,
    pub facts: String,
    pub asked_sealed: Vec<u8>,
    pub texts_sealed: Vec<u8>,
    pub personal_sealed: Vec<u8>,
    pub person_index: Vec<u8>,
    pub document: Option<DocumentId>,
    pub owner: Option<PartyId>,
    pub capacity: Option<PartyId>,
    pub act: String,
    pub what: String,
}

pub(super) fn read(row: &AnyRow) -> Result<Row, Error> {
    let bytes = |column: usize| row.try_get::<Vec<u8>, _>(column);
    Ok(Row {
        position: row.try_get(0)?,
        entry: EntryId::from_slice(&bytes(1)?).map_err(|_| Error::Row("entry"))?,
        at: Instant(row.try_get(2)?),
        facts: row.try_get(3)?,
        asked_sealed: bytes(4)?,
        texts_sealed: bytes(5)?,
        personal_sealed: bytes(6)?,
        person_index: bytes(7)?,
        document: DocumentId::from_slice(&bytes(8)?).ok(),
        owner: PartyId::from_slice(&bytes(9)?).ok(),
        capacity: PartyId::from_slice(&bytes(10)?).ok(),
        act: row.try_get(11)?,
        what: row.try_get(12)?,
    })
}
