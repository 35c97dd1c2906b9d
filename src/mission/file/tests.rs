//! The mission file: read whole, refused with lines, compared.

use super::{Difference, FileConflict, MissionFile, differences};
use crate::mission::{PartyKind, Role};

const FOUNDING: &str = include_str!("../../../config/mission.toml");

/// The problems that `change` puts into the founding file.
fn problems(change: impl Fn(&str) -> String) -> Vec<String> {
    let changed = change(FOUNDING);
    assert_ne!(changed, FOUNDING, "the change changes something");
    let problems = MissionFile::parse(&changed).unwrap_err();
    problems.to_string().lines().map(str::to_owned).collect()
}

#[test]
fn the_founding_mission_is_read_whole() {
    let file = MissionFile::parse(FOUNDING).unwrap();

    assert_eq!(file.slug, "mission-numerique");
    assert_eq!(
        (file.secretariat.as_str(), file.operator.as_str()),
        ("company:dge", "company:hebergeur-exemple")
    );
    assert_eq!(file.parties.len(), 1 + 5 + 9);
    assert_eq!(file.kinds.len(), 5);
    assert_eq!(file.people.len(), 9);
    assert_eq!(file.party("company:hebergeur-exemple").unwrap().kind, PartyKind::Operator);
    let roles =
        |slug: &str| file.people.iter().find(|person| person.slug == slug).unwrap().roles.clone();
    assert_eq!(roles("coordinator"), [("mission".to_owned(), Role::Coordinator)]);
    assert_eq!(roles("auditor"), [("mission".to_owned(), Role::Auditor)]);
    let ai = "workstream:intelligence-artificielle".to_owned();
    assert_eq!(roles("pilot-ia"), [(ai, Role::Pilot)]);
    let rhein = || "company:rhein-energie".to_owned();
    assert_eq!(
        roles("contributor-rhein"),
        [(rhein(), Role::Contributor), (rhein(), Role::AccessManager)]
    );
    assert_eq!(
        file.conflicts,
        [FileConflict {
            person: "pilot-donnees".to_owned(),
            with: "company:caisse-du-littoral".to_owned(),
            capacity: None,
            says: "two banks on the same market".to_owned(),
        }]
    );
}

#[test]
fn what_is_shown_reads_back_as_the_same() {
    let file = MissionFile::parse(FOUNDING).unwrap();

    let again = MissionFile::parse(&file.to_toml()).unwrap();

    assert_eq!(again, file);
}

#[test]
fn rules_of_placement_from_a_sensitivity_on_are_read_shown_and_refused_by_line() {
    let further =
        "\n[mission.placement.from.business-secret]\ncountries = [\"FR\"]\n\n[[workstream]]";
    let text = FOUNDING.replacen("\n[[workstream]]", further, 1);
    let file = MissionFile::parse(&text).unwrap();
    let again = MissionFile::parse(&file.to_toml()).unwrap();
    let wrong = MissionFile::parse(&text.replace("[\"FR\"]", "[\"France\"]")).unwrap_err();

    assert_eq!(file.placement.from.len(), 1);
    assert_eq!(file.placement, again.placement);
    assert!(wrong.to_string().contains("\"France\" is no country"), "{wrong}");
}

#[test]
fn every_wrong_reference_has_its_line_and_what_to_do() {
    let cases = [
        ("company = \"lumen-ia\"", "company = \"lumen\"", "there is no company \"lumen\""),
        ("secretariat = \"dge\"", "secretariat = \"dgf\"", "there is no company \"dgf\""),
        ("pilot:souverainete-donnees", "pilot:souverainete", "there is no workstream:souverainete"),
        ("[\"coordinator\"]", "[\"co-ordinator\"]", "is no role: write contributor"),
        ("[\"auditor\"]", "[\"auditor:rhein-energie\"]", "is no role"),
        ("[\"auditor\"]", "[\"contributor\"]", "has nothing of its own"),
        ("[\"committee\"]", "[\"operator\"]", "an operator is employed by"),
        ("\"company:caisse-du-littoral\"", "\"caisse-du-littoral\"", "write company:ID"),
        ("person = \"pilot-donnees\"", "person = \"nobody\"", "there is no person \"nobody\""),
        ("id = \"draft\"", "id = \"diagnostic\"", "there are two of kind:diagnostic"),
        ("id = \"e-paiement\"", "id = \"E paiement\"", "write a-z, 0-9 and hyphens"),
        ("Europe/Paris", "Europe/Atlantis", "is no time zone"),
        ("country = \"DE\"", "country = \"Germany\"", "write two capital letters"),
        ("\"Rhein Energie", "\"Rhein\\u202E Energie", "U+202E"),
        ("operator = \"hebergeur-exemple\"", "operator = \"dge\"", "kind \"operator\""),
    ];
    for (was, is, says) in cases {
        let line = FOUNDING[..FOUNDING.find(was).unwrap()].matches('\n').count() + 1;
        let found = problems(|text| text.replacen(was, is, 1));

        assert!(found.iter().all(|problem| problem.contains(": ")), "{found:?}");
        let wanted = format!("line {line}: ");
        let hit =
            found.iter().any(|problem| problem.starts_with(&wanted) && problem.contains(says));
        assert!(hit, "{is}: wanted {wanted}{says} in {found:?}");
    }
}

#[test]
fn an_unknown_key_or_value_is_an_error_with_its_line() {
    let unknown =
        problems(|text| text.replacen("country = \"BE\"", "country = \"BE\"\nvat = 1", 1));
    let kind = problems(|text| text.replacen("kind = \"startup\"", "kind = \"start-up\"", 1));
    let control = problems(|text| text.replacen("control = [\"EU\"]", "control = [\"Europe\"]", 1));
    let missing = problems(|text| text.replacen("company = \"dge\"\n", "", 1));

    assert!(unknown[0].starts_with("line 132: ") && unknown[0].contains("vat"), "{unknown:?}");
    assert!(kind[0].contains("start-up") && kind[0].contains("startup"), "{kind:?}");
    assert!(control[0].starts_with("line 15: ") && control[0].contains("or \"EU\""), "{control:?}");
    assert!(missing[0].contains("company"), "{missing:?}");
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_the_file() {
    let found = problems(|text| {
        let text = text.replace(
            "roles = [\"committee\"]",
            "roles = [\"member\", \"committee\", \"committee\"]",
        );
        text.replace("secretariat = \"dge\"", "secretariat = \"etat\"")
    });

    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[0].contains("etat") && found[1].contains("twice") && found[2].contains("member"));
}

#[test]
fn a_conflict_with_ones_employer_or_in_a_foreign_capacity_is_refused() {
    let own =
        problems(|text| text.replace("company:caisse-du-littoral", "company:banque-des-halles"));
    let foreign = problems(|text| {
        text.replace(
            "says = \"two banks",
            "capacity = \"workstream:competences\"\nsays = \"two banks",
        )
    });

    assert!(own[0].contains("shuts them out"), "{own:?}");
    assert!(foreign[0].contains("has no role in workstream:competences"), "{foreign:?}");
}

#[test]
fn names_and_addresses_are_read_but_never_shown_by_debug() {
    let with = FOUNDING.replacen(
        "id = \"pilot-ia\"\n",
        "id = \"pilot-ia\"\nname = \"Camille Exemple\"\naddress = \"camille@example.org\"\n",
        1,
    );
    let wrong = problems(|text| {
        text.replacen("id = \"pilot-ia\"\n", "id = \"pilot-ia\"\naddress = \"camille\"\n", 1)
    });

    let file = MissionFile::parse(&with).unwrap();

    let pilot = file.people.iter().find(|person| person.slug == "pilot-ia").unwrap();
    assert_eq!(pilot.name.as_deref(), Some("Camille Exemple"));
    assert_eq!(pilot.address.as_deref(), Some("camille@example.org"));
    assert!(!format!("{file:?}").contains("amille"));
    assert!(wrong[0].contains("name@example.org"), "{wrong:?}");
}

#[test]
fn a_company_may_have_its_own_auditor_and_a_workstream_a_neutral_access_manager() {
    let text = FOUNDING
        .replacen("[\"auditor\"]", "[\"auditor\", \"auditor:company:rhein-energie\"]", 1)
        .replacen(
            "[\"committee\"]",
            "[\"committee\", \"access-manager:workstream:e-paiement\"]",
            1,
        );

    let file = MissionFile::parse(&text).unwrap();

    let roles =
        |slug: &str| file.people.iter().find(|person| person.slug == slug).unwrap().roles.clone();
    assert_eq!(roles("auditor")[0], ("company:rhein-energie".to_owned(), Role::Auditor));
    assert_eq!(roles("committee")[1], ("workstream:e-paiement".to_owned(), Role::AccessManager));
    assert_eq!(MissionFile::parse(&file.to_toml()).unwrap(), file);
}

#[test]
fn differences_say_what_a_file_would_change() {
    let stands = MissionFile::parse(FOUNDING).unwrap();
    let text = FOUNDING
        .replacen("[\"contributor\"]", "[\"contributor\", \"access-manager\"]", 1)
        .replacen("two banks on the same market", "two banks", 1)
        .replacen("[[conflict]]", "[[company]]\nid = \"neu\"\nname = \"Neu\"\nkind = \"startup\"\ncountry = \"DE\"\n\n[[conflict]]", 1);
    let text = text.replacen(
        "[[person]]\nid = \"committee\"\ncompany = \"dge\"\nroles = [\"committee\"]\n",
        "",
        1,
    );
    let file = MissionFile::parse(&text).unwrap();

    let found = differences(&stands, &file);

    assert_eq!(differences(&stands, &stands), []);
    let said: Vec<_> = found.iter().map(Difference::to_string).collect();
    assert_eq!(
        said,
        [
            "+ company:neu",
            "~ person:contributor-acieries roles: contributor -> contributor, access-manager",
            "~ conflict of pilot-donnees with company:caisse-du-littoral says: two banks on the same market -> two banks",
            "- person:committee",
        ]
    );
}
