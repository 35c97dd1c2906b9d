//! The head of a key set: which state it is, authenticated by the tree's own top key.

use ring::hmac;
use sqlx::{Row, SqliteConnection, query};

use crate::vault::{
    custody::{Custody, Wrapped},
    keyset::Error,
    label, primitives,
    secret::Secret,
};

/// What custody binds the top key to.
pub(super) const CONTEXT: &[u8] = b"top of the key set";

/// Which state a key set is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// Raised by each transaction.
    pub(super) generation: i64,
    /// The top key, wrapped by custody.
    pub(super) wrapped: Wrapped,
    /// Digest of all statements ever applied, in their order: equal in both places.
    pub(super) chain: [u8; 32],
    /// Bucket that the rotation under way has reached; 0 before and after.
    pub(super) cursor: i64,
}

impl Head {
    /// The code that binds these together, under the top key.
    pub(super) fn mac(&self, top: &Secret<32>) -> [u8; 32] {
        let tag = hmac::sign(&mac_key(top), &self.message());
        tag.as_ref().try_into().expect("SHA-256 has 32 bytes")
    }

    fn message(&self) -> Vec<u8> {
        primitives::join(&[
            &self.generation.to_be_bytes(),
            &self.wrapped.0,
            &self.chain,
            &self.cursor.to_be_bytes(),
        ])
    }

    /// Reads the head and opens the top key.
    ///
    /// # Errors
    ///
    /// [`Error::Custody`] if custody does not open it, [`Error::Contradiction`] if its code is another.
    pub(super) async fn read(
        connection: &mut SqliteConnection,
        custody: &dyn Custody,
    ) -> Result<(Self, Secret<32>), Error> {
        let (head, mac) = Self::stored(connection).await?;
        let top = custody.unwrap(CONTEXT, &head.wrapped).await?;
        hmac::verify(&mac_key(&top), &head.message(), &mac)
            .map_err(|_| Error::Contradiction("the head's code does not hold"))?;
        Ok((head, top))
    }

    /// The head as it stands there, not yet believed, and its code.
    pub(super) async fn stored(
        connection: &mut SqliteConnection,
    ) -> Result<(Self, Vec<u8>), Error> {
        let sql = "select format, generation, wrapped, chain, cursor, mac from head where one = 0";
        let row = query(sql).fetch_optional(connection).await?;
        let row = row.ok_or(Error::Contradiction("the key set has no head"))?;
        if row.try_get::<i64, _>("format")? != 1 {
            return Err(Error::Contradiction("the key set's format is unknown"));
        }
        let chain: Vec<u8> = row.try_get("chain")?;
        let head = Self {
            generation: row.try_get("generation")?,
            wrapped: Wrapped(row.try_get("wrapped")?),
            chain: chain.try_into().map_err(|_| Error::Contradiction("the head's chain"))?,
            cursor: row.try_get("cursor")?,
        };
        Ok((head, row.try_get("mac")?))
    }
}

fn mac_key(top: &Secret<32>) -> hmac::Key {
    let key = primitives::hkdf(top.expose(), &[], &[label::KEYSET.as_bytes(), b"/head"]);
    hmac::Key::new(hmac::HMAC_SHA256, key.expose())
}
