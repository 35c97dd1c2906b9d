//! Sealing and opening one stream, beside ring alone on the same chunks in the same run.

use std::{convert::Infallible, hint::black_box, time::Instant};

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use greffe::vault::{
    FileKey,
    payload::{self, CHUNK, NONCE, Nonce, Opener, TAG, chunk_range, open_stream, seal_stream},
};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce as RingNonce, UnboundKey};

/// How often each is measured; the best counts, since others only take time away.
const ROUNDS: usize = 7;
/// What a socket or a file gives at once.
const PIECE: usize = 256 * 1024;

/// Prints GB/s of each, and the ratios. `mebibytes` is the length of the stream.
pub fn run(mebibytes: u64) {
    let length = usize::try_from(mebibytes).unwrap() * 1024 * 1024;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let plain: Vec<Bytes> = (0..length / PIECE).map(|_| Bytes::from(vec![7; PIECE])).collect();
    let (mut seal, mut open) = (Ratio::default(), Ratio::default());
    for _ in 0..ROUNDS {
        let (ring_seal, ring_open) = ring_alone(length);
        let key = FileKey::random();
        let nonce = Nonce::random();
        let (sealed, seconds) = runtime.block_on(sealed(&key, nonce, plain.clone()));
        seal.add(ring_seal, seconds);
        open.add(ring_open, runtime.block_on(opened(&key, nonce, &sealed, length as u64)));
    }
    let bytes = length as f64;
    println!(
        "seal_GB_s {:.2}\nring_seal_GB_s {:.2}",
        bytes / seal.ours / 1e9,
        bytes / seal.ring / 1e9
    );
    println!(
        "open_GB_s {:.2}\nring_open_GB_s {:.2}",
        bytes / open.ours / 1e9,
        bytes / open.ring / 1e9
    );
    println!("seal_ratio {:.3}\nopen_ratio {:.3}", seal.ring / seal.ours, open.ring / open.ours);
}

/// The best seconds of each.
struct Ratio {
    ring: f64,
    ours: f64,
}

impl Default for Ratio {
    fn default() -> Self {
        Self { ring: f64::INFINITY, ours: f64::INFINITY }
    }
}

impl Ratio {
    fn add(&mut self, ring: f64, ours: f64) {
        self.ring = self.ring.min(ring);
        self.ours = self.ours.min(ours);
    }
}

/// Seconds that ring takes to seal and to open chunks in place, in one warm buffer.
fn ring_alone(length: usize) -> (f64, f64) {
    let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &[7; 32]).unwrap());
    let nonce = || RingNonce::assume_unique_for_key([0; 12]);
    let mut chunk = vec![7; CHUNK];
    let begun = Instant::now();
    for _ in 0..length / CHUNK {
        let tag = key.seal_in_place_separate_tag(nonce(), Aad::empty(), &mut chunk);
        black_box(tag.unwrap().as_ref());
    }
    let seal = begun.elapsed().as_secs_f64();
    let mut sealed = vec![7; CHUNK];
    key.seal_in_place_append_tag(nonce(), Aad::empty(), &mut sealed).unwrap();
    let mut work = sealed.clone();
    let begun = Instant::now();
    for _ in 0..length / CHUNK {
        // Opened bytes must come from somewhere: the copy is part of what ring alone costs.
        work.copy_from_slice(&sealed);
        black_box(key.open_in_place(nonce(), Aad::empty(), &mut work).unwrap());
    }
    (seal, begun.elapsed().as_secs_f64())
}

/// What a stream is sealed to, both its digests known, and in how many seconds; what is sealed is dropped as it comes,
/// as after a write, then made once more to be opened.
async fn sealed(key: &FileKey, nonce: Nonce, plain: Vec<Bytes>) -> (Vec<u8>, f64) {
    let pieces = || stream::iter(plain.clone().into_iter().map(Ok::<_, Infallible>));
    let begun = Instant::now();
    let (sealing, summary) = seal_stream(key, nonce, pieces());
    let mut sealing = Box::pin(sealing);
    while let Some(chunk) = sealing.next().await {
        black_box(chunk.unwrap());
    }
    black_box(summary.await.unwrap());
    let seconds = begun.elapsed().as_secs_f64();
    let (sealing, _) = seal_stream(key, nonce, pieces());
    let mut sealing = Box::pin(sealing);
    let mut all = Vec::new();
    while let Some(chunk) = sealing.next().await {
        all.extend_from_slice(&chunk.unwrap());
    }
    (all, seconds)
}

/// Seconds to open what a store gives in blocks of eight chunks.
async fn opened(key: &FileKey, nonce: Nonce, sealed: &[u8], length: u64) -> f64 {
    let span = chunk_range(0..length, length).unwrap();
    let opener = Opener::new(key, &nonce, sealed.len() as u64, 0).unwrap();
    let blocks: Vec<Bytes> =
        sealed[NONCE..].chunks(8 * (CHUNK + TAG)).map(Bytes::copy_from_slice).collect();
    let source = stream::iter(blocks.into_iter().map(Ok::<_, payload::Error>));
    let begun = Instant::now();
    let mut opening = Box::pin(open_stream(opener, &span, source));
    let mut opened = 0;
    while let Some(piece) = opening.next().await {
        opened += black_box(piece.unwrap()).len() as u64;
    }
    assert_eq!(opened, length);
    begun.elapsed().as_secs_f64()
}
