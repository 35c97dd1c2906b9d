//! Placement over a few places, each wrong in its own way.

use crate::{
    mission::{LocationEntry, Placement, Unknown},
    policy::{
        place,
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
    Placement { countries, control, never: Vec::new(), unknown: Unknown::Refuse }
}

fn told(world: &World, places: &[&str]) -> String {
    let ids: Vec<LocationId> = places.iter().map(|id| id.parse().unwrap()).collect();
    match place(&world.mission, world.party(party("company:alpha")), &ids) {
        Ok(placed) => format!("{}: {}", placed.location, placed.ground),
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
        "somewhere: the mission wants the soil in EU, and where it is is unknown"
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
