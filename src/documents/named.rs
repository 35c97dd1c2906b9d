//! How people name a document: by its id, or by its reference however it is typed.

use sqlx::Row as _;

use crate::{
    database,
    documents::{Documents, Error, reference},
    id::DocumentId,
};

impl Documents {
    /// The document that is called so; a new id that nothing has if there is none, so that whoever asks for it is decided
    /// about as for any other that they may not know of.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn named(&self, text: &str) -> Result<DocumentId, Error> {
        if let Ok(id) = text.parse() {
            return Ok(id);
        }
        let written = reference::typed(text).unwrap_or_default();
        let row = sqlx::query("select id from document where reference = $1")
            .bind(written)
            .fetch_optional(self.inner.registry.database().pool())
            .await
            .map_err(database::Error::from)?;
        let Some(row) = row else { return Ok(DocumentId::random()) };
        let id: Vec<u8> = row.try_get(0).map_err(database::Error::from)?;
        let id = DocumentId::from_slice(&id).map_err(|_| database::Error::Row("document"))?;
        Ok(id)
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
