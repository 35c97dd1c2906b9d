//! Two hundred texts by someone who wants more than a text may have.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use crate::{
    audit::ActName,
    mission::{DocumentRevision, Grantee, Stage},
    policy::{
        Decider, RESTRICTABLE, Restriction,
        restriction::LONGEST_TEXT_BYTES,
        tests::{
            texts::texts,
            world::{World, document, grant, party, plainly},
        },
    },
};

/// Longest that a text may be checked, and that a decision may take, in a build that is not optimised.
const CHECKED_WITHIN: Duration = Duration::from_secs(20);
const DECIDED_WITHIN: Duration = Duration::from_millis(500);

const PEOPLE: [(&str, &str); 7] = [
    ("contributor", "company:alpha"),
    ("access", "company:alpha"),
    ("beta-contributor", "company:beta"),
    ("pilot", "workstream:ai"),
    ("coordinator", "mission"),
    ("auditor", "mission"),
    ("operator", "mission"),
];

/// One's own, granted to some; someone else's, granted too; one that is held; one that is being destroyed.
fn shelf() -> Vec<DocumentRevision> {
    let granted = |mut document: DocumentRevision| {
        for to in ["company:beta", "workstream:ai"] {
            document.grants.push(grant(Grantee::Party(party(to)), None));
        }
        document
    };
    vec![
        granted(document("company:alpha", "workstream:ai")),
        granted(document("company:beta", "workstream:ai")),
        DocumentRevision { hold: true, ..document("company:alpha", "workstream:ai") },
        DocumentRevision { stage: Stage::Shredding, ..document("company:alpha", "workstream:ai") },
    ]
}

/// What everyone may do with everything, in a fixed order; as slow as the slowest decision.
fn grid(world: &World, restriction: Option<&Restriction>) -> (Vec<bool>, Duration) {
    let (how, mut may, mut slowest) = (plainly(), Vec::new(), Duration::ZERO);
    for document in shelf() {
        for (slug, capacity) in PEOPLE {
            let mut case = world.case(slug, capacity, world.target(&document), &how);
            case.restriction = restriction;
            let started = Instant::now();
            let decider = Decider::new(case);
            may.extend(ActName::ALL.map(|act| decider.decide(act).permitted));
            slowest = slowest.max(started.elapsed() / 10);
        }
    }
    (may, slowest)
}

#[test]
fn no_text_widens_stalls_or_reaches_what_it_may_not() {
    let (before, _) = grid(&World::new(), None);
    let texts = texts();
    let (mut accepted, mut narrowed) = (0, 0);

    for (name, text) in &texts {
        let mut world = World::new();
        let started = Instant::now();
        let checked = Restriction::check(text, &world.mission);
        assert!(started.elapsed() < CHECKED_WITHIN, "{name} took {:?}", started.elapsed());
        let Ok(restriction) = checked else { continue };
        accepted += 1;
        world.restrict("company:alpha", &restriction);

        let (after, slowest) = grid(&world, Some(&restriction));

        assert!(slowest < DECIDED_WITHIN, "{name} took {slowest:?}");
        for (cell, (before, after)) in before.iter().zip(&after).enumerate() {
            let act = ActName::ALL[cell % ActName::ALL.len()];
            let of_another = cell / ActName::ALL.len() / PEOPLE.len() == 1;
            assert!(*before || !after, "{name} lets someone {act:?}");
            let reachable = RESTRICTABLE.contains(&act) && !of_another;
            assert!(before == after || reachable, "{name} reaches {act:?}");
        }
        narrowed += usize::from(before != after);
    }

    assert!(texts.len() >= 200, "{}", texts.len());
    assert!(
        accepted >= 60 && narrowed >= 30,
        "some are accepted and some forbid: {accepted}, {narrowed}"
    );
    assert!(texts.len() - accepted >= 80, "many are refused: {accepted}");
}

#[test]
fn what_cannot_be_evaluated_refuses_and_only_what_the_text_may_forbid() {
    let mut world = World::new();
    let text = "forbid (principal, action, resource)\n\
                when { context.authenticated_seconds_ago + 9223372036854775807 < 0 };";
    let restriction = Restriction::check(text, &world.mission).unwrap();
    world.restrict("company:alpha", &restriction);
    let document = document("company:alpha", "workstream:ai");
    let how = plainly();
    let mut case = world.case("access", "company:alpha", world.target(&document), &how);
    case.restriction = Some(&restriction);

    for act in ActName::ALL {
        let decision = Decider::new(case).decide(act);
        let undecidable = decision.reason == Some(crate::audit::Reason::Undecidable);
        let asked = RESTRICTABLE.contains(&act);
        assert_eq!(undecidable, asked, "{act:?}: {decision:?}");
    }
}

#[test]
fn the_longest_accepted_text_is_checked_and_decided_in_bounded_time() {
    let world = World::new();
    let mut text = String::new();
    for n in 0.. {
        let rule = format!(
            "forbid (principal, action, resource == Document::\"D{n}\") unless {{ context.certificate }};\n"
        );
        if text.len() + rule.len() > LONGEST_TEXT_BYTES {
            break;
        }
        text.push_str(&rule);
    }
    write!(text, "{}", " ".repeat(LONGEST_TEXT_BYTES - text.len())).unwrap();
    let started = Instant::now();

    let restriction = Restriction::check(&text, &world.mission).unwrap();

    assert!(restriction.rules().len() > 2_000);
    assert!(started.elapsed() < 3 * CHECKED_WITHIN, "{:?}", started.elapsed());
    text.push(' ');
    assert!(Restriction::check(&text, &world.mission).is_err());
}
