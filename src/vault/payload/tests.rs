//! The payload against the age crate in both directions, and against whoever holds the sealed bytes.

use std::{
    cell::RefCell,
    collections::HashSet,
    io::{Read, Write},
};

use age::secrecy::ExposeSecret;
use bytes::Bytes;
use futures::{StreamExt, stream};

use super::{
    CHUNK, Commitment, Error, NONCE, Nonce, Opener, SEALED_CHUNK, Sealer, Span, Summary,
    chunk_range, open_stream, plain_len, seal_stream, sealed_len, sha256,
};
use crate::{
    id::VersionId,
    vault::secret::{FileKey, Secret},
};

const SIZES: [usize; 7] = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 1_000_003];

/// Runs `future` to its end.
fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn text(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from((at / 7 + at / CHUNK * 13) % 251).unwrap()).collect()
}

fn pieces(bytes: &[u8], length: usize) -> Vec<Result<Bytes, Error>> {
    bytes.chunks(length).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect()
}

fn seal_in(key: &FileKey, plaintext: &[u8], piece: usize) -> (Vec<u8>, Summary) {
    let (sealed, summary) =
        seal_stream(key, Nonce::random(), stream::iter(pieces(plaintext, piece)));
    let sealed: Vec<_> = block_on(sealed.collect());
    let sealed: Vec<Bytes> = sealed.into_iter().map(Result::unwrap).collect();
    (sealed.concat(), block_on(summary).unwrap())
}

fn seal(key: &FileKey, plaintext: &[u8]) -> Vec<u8> {
    seal_in(key, plaintext, 100_000).0
}

/// What is released of `sealed` where an object of `expected` bytes is known to lie, and the error that ended it.
fn open_as(
    key: &FileKey,
    nonce: &Nonce,
    expected: u64,
    span: &Span,
    sealed: &[u8],
    piece: usize,
) -> (Vec<u8>, Option<Error>) {
    let opener = match Opener::new(key, nonce, expected, span.first_chunk) {
        Ok(opener) => opener,
        Err(error) => return (Vec::new(), Some(error)),
    };
    let opened = open_stream(opener, span, stream::iter(pieces(sealed, piece)));
    let opened: Vec<Result<Bytes, Error>> = block_on(opened.collect());
    let mut released = Vec::new();
    for item in opened {
        match item {
            Ok(bytes) => released.extend_from_slice(&bytes),
            Err(error) => return (released, Some(error)),
        }
    }
    (released, None)
}

fn whole(length: usize) -> Span {
    chunk_range(0..length as u64, length as u64).unwrap()
}

fn nonce_of(sealed: &[u8]) -> Nonce {
    Nonce(sealed[..NONCE].try_into().unwrap())
}

/// Keeps the file key that the age crate makes or finds.
struct Captured(RefCell<Option<FileKey>>, age::x25519::Identity);

impl Captured {
    fn new() -> Self {
        Self(RefCell::new(None), age::x25519::Identity::generate())
    }

    fn key(&self) -> FileKey {
        self.0.borrow().clone().unwrap()
    }
}

impl age::Recipient for Captured {
    fn wrap_file_key(
        &self,
        key: &age_core::format::FileKey,
    ) -> Result<(Vec<age_core::format::Stanza>, HashSet<String>), age::EncryptError> {
        let key_bytes = Secret::from_slice(key.expose_secret()).unwrap();
        *self.0.borrow_mut() = Some(FileKey::new(key_bytes));
        self.1.to_public().wrap_file_key(key)
    }
}

fn header(captured: &Captured) -> Vec<u8> {
    let recipients = std::iter::once(captured as &dyn age::Recipient);
    let mut header = Vec::new();
    drop(age::Encryptor::with_recipients(recipients).unwrap().wrap_output(&mut header).unwrap());
    header.truncate(header.len() - NONCE);
    header
}

#[test]
fn the_age_crate_opens_what_we_seal() {
    for size in SIZES {
        let (captured, plaintext) = (Captured::new(), text(size));
        let mut file = header(&captured);
        file.extend(seal(&captured.key(), &plaintext));

        let mut opened = Vec::new();
        let decryptor = age::Decryptor::new(file.as_slice()).unwrap();
        let identities = std::iter::once(&captured.1 as &dyn age::Identity);
        decryptor.decrypt(identities).unwrap().read_to_end(&mut opened).unwrap();

        assert!(opened == plaintext, "{size}");
    }
}

#[test]
fn we_open_what_the_age_crate_seals() {
    for size in SIZES {
        let (captured, plaintext) = (Captured::new(), text(size));
        let recipients = std::iter::once(&captured as &dyn age::Recipient);
        let mut file = Vec::new();
        let encryptor = age::Encryptor::with_recipients(recipients).unwrap();
        let mut writer = encryptor.wrap_output(&mut file).unwrap();
        writer.write_all(&plaintext).unwrap();
        writer.finish().unwrap();
        let length = sealed_len(size as u64);
        let sealed = file.split_off(file.len() - usize::try_from(length).unwrap());

        let nonce = nonce_of(&sealed);
        let opened =
            open_as(&captured.key(), &nonce, length, &whole(size), &sealed[NONCE..], 70_001);

        assert_eq!(opened.1, None, "{size}");
        assert!(opened.0 == plaintext, "{size}");
    }
}

#[test]
fn the_pieces_in_which_bytes_arrive_change_nothing() {
    let (key, plaintext) = (FileKey::random(), text(40 * CHUNK + 5));
    for piece in [1_000, CHUNK, SEALED_CHUNK, SEALED_CHUNK * 2, usize::MAX >> 1] {
        let (sealed, summary) = seal_in(&key, &plaintext, piece);
        let span = whole(plaintext.len());

        let opened =
            open_as(&key, &summary.nonce, summary.sealed_len, &span, &sealed[NONCE..], piece);

        assert!(opened == (plaintext.clone(), None), "{piece}");
        assert_eq!(summary.nonce, nonce_of(&sealed));
        assert_eq!(summary.plain_len, plaintext.len() as u64);
        assert_eq!(summary.sealed_len, sealed.len() as u64);
        assert_eq!(summary.plain_sha256, sha256(&plaintext));
        assert_eq!(summary.sealed_sha256, sha256(&sealed));
    }
}

#[test]
fn lengths_of_plaintext_and_object_give_each_other() {
    for size in SIZES {
        let sealed = seal(&FileKey::random(), &text(size)).len() as u64;

        assert_eq!(sealed_len(size as u64), sealed);
        assert_eq!(plain_len(sealed), Some(size as u64));
    }
    for impossible in [0, 16, 31, 16 + 65_552 + 1, 16 + 65_552 + 16] {
        assert_eq!(plain_len(impossible), None, "{impossible}");
    }
    assert_eq!(plain_len(16 + 65_552 + 17), Some(65_537));
}

#[test]
fn every_range_gives_its_bytes_from_whole_chunks_only() {
    let size = 3 * CHUNK + 9;
    let (key, plaintext) = (FileKey::random(), text(size));
    let sealed = seal(&key, &plaintext);
    let edges = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK, size - 1, size];

    for (start, end) in edges.iter().flat_map(|start| edges.map(|end| (*start, end))) {
        let span = chunk_range(start as u64..end as u64, size as u64);
        if start > end {
            assert!(matches!(span, Err(Error::Range { .. })));
            continue;
        }
        let span = span.unwrap();
        let fetched = &sealed[usize::try_from(span.sealed.start).unwrap()
            ..usize::try_from(span.sealed.end).unwrap()];

        let opened = open_as(&key, &nonce_of(&sealed), sealed.len() as u64, &span, fetched, 50_000);

        assert!(opened == (plaintext[start..end].to_vec(), None), "{start}..{end}");
        assert!(fetched.len() <= (end - start).div_ceil(CHUNK) * SEALED_CHUNK + SEALED_CHUNK);
    }
    assert!(matches!(chunk_range(0..2, 1), Err(Error::Range { end: 2, length: 1, .. })));
}

/// Every way in which a provider may answer with other bytes than were stored.
fn mutations(sealed: &[u8], other: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let chunks = sealed.len().div_ceil(SEALED_CHUNK);
    let mut all = vec![
        ("nothing", Vec::new()),
        ("another document's", other.to_vec()),
        ("cut in the last chunk", sealed[..sealed.len() - 1].to_vec()),
        ("one byte more", [sealed, &[0]].concat()),
        ("a chunk more", [sealed, &sealed[..sealed.len().min(SEALED_CHUNK)]].concat()),
        ("an empty last chunk more", [sealed, &[0; 16]].concat()),
        ("the tag cut", sealed[..sealed.len() - 16].to_vec()),
    ];
    for chunk in 0..chunks {
        let start = chunk * SEALED_CHUNK;
        let end = (start + SEALED_CHUNK).min(sealed.len());
        for position in [start, usize::midpoint(start, end), end - 1] {
            let mut flipped = sealed.to_vec();
            flipped[position] ^= 0x80;
            all.push(("a bit flipped", flipped));
        }
        all.push(("cut at a boundary", sealed[..start].to_vec()));
        all.push(("a chunk dropped", [&sealed[..start], &sealed[end..]].concat()));
        all.push(("a chunk twice", [&sealed[..end], &sealed[start..]].concat()));
        if other.len() == sealed.len() {
            let (before, after) = (&sealed[..start], &sealed[end..]);
            all.push(("another's chunk", [before, &other[start..end], after].concat()));
        }
        if chunk + 2 < chunks {
            let mut swapped = sealed.to_vec();
            let (left, right) = swapped.split_at_mut(end);
            left[start..].swap_with_slice(&mut right[..SEALED_CHUNK]);
            all.push(("two chunks swapped", swapped));
        }
    }
    all.retain(|(_, bytes)| bytes != sealed);
    all
}

#[test]
fn no_altered_object_releases_a_wrong_byte_or_looks_complete() {
    let mut seen = 0;
    for size in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 1] {
        let (key, plaintext) = (FileKey::random(), text(size));
        let sealed = seal(&key, &plaintext);
        let other = seal(&FileKey::random(), &plaintext);
        let (nonce, length) = (nonce_of(&sealed), sealed.len() as u64);

        for (name, altered) in mutations(&sealed[NONCE..], &other[NONCE..]) {
            for piece in [30_000, SEALED_CHUNK, 1 << 20] {
                let (released, error) =
                    open_as(&key, &nonce, length, &whole(size), &altered, piece);

                assert!(plaintext.starts_with(&released), "{name} at {size}");
                assert!(released.len() < size.max(1), "{name} at {size}: looks complete");
                assert!(error.is_some(), "{name} at {size}");
                seen += 1;
            }
        }
    }
    assert!(seen > 300, "{seen}");
}

#[test]
fn a_range_is_not_served_from_another_place() {
    let size = 4 * CHUNK;
    let (key, plaintext) = (FileKey::random(), text(size));
    let sealed = seal(&key, &plaintext);
    let span = chunk_range(CHUNK as u64..2 * CHUNK as u64, size as u64).unwrap();

    for place in [0, 2, 3] {
        let start = NONCE + place * SEALED_CHUNK;
        let fetched = &sealed[start..start + SEALED_CHUNK];
        let opened = open_as(&key, &nonce_of(&sealed), sealed.len() as u64, &span, fetched, 9_999);

        assert_eq!(opened, (Vec::new(), Some(Error::Forged(1))), "{place}");
    }
}

#[test]
fn an_object_of_another_length_than_recorded_does_not_open() {
    let (key, plaintext) = (FileKey::random(), text(2 * CHUNK));
    let sealed = seal(&key, &plaintext);
    let nonce = nonce_of(&sealed);
    let shorter = &sealed[NONCE..NONCE + SEALED_CHUNK];

    let cut = open_as(&key, &nonce, sealed_len(CHUNK as u64), &whole(CHUNK), shorter, 10_000);

    assert_eq!(cut, (Vec::new(), Some(Error::Forged(0))));
    assert_eq!(
        Opener::new(&key, &nonce, 40_000_000_001, 700_000).err(),
        Some(Error::Truncated(700_000))
    );
    assert_eq!(Opener::new(&key, &nonce, 31, 0).err(), Some(Error::Length(31)));
}

#[test]
fn an_opener_that_failed_opens_nothing_more() {
    let (key, plaintext) = (FileKey::random(), text(3 * CHUNK));
    let mut sealed = seal(&key, &plaintext);
    let mut opener = Opener::new(&key, &nonce_of(&sealed), sealed.len() as u64, 0).unwrap();
    let (first, rest) = sealed[NONCE..].split_at_mut(SEALED_CHUNK);
    first[7] ^= 1;

    assert_eq!(opener.open(first).err(), Some(Error::Forged(0)));
    assert!(first.iter().all(|byte| *byte == 0), "an unproved chunk is wiped");
    assert!(opener.open(&mut rest[..SEALED_CHUNK]).is_err());
    assert_eq!(opener.chunk_len(), None);
}

#[test]
fn a_source_that_fails_ends_the_stream_with_its_error() {
    let source = [Ok(Bytes::from(text(CHUNK + 1))), Err(Error::Length(7)), Ok(Bytes::from("x"))];
    let (sealed, summary) = seal_stream(&FileKey::random(), Nonce::random(), stream::iter(source));

    let items: Vec<Result<Bytes, Error>> = block_on(sealed.collect());

    assert_eq!(items.last(), Some(&Err(Error::Length(7))));
    assert_eq!(items.iter().filter(|item| item.is_err()).count(), 1);
    assert!(block_on(summary).is_err(), "nothing was sealed whole");
}

#[test]
fn buffers_come_back_once_their_bytes_are_dropped() {
    let mut sealer = Sealer::new(&FileKey::random(), &Nonce::random());
    let plaintext = text(CHUNK);
    let mut seen = HashSet::new();
    for _ in 0..64 {
        if let Some(sealed) = sealer.seal(&mut plaintext.as_slice()) {
            seen.insert(sealed.as_ptr());
        }
    }

    assert!(seen.len() <= 3, "{} buffers for one chunk at a time", seen.len());
}

#[test]
fn a_commitment_holds_for_its_key_and_version_only() {
    let (key, version) = (FileKey::random(), VersionId::random());
    let commitment = Commitment::of(&key, &version);

    assert!(commitment.holds(&key, &version));
    assert!(!commitment.holds(&FileKey::random(), &version));
    assert!(!commitment.holds(&key, &VersionId::random()));
}

proptest::proptest! {
    #[test]
    fn a_length_of_plaintext_has_one_length_of_object(plain in 0_u64..1 << 60) {
        proptest::prop_assert_eq!(plain_len(sealed_len(plain)), Some(plain));
    }

    #[test]
    fn a_length_of_object_is_possible_or_refused(sealed in 0_u64..1 << 40) {
        if let Some(plain) = plain_len(sealed) {
            proptest::prop_assert_eq!(sealed_len(plain), sealed);
        }
    }

    #[test]
    fn a_span_holds_its_range(length in 1_u64..10_000_000, a in 0_u64..10_000_000, b in 0_u64..10_000_000) {
        let (start, end) = ((a % length).min(b % length), (a % length).max(b % length));
        let span = chunk_range(start..end, length).unwrap();
        let chunks = (span.sealed.end - span.sealed.start).div_ceil(SEALED_CHUNK as u64);
        let plain = span.sealed.end - span.sealed.start - chunks * 16;

        proptest::prop_assert_eq!(span.first_chunk * CHUNK as u64 + span.skip as u64, start);
        proptest::prop_assert!(span.skip as u64 + span.take <= plain);
        proptest::prop_assert!(plain < span.take + 2 * CHUNK as u64);
        proptest::prop_assert!(span.sealed.end <= sealed_len(length));
    }
}
