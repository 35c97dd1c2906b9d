//! What a text is refused for, with its place; what it is accepted with.

use expect_test::{Expect, expect};

use crate::policy::{MOST_UNDER_ONE_SCOPE, Restriction, Rule, tests::world::World};

fn check(text: &str, expected: Expect) {
    let world = World::new();
    let told = match Restriction::check(text, &world.mission) {
        Ok(restriction) => format!("accepted: {:?}", ids(&restriction)),
        Err(problems) => problems.to_string(),
    };
    expected.assert_eq(&told);
}

fn ids(restriction: &Restriction) -> Vec<&str> {
    restriction.rules().into_iter().map(|rule| rule.id.as_str()).collect()
}

#[test]
fn a_permit_is_refused_with_a_hint_to_make_a_grant() {
    check(
        "// let them in\n\npermit (principal, action, resource);",
        expect![
            "line 3, column 1: a rule cannot permit; make a grant to let someone in; a rule can only `forbid … unless { … }`"
        ],
    );
}

#[test]
fn an_act_that_no_rule_may_forbid_is_refused() {
    check(
        "forbid (principal, action == Action::\"hold\", resource);\n\
         forbid (principal, action in [Action::\"read\", Action::\"audit\"], resource);",
        expect![[r#"
            line 1, column 1: a rule cannot forbid Action::"hold"; name discover, read, share or export; leave the action out for all four
            line 2, column 1: a rule cannot forbid Action::"audit"; name discover, read, share or export; leave the action out for all four"#]],
    );
}

#[test]
fn what_is_misspelt_is_named_with_its_place() {
    check(
        "forbid (principal, action, resource)\nunless { resource.sensitivty == 1 };",
        expect![
            "line 2, column 10: for policy `rule-1`, attribute `sensitivty` on entity type `Document` not found; did you mean `sensitivity`?"
        ],
    );
    check(
        "forbid (principal, action, resource)\nunless { principal in Party::\"company:alfa\" };",
        expect![[
            r#"line 2, column 30: there is no Party::"company:alfa"; write the handle that the directory shows, e.g. "company:example""#
        ]],
    );
    check(
        "forbid (principal, action, resource) when { resource.stage == Stage::\"finale\" };",
        expect![[
            r#"line 1, column 63: for policy `rule-1`: entity `Stage::"finale"` is of an enumerated entity type, but `"finale"` is not declared as a valid eid; valid entity eids: "empty", "working", "final", "shredding", "shredded""#
        ]],
    );
    check(
        "forbid (principal, action, resource)\n  when { true }",
        expect![
            "line 2, column 16: unexpected end of input; see the schema of restrictions for what a rule may speak of"
        ],
    );
    check(
        "forbid (principal, action, resource) when { 'a' };",
        expect![
            "line 1, column 45: invalid token; strings must use double quotes, not single quotes"
        ],
    );
}

#[test]
fn what_only_the_baseline_may_ask_is_not_there() {
    check(
        "forbid (principal, action, resource) unless { context.granted };",
        expect![[r#"line 1, column 47: for policy `rule-1`, attribute `granted` in context for Action::"export" not found; did you mean `method`?"#]],
    );
    check(
        "forbid (principal, action, resource) when { resource.owner == Party::\"company:beta\" };",
        expect![
            "line 1, column 45: for policy `rule-1`, attribute `owner` on entity type `Document` not found; did you mean `kind`?"
        ],
    );
}

#[test]
fn a_rule_that_could_never_apply_is_refused() {
    check(
        "forbid (principal, action, resource) when { false && context.certificate };",
        expect![
            "line 1, column 1: for policy `rule-1`, policy is impossible: the policy expression evaluates to false for all valid requests; it would protect nothing: check what it compares"
        ],
    );
}

#[test]
fn a_rule_about_someone_by_name_asks_what_the_directory_shows_of_the_reader() {
    check(
        "forbid (principal, action, resource) when { Person::\"pilot\".employer.country == \"DE\" };",
        expect![
            "line 1, column 45: for policy `rule-1`, entity literals cannot be dereferenced at any level; see the schema of restrictions for what a rule may speak of"
        ],
    );
}

#[test]
fn a_template_is_refused() {
    check(
        "forbid (principal == ?principal, action, resource);",
        expect![
            "line 1, column 1: templates are not accepted; write the name in its place: a rule without ?principal and ?resource"
        ],
    );
}

#[test]
fn two_rules_of_one_name_are_refused() {
    check(
        "@id(\"a\") forbid (principal, action, resource) when { context.certificate };\n\
         @id(\"a\") forbid (principal, action, resource) unless { context.certificate };",
        expect![[r#"line 2, column 1: another rule has the @id "a"; give each its own"#]],
    );
    check(
        "@id(\"\") forbid (principal, action, resource);",
        expect![[
            r#"line 1, column 1: its @id is empty or too long; 1 to 64 characters, e.g. @id("only-us")"#
        ]],
    );
}

#[test]
fn a_character_that_turns_the_text_around_is_refused() {
    check(
        "forbid (principal, action, resource); // \u{202e}dibrof",
        expect!["line 1, column 42: U+202E cannot be seen and may turn the text around; delete it"],
    );
    check(
        "forbid (principal, action, resource);\0",
        expect!["line 1, column 38: U+0000 cannot be seen and may turn the text around; delete it"],
    );
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
        format!(
            "forbid (principal, action, resource == Document::\"K3T-{n:04}\") unless {{ context.certificate }};\n"
        )
    };
    let world = World::new();
    let accepted = |text: &str| Restriction::check(text, &world.mission).is_ok();

    assert!(accepted(&broad.repeat(MOST_UNDER_ONE_SCOPE)));
    assert!(!accepted(&broad.repeat(MOST_UNDER_ONE_SCOPE + 1)));
    assert!(accepted(&(0..1_000).map(about).collect::<String>()));
    assert!(!accepted(&about(7).repeat(MOST_UNDER_ONE_SCOPE + 1)));
}

#[test]
fn an_empty_text_forbids_nothing() {
    check("", expect!["accepted: []"]);
    check("// nothing yet\n", expect!["accepted: []"]);
}

#[test]
fn who_left_since_does_not_undo_a_saved_text() {
    let text =
        "forbid (principal, action, resource) when { principal in Party::\"company:gone\" };";

    assert!(Restriction::check(text, &World::new().mission).is_err());
    assert!(Restriction::read(text).is_ok());
}
