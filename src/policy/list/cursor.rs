//! Where a page ended, sealed: it may name a document that was not shown.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    id::{DocumentId, PersonId},
    policy::list::candidates::Position,
    vault::{SymmetricKey, open_field, seal_field},
};

/// Seals `position` for `person` under the key of the party for which they act.
pub(super) fn seal(key: &SymmetricKey, person: PersonId, position: Position) -> String {
    let mut bytes = position.created_at.to_be_bytes().to_vec();
    bytes.extend_from_slice(position.document.as_bytes());
    URL_SAFE_NO_PAD.encode(seal_field(key, person.as_bytes(), "cursor", 0, &bytes))
}

/// Opens what [`seal`] gave to the same person in the same capacity; nothing if it is anything else.
pub(super) fn open(key: &SymmetricKey, person: PersonId, cursor: &str) -> Option<Position> {
    let sealed = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let opened = open_field(key, person.as_bytes(), "cursor", 0, &sealed).ok()?;
    let (created_at, document) = opened.split_first_chunk()?;
    let created_at = i64::from_be_bytes(*created_at);
    Some(Position { created_at, document: DocumentId::from_slice(document).ok()? })
}
