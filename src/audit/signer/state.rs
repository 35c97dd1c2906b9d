//! What a signer remembers, as the text of a file.

use std::fmt::Write as _;

use ring::digest::{SHA256, digest};

use crate::audit::{
    anchor::Anchor,
    checkpoint::Checkpoint,
    encoding,
    merkle::{Hash, Tree},
    note::{Note, Verifier},
};

/// The first word of the file.
const HEADER: &str = "greffe-signer@v1";

/// The Merkle root over all heads of authority, and the log position that it was taken at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authority {
    /// The root.
    pub root: [u8; 32],
    /// How many entries the log had; changes of later entries are not in it.
    pub position: u64,
}

/// What a signer remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The last tree that it signed.
    pub tree: Tree,
    /// The checkpoint that it signed of it.
    pub note: Note,
    /// The largest anchor that the store is known to hold.
    pub acknowledged: Option<Anchor>,
    /// The last authority root that it was given.
    pub authority: Authority,
}

impl Authority {
    /// This one, unless `known` was taken later: then a stale integrator asked.
    pub(super) fn later_of(self, known: Self) -> Self {
        if known.position > self.position { known } else { self }
    }
}

impl State {
    /// A line with the checksum of all that follows; a line each for authority and anchor; the checkpoint.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let Authority { root, position } = self.authority;
        let mut body = format!("authority {position} {}\n", encoding::base64(&root));
        if let Some(Anchor(Tree { size, root })) = self.acknowledged {
            writeln!(body, "anchor {size} {root}").expect("a string grows");
        }
        write!(body, "\n{}", self.note).expect("a string grows");
        format!("{HEADER} {}\n{body}", checksum(&body)).into_bytes()
    }

    /// Reads what [`State::to_bytes`] writes; none if it is damaged, or if `key` did not sign the checkpoint.
    pub(super) fn from_bytes(bytes: &[u8], key: &Verifier) -> Option<Self> {
        let (head, body) = std::str::from_utf8(bytes).ok()?.split_once('\n')?;
        if head.strip_prefix(HEADER)?.strip_prefix(' ')? != checksum(body) {
            return None;
        }
        let (lines, checkpoint) = body.split_once("\n\n")?;
        let mut lines = lines.split('\n');
        let (position, root) = lines.next()?.strip_prefix("authority ")?.split_once(' ')?;
        let root = encoding::from_base64(root)?.try_into().ok()?;
        let authority = Authority { root, position: encoding::from_decimal(position)? };
        let acknowledged = match lines.next() {
            Some(line) => {
                let (size, root) = line.strip_prefix("anchor ")?.split_once(' ')?;
                let root: Hash = root.parse().ok()?;
                Some(Anchor(Tree { size: encoding::from_decimal(size)?, root }))
            }
            None => None,
        };
        let tree = Checkpoint::open(checkpoint.as_bytes(), key).ok()?.tree();
        let note = Note::parse(checkpoint.as_bytes()).ok()?;
        let state = Self { tree, note, acknowledged, authority };
        (state.to_bytes() == bytes).then_some(state)
    }
}

fn checksum(body: &str) -> String {
    hex::encode(digest(&SHA256, body.as_bytes()))
}
