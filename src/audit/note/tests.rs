//! Notes by ourselves and by others, whole and broken.

use proptest::{collection::vec, prelude::any, prop_assert_eq, proptest, sample::Index};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use signed_note::{StandardSigner, StandardVerifier, VerifierList};

use crate::audit::{
    encoding,
    note::{Algorithm, Error, KeyName, MAX_NOTE, Note, Signature, Signer, Verifier},
    vectors::text as vector,
};

const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PETERS_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\
    \n\
    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const ENOCH: &str = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
const ENOCHS_LINE: &str = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

fn key(text: &str) -> Verifier {
    text.parse().unwrap()
}

fn opened(note: &str, keys: &[Verifier]) -> Result<Vec<String>, Error> {
    let note = Note::parse(note.as_bytes())?;
    let verified = note.open(keys)?;
    Ok(verified.iter().map(|verified| verified.verifier.name().to_string()).collect())
}

fn signer(name: &str, seed_hex: &str) -> Signer {
    Signer::from_seed(name.parse().unwrap(), &hex::decode(seed_hex).unwrap()).unwrap()
}

fn log() -> Signer {
    signer(&vector("/log/origin"), &vector("/log/seed_hex"))
}

#[test]
fn notes_that_others_signed_are_opened() {
    let both = format!("{PETERS_NOTE}{ENOCHS_LINE}");
    let c2sp = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    let foo = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    assert_eq!(opened(PETERS_NOTE, &[key(PETER)]), Ok(vec!["PeterNeumann".into()]));
    assert_eq!(opened(&both, &[key(PETER), key(ENOCH)]).unwrap().len(), 2);
    assert_eq!(opened(&both, &[key(ENOCH)]), Ok(vec!["EnochRoot".into()]));
    assert_eq!(opened(c2sp, &[key(foo)]), Ok(vec!["example.com/foo".into()]));
}

#[test]
fn a_log_signs_as_the_published_one_does() {
    let log = log();

    assert_eq!(log.verifier().to_string(), vector("/log/vkey"));
    assert_eq!(log.verifier().id().to_string(), vector("/log/key_id_hex"));
    assert_eq!(hex::encode(log.verifier().public_key()), vector("/log/public_hex"));
    let secret = encoding::from_base64(vector("/log/go_skey").rsplit_once('+').unwrap().1);
    let seed = hex::decode(vector("/log/seed_hex")).unwrap();
    assert_eq!(secret, Some([&[1], &seed[..]].concat()));
    for size in [0, 1, 5, 8, 15] {
        let published = vector(&format!("/checkpoints/{size}"));
        let (text, _) = published.split_once("\n\n").unwrap();
        let note = Note::sign(&format!("{text}\n"), &log).unwrap();
        assert_eq!(note.to_string(), published);
    }
}

#[test]
fn a_witness_says_when_it_saw_the_log() {
    let keys = [key(&vector("/log/vkey")), key(&vector("/witness/vkey"))];
    let note = Note::parse(vector("/cosigned_checkpoint_15").as_bytes()).unwrap();

    let times: Vec<_> = note.open(&keys).unwrap().iter().map(|verified| verified.time).collect();

    assert_eq!(times, [None, Some(1_767_225_600)]);
    assert_eq!(keys[1].algorithm(), Algorithm::Cosignature);
    assert_eq!(keys[1].to_string(), vector("/witness/vkey"));
    assert_eq!(keys[1].id().to_string(), vector("/witness/key_id_hex"));
    assert_eq!(hex::encode(keys[1].public_key()), vector("/witness/public_hex"));
    assert_eq!(opened(&vector("/cosigned_checkpoint_15"), &keys[1..]).unwrap().len(), 1);
}

#[test]
fn a_cosignature_with_another_time_is_refused() {
    let witness = key(&vector("/witness/vkey"));
    let note = Note::parse(vector("/cosigned_checkpoint_15").as_bytes()).unwrap();
    let made = note.signatures()[1].clone();
    let forged = Error::Forged { name: witness.name().clone(), id: witness.id() };

    for bytes in [
        [&1_767_225_601u64.to_be_bytes()[..], &made.bytes[8..]].concat(),
        [&[0x80], &made.bytes[1..]].concat(),
        made.bytes[8..].to_vec(),
        made.bytes[..7].to_vec(),
    ] {
        let note = Note::sign(note.text(), &log()).unwrap();
        let note = note.with(Signature { bytes, ..made.clone() });
        let keys = [log().verifier().clone(), witness.clone()];
        assert_eq!(note.open(&keys), Err(forged.clone()));
    }
}

#[test]
fn a_seed_and_its_pkcs8_are_one_key() {
    let seed = hex::decode(vector("/log/seed_hex")).unwrap();
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
    let oid = hex::decode("3051020101300506032b657004220420").unwrap();
    let pkcs8 = [&oid[..], &seed, &[0x81, 0x21, 0], pair.public_key().as_ref()].concat();

    let read = Signer::from_pkcs8(vector("/log/origin").parse().unwrap(), &pkcs8).unwrap();

    assert_eq!(read.verifier(), log().verifier());
    assert_eq!(read.sign("a\n"), log().sign("a\n"));
    let name: KeyName = "a".parse().unwrap();
    assert_eq!(Signer::from_seed(name.clone(), &seed[1..]).unwrap_err(), Error::BadSecret);
    assert_eq!(Signer::from_pkcs8(name, &seed).unwrap_err(), Error::BadSecret);
    assert!(!format!("{read:?}").contains(&vector("/log/seed_hex")[..8]));
}

#[test]
fn a_malformed_note_is_refused() {
    let text = PETERS_NOTE.split_once("\n\n").unwrap().0.to_owned() + "\n";
    let line = &PETERS_NOTE[text.len() + 1..];
    let (name, sig) = ("— PeterNeumann ", line.rsplit_once(' ').unwrap().1.trim_end());
    let with = |lines: &str| format!("{text}\n{lines}").into_bytes();

    for (note, expected) in [
        (vec![], Error::NotText),
        (text.clone().into_bytes(), Error::Unsigned),
        (with(""), Error::Unsigned),
        (line.as_bytes().to_vec(), Error::Unsigned),
        (with(line.trim_end()), Error::NotText),
        (format!("\x01{PETERS_NOTE}").into_bytes(), Error::NotText),
        (PETERS_NOTE.replace(",\n", ",\r\n").into_bytes(), Error::NotText),
        (PETERS_NOTE.replace("you ", "you\t").into_bytes(), Error::NotText),
        ([b"\xff", PETERS_NOTE.as_bytes()].concat(), Error::NotText),
        (with(&format!("{line}\n")), Error::Unsigned),
        (with(&format!("{line}Unexpected line.\n")), Error::Malformed { line: 2 }),
        (with(&line.replace('—', "-")), Error::Malformed { line: 1 }),
        (with(&line.replace("— ", "—")), Error::Malformed { line: 1 }),
        (with(&line.replace(" P", "  P")), Error::Malformed { line: 1 }),
        (with(&line.replace("rN", "r N")), Error::Malformed { line: 1 }),
        (with(&line.replace("rN", "r+N")), Error::Malformed { line: 1 }),
        (with(&line.replace("rN", "r\u{2003}N")), Error::Malformed { line: 1 }),
        (with(&line.replace("PeterNeumann", "")), Error::Malformed { line: 1 }),
        (with(&format!("{name}{sig} \n")), Error::Malformed { line: 1 }),
        (with(&format!("{name}{}\n", &sig[1..])), Error::Malformed { line: 1 }),
        (with(&format!("{name}{}\n", sig.trim_end_matches('='))), Error::Malformed { line: 1 }),
        (with(&format!("{name}{}\n", sig.replace("M=", "N="))), Error::Malformed { line: 1 }),
        (with(&format!("{name}x08gow==\n")), Error::Malformed { line: 1 }),
        (with(&format!("{name}x08g\n")), Error::Malformed { line: 1 }),
        (with(&format!("{name}\n")), Error::Malformed { line: 1 }),
        (with(&ENOCHS_LINE.repeat(101)), Error::TooMany),
        (vec![b'\n'; MAX_NOTE + 1], Error::TooLong),
    ] {
        let shown = String::from_utf8_lossy(&note).chars().take(300).collect::<String>();
        assert_eq!(Note::parse(&note), Err(expected), "{shown}");
    }
}

#[test]
fn a_note_may_hold_empty_lines_and_a_hundred_signatures() {
    let log = log();
    let keys = [log.verifier().clone()];

    for text in ["a\n\nb\n", "a\n\n", "\n", "\n\n\n", "a\n\n— b AAAAAAA=\n"] {
        let written = Note::sign(text, &log).unwrap().to_string();
        let read = Note::parse(written.as_bytes()).unwrap();
        assert_eq!((read.text(), read.to_string()), (text, written.clone()));
        assert!(read.open(&keys).is_ok());
        assert!(Note::parse((written + &ENOCHS_LINE.repeat(99)).as_bytes()).is_ok());
    }
    for text in ["", "a", "a\r\n", "a\0\n"] {
        assert_eq!(Note::sign(text, &log), Err(Error::NotText));
    }
}

#[test]
fn a_note_is_opened_only_by_a_known_key_that_really_signed_it() {
    let peter = key(PETER);
    let forged = Error::Forged { name: peter.name().clone(), id: peter.id() };
    let repeated = Error::Repeated { name: peter.name().clone(), id: peter.id() };
    let keys = [key(PETER), key(ENOCH)];
    let line = PETERS_NOTE.rsplit_once("\n\n").unwrap().1;
    let other_id = PETERS_NOTE.replace("x08go", "x08gp");
    let renamed = PETERS_NOTE.replace("PeterN", "CarmenN");

    assert_eq!(opened(PETERS_NOTE, &[]), Err(Error::Unverified));
    assert_eq!(opened(PETERS_NOTE, &keys[1..]), Err(Error::Unverified));
    assert_eq!(opened(&PETERS_NOTE.replace("answer", "Answer"), &keys), Err(forged.clone()));
    assert_eq!(opened(&PETERS_NOTE.replace("kuBS", "kuBT"), &keys), Err(forged));
    assert_eq!(opened(&renamed, &keys), Err(Error::Unverified));
    assert_eq!(opened(&other_id, &keys), Err(Error::Unverified));
    // A bad signature by a known key spoils the note, even behind a good one.
    let spoiled = format!("{PETERS_NOTE}{}", ENOCHS_LINE.replace("5n2t", "5n2u"));
    let enoch = Error::Forged { name: keys[1].name().clone(), id: keys[1].id() };
    assert_eq!(opened(&spoiled, &keys), Err(enoch));
    assert_eq!(opened(&spoiled, &keys[..1]), Ok(vec!["PeterNeumann".into()]));
    assert_eq!(opened(&format!("{PETERS_NOTE}{line}"), &keys), Err(repeated));
}

#[test]
fn a_post_quantum_signature_is_recognised_and_counts_for_nothing() {
    let name: KeyName = "witness.example/pq".parse().unwrap();
    let key = Verifier::new(name.clone(), Algorithm::MlDsa44, &[7; 1312]).unwrap();
    let signature = Signature { name: name.clone(), id: key.id(), bytes: vec![1; 2428] };
    let log = log();
    let note = Note::sign("a\n", &log).unwrap().with(signature.clone());
    let keys = [log.verifier().clone(), key.clone()];

    let read = Note::parse(note.to_string().as_bytes()).unwrap();

    assert_eq!(read, note);
    assert_eq!(key.to_string().parse(), Ok(key.clone()));
    assert_eq!(read.open(&keys).unwrap().len(), 1);
    assert_eq!(read.open(&keys[1..]), Err(Error::Unverified));
    let short = Signature { bytes: vec![1; 64], ..signature };
    let note = Note::sign("a\n", &log).unwrap().with(short);
    assert_eq!(note.open(&keys), Err(Error::Forged { name, id: key.id() }));
}

#[test]
fn a_malformed_verifier_key_is_refused() {
    for (text, expected) in [
        ("", Error::BadKey),
        ("PeterNeumann", Error::BadKey),
        ("PeterNeumann+c74f20a3", Error::BadKey),
        ("+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", Error::BadName),
        ("Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", Error::BadName),
        ("PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", Error::WrongId),
        ("PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", Error::WrongId),
        ("Peterneumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", Error::WrongId),
        ("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T", Error::BadKey),
        ("PeterNeumann+c74f20a3+", Error::BadKey),
        (
            "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
            Error::BadKey,
        ),
        (
            "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            Error::UnknownAlgorithm(0x65),
        ),
    ] {
        assert_eq!(text.parse::<Verifier>(), Err(expected), "{text}");
    }
}

#[test]
fn signed_note_opens_what_we_sign_and_we_what_it_signs() {
    let log = log();
    let theirs = StandardSigner::new(&vector("/log/go_skey")).unwrap();
    let known = || {
        let verifier = StandardVerifier::new(&vector("/log/vkey")).unwrap();
        VerifierList::new(vec![Box::new(verifier)])
    };

    for text in ["a\n", "a\n\nb\n", "\u{e9}\n"] {
        let ours = Note::sign(text, &log).unwrap().to_string();
        let mut note = signed_note::Note::new(text.as_bytes(), &[]).unwrap();
        note.add_sigs(&[&theirs]).unwrap();
        assert_eq!(String::from_utf8(note.to_bytes()).unwrap(), ours);
        let read = signed_note::Note::from_bytes(ours.as_bytes()).unwrap();
        assert_eq!(read.verify(&known()).unwrap().0.len(), 1);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..300)) {
        if let Ok(note) = Note::parse(&bytes) {
            prop_assert_eq!(note.to_string().into_bytes(), bytes);
        }
    }

    #[test]
    fn a_changed_note_is_read_as_signed_note_reads_it(
        changes in vec((any::<Index>(), "[\n +A—=]|\\PC"), 1..4),
        cut in any::<Index>(),
    ) {
        let mut chars: Vec<String> =
            format!("{PETERS_NOTE}{ENOCHS_LINE}").chars().map(String::from).collect();
        for (at, with) in changes {
            let at = at.index(chars.len());
            chars[at] = with;
        }
        chars.truncate(chars.len() - cut.index(2));
        let changed = chars.concat();

        let ours = Note::parse(changed.as_bytes());
        let theirs = signed_note::Note::from_bytes(changed.as_bytes());

        prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?} {:?}", ours, theirs.map(|_| ()));
        if let Ok(note) = ours {
            prop_assert_eq!(note.to_string(), changed);
        }
    }

    #[test]
    fn any_text_is_read_as_a_verifier_key_or_refused(text in "\\PC{0,20}(\\+[0-9a-f]{8}\\+[A-Za-z0-9+/=]{0,60})?") {
        if let Ok(key) = text.parse::<Verifier>() {
            prop_assert_eq!(key.to_string(), text);
        }
    }
}
