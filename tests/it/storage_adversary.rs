//! Whoever holds the store changes what it keeps: no wrong byte is ever served, and it is found out.

use std::{fs, io::Read as _, path::Path};

use age::secrecy::ExposeSecret as _;
use hyper::Method;
use serde_json::json;

use crate::{
    api::service::{Answer, Service},
    witness,
};

const WHO: &str = "contributor-rhein";
/// Bytes of the object's head, and of a sealed chunk.
const HEAD: usize = 16;
const CHUNK: usize = 65_536 + 16;

/// What the store then holds: of the object `own`, an older version's, another document's.
type Mutator = (&'static str, fn(own: &[u8], older: &[u8], other: &[u8]) -> Option<Vec<u8>>);

const MUTATORS: &[Mutator] = &[
    ("first byte", |own, _, _| flipped(own, 0)),
    ("last byte of the nonce", |own, _, _| flipped(own, HEAD - 1)),
    ("first byte after the nonce", |own, _, _| flipped(own, HEAD)),
    ("middle byte", |own, _, _| flipped(own, own.len() / 2)),
    ("last byte", |own, _, _| flipped(own, own.len() - 1)),
    ("cut by a byte", |own, _, _| Some(own[..own.len() - 1].to_vec())),
    ("cut at a chunk", |own, _, _| own.get(..HEAD + CHUNK).map(<[u8]>::to_vec)),
    ("cut in the head", |own, _, _| Some(own[..7].to_vec())),
    ("an older version", |_, older, _| Some(older.to_vec())),
    ("another document", |_, _, other| Some(other.to_vec())),
    ("empty", |_, _, _| Some(Vec::new())),
    ("zeros", |own, _, _| Some(vec![0; own.len()])),
    ("gone", |_, _, _| None),
    ("chunks in another order", |own, _, _| chunks(own, |chunks| chunks.swap(0, 1))),
    ("a chunk twice", |own, _, _| chunks(own, |chunks| chunks[1] = chunks[0].clone())),
    ("extended", |own, _, _| Some([own, b"more"].concat())),
];

fn flipped(own: &[u8], at: usize) -> Option<Vec<u8>> {
    let mut bytes = own.to_vec();
    bytes[at] ^= 1;
    Some(bytes)
}

fn chunks(own: &[u8], change: fn(&mut Vec<Vec<u8>>)) -> Option<Vec<u8>> {
    let mut chunks: Vec<_> = own[HEAD..].chunks(CHUNK).map(<[u8]>::to_vec).collect();
    if chunks.len() < 2 {
        chunks = vec![own[HEAD..].to_vec(); 2];
    }
    change(&mut chunks);
    Some([own[..HEAD].to_vec(), chunks.concat()].concat())
}

/// What no reading needs: the nonce stands in the version's record too, and nothing is read past the recorded length.
const UNREAD: [&str; 3] = ["first byte", "last byte of the nonce", "extended"];

/// What only follows the content where there is one chunk.
const ONE_OF_SEVERAL: [&str; 2] = ["chunks in another order", "a chunk twice"];

#[derive(Clone, Copy, Debug)]
enum Way {
    Whole,
    Start,
    Middle,
    End,
    HeadThenWhole,
    Export,
}

const WAYS: [Way; 6] =
    [Way::Whole, Way::Start, Way::Middle, Way::End, Way::HeadThenWhole, Way::Export];

/// A content of which every part differs from every other.
fn content(size: usize, seed: u8) -> Vec<u8> {
    let bytes = (0..size).map(|n| (n / 251) as u8 ^ (n % 251) as u8 ^ seed);
    bytes.collect()
}

struct Scene {
    service: Service,
    identity: age::x25519::Identity,
}

impl Scene {
    async fn open() -> Self {
        let edit = |text: String| text + "\n[limits]\nbudget_entries_per_minute = 100000\n";
        let service = Service::with(edit).await;
        let identity = age::x25519::Identity::generate();
        let recipient = json!({"name": "safe", "recipient": identity.to_public().to_string()});
        let path = "/api/v1/parties/company:rhein-energie/recipients";
        let added = service.post(WHO, path, recipient).await;
        assert_eq!(added.status, 200, "{added:?}");
        assert!(identity.to_string().expose_secret().starts_with("AGE-SECRET-KEY-"));
        Self { service, identity }
    }

    /// What is read, and what it should be if it is all there.
    async fn read(&self, reference: &str, content: &[u8], way: Way) -> (Answer, Vec<u8>, Vec<u8>) {
        let path = format!("/api/v1/documents/{reference}/content");
        let (from, to) = match way {
            Way::Start => (0, content.len().min(10)),
            Way::Middle => (content.len() / 2, (content.len() / 2 + 10).min(content.len())),
            Way::End => (content.len().saturating_sub(10), content.len()),
            _ => (0, content.len()),
        };
        let ask = match way {
            Way::Export => {
                let path = format!("/api/v1/documents/{reference}/age?recipient=safe");
                self.service.ask(WHO, Method::GET, &path)
            }
            Way::Start | Way::Middle | Way::End if to > from => {
                let range = format!("bytes={from}-{}", to - 1);
                self.service.ask(WHO, Method::GET, &path).header("range", range)
            }
            _ => self.service.ask(WHO, Method::GET, &path),
        };
        if matches!(way, Way::HeadThenWhole) {
            let head = self.service.ask(WHO, Method::HEAD, &path).send().await;
            assert!(head.body.is_empty());
        }
        let mut answer = ask.send().await;
        let mut bytes = answer.body.to_vec();
        if matches!(way, Way::Export) && answer.status == 200 {
            bytes.clear();
            let opened = age::Decryptor::new(&answer.body[..]).and_then(|sealed| {
                sealed.decrypt(std::iter::once(&self.identity as &dyn age::Identity))
            });
            let read = opened.is_ok_and(|mut opened| opened.read_to_end(&mut bytes).is_ok());
            answer.whole &= read;
        }
        (answer, bytes, content[from..to].to_vec())
    }

    /// Reads what the provider changed; says whether it was noticed, or nothing if nothing was changed.
    async fn attacked(&self, mutator: &Mutator, size: usize, way: Way) -> Option<bool> {
        let case = format!("{} of {size}, {way:?}", mutator.0);
        let (right, older) = (content(size, 1), content(size, 2));
        let reference = self.service.deposited(WHO, "a", &older).await;
        let path = format!("/api/v1/documents/{reference}/content");
        let put = self.service.ask(WHO, Method::PUT, &path).header("content-type", "text/plain");
        assert_eq!(put.body(right.clone()).send().await.status, 201, "{case}");
        let other = self.service.deposited(WHO, "b", &content(size, 3)).await;
        let objects = witness::objects(&self.service, &reference).await;
        let others = witness::objects(&self.service, &other).await;
        let (before, _, _) = self.read(&reference, &right, Way::Whole).await;
        assert_eq!((before.status, before.body.as_ref()), (200, &right[..]), "{case}");

        let own = fs::read(&objects[1]).unwrap();
        let changed =
            mutator.1(&own, &fs::read(&objects[0]).unwrap(), &fs::read(&others[0]).unwrap());
        if changed.as_ref() == Some(&own) {
            return None;
        }
        replace(&objects[1], changed.as_deref());
        let (answer, bytes, wanted) = self.read(&reference, &right, way).await;

        if matches!(answer.status, 200 | 206) {
            assert!(wanted.starts_with(&bytes), "{case}: a wrong byte");
            let untouched = answer.whole && bytes == wanted;
            assert!(untouched || !answer.whole, "{case}: a part as if it were whole");
            if untouched {
                return Some(false);
            }
        }
        let (after, _, _) = self.read(&reference, &right, Way::Whole).await;
        assert_eq!(after.status, 403, "{case}: {after:?}");
        assert_eq!(after.json()["reason"], "quarantined", "{case}");
        let id = witness::document(&self.service, &reference).await;
        let entries = witness::entries(&self.service).await;
        let told = entries.iter().filter(|entry| entry.document == id.as_bytes());
        assert_eq!(told.filter(|told| told.facts["system"] == "integrity").count(), 1, "{case}");
        Some(true)
    }
}

fn replace(path: &Path, bytes: Option<&[u8]>) {
    fs::remove_file(path).unwrap();
    if let Some(bytes) = bytes {
        fs::write(path, bytes).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_store_answers_no_wrong_byte_is_served_and_it_is_found_out() {
    let all = std::env::var_os("GREFFE_ALL").is_some();
    let sizes: &[usize] =
        if all { &[0, 1, 65_535, 65_536, 65_537, 1 << 20] } else { &[1, 65_537, 200_000] };
    let scene = Scene::open().await;
    let (mut noticed, mut tried) = (0, 0);

    for (index, mutator) in MUTATORS.iter().enumerate() {
        for (nth, size) in sizes.iter().enumerate() {
            for (turn, way) in WAYS.into_iter().enumerate() {
                if !all && turn != 0 && turn != (index + nth) % WAYS.len() {
                    continue;
                }
                let Some(found) = scene.attacked(mutator, *size, way).await else { continue };
                let alone = *size <= 65_536 && ONE_OF_SEVERAL.contains(&mutator.0);
                let must = turn == 0 && !alone && !UNREAD.contains(&mutator.0);
                assert!(found || !must, "{} of {size} was served", mutator.0);
                tried += 1;
                noticed += usize::from(found);
            }
        }
    }

    eprintln!("{tried} attacks, {noticed} noticed, none served a wrong byte");
    assert!(noticed * 2 > tried, "{noticed} of {tried}");
}
