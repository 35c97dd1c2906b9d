//! What decisions are made of is what the schemas say, and texts see no more than their own.

use cedar_policy::SchemaFragment;
use serde_json::Value;

use crate::{
    audit::ActName,
    policy::{
        Target,
        baseline::{self, BASELINE},
        entities::Seen,
        restriction::RESTRICTION_SCHEMA,
        spoken::{Attribute, Spoken},
        tests::grid::{Dice, any_document, ways, world},
    },
};

fn json(schema: &str) -> Value {
    SchemaFragment::from_cedarschema_str(schema).unwrap().0.to_json_value().unwrap()[""].clone()
}

/// The attributes of a record type, whether it stands here or has a name.
fn attributes(schema: &Value, shape: &Value) -> Value {
    let name = shape.get("name").or_else(|| shape.get("type")).and_then(Value::as_str);
    match name.and_then(|name| schema["commonTypes"].get(name)) {
        Some(named) => attributes(schema, named),
        None => shape["attributes"].clone(),
    }
}

#[test]
fn what_texts_see_is_in_the_baselines_schema_with_the_same_type() {
    let (whole, narrow) = (json(baseline::SCHEMA), json(RESTRICTION_SCHEMA));
    let same = |path: &str, narrow: &Value, whole: &Value| {
        for (name, kind) in narrow.as_object().into_iter().flatten() {
            assert_eq!(Some(kind), whole.get(name), "{path}.{name}");
        }
    };

    for (name, entity) in narrow["entityTypes"].as_object().unwrap() {
        let there = &whole["entityTypes"][name];
        assert_eq!(entity.get("enum"), there.get("enum"), "{name}");
        assert_eq!(entity.get("memberOfTypes"), there.get("memberOfTypes"), "{name}");
        let (narrow_shape, whole_shape) = (&entity["shape"], &there["shape"]);
        same(name, &attributes(&narrow, narrow_shape), &attributes(&whole, whole_shape));
    }
    same("types", &narrow["commonTypes"], &whole["commonTypes"]);
    for (act, action) in narrow["actions"].as_object().unwrap() {
        let there = &whole["actions"][act]["appliesTo"]["context"];
        let here = &action["appliesTo"]["context"];
        same(act, &attributes(&narrow, here), &attributes(&whole, there));
    }
}

#[test]
fn texts_see_four_acts_and_none_of_what_only_the_baseline_asks() {
    let narrow = json(RESTRICTION_SCHEMA);
    let acts: Vec<_> = narrow["actions"].as_object().unwrap().keys().cloned().collect();

    assert_eq!(acts, ["discover", "export", "read", "share"]);
    let text = narrow.to_string();
    for hidden in ["granted", "closed", "held", "quarantined", "\"owner\""] {
        assert!(!text.contains(hidden), "{hidden}");
    }
}

#[test]
fn every_case_is_as_the_schema_says() {
    let mut dice = Dice(11);
    let world = world(&mut dice);
    let everyone: Vec<_> = world.people.keys().copied().collect();
    let parties: Vec<_> = world.parties.keys().copied().collect();
    for circumstances in ways() {
        for _ in 0..20 {
            let document = any_document(&mut dice);
            let (slug, capacity) = (dice.pick(&everyone), dice.pick(&parties));
            for (target, act) in [
                (world.target(&document), ActName::Read),
                (Target::Party(&world.parties[capacity]), ActName::Administer),
                (Target::Person(&world.people[slug]), ActName::Discover),
                (Target::Person(&world.people["pilot"]), ActName::Administer),
                (Target::Service, ActName::Administer),
            ] {
                let case = world.case(slug, capacity, target, &circumstances);
                let roles = case.roles();
                let seen = Seen::new(&case, &roles, true, Spoken::EVERYTHING).unwrap();
                seen.conforms(act).unwrap();
            }
        }
    }
}

#[test]
fn every_attribute_of_the_schema_can_be_spoken_of() {
    let whole = json(baseline::SCHEMA);
    let document = attributes(&whole, &whole["entityTypes"]["Document"]["shape"]);
    let person = attributes(&whole, &whole["entityTypes"]["Person"]["shape"]);
    let context = attributes(&whole, &whole["actions"]["read"]["appliesTo"]["context"]);
    let all = [document, person, context];
    let mut names: Vec<_> = all.iter().flat_map(|of| of.as_object().unwrap().keys()).collect();
    names.sort_unstable();
    names.dedup();

    let known: Vec<_> = Attribute::ALL.iter().map(|attribute| attribute.name()).collect();

    assert_eq!(names, known);
}

#[test]
fn the_baseline_names_no_document_so_that_those_that_look_alike_are_decided_alike() {
    assert!(!BASELINE.rules.spoken().names_a_document());
}
