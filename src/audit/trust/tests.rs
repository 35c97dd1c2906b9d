//! The standard's example, and every line that is refused.

use proptest::{collection::vec, prelude::any, prop_assert_eq, proptest};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use crate::audit::{
    checkpoint::{self, Checkpoint},
    merkle::Hash,
    note::{self, Algorithm, Note, Signature, Signer, Verifier},
    trust::{Error, MAX_POLICY, Policy, Problem},
    vectors::text as vector,
};

const NAMES: [&str; 6] = ["X1", "X2", "X3", "Y1", "Y2", "Y3"];

fn seed(number: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[number; 32]).unwrap()
}

fn key(name: &str, algorithm: Algorithm, number: u8) -> Verifier {
    let public_key = seed(number);
    Verifier::new(name.parse().unwrap(), algorithm, public_key.public_key().as_ref()).unwrap()
}

fn witness(number: u8) -> Verifier {
    key(&format!("w{number}.example"), Algorithm::Cosignature, number)
}

fn log() -> Signer {
    Signer::from_seed("log.example".parse().unwrap(), &[100; 32]).unwrap()
}

/// The standard's own example, with keys.
fn example() -> String {
    let mut text = format!("# An example\nlog {}\n\n", log().verifier());
    for (number, name) in NAMES.iter().enumerate() {
        text += &format!("witness {name} {}\n", witness(number as u8));
    }
    text + "group X-witnesses 2 X1 X2 X3\ngroup Y-witnesses any Y1 Y2 Y3\n\
            group X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
}

/// A checkpoint of our log, cosigned by these witnesses.
fn cosigned(numbers: &[u8]) -> Note {
    let checkpoint = Checkpoint { origin: "log.example".into(), size: 3, root: Hash([3; 32]) };
    let mut note = checkpoint.sign(&log()).unwrap();
    for &number in numbers {
        let time = 1_700_000_000 + u64::from(number);
        let message = format!("cosignature/v1\ntime {time}\n{}", note.text());
        let signature = seed(number).sign(message.as_bytes());
        let bytes = [&time.to_be_bytes(), signature.as_ref()].concat();
        let key = witness(number);
        note = note.with(Signature { name: key.name().clone(), id: key.id(), bytes });
    }
    note
}

#[test]
fn the_standards_example_counts_as_it_says() {
    let policy = Policy::parse(example().as_bytes()).unwrap();

    for mask in 0..64_u8 {
        let numbers: Vec<u8> = (0..6).filter(|bit| mask >> bit & 1 == 1).collect();
        let names = numbers.iter().map(|&number| NAMES[usize::from(number)]);
        let expected = (mask & 0b111).count_ones() >= 2 && mask & 0b111_000 != 0;
        assert_eq!(policy.suffices(names), expected, "{mask:b}");
        let answer = policy.open(cosigned(&numbers).to_string().as_bytes());
        assert_eq!(answer.is_ok(), expected, "{mask:b}");
    }
    assert!(!policy.suffices(["X-witnesses", "Y-witnesses", "X-and-Y", "none"]));
}

#[test]
fn a_checkpoint_says_who_cosigned_it_and_when() {
    let policy = Policy::parse(example().as_bytes()).unwrap();

    let trusted = policy.open_note(&cosigned(&[0, 4, 2, 77])).unwrap();

    assert_eq!(trusted.checkpoint.size, 3);
    let expected = [("X1", 1_700_000_000), ("Y2", 1_700_000_004), ("X3", 1_700_000_002)];
    assert_eq!(trusted.cosigned, expected.map(|(name, time)| (name.to_owned(), time)));
    let answer = policy.open_note(&cosigned(&[0]));
    assert_eq!(answer, Err(Error::NoQuorumReached(vec!["X1".into()])));
}

#[test]
fn a_checkpoint_that_no_log_of_the_policy_signed_is_refused() {
    let only_witness = format!("witness X1 {}\nquorum none\n", witness(0));
    let renamed = Signer::from_seed("other.example".parse().unwrap(), &[101; 32]).unwrap();
    let two_logs = format!("log {}\nlog {}\nquorum none\n", log().verifier(), renamed.verifier());
    let note = cosigned(&[0]);

    let answer = Policy::parse(only_witness.as_bytes()).unwrap().open_note(&note);
    assert_eq!(answer, Err(Error::UnknownLog("log.example".into())));
    // One log's signature under another log's name.
    let stolen = Note::sign(note.text(), &renamed).unwrap();
    let answer = Policy::parse(two_logs.as_bytes()).unwrap().open_note(&stolen);
    assert_eq!(answer, Err(Error::UnknownLog("log.example".into())));
    let text = Note::sign("no checkpoint\n", &log()).unwrap();
    let answer = Policy::parse(two_logs.as_bytes()).unwrap().open_note(&text);
    assert_eq!(answer, Err(Error::Checkpoint(checkpoint::Error::Malformed)));
}

#[test]
fn the_published_cosigned_checkpoint_is_trusted() {
    let (log, w1) = (vector("/log/vkey"), vector("/witness/vkey"));
    let text = format!("log {log} https://exchange.example/log\nwitness w1 {w1}\nquorum w1\n");
    let policy = Policy::parse(text.as_bytes()).unwrap();

    assert_eq!(policy.to_string(), text);
    let trusted = policy.open(vector("/cosigned_checkpoint_15").as_bytes()).unwrap();
    assert_eq!(trusted.cosigned, [("w1".to_owned(), 1_767_225_600)]);
    let answer = policy.open(vector("/checkpoints/15").as_bytes());
    assert_eq!(answer, Err(Error::NoQuorumReached(vec![])));
    let alone = Policy::of_log(log.parse().unwrap(), None).unwrap();
    assert!(alone.open(vector("/checkpoints/15").as_bytes()).is_ok());
    assert_eq!(alone.to_string(), format!("log {log}\nquorum none\n"));
}

#[test]
fn spaces_tabs_and_comments_mean_nothing() {
    let plain = Policy::parse(example().as_bytes()).unwrap();
    let spaced = example().replace(' ', " \t ").replace('\n', " \n\t# quorum none\n\n");

    assert_eq!(Policy::parse(spaced.as_bytes()), Ok(plain.clone()));
    assert_eq!(Policy::parse(plain.to_string().as_bytes()), Ok(plain));
}

#[test]
fn a_wrong_line_is_refused_and_named() {
    let (log, w0) = (log().verifier().clone(), witness(0));
    let as_log = key("w0.example", Algorithm::Ed25519, 0);
    let renamed = key("other.example", Algorithm::Cosignature, 0);
    let head = format!("log {log}\nwitness X1 {w0}\nwitness X2 {}\n", witness(1));
    let name = |name: &str| Problem::NameTaken(name.into());
    let items = Problem::WrongItems;

    for (line, expected) in [
        (format!("log {log}"), Problem::KeyTaken),
        (format!("log {as_log}"), Problem::KeyTaken),
        (format!("log {}", witness(7)), Problem::WrongAlgorithm),
        ("log x".into(), Problem::Key(note::Error::BadKey)),
        ("log".into(), items("log <vkey> [<url>]")),
        (format!("log {as_log} a b"), items("log <vkey> [<url>]")),
        (format!("witness X3 {renamed}"), Problem::KeyTaken),
        (format!("witness X1 {}", witness(7)), name("X1")),
        (format!("witness none {}", witness(7)), name("none")),
        (format!("witness X3 {}", key("a", Algorithm::Ed25519, 9)), Problem::WrongAlgorithm),
        (format!("witness {}", witness(7)), items("witness <name> <vkey> [<url>]")),
        ("group G all".into(), items("group <name> all|any|<k> <member>...")),
        ("group G all X3".into(), Problem::Unnamed("X3".into())),
        ("group G all G".into(), Problem::Unnamed("G".into())),
        ("group G all none".into(), Problem::Unnamed("none".into())),
        ("group X1 all X2".into(), name("X1")),
        ("group G all X1 X1".into(), Problem::MemberTaken("X1".into())),
        ("group G 0 X1".into(), Problem::BadThreshold),
        ("group G 3 X1 X2".into(), Problem::BadThreshold),
        ("group G 01 X1 X2".into(), Problem::BadThreshold),
        ("group G some X1 X2".into(), Problem::BadThreshold),
        ("quorum X3".into(), Problem::Unnamed("X3".into())),
        ("quorum".into(), items("quorum <name>|none")),
        ("quorum X1 X2".into(), items("quorum <name>|none")),
        ("Log x".into(), Problem::UnknownWord("Log".into())),
        ("quorum none\r".into(), Problem::NotText),
        ("# \u{7f}".into(), Problem::NotText),
    ] {
        let answer = Policy::parse(format!("{head}{line}\nquorum none\n").as_bytes());
        assert_eq!(answer, Err(Error::Line { line: 4, problem: expected }), "{line}");
    }
    let member = format!("{head}group G any X1\ngroup H any X2 X1\nquorum none\n");
    let problem = Problem::MemberTaken("X1".into());
    assert_eq!(Policy::parse(member.as_bytes()), Err(Error::Line { line: 5, problem }));
    let twice = format!("{head}quorum none\nquorum X1\n");
    let problem = Problem::SecondQuorum;
    assert_eq!(Policy::parse(twice.as_bytes()), Err(Error::Line { line: 5, problem }));
}

#[test]
fn a_cut_or_oversized_policy_is_refused() {
    let whole = example();

    assert_eq!(Policy::parse(b""), Err(Error::NoQuorum));
    assert_eq!(Policy::parse(b"\n"), Err(Error::NoQuorum));
    assert_eq!(Policy::parse(&whole.as_bytes()[..whole.len() - 1]), Err(Error::Unended));
    for cut in 0..whole.len() {
        assert!(Policy::parse(&whole.as_bytes()[..cut]).is_err(), "{cut}");
    }
    assert_eq!(Policy::parse(&vec![b'\n'; MAX_POLICY + 1]), Err(Error::TooLong));
    let problem = Problem::NotText;
    let answer = Policy::parse(b"quorum none\n# \xff\n");
    assert_eq!(answer, Err(Error::Line { line: 2, problem }));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..200)) {
        if let Ok(policy) = Policy::parse(&bytes) {
            prop_assert_eq!(Policy::parse(policy.to_string().as_bytes()), Ok(policy));
        }
    }

    #[test]
    fn what_is_read_is_written_so_that_it_is_read_again(
        lines in vec("(group|quorum) (G|H|X1|none)( (all|any|1|2))?( (X1|X2|Y1|G|H)){0,4}", 0..6),
    ) {
        let head = example().split("group").next().unwrap().to_owned();
        if let Ok(policy) = Policy::parse(format!("{head}{}\n", lines.join("\n")).as_bytes()) {
            prop_assert_eq!(Policy::parse(policy.to_string().as_bytes()), Ok(policy));
        }
    }
}
