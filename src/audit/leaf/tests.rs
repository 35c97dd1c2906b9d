//! The exact bytes of a leaf, and what no leaf may be.

use proptest::{collection::vec, prelude::any, prop_assert_eq, proptest, sample::Index};

use crate::{
    audit::{
        leaf::{Commitments, Error, Leaf, MAX_LEAF, Tag},
        opening::Digest,
    },
    id::EntryId,
    time::Instant,
    vault::{Secret, TagKey},
};

const WRITTEN: &str = concat!(
    r#"{"v":1,"t":"2026-01-01T00:00:00Z","id":"AZQ6HwAAcACAAAAAAAAAAQ","tags":["#,
    r#""-AAAAAAAAAAAAAAAAAAAAA","0AAAAAAAAAAAAAAAAAAAAA","AAAAAAAAAAAAAAAAAAAAAA","#,
    r#""_AAAAAAAAAAAAAAAAAAAAA"],"facts":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","#,
    r#""asked":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","#,
    r#""personal":"AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#,
);

#[test]
fn a_leaf_has_exactly_these_bytes() {
    let digest = |first| {
        let mut bytes = [0; 32];
        bytes[0] = first;
        Some(Digest(bytes))
    };
    let tags = [0xfc, 0xf8, 0, 0xd0].map(|first| {
        let mut bytes = [0; 16];
        bytes[0] = first;
        Tag(bytes)
    });
    let t = "2026-01-01T00:00:00.999999Z".parse().unwrap();
    let id = "AZQ6HwAAcACAAAAAAAAAAQ".parse().unwrap();
    let commitments = Commitments { facts: digest(0), asked: digest(1), personal: digest(2) };

    let leaf = Leaf::new(t, id, &tags, commitments);

    assert_eq!(String::from_utf8(leaf.to_bytes()).unwrap(), WRITTEN);
    assert_eq!(Leaf::parse(WRITTEN.as_bytes()), Ok(leaf.clone()));
    assert_eq!(leaf.at().to_string(), "2026-01-01T00:00:00Z");
    assert!(WRITTEN.len() <= MAX_LEAF);
}

#[test]
fn another_spelling_is_refused() {
    for (change, with) in [
        ("{", " {"),
        ("}", "}\n"),
        (",\"t\"", ", \"t\""),
        ("00:00:00Z", "00:00:00.0Z"),
        ("00:00:00Z", "00:00:00.5Z"),
        ("00:00:00Z", "00:00:00+00:00"),
        ("T00", "t00"),
        ("T00", " 00"),
        ("2026-01-01T00:00:00Z", "yesterday"),
        ("\"v\":1,", ""),
        ("\"v\":1", "\"v\":\"1\""),
        ("\"v\":1", "\"v\":1.0"),
        ("\"v\":1", "\"v\":1,\"v\":1"),
        ("\"v\":1", "\"v\":1,\"w\":1"),
        ("\"AAAAAAAAAAAAAAAAAAAAAA\",", ""),
        ("\"AAAAAAAAAAAAAAAAAAAAAA\"", "\"AAAAAAAAAAAAAAAAAAAAAB\""),
        ("\"AAAAAAAAAAAAAAAAAAAAAA\"", "\"AAAAAAAAAAAAAAAAAAAAAA==\""),
        ("\"AAAAAAAAAAAAAAAAAAAAAA\"", "\"aAAAAAAAAAAAAAAAAAAAAA\",\"aAAAAAAAAAAAAAAAAAAAAA\""),
        ("\"-AAA", "\"zAAA"),
        ("\"AgAA", "\"\\u0041gAA"),
        ("\"asked\"", "\"Asked\""),
        ("AZQ6HwAAcACAAAAAAAAAAQ", "AZQ6HwAAcACAAAAAAAAAA"),
    ] {
        let changed = WRITTEN.replacen(change, with, 1);
        assert_ne!(changed, WRITTEN, "{change}");
        assert_eq!(Leaf::parse(changed.as_bytes()), Err(Error::Malformed), "{changed}");
    }
    let newer = WRITTEN.replace("\"v\":1", "\"v\":2");
    assert_eq!(Leaf::parse(newer.as_bytes()), Err(Error::UnknownVersion(2)));
    let long = WRITTEN.replace("{", &format!("{}{{", " ".repeat(MAX_LEAF)));
    assert_eq!(Leaf::parse(long.as_bytes()), Err(Error::TooLong));
}

fn key(byte: u8) -> TagKey {
    TagKey::new(Secret::fill(|bytes| bytes.fill(byte)))
}

#[test]
fn a_leaf_with_nothing_to_say_looks_like_any_other() {
    let (t, id) = (Instant(0), EntryId::random());
    let full = [1, 2, 3, 4].map(|number| Tag::of(&key(number), &id));
    let all = Some(Digest::random());
    let everything = Commitments { facts: all, asked: all, personal: all };

    let silent = Leaf::new(t, id, &[], Commitments::default());
    let telling = Leaf::new(t, id, &full, everything);

    assert_eq!(silent.to_bytes().len(), telling.to_bytes().len());
    assert_ne!(silent, Leaf::new(t, id, &[], Commitments::default()));
    assert_ne!(silent.facts(), silent.asked());
    assert_ne!(silent.asked(), silent.personal());
    assert_ne!(silent.tags()[0], silent.tags()[1]);
}

#[test]
fn a_subject_finds_its_entries_and_no_others() {
    let (ours, others) = (key(1), key(2));
    let [first, second] = [0; 2].map(|_| EntryId::random());

    let leaf = Leaf::new(Instant(0), first, &[Tag::of(&ours, &first)], Commitments::default());

    assert!(leaf.is_tagged_for(&ours) && !leaf.is_tagged_for(&others));
    assert_ne!(ours.tag(&first), ours.tag(&second));
    let borrowed = Leaf::new(Instant(0), second, &[Tag::of(&ours, &first)], Commitments::default());
    assert!(!borrowed.is_tagged_for(&ours));
    assert_eq!(format!("{ours:?}"), "TagKey");
}

#[test]
fn a_tag_is_what_anyone_computes_from_the_key() {
    // As openssl gives it: dgst -sha256 -mac HMAC -macopt hexkey:01...01 over `greffe/tag/v1` and 0, 1, ... 15.
    let id = EntryId::from_slice(&(0..16).collect::<Vec<u8>>()).unwrap();

    let tag = key(1).tag(&id);

    assert_eq!(hex::encode(tag), "79f4b581dce653fc7f4a2d92c9c7a1d4");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..300)) {
        if let Ok(leaf) = Leaf::parse(&bytes) {
            prop_assert_eq!(leaf.to_bytes(), bytes);
        }
    }

    #[test]
    fn a_changed_leaf_is_read_back_or_refused(at: Index, with in "[ -~]") {
        let mut changed = WRITTEN.as_bytes().to_vec();
        let at = at.index(changed.len());
        changed[at] = with.as_bytes()[0];

        if let Ok(leaf) = Leaf::parse(&changed) {
            prop_assert_eq!(leaf.to_bytes(), changed);
        }
    }

    #[test]
    fn what_is_written_is_read(t in 0..253_402_300_800_000_000_i64, tags: [[u8; 16]; 4]) {
        let tags = tags.map(Tag);
        let leaf = Leaf::new(Instant(t), EntryId::random(), &tags, Commitments::default());

        prop_assert_eq!(Leaf::parse(&leaf.to_bytes()), Ok(leaf));
    }
}
