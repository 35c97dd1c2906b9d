//! The tree of keys at rest: what each level holds, and what each seal is bound to.
//!
//! Custody wraps the *top* key. It seals pages of nodes; a node's key seals its pages of buckets; a bucket's key
//! seals its slots. Every seal is AES-256-GCM with a random nonce; associated data: format ‖ kind ‖ node ‖ subject
//! (or the page's number).

use zeroize::Zeroizing;

use crate::{
    id::VersionId,
    vault::{
        keyset::{Error, Slot},
        label, primitives,
        secret::{FileKey, Secret},
    },
};

/// The most nodes or buckets on a page, and the most slots in a bucket.
pub(super) const FULL: usize = 256;

/// A party, a person, or the mission's own node: kind, then id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct NodeId(pub(super) [u8; NodeId::LEN]);

impl NodeId {
    pub(super) const LEN: usize = 17;

    /// Holds what belongs to no party and no person.
    pub(super) const MISSION: Self = Self([0; Self::LEN]);

    fn new(kind: u8, id: &[u8; 16]) -> Self {
        let mut bytes = [kind; Self::LEN];
        bytes[1..].copy_from_slice(id);
        Self(bytes)
    }

    pub(super) fn party(id: crate::id::PartyId) -> Self {
        Self::new(1, &id.0.0)
    }

    pub(super) fn person(id: crate::id::PersonId) -> Self {
        Self::new(2, &id.0.0)
    }

    pub(super) fn from_slice(bytes: &[u8]) -> Result<Self, Error> {
        bytes.try_into().map(Self).map_err(|_| Error::Contradiction("a node's id"))
    }
}

/// Where a slot is found, and what its seal is bound to: kind and subject.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Leaf {
    pub(super) kind: u8,
    pub(super) subject: Vec<u8>,
}

impl From<&Slot> for Leaf {
    fn from(slot: &Slot) -> Self {
        let (kind, subject) = match slot {
            Slot::Document(id) | Slot::Version(id, _) => (1, id.as_bytes().to_vec()),
            Slot::Person(id) => (2, id.as_bytes().to_vec()),
            Slot::Month(id, month) => (3, [id.as_bytes(), month.as_bytes()].concat()),
            Slot::Party(id) => (4, id.as_bytes().to_vec()),
            Slot::Address => (5, Vec::new()),
        };
        Self { kind, subject }
    }
}

/// A slot's keys.
#[derive(Clone)]
pub(super) struct Keys {
    /// The document's, person's, month's, party's or look-up key.
    pub(super) own: Secret<32>,
    /// A document's file keys, in the order in which they were made.
    pub(super) files: Vec<(VersionId, FileKey)>,
}

impl Keys {
    pub(super) fn random() -> Self {
        Self { own: Secret::random(), files: Vec::new() }
    }

    pub(super) fn file(&self, version: VersionId) -> Option<&FileKey> {
        self.files.iter().find(|(id, _)| *id == version).map(|(_, key)| key)
    }

    fn write(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(32 + self.files.len() * 32));
        bytes.extend_from_slice(self.own.expose());
        for (version, key) in &self.files {
            bytes.extend_from_slice(version.as_bytes());
            bytes.extend_from_slice(key.expose());
        }
        bytes
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (own, files) = bytes.split_at_checked(32)?;
        let (files, rest) = files.as_chunks::<32>();
        let file = |file: &[u8; 32]| {
            let (version, key) = file.split_at(16);
            Some((VersionId::from_slice(version).ok()?, FileKey::new(Secret::from_slice(key)?)))
        };
        rest.is_empty().then_some(())?;
        Some(Self {
            own: Secret::from_slice(own)?,
            files: files.iter().map(file).collect::<Option<_>>()?,
        })
    }

    /// Seals the slot of `leaf` under `node`, with its bucket's key.
    pub(super) fn seal(&self, bucket: &Secret<32>, node: NodeId, leaf: &Leaf) -> Vec<u8> {
        let associated = [label::KEYSET.as_bytes(), &[leaf.kind], &node.0, &leaf.subject];
        primitives::seal(bucket, &associated, &self.write())
    }

    /// Opens what [`seal`](Self::seal) sealed for the same leaf.
    pub(super) fn open(
        bucket: &Secret<32>,
        node: NodeId,
        leaf: &Leaf,
        sealed: &[u8],
    ) -> Result<Self, Error> {
        let associated = [label::KEYSET.as_bytes(), &[leaf.kind], &node.0, &leaf.subject];
        let opened = primitives::open(bucket, &associated, sealed);
        opened
            .and_then(|bytes| Self::read(&bytes))
            .ok_or(Error::Contradiction("a slot is not what was sealed for its subject"))
    }
}

/// A page: the keys of the next level, by their ids of `N` bytes.
pub(super) struct Page<const N: usize>(pub(super) Vec<([u8; N], Secret<32>)>);

/// Ids and keys of nodes.
pub(super) type NodePage = Page<{ NodeId::LEN }>;
/// Ids and keys of one node's buckets.
pub(super) type BucketPage = Page<8>;

impl<const N: usize> Default for Page<N> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<const N: usize> Page<N> {
    pub(super) fn find(&self, id: &[u8; N]) -> Option<&Secret<32>> {
        self.0.iter().find(|(found, _)| found == id).map(|(_, key)| key)
    }

    /// `parent` is the node of a page of buckets, and [`NodeId::MISSION`] for pages of nodes.
    pub(super) fn seal(&self, key: &Secret<32>, parent: NodeId, number: i64) -> Vec<u8> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.0.len() * (N + 32)));
        for (id, key) in &self.0 {
            bytes.extend_from_slice(id);
            bytes.extend_from_slice(key.expose());
        }
        primitives::seal(key, &associated::<N>(&parent, &number.to_be_bytes()), &bytes)
    }

    pub(super) fn open(
        key: &Secret<32>,
        parent: NodeId,
        number: i64,
        sealed: &[u8],
    ) -> Result<Self, Error> {
        let contradiction = || Error::Contradiction("a page of keys is not what was sealed there");
        let opened =
            primitives::open(key, &associated::<N>(&parent, &number.to_be_bytes()), sealed)
                .ok_or_else(contradiction)?;
        if opened.len() % (N + 32) != 0 {
            return Err(contradiction());
        }
        let entry = |entry: &[u8]| {
            let (id, key) = entry.split_first_chunk::<N>()?;
            Some((*id, Secret::from_slice(key)?))
        };
        let entries = opened.chunks_exact(N + 32).map(entry).collect::<Option<_>>();
        entries.map(Self).ok_or_else(contradiction)
    }
}

fn associated<'a, const N: usize>(parent: &'a NodeId, number: &'a [u8; 8]) -> [&'a [u8]; 4] {
    let kind: &[u8] = if N == NodeId::LEN { b"nodes" } else { b"buckets" };
    [label::KEYSET.as_bytes(), kind, &parent.0, number]
}
