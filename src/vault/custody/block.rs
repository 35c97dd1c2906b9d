//! One block of the custody file: 4 KiB, so that a disk overwrites it as a whole, with a checksum for when it does not.

use zeroize::Zeroizing;

use crate::vault::{payload::sha256, secret::Secret};

/// Bytes of a block.
pub(in crate::vault) const BLOCK: usize = 4096;

const MAGIC: &[u8; 16] = b"greffe custody 1";
const NUMBER: usize = 16;
const ROOT: usize = 24;
const WRAPPING: usize = 56;
const LOG_LEN: usize = 88;
const LOG: usize = 90;
const CHECKSUM: usize = BLOCK - 32;

/// What a whole block holds.
#[derive(Clone)]
pub(in crate::vault) struct Block {
    /// Counts wrapping keys; the larger is the newer.
    pub(in crate::vault) number: u64,
    pub(in crate::vault) root: Secret<32>,
    pub(in crate::vault) wrapping: Secret<32>,
    /// PKCS#8.
    pub(in crate::vault) log: Zeroizing<Vec<u8>>,
}

/// What stands in a block's place.
pub(super) enum Place {
    /// Zeros.
    Free,
    /// A block.
    Whole(Block),
    /// Anything else: a write that a crash cut, perhaps with part of a key in it.
    Torn,
}

impl Block {
    pub(in crate::vault) fn write(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(vec![0; BLOCK]);
        bytes[..NUMBER].copy_from_slice(MAGIC);
        bytes[NUMBER..ROOT].copy_from_slice(&self.number.to_be_bytes());
        bytes[ROOT..WRAPPING].copy_from_slice(self.root.expose());
        bytes[WRAPPING..LOG_LEN].copy_from_slice(self.wrapping.expose());
        let length = u16::try_from(self.log.len()).expect("an Ed25519 key is short");
        bytes[LOG_LEN..LOG].copy_from_slice(&length.to_be_bytes());
        bytes[LOG..LOG + self.log.len()].copy_from_slice(&self.log);
        let checksum = sha256(&bytes[..CHECKSUM]);
        bytes[CHECKSUM..].copy_from_slice(&checksum);
        bytes
    }

    pub(in crate::vault) fn read(bytes: &[u8]) -> Option<Self> {
        let (body, checksum) = bytes.split_at_checked(CHECKSUM)?;
        if !body.starts_with(MAGIC) || sha256(body).as_slice() != checksum {
            return None;
        }
        let length = u16::from_be_bytes([body[LOG_LEN], body[LOG_LEN + 1]]);
        Some(Self {
            number: u64::from_be_bytes(body[NUMBER..ROOT].try_into().ok()?),
            root: Secret::from_slice(&body[ROOT..WRAPPING])?,
            wrapping: Secret::from_slice(&body[WRAPPING..LOG_LEN])?,
            log: Zeroizing::new(body.get(LOG..LOG + usize::from(length))?.to_vec()),
        })
    }
}

impl Place {
    pub(super) fn read(bytes: &[u8]) -> Self {
        if bytes.iter().all(|byte| *byte == 0) {
            return Self::Free;
        }
        Block::read(bytes).map_or(Self::Torn, Self::Whole)
    }
}
