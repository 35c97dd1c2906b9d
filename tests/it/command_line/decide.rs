//! What people decide for themselves, their party and their own people, at their terminals against the service as it runs.

use std::fs;

use super::walk::{Instance, deposited};

const OWNER: &str = "contributor-acieries";
const MANAGER: &str = "access-acieries";
const PILOT: &str = "pilot-ia";
const WORKSTREAM: &str = "workstream:intelligence-artificielle";

#[test]
fn a_standing_grant_reaches_what_comes_later_until_it_is_taken_back() {
    let instance = Instance::start();
    let standing = ["share", "--standing", "--with", WORKSTREAM];

    let vague = instance.run(MANAGER, &standing);
    let up_to = ["--sensitivity", "confidential", "--kind", "diagnostic"];
    let given = instance.done(MANAGER, &[&standing[..], &up_to].concat());
    let document = deposited(&instance, b"one");
    instance.done(PILOT, &["get", &document, "-o", "d"]);
    let listed = instance.done(MANAGER, &["share", "--standing"]);
    instance.done(MANAGER, &["unshare", "--standing", WORKSTREAM]);
    let after = instance.run(PILOT, &["get", &document, "-o", "e"]);
    let again = instance.run(MANAGER, &["unshare", "--standing", WORKSTREAM]);

    assert_eq!((vague.exit, after.exit, again.exit), (2, 4, 4), "{vague:?} {after:?} {again:?}");
    assert!(given.contains("up to confidential") && listed.contains("diagnostic"), "{listed}");
    assert!(!instance.file(PILOT, "e").exists());
}

#[test]
fn a_party_demands_a_purpose_by_a_shipped_text_and_sees_what_is_said() {
    let instance = Instance::start();
    let document = deposited(&instance, b"one");
    instance.done(MANAGER, &["share", &document, "--with", WORKSTREAM]);
    let text = instance.done(MANAGER, &["restrict", "template", "only-for-a-purpose"]);
    fs::write(instance.file(MANAGER, "text"), text).unwrap();
    instance.done(MANAGER, &["restrict", "set", "text"]);

    let without = instance.run(PILOT, &["get", &document, "-o", "d"]);
    assert_eq!(without.exit, 6, "{without:?}");
    assert!(!instance.file(PILOT, "d").exists());

    instance.done(PILOT, &["get", &document, "-o", "d", "--purpose", "étude, 100 %"]);
    let accesses = instance.done(MANAGER, &["accesses", &document]);
    assert_eq!(accesses.matches("étude, 100 %").count(), 1, "{accesses}");
    let names = instance.done(MANAGER, &["restrict", "template"]);
    assert_eq!(names.lines().count(), 6, "{names}");
}

#[test]
fn a_party_says_its_networks_its_places_and_who_shreds() {
    let instance = Instance::start();
    let before = instance.done(MANAGER, &["party"]);
    let document = deposited(&instance, b"one");

    instance.done(MANAGER, &["party", "networks", "head office=203.0.113.0/24"]);
    instance.done(MANAGER, &["party", "placement", "--country", "FR", "--control", "EU"]);
    instance.done(MANAGER, &["party", "two-to-shred", "on"]);
    let wrong = instance.run(MANAGER, &["party", "networks", "head office=203.0.113.0/33"]);
    let foreign =
        instance.run("contributor-rhein", &["party", "--party", "company:acieries-du-ponant"]);

    let shown = instance.done(MANAGER, &["party"]);
    assert_eq!((wrong.exit, foreign.exit), (1, 6), "{wrong:?} {foreign:?}");
    for said in ["head office=203.0.113.0/24", "countries FR", "control EU", "two people"] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    let shred = instance.run(MANAGER, &["shred", &document, "--reason", "over", "--force"]);
    assert!(shred.exit == 3 && shred.out.contains("second person"), "{shred:?}");
    instance.done(MANAGER, &["party", "networks", "--none"]);
    instance.done(MANAGER, &["party", "placement", "--as-mission"]);
    instance.done(MANAGER, &["party", "two-to-shred", "off"]);
    assert_eq!(instance.done(MANAGER, &["party"]), before);
}

#[test]
fn what_was_lost_is_revoked_from_elsewhere_and_whoever_is_shut_out_stays_out() {
    let instance = Instance::start();
    instance.done(OWNER, &["tokens", "new", "--label", "lost", "--output", "lost"]);
    let lost = ["whoami", "--token-file", "lost"];
    instance.done(OWNER, &lost);

    instance.done(OWNER, &["tokens", "revoke", "--all"]);

    assert_eq!(instance.run(OWNER, &lost).exit, 7);
    assert_eq!(instance.done(OWNER, &["tokens"]).lines().count(), 1);
    assert_eq!(instance.run(OWNER, &["person", "disable", MANAGER]).exit, 6);
    instance.done(MANAGER, &["whoami"]);
    instance.done(MANAGER, &["person", "disable", OWNER]);
    assert_eq!(instance.run(OWNER, &["whoami"]).exit, 7);
    instance.done(MANAGER, &["person", "enable", OWNER]);
    assert_eq!(instance.run(OWNER, &["whoami"]).exit, 7, "a new link is needed");
}

#[test]
fn where_documents_rest_is_listed_with_how_each_fact_is_known_and_explained_by_rule() {
    let instance = Instance::start();
    let person = "access-acieries";

    let facts = instance.done(person, &["locations"]);
    let place = instance.done(person, &["place"]);
    instance.done(person, &["party", "placement", "--country", "FR"]);
    let further = ["--from", "business-secret", "--qualification", "SecNumCloud 3.2"];
    instance.done(person, &[&["party", "placement"], &further[..]].concat());
    let secret = ["place", "--explain", "--sensitivity", "business-secret"];
    let explained = instance.run(person, &secret);
    let party = instance.done(person, &["party"]);
    let common = instance.done(person, &["place", "--json"]);

    let row = |fact: &str| {
        let mut rows = facts.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        rows.find(|row| row[1] == fact).unwrap_or_else(|| panic!("{facts}"))
    };
    let by = "the operator of the service";
    assert_eq!(row("country"), ["folder", "country", "FR", "declared", "2026-11-24", by]);
    assert_eq!(row("ultimate control")[2..4], ["its founders (FR)", "declared"]);
    assert_eq!(row("qualification")[2..4], ["unknown", "unknown"]);
    assert_eq!(row("gives access logs")[2..4], ["no", "declared"]);
    assert_eq!(place, "folder\tyes\t\n");
    assert_eq!(explained.exit, 6, "{explained:?}");
    let failed = "folder\tno\towner, from business-secret on: qualification\tSecNumCloud 3.2\tunknown\tunknown\n";
    assert!(explained.out.contains(failed), "{explained:?}");
    assert!(
        explained.out.contains("folder\tyes\towner: country of the machines\tFR\tFR\tdeclared")
    );
    assert!(party.contains("countries FR") && party.contains("from business-secret on"), "{party}");
    assert!(common.contains("\"permitted\":true"), "{common}");
}
