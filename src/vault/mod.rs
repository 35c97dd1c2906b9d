//! Custody, key set, sealing: the only place where a key and plaintext meet.
//!
//! **Invariant:** no key leaves this room but inside a type whose `Debug` prints its name and whose memory is wiped
//! ([`secret`]); ring's own expanded keys live only as long as one call, a sealer or an opener.

pub mod secret;
pub mod keys;
pub mod payload;
pub mod field;
pub mod record;
pub mod custody;
pub mod keyset;
pub mod recovery;
pub mod recipients;
pub mod export;
mod primitives;
#[cfg(feature = "failpoints")]
mod only;

pub use field::{index, open_field, seal_field, tag_key};
pub use keys::{KEYS, label};
pub use keyset::KeySet;
pub use secret::{FileKey, Secret, SymmetricKey, TagKey};
