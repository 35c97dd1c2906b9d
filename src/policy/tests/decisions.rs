//! Single decisions that the table of the baseline does not show.

use crate::{
    audit::{ActName, Reason},
    mission::{Grantee, Role},
    policy::{
        Decider, Restriction,
        tests::world::{World, document, grant, party, plainly},
    },
};

fn reason(world: &World, slug: &str, capacity: &str) -> Option<Reason> {
    let (how, mut document) = (plainly(), document("company:alpha", "workstream:ai"));
    for to in ["workstream:ai", "company:beta", "workstream:data"] {
        document.grants.push(grant(Grantee::Party(party(to)), None));
    }
    let case = world.case(slug, capacity, world.target(&document), &how);
    Decider::new(case).decide(ActName::Read).reason
}

#[test]
fn a_conflict_counts_in_every_capacity_unless_it_names_one() {
    let mut world = World::new();
    world.hold("data-pilot", "company:beta", Role::Contributor);
    assert_eq!(reason(&world, "data-pilot", "company:beta"), None);

    world.conflict("data-pilot", "company:alpha", Some("workstream:data"));
    assert_eq!(reason(&world, "data-pilot", "workstream:data"), Some(Reason::Conflict));
    assert_eq!(reason(&world, "data-pilot", "company:beta"), None);

    world.conflict("data-pilot", "company:alpha", None);
    assert_eq!(reason(&world, "data-pilot", "company:beta"), Some(Reason::Conflict));
    assert_eq!(reason(&world, "beta-contributor", "company:beta"), None, "another person");
}

#[test]
fn whoever_is_disabled_or_holds_no_role_in_the_capacity_may_nothing() {
    let mut world = World::new();
    assert_eq!(reason(&world, "pilot", "workstream:ai"), None);
    assert_eq!(reason(&world, "pilot", "company:beta"), Some(Reason::NoGrant));

    world.people.get_mut("pilot").unwrap().disabled = true;

    assert_eq!(reason(&world, "pilot", "workstream:ai"), Some(Reason::NoGrant));
}

#[test]
fn a_text_that_is_absent_or_another_refuses() {
    let mut world = World::new();
    let text = "forbid (principal, action == Action::\"export\", resource);";
    let saved = Restriction::check(text, &world.mission).unwrap();
    let other = Restriction::check("", &world.mission).unwrap();
    world.restrict("company:alpha", &saved);
    let (how, document) = (plainly(), document("company:alpha", "workstream:ai"));
    let mut case = world.case("access", "company:alpha", world.target(&document), &how);

    for restriction in [None, Some(&other)] {
        case.restriction = restriction;
        let decision = Decider::new(case).decide(ActName::Read);
        assert_eq!(decision.reason, Some(Reason::Undecidable));
        assert!(Decider::new(case).decide(ActName::Audit).permitted);
    }
    case.restriction = Some(&saved);
    assert!(Decider::new(case).decide(ActName::Read).permitted);
    let export = Decider::new(case).decide(ActName::Export);
    assert_eq!((export.reason, export.rules.len()), (Some(Reason::Restricted), 1));
}
