//! Exports against the age crate, and the public vectors against our form check, our opener and both together.

use std::{collections::HashMap, fs, io::Read, path::Path};

use bytes::Bytes;
use futures::{StreamExt, stream};

use super::{Error, Export, FormCheck, Malformed, unseal};
use crate::vault::{
    payload::{self, CHUNK, NONCE, Nonce, Opener, chunk_range, open_stream, plain_len, sha256},
    recipients::Identity,
    secret::{FileKey, Secret},
};

/// Runs `future` to its end.
fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn export(identities: &[&Identity], plaintext: &[u8]) -> Vec<u8> {
    let recipients: Vec<_> = identities.iter().map(|identity| identity.recipient()).collect();
    let export = Export::new(&recipients).unwrap();
    let length = export.len(plaintext.len() as u64);
    let source = stream::iter([Ok::<_, payload::Error>(Bytes::copy_from_slice(plaintext))]);
    let pieces: Vec<Bytes> =
        block_on(export.seal(source).collect::<Vec<_>>()).into_iter().map(Result::unwrap).collect();
    let file = pieces.concat();
    assert_eq!(file.len() as u64, length);
    file
}

fn form(file: &[u8], piece: usize) -> Result<super::Form, Malformed> {
    let mut form = FormCheck::new();
    for piece in file.chunks(piece) {
        form.push(piece)?;
    }
    form.finish()
}

fn open(identity: &Identity, file: &[u8]) -> (Vec<u8>, Result<u64, Error>) {
    let mut content = Vec::new();
    let opened = unseal(std::slice::from_ref(identity), file, &mut content);
    (content, opened)
}

#[test]
fn an_export_opens_for_each_of_its_recipients_and_no_other() {
    let [a, b, stranger] = [Identity::random(), Identity::random(), Identity::random()];
    for size in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 1_000_003] {
        let plaintext = vec![7; size];
        let file = export(&[&a, &b], &plaintext);

        for identity in [&a, &b] {
            let (content, opened) = open(identity, &file);
            assert_eq!(opened.unwrap(), size as u64);
            assert!(content == plaintext);
        }
        let (content, opened) = open(&stranger, &file);
        assert!(matches!(opened, Err(Error::Closed(_))) && content.is_empty());
        let form = form(&file, 100).unwrap();
        assert_eq!(form.plain_len, size as u64);
        assert!(form.recipients.iter().filter(|kind| *kind == "X25519").count() == 2);
    }
    assert!(matches!(Export::new(&[]), Err(Error::NoRecipient)));
}

#[test]
fn no_two_exports_share_a_file_key() {
    let identity = Identity::random();
    let keys = [(); 2].map(|()| Export::new(&[identity.recipient()]).unwrap().key);

    assert_ne!(keys[0].expose(), keys[1].expose());
}

#[test]
fn a_cut_or_altered_export_gives_only_a_genuine_beginning_and_an_error() {
    let identity = Identity::random();
    let plaintext: Vec<u8> = (0..3 * CHUNK).map(|at| u8::try_from(at % 251).unwrap()).collect();
    let file = export(&[&identity], &plaintext);
    let header = form(&file, 1 << 20).unwrap().header_len;

    for cut in
        [0, 10, header - 1, header, header + 15, header + 16, header + 70_000, file.len() - 1]
    {
        let (content, opened) = open(&identity, &file[..cut]);
        assert!(opened.is_err(), "{cut}");
        assert!(plaintext.starts_with(&content) && content.len() < plaintext.len());
    }
    for position in [3, 40, header - 2, header + 3, header + 100_000, file.len() - 1] {
        let mut altered = file.clone();
        altered[position] ^= 4;
        let (content, opened) = open(&identity, &altered);
        assert!(opened.is_err(), "{position}");
        assert!(plaintext.starts_with(&content) && content.len() < plaintext.len());
    }
}

#[test]
fn what_is_no_age_file_is_told_apart_and_helped() {
    let file = export(&[&Identity::random()], b"text");
    let armored = b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n";
    let endless = [b"age-encryption.org/v1\n-> ".as_slice(), &vec![b'a'; 300_000]].concat();

    for piece in [1, 7, 1 << 20] {
        assert_eq!(form(b"", piece), Err(Malformed::Version));
        assert_eq!(form(b"%PDF-1.7 and so on", piece), Err(Malformed::Version));
        assert_eq!(form(b"age-encryption.org/v2\n", piece), Err(Malformed::Version));
        assert_eq!(form(armored, piece), Err(Malformed::Armored));
        assert_eq!(form(&endless, piece), Err(Malformed::HeaderLimit));
        assert_eq!(form(&file[..60], piece), Err(Malformed::Unfinished));
        assert_eq!(form(&file[..file.len() - 5], piece), Err(Malformed::Payload(16 + 15)));
        assert!(form(&file, piece).is_ok());
    }
}

/// One vector: what its first lines say, and its file.
struct Vector {
    name: String,
    says: HashMap<String, String>,
    file: Vec<u8>,
}

fn vectors() -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/age");
    let mut vectors: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_none())
        .map(|path| {
            let bytes = fs::read(&path).unwrap();
            let end = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap();
            let head = std::str::from_utf8(&bytes[..end]).unwrap();
            let says: HashMap<_, _> = head
                .lines()
                .map(|line| line.split_once(": ").unwrap())
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect();
            let mut file = bytes[end + 2..].to_vec();
            if says.contains_key("compressed") {
                let mut inflated = Vec::new();
                let mut decoder = flate2::read::ZlibDecoder::new(file.as_slice());
                decoder.read_to_end(&mut inflated).unwrap();
                file = inflated;
            }
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            Vector { name, says, file }
        })
        .collect();
    vectors.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(vectors.len(), 143);
    vectors
}

impl Vector {
    fn expects(&self) -> &str {
        &self.says["expect"]
    }

    fn armored(&self) -> bool {
        self.says.contains_key("armored")
    }

    fn identities(&self) -> Vec<Identity> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identity");
        let identity = self.says.get("identity").filter(|text| !text.contains("-PQ-"));
        fs::write(&path, identity.map_or("", String::as_str)).unwrap();
        Identity::read(&path).unwrap_or_default()
    }
}

/// Header failures that no grammar shows: they need the recipient's identity, or an opinion on a work factor.
const NEED_AN_IDENTITY: [&str; 5] = [
    "hybrid_identity",
    "hybrid_low_order",
    "scrypt_work_factor_23",
    "x25519_identity",
    "x25519_low_order",
];

#[test]
fn the_form_check_takes_every_well_formed_vector_and_refuses_the_others() {
    for vector in vectors() {
        let name = &vector.name;
        let mut check = FormCheck::new();
        let header = vector.file.chunks(997).try_for_each(|piece| check.push(piece));
        let passed = header.is_ok() && check.header_passed();
        let form = check.finish();

        match vector.expects() {
            _ if vector.armored() => assert!(form.is_err(), "{name}"),
            // A missing or cut nonce shows in the length of what follows.
            "header failure" => assert_eq!(
                form.is_ok() && passed,
                NEED_AN_IDENTITY.contains(&name.as_str()),
                "{name}: {header:?}"
            ),
            "success" => assert!(passed && form.is_ok(), "{name}: {header:?}"),
            _ => assert!(passed, "{name}: {header:?}"),
        }
    }
}

#[test]
fn our_opener_says_of_every_payload_what_its_vector_says() {
    let mut seen = 0;
    for vector in vectors() {
        let (name, Some(key)) = (&vector.name, vector.says.get("file key")) else { continue };
        if vector.armored() || !matches!(vector.expects(), "success" | "payload failure") {
            continue;
        }
        let mut check = FormCheck::new();
        vector.file.chunks(1000).for_each(|piece| check.push(piece).unwrap());
        let header = check.header_len();
        let key = FileKey::new(Secret::from_slice(&hex::decode(key).unwrap()).unwrap());

        let (released, complete) = release(&key, &vector.file[header..]);

        assert_eq!(complete, vector.expects() == "success", "{name}");
        if let Some(payload) = vector.says.get("payload").filter(|_| complete) {
            assert_eq!(hex::encode(sha256(&released)), *payload, "{name}");
        }
        if !complete {
            genuine_beginning(&vector, &released);
        }
        seen += 1;
    }
    assert_eq!(seen, 37);
}

/// What our opener releases of a payload whose length is all that is known of it.
fn release(key: &FileKey, sealed: &[u8]) -> (Vec<u8>, bool) {
    let Some(length) = plain_len(sealed.len() as u64) else { return (Vec::new(), false) };
    let nonce = Nonce(sealed[..NONCE].try_into().unwrap());
    let span = chunk_range(0..length, length).unwrap();
    let opener = Opener::new(key, &nonce, sealed.len() as u64, 0).unwrap();
    let pieces = sealed[NONCE..].chunks(100_000).map(|piece| Ok(Bytes::copy_from_slice(piece)));
    let opened = open_stream::<_, payload::Error>(opener, &span, stream::iter(pieces));
    let opened: Vec<_> = block_on(opened.collect());
    let complete = opened.iter().all(Result::is_ok);
    let released: Vec<Bytes> = opened.into_iter().filter_map(Result::ok).collect();
    (released.concat(), complete)
}

/// We may stop sooner than a reader that does not know the length, and never give a byte that it would not.
fn genuine_beginning(vector: &Vector, released: &[u8]) {
    let mut content = Vec::new();
    let opened = unseal(&vector.identities(), vector.file.as_slice(), &mut content);

    assert!(opened.is_err(), "{}", vector.name);
    assert_eq!(hex::encode(sha256(&content)), vector.says["payload"], "{}", vector.name);
    assert!(content.starts_with(released), "{}", vector.name);
}

#[test]
fn unsealing_says_of_every_vector_what_it_says() {
    let mut opened = 0;
    for vector in vectors() {
        let name = &vector.name;
        let mut content = Vec::new();
        let outcome = unseal(&vector.identities(), vector.file.as_slice(), &mut content);
        let ours = vector.says.get("identity").is_some_and(|text| !text.contains("-PQ-"));

        match (vector.expects(), &outcome) {
            // No armor, no passphrase and no hybrid recipient is opened.
            ("success", Ok(_)) => {
                assert!(ours && !vector.armored(), "{name}");
                assert_eq!(hex::encode(sha256(&content)), vector.says["payload"], "{name}");
                opened += 1;
            }
            ("success", Err(_)) => assert!(!ours || vector.armored(), "{name}: {outcome:?}"),
            ("payload failure", Err(Error::Altered(..) | Error::Closed(_))) => {
                assert_eq!(hex::encode(sha256(&content)), vector.says["payload"], "{name}");
            }
            (_, Err(Error::Form(_) | Error::Closed(_))) => assert!(content.is_empty(), "{name}"),
            (expected, outcome) => panic!("{name}: {expected}, {outcome:?}"),
        }
    }
    assert!(opened >= 14, "{opened}");
}

proptest::proptest! {
    #[test]
    fn the_form_check_says_the_same_however_the_bytes_arrive(
        at in 0_usize..400,
        byte in proptest::num::u8::ANY,
        cut in 0_usize..400,
        piece in 1_usize..50,
    ) {
        let mut file = export(&[&Identity::random()], b"text");
        let length = file.len();
        file[at % length] = byte;
        file.truncate(length - cut % 40);

        proptest::prop_assert_eq!(form(&file, piece), form(&file, usize::MAX));
    }
}
