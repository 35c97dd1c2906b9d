//! What a text is refused for, with its place; what it is accepted with.

use std::fmt::Write as _;

use expect_test::expect_file;

use crate::policy::{MOST_UNDER_ONE_SCOPE, Restriction, Rule, tests::world::World};

/// Texts, and what each is about; the answers are in `refusals.txt`.
const REFUSED: &[(&str, &str)] = &[
    ("a permit", "// let them in\n\npermit (principal, action, resource);"),
    ("an act out of reach", "forbid (principal, action == Action::\"hold\", resource);"),
    (
        "one of two acts out of reach",
        "forbid (principal, action in [Action::\"read\", Action::\"audit\"], resource);",
    ),
    (
        "a misspelt attribute",
        "forbid (principal, action, resource)\nunless { resource.sensitivty == 1 };",
    ),
    (
        "a misspelt party",
        "forbid (principal, action, resource)\nunless { principal in Party::\"company:alfa\" };",
    ),
    (
        "a misspelt stage",
        "forbid (principal, action, resource) when { resource.stage == Stage::\"finale\" };",
    ),
    ("no end", "forbid (principal, action, resource)\n  when { true }"),
    ("single quotes", "forbid (principal, action, resource) when { 'a' };"),
    (
        "what only the baseline asks",
        "forbid (principal, action, resource) unless { context.granted };",
    ),
    (
        "the owner, who is always oneself",
        "forbid (principal, action, resource) when { resource.owner == Party::\"company:beta\" };",
    ),
    (
        "what could never apply",
        "forbid (principal, action, resource) when { false && context.certificate };",
    ),
    (
        "someone's employer, by name",
        "forbid (principal, action, resource) when { Person::\"pilot\".employer.country == \"DE\" };",
    ),
    ("a template", "forbid (principal == ?principal, action, resource);"),
    (
        "one name twice",
        "@id(\"a\") forbid (principal, action, resource) when { context.certificate };\n\
         @id(\"a\") forbid (principal, action, resource) unless { context.certificate };",
    ),
    ("an empty name", "@id(\"\") forbid (principal, action, resource);"),
    ("text that runs backwards", "forbid (principal, action, resource); // \u{202e}dibrof"),
    ("a NUL", "forbid (principal, action, resource);\0"),
];

#[test]
fn a_refused_text_says_where_and_what_to_do() {
    let world = World::new();
    let mut answers = String::new();

    for (name, text) in REFUSED {
        let problems = Restriction::check(text, &world.mission).expect_err(name);
        let quoted = text.escape_debug().to_string().replace("\\\"", "\"");
        let quoted = quoted.replace("\\n", "\n    ");
        writeln!(answers, "{name}\n    {quoted}\n{problems}\n").unwrap();
    }

    expect_file!["refusals.txt"].assert_eq(&answers);
}

#[test]
fn a_rule_without_a_name_is_given_one_that_nobody_took() {
    let world = World::new();
    let text = "forbid (principal, action, resource) when { context.certificate };\n\
                @id(\"rule-1\") forbid (principal, action, resource) unless { context.certificate };";

    let restriction = Restriction::check(text, &world.mission).unwrap();

    let named = |number, id: &str| Rule { number, id: id.into() };
    assert_eq!(restriction.rules(), [&named(1, "rule-1-"), &named(2, "rule-1")]);
}

#[test]
fn rules_are_bounded_under_each_scope_and_not_in_all() {
    let broad = "forbid (principal, action, resource) unless { context.certificate };\n";
    let about = |n: usize| {
        let scope = format!("principal, action, resource == Document::\"K3T-{n:04}\"");
        format!("forbid ({scope}) unless {{ context.certificate }};\n")
    };
    let world = World::new();
    let accepted = |text: &str| Restriction::check(text, &world.mission).is_ok();

    assert!(accepted(&broad.repeat(MOST_UNDER_ONE_SCOPE)));
    assert!(!accepted(&broad.repeat(MOST_UNDER_ONE_SCOPE + 1)));
    assert!(accepted(&(0..1_000).map(about).collect::<String>()));
    assert!(!accepted(&about(7).repeat(MOST_UNDER_ONE_SCOPE + 1)));
}

#[test]
fn a_text_without_rules_forbids_nothing() {
    let world = World::new();

    for text in ["", "// nothing yet\n"] {
        assert!(Restriction::check(text, &world.mission).unwrap().rules().is_empty());
    }
}

#[test]
fn who_left_since_does_not_undo_a_saved_text() {
    let text =
        "forbid (principal, action, resource) when { principal in Party::\"company:gone\" };";

    assert!(Restriction::check(text, &World::new().mission).is_err());
    assert!(Restriction::read(text).is_ok());
}
