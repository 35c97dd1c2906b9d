//! Placement over a few places, each wrong in its own way.

use crate::{
    mission::{LocationEntry, Placement, Sensitivity, Unknown},
    policy::{
        Sought,
        tests::world::{World, party},
    },
    storage::location::{Control, Country, Fact, Facts, LocationId},
};

/// A place on a country's soil, run from another, controlled from a third; unknown where none is given.
fn facts(soil: Option<&str>, seat: Option<&str>, control: Option<&str>) -> Facts {
    let on = "2026-11-24".parse().unwrap();
    let country = |code: Option<&str>| match code {
        Some(code) => Fact::declared(code.parse::<Country>().unwrap(), "the operator", on),
        // Supposed is not known.
        None => Fact::unknown(Some("FR".parse().unwrap()), "hearsay", on),
    };
    let control = match control {
        Some(code) => {
            let control = Control { holder: "a group".into(), country: code.parse().unwrap() };
            Fact::declared(control, "its filings", on)
        }
        None => Fact::unknown(None, "nobody says", on),
    };
    let word = || Fact::unknown(None, "", on);
    Facts {
        country: country(soil),
        region: word(),
        city: word(),
        operator: word(),
        seat: country(seat),
        control,
        qualification: word(),
        access_logs: Fact::unknown(None, "", on),
    }
}

fn world(places: &[(&str, Facts)]) -> World {
    let mut world = World::new();
    let entry =
        |(id, facts): &(&str, Facts)| LocationEntry { id: (*id).into(), facts: facts.clone() };
    world.mission.locations = places.iter().map(entry).collect();
    world.mission.placement = asked(&["EU"], &["EU"]);
    world
}

fn asked(countries: &[&str], control: &[&str]) -> Placement {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let (countries, control) = (owned(countries), owned(control));
    Placement { countries, control, ..Placement::default() }
}

fn told(world: &World, places: &[&str]) -> String {
    told_of(world, Sensitivity::Confidential, places)
}

fn told_of(world: &World, sensitivity: Sensitivity, places: &[&str]) -> String {
    let ids: Vec<LocationId> = places.iter().map(|id| id.parse().unwrap()).collect();
    let owner = world.party(party("company:alpha"));
    let sought = Sought { mission: &world.mission, owner, sensitivity };
    match sought.place(&ids, 1) {
        Ok(placed) => format!("{}: {}", placed.locations[0], placed.ground),
        Err(nowhere) => nowhere.to_string(),
    }
}

#[test]
fn the_first_permitted_place_is_taken_with_its_facts() {
    let world = world(&[
        ("virginia", facts(Some("US"), Some("US"), Some("US"))),
        ("paris", facts(Some("FR"), Some("FR"), Some("FR"))),
        ("berlin", facts(Some("DE"), Some("DE"), Some("DE"))),
    ]);

    assert_eq!(
        told(&world, &["virginia", "paris", "berlin"]),
        "paris: soil FR (declared), seat FR (declared), control FR (declared)"
    );
}

#[test]
fn soil_seat_and_control_are_asked_each_for_itself() {
    let world = world(&[
        ("soil", facts(Some("GB"), Some("FR"), Some("FR"))),
        ("seat", facts(Some("FR"), Some("CH"), Some("FR"))),
        ("control", facts(Some("FR"), Some("IE"), Some("US"))),
    ]);

    assert_eq!(
        told(&world, &["soil", "seat", "control"]),
        "soil: the mission wants the soil in EU, and it is in GB; \
         seat: the mission wants the operator's seat in EU, and it is in CH; \
         control: the mission wants control of the operator in EU, and it is in US"
    );
}

#[test]
fn what_is_only_supposed_refuses_unless_the_rule_lets_it_pass() {
    let mut world = world(&[("somewhere", facts(None, Some("FR"), Some("FR")))]);

    assert_eq!(
        told(&world, &["somewhere"]),
        "somewhere: the mission wants the soil in EU, and that is unknown"
    );
    world.mission.placement.unknown = Unknown::Permit;
    assert_eq!(
        told(&world, &["somewhere"]),
        "somewhere: soil unknown, seat FR (declared), control FR (declared)"
    );
}

#[test]
fn an_owner_can_be_stricter_and_never_looser() {
    let mut world = world(&[
        ("berlin", facts(Some("DE"), Some("DE"), Some("DE"))),
        ("zurich", facts(Some("CH"), Some("CH"), Some("CH"))),
        ("paris", facts(Some("FR"), Some("FR"), Some("FR"))),
    ]);
    let mut own = asked(&["FR", "CH"], &[]);
    own.never = vec!["paris".into()];
    own.unknown = Unknown::Permit;
    world.parties.get_mut("company:alpha").unwrap().placement = Some(own);

    assert_eq!(
        told(&world, &["berlin", "zurich", "paris"]),
        "berlin: the owner wants the soil in FR or CH, and it is in DE; \
         zurich: the mission wants the soil in EU, and it is in CH, \
         the mission wants the operator's seat in EU, and it is in CH, \
         the mission wants control of the operator in EU, and it is in CH; \
         paris: the owner never uses this place"
    );
}

#[test]
fn a_place_that_the_mission_does_not_name_is_used_for_nothing() {
    let world = world(&[]);

    assert_eq!(told(&world, &["paris"]), "paris: the mission does not name this place");
    assert_eq!(told(&world, &[]), "no place of storage is configured");
}

#[test]
fn operators_and_qualifications_are_asked_by_name() {
    let on = "2026-11-24".parse().unwrap();
    let run = |operator: &str, qualification: Option<&str>| {
        let mut facts = facts(Some("FR"), Some("FR"), Some("FR"));
        facts.operator = Fact::declared(operator.to_owned(), "itself", on);
        if let Some(qualification) = qualification {
            facts.qualification = Fact::declared(qualification.to_owned(), "the agency", on);
        }
        facts
    };
    let mut world = world(&[
        ("unnamed", facts(Some("FR"), Some("FR"), Some("FR"))),
        ("other", run("Other", Some("SecNumCloud 3.2"))),
        ("unqualified", run("Ours", None)),
        ("ours", run("Ours", Some("SecNumCloud 3.2"))),
    ]);
    world.mission.placement.operators = vec!["Ours".into(), "Theirs".into()];
    world.mission.placement.qualifications = vec!["SecNumCloud 3.2".into()];

    assert_eq!(
        told(&world, &["unnamed", "other", "unqualified"]),
        "unnamed: the mission wants as operator Ours or Theirs, and that is unknown, \
         the mission wants as qualification SecNumCloud 3.2, and that is unknown; \
         other: the mission wants as operator Ours or Theirs, and it is Other; \
         unqualified: the mission wants as qualification SecNumCloud 3.2, and that is unknown"
    );
    assert_eq!(
        told(&world, &["other", "ours"]),
        "ours: soil FR (declared), seat FR (declared), control FR (declared), operator Ours (declared), \
         qualification SecNumCloud 3.2 (declared)"
    );
}

#[test]
fn rules_from_a_sensitivity_on_are_added_for_it_and_those_above() {
    let mut world = world(&[
        ("berlin", facts(Some("DE"), Some("DE"), Some("DE"))),
        ("paris", facts(Some("FR"), Some("FR"), Some("FR"))),
    ]);
    world.mission.placement.from = [(Sensitivity::BusinessSecret, asked(&["FR"], &[]))].into();
    let looser = [(Sensitivity::Ordinary, asked(&["CH"], &[]))].into();
    let of = |world: &World, sensitivity| told_of(world, sensitivity, &["berlin", "paris"]);

    assert!(of(&world, Sensitivity::Ordinary).starts_with("berlin: soil"));
    assert!(of(&world, Sensitivity::Confidential).starts_with("berlin: soil"));
    assert!(of(&world, Sensitivity::BusinessSecret).starts_with("paris: soil"));
    assert_eq!(
        told_of(&world, Sensitivity::BusinessSecret, &["berlin"]),
        "berlin: the mission, from business secret on, wants the soil in FR, and it is in DE"
    );
    world.mission.placement.from = looser;
    assert!(of(&world, Sensitivity::Ordinary).contains("wants the soil in CH"), "never looser");
}

/// A permitted place that somebody runs.
fn run_by(operator: Option<&str>) -> Facts {
    let on = "2026-11-24".parse().unwrap();
    let operator = match operator {
        Some(operator) => Fact::declared(operator.to_owned(), "its site", on),
        None => Fact::unknown(Some("Scaleway".into()), "hearsay", on),
    };
    Facts { operator, ..facts(Some("FR"), Some("FR"), Some("FR")) }
}

fn spread(places: &[(&str, Option<&str>)], copies: usize, operators: u8) -> Result<String, String> {
    let places: Vec<_> = places.iter().map(|(id, operator)| (*id, run_by(*operator))).collect();
    let ids: Vec<LocationId> = places.iter().map(|(id, _)| id.parse().unwrap()).collect();
    let mut world = world(&places);
    world.mission.placement.operators_at_least = operators;
    let owner = world.party(party("company:alpha"));
    let sought = Sought { mission: &world.mission, owner, sensitivity: Sensitivity::Confidential };
    let placed = sought.place(&ids, copies).map_err(|nowhere| nowhere.to_string())?;
    Ok(placed.locations.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
}

#[test]
fn copies_rest_at_the_first_places_with_as_many_operators_as_a_rule_wants() {
    let places =
        [("a", Some("Scaleway")), ("b", Some("Scaleway")), ("c", Some("OVH")), ("d", None)];

    for (copies, operators, expected) in [
        (1, 1, Ok("a")),
        (2, 1, Ok("a b")),
        (4, 1, Ok("a b c d")),
        (1, 2, Ok("a c")),
        (2, 2, Ok("a c")),
        (3, 2, Ok("a b c")),
        (
            5,
            1,
            Err(
                "wanted are places for 5 copies, and permitted are places for 4 copies with 2 known operators",
            ),
        ),
        (
            2,
            3,
            Err(
                "wanted are places for 3 copies with 3 known operators, and permitted are places for 4 copies with 2 known operators",
            ),
        ),
    ] {
        let expected = expected.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(spread(&places, copies, operators), expected, "{copies} {operators}");
    }
}

#[test]
fn every_rule_is_explained_whether_it_is_passed_or_not() {
    let mut world = world(&[("zurich", facts(Some("CH"), None, Some("FR")))]);
    world.mission.placement.never = vec!["virginia".into()];
    let owner = world.party(party("company:alpha"));
    let sought =
        Sought { mission: &world.mission, owner, sensitivity: Sensitivity::BusinessSecret };

    let explained = sought.explain([&"zurich".parse().unwrap()]);

    let said: Vec<_> =
        explained[0].rules.iter().map(|rule| (rule.passes, rule.to_string())).collect();
    let expected = [
        (true, "the mission names this place"),
        (true, "the mission excludes virginia, and not this place"),
        (false, "the mission wants the soil in EU, and it is in CH"),
        (false, "the mission wants the operator's seat in EU, and that is unknown"),
        (true, "the mission wants control of the operator in EU, and it is in FR"),
    ];
    assert_eq!(said, expected.map(|(passes, says)| (passes, says.to_owned())));
    assert!(!explained[0].permitted);
}
