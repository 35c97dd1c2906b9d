//! stub
use crate::{
    id::*,
    vault::{SymmetricKey, TagKey},
};
#[derive(Clone, Debug)]
pub struct KeySet;
pub mod keyset {
    #[derive(Debug, thiserror::Error)]
    pub enum Error {
        #[error("m")]
        Missing,
        #[error("o")]
        Other,
    }
    pub enum TagSubject {
        Party(crate::id::PartyId),
        Person(crate::id::PersonId),
        Document(crate::id::DocumentId),
    }
}
use keyset::*;
impl KeySet {
    pub async fn tag_key(&self, _s: TagSubject, _y: u16, _t: u32) -> Result<TagKey, Error> {
        Err(Error::Missing)
    }
    pub async fn document_key(&self, _s: DocumentId) -> Result<SymmetricKey, Error> {
        Err(Error::Missing)
    }
    pub async fn personal_key(&self, _s: PersonId, _m: &str) -> Result<SymmetricKey, Error> {
        Err(Error::Missing)
    }
    pub async fn ensure_months(&self, _s: &[PersonId], _m: &str) -> Result<(), Error> {
        Ok(())
    }
}
