//! What opens a digest, and what does not.

use proptest::{prop_assert_eq, proptest};
use serde_json::{Value, json};

use crate::audit::{
    encoding,
    opening::{Digest, Error, MAX_DISCLOSURE, Opening},
    vectors::text as vector,
};

#[test]
fn the_published_disclosure_is_opened() {
    let disclosure = vector("/sd_jwt_disclosure_rfc9901/disclosure");
    let digest: Digest = vector("/sd_jwt_disclosure_rfc9901/digest").parse().unwrap();

    let opening = Opening::open(&disclosure, &digest).unwrap();

    assert_eq!((opening.salt(), opening.name()), ("_26bc4LT-ac6q2KI6cBW5es", "family_name"));
    assert_eq!(opening.value::<String>().unwrap(), "M\u{f6}bius");
    assert_eq!((opening.disclosure(), opening.digest()), (&disclosure[..], digest));
}

#[test]
fn an_opening_survives_being_disclosed() {
    let value = json!({ "act": "read", "ranges": [[0, 10]], "note": "\"\u{e9}\\\n" });
    let made = Opening::new("facts", &value).unwrap();

    let read = Opening::open(made.disclosure(), &made.digest()).unwrap();

    assert_eq!((read.name(), read.value::<Value>().unwrap()), ("facts", value));
    assert_eq!(read.salt().len(), 22);
    assert_eq!(read.json(), made.json());
    assert!(matches!(read.value::<u64>(), Err(Error::Value(_))));
}

#[test]
fn one_value_has_another_digest_each_time() {
    let [first, second] = [0; 2].map(|_| Opening::new("facts", &"same").unwrap());

    assert_ne!(first.digest(), second.digest());
    assert_ne!(first.salt(), second.salt());
    assert_ne!(Digest::random(), Digest::random());
}

#[test]
fn another_disclosure_does_not_open_a_digest() {
    let opening = Opening::new("facts", &1).unwrap();
    let other = Opening::new("facts", &1).unwrap();

    let contradicted = |disclosure: &str| {
        matches!(Opening::open(disclosure, &opening.digest()), Err(Error::Contradicted))
    };
    assert!(contradicted(other.disclosure()));
    assert!(contradicted(&format!("{}=", opening.disclosure())));
    assert!(contradicted(&opening.disclosure()[1..]));
}

#[test]
fn a_malformed_disclosure_is_refused_even_with_its_digest() {
    let salt = "A".repeat(22);

    for json in [
        String::new(),
        "[]".into(),
        "{}".into(),
        format!(r#"["{salt}","name"]"#),
        format!(r#"["{salt}","name",1,2]"#),
        format!(r#"["{salt}",1,2]"#),
        r#"[1,"name",2]"#.into(),
        format!(r#"["{salt}","name",1] x"#),
        format!(r#"["{salt}","name",]"#),
    ] {
        let disclosure = encoding::base64url(json.as_bytes());
        let answer = Opening::open(&disclosure, &Digest::of(&disclosure));
        assert!(matches!(answer, Err(Error::Malformed)), "{json}");
    }
    let padded = "WyJBIiwiQSIsMV0=";
    assert!(matches!(Opening::parse(padded), Err(Error::Malformed)));
    let weak = encoding::base64url(br#"["short","name",1]"#);
    assert!(matches!(Opening::parse(&weak), Err(Error::WeakSalt)));
    let long = "A".repeat(MAX_DISCLOSURE + 1);
    assert!(matches!(Opening::parse(&long), Err(Error::TooLong)));
    assert!(matches!(Opening::new("n", &long), Err(Error::TooLong)));
}

#[test]
fn what_it_holds_does_not_reach_a_log_line() {
    let opening = Opening::new("personal", &"Ada").unwrap();

    let shown = format!("{opening:?}");

    assert_eq!(shown, "Opening(\"personal\")");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[A-Za-z0-9_-]{0,80}|\\PC{0,20}") {
        if let Ok(opening) = Opening::parse(&text) {
            prop_assert_eq!(opening.disclosure(), &text);
        }
        if let Ok(digest) = text.parse::<Digest>() {
            prop_assert_eq!(digest.to_string(), text);
        }
    }

    #[test]
    fn any_json_survives(name in "\\PC{0,9}", text in "\\PC{0,30}", number: i64) {
        let value = json!([text, number, { &name: null }]);
        let made = Opening::new(&name, &value).unwrap();

        let read = Opening::open(made.disclosure(), &made.digest()).unwrap();

        prop_assert_eq!((read.name(), read.value::<Value>().unwrap()), (&name[..], value));
    }
}
