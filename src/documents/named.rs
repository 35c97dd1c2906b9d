//! How people name a document: by its id, or by its reference however it is typed.

use sqlx::Row as _;

use crate::{
    database,
    documents::{Documents, Error, reference},
    id::DocumentId,
};

/// A document as somebody named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Which a row says it is; one that nothing has if there is none.
    pub id: DocumentId,
    /// The reference by which it was found, which its revision must bear; nothing if it was named by its id.
    pub reference: Option<String>,
}

impl Documents {
    /// The document that is called so; a new id that nothing has if there is none, so that whoever asks for it is decided
    /// about as for any other that they may not know of.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn named(&self, text: &str) -> Result<Named, Error> {
        if let Ok(id) = text.parse() {
            return Ok(Named { id, reference: None });
        }
        let reference = reference::typed(text).unwrap_or_default();
        let row = sqlx::query("select id from document where reference = $1")
            .bind(reference.clone())
            .fetch_optional(self.inner.registry.database().pool())
            .await
            .map_err(database::Error::from)?;
        // A row that this program did not write is no row.
        let id =
            row.and_then(|row| DocumentId::from_slice(&row.try_get::<Vec<u8>, _>(0).ok()?).ok());
        Ok(Named { id: id.unwrap_or_else(DocumentId::random), reference: Some(reference) })
    }

    /// The reference of a document; nothing if there is none of this id.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn reference(&self, id: DocumentId) -> Result<Option<String>, Error> {
        let row = sqlx::query("select reference from document where id = $1")
            .bind(id.as_bytes().to_vec())
            .fetch_optional(self.inner.registry.database().pool())
            .await
            .map_err(database::Error::from)?;
        let read = |row: sqlx::any::AnyRow| row.try_get(0).map_err(database::Error::from);
        Ok(row.map(read).transpose()?)
    }
}
