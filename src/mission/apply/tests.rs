//! A changed file over the founding mission.

use crate::{
    id::{CredentialId, DocumentId, EntryId},
    mission::{
        Application, Authority, Credential, CredentialKind, Error, MissionFile, Named, PartyKind,
        PersonRevision, Registry, Role, tests::World,
    },
    time::Instant,
};

const FOUNDING: &str = include_str!("../../../config/mission.toml");
const ACIERIES: &str = "company:acieries-du-ponant";
const NEWCOMERS: &str = r#"
[[company]]
id = "neu"
name = "Neu"
kind = "startup"
country = "DE"

[[person]]
id = "contributor-neu"
name = "Erika Beispiel"
company = "neu"
roles = ["contributor", "access-manager"]

[[conflict]]
person = "contributor-neu"
with = "company:acieries-du-ponant"
says = "sells to it"
"#;

/// The founding file without whoever is called so, and without their conflicts.
fn without(id: &str) -> String {
    let tables = FOUNDING.split("\n[[").filter(|table| {
        !table.contains(&format!("id = \"{id}\"\n"))
            && !table.contains(&format!("person = \"{id}\"\n"))
    });
    tables.collect::<Vec<_>>().join("\n[[")
}

async fn plan(world: &World, text: &str) -> Result<Application, Error> {
    Application::plan(&world.authority, &MissionFile::parse(text).unwrap()).await
}

/// Applies it, and gives what was said of it and how many entries it took.
async fn apply(world: &World, text: &str) -> (Vec<String>, i64) {
    let before = world.count("select next from sequence").await;
    let plan = plan(world, text).await.unwrap();
    let said = plan.differences.iter().map(ToString::to_string).collect();
    let entries = plan.write(&world.authority, &world.keys).await.unwrap();
    let after = world.count("select next from sequence").await;
    assert_eq!(after - before, i64::try_from(entries).unwrap(), "each change has an entry");
    (said, entries.try_into().unwrap())
}

/// A document of `owner` for the workstream on AI, as the catalogue has it.
async fn document(world: &World, owner: &str) {
    let owner = world.party_id(owner).await;
    let workstream = world.party_id("workstream:intelligence-artificielle").await;
    let sql = "insert into document (id, number, owner, workstream, kind, sensitivity, stage, reference, \
               created_at, title_sealed) values ($1, 1, $2, $3, 'diagnostic', 1, 'working', $4, 0, $5)";
    let id = DocumentId::random();
    let query = sqlx::query(sql).bind(id.as_bytes().to_vec()).bind(owner.as_bytes().to_vec());
    let query = query.bind(workstream.as_bytes().to_vec()).bind(id.to_string()).bind(vec![0_u8]);
    query.execute(world.database.pool()).await.unwrap();
}

/// Gives someone a credential for a party.
async fn signed_in(world: &World, slug: &str, capacity: &str) {
    let (person, capacity) = (world.person_id(slug).await, world.party_id(capacity).await);
    let (registry, authority): (Registry, &Authority) = (world.registry.clone(), &world.authority);
    let draft = crate::audit::Draft::system(serde_json::Map::new());
    let written: Result<((), EntryId), Error> = authority
        .system(draft, move |change| {
            let registry = registry.clone();
            Box::pin(async move {
                let listed = Credential {
                    id: CredentialId::random(),
                    kind: CredentialKind::Token,
                    capacity,
                    expires_at: Instant(i64::MAX),
                    generation: 0,
                    label: "laptop".into(),
                    issued_at: Instant(0),
                    certificate: String::new(),
                };
                let edit = |revision: &mut PersonRevision| {
                    revision.credentials.push(listed);
                    Ok(())
                };
                registry.edit(change, person, edit).await.map(|_| ())
            })
        })
        .await;
    written.unwrap();
}

#[tokio::test]
async fn the_file_that_stands_changes_nothing_and_makes_no_entry() {
    let world = World::start().await;

    assert_eq!(apply(&world, FOUNDING).await, (Vec::new(), 0));
}

#[tokio::test]
async fn newcomers_hold_exactly_the_roles_of_the_file_and_their_names_are_sealed() {
    let world = World::start().await;
    let text = format!("{FOUNDING}{NEWCOMERS}");

    let (said, entries) = apply(&world, &text).await;

    assert_eq!(said.len(), 3, "{said:?}");
    assert_eq!(entries, 3, "one for the company, one for its person, one for the mission");
    let (company, person) =
        (world.party("company:neu").await, world.person("contributor-neu").await);
    let held: Vec<_> = company.roles.iter().map(|held| (held.person, held.role)).collect();
    let all = [(person.person, Role::Contributor), (person.person, Role::AccessManager)];
    assert_eq!(held, all);
    assert_eq!(company.tag_keys.len(), 1);
    assert_eq!(person.named(&world.keys).await.unwrap().name.as_deref(), Some("Erika Beispiel"));
    let kind = world.mission().await.party(company.party).unwrap().kind;
    assert_eq!((kind, world.mission().await.conflicts.len()), (PartyKind::Startup, 2));
    assert_eq!(world.count("select count(*) from entry where instr(facts, 'rika') > 0").await, 0);
    assert_eq!(apply(&world, &text).await, (Vec::new(), 0), "applied twice it changes nothing");
}

#[tokio::test]
async fn whoever_the_file_no_longer_has_leaves_every_party_and_acts_no_more() {
    let world = World::start().await;
    let gone = world.person_id("contributor-acieries").await;
    signed_in(&world, "contributor-acieries", ACIERIES).await;

    let (said, entries) = apply(&world, &without("contributor-acieries")).await;

    assert_eq!(said, ["- person:contributor-acieries"]);
    assert_eq!(entries, 3, "the company, the person, the mission");
    assert!(!world.party(ACIERIES).await.includes(gone));
    let person = world.person("contributor-acieries").await;
    assert!(person.disabled && person.credentials.is_empty() && person.generation == 1);
    let capacities = world.registry.capacities(gone, &mut world.revisions()).await.unwrap();
    assert_eq!(capacities, []);
    assert_eq!(world.mission().await.slug_of(gone), Some("contributor-acieries"));

    let (said, _) = apply(&world, FOUNDING).await;

    assert_eq!(said, ["+ person:contributor-acieries"]);
    assert_eq!(world.person_id("contributor-acieries").await, gone, "the same person as before");
    assert!(!world.person("contributor-acieries").await.disabled);
    assert!(world.party(ACIERIES).await.holds(gone, Role::Contributor));
}

#[tokio::test]
async fn with_a_role_go_the_credentials_by_which_it_was_used_and_no_others() {
    let world = World::start().await;
    signed_in(&world, "pilot-ia", "workstream:intelligence-artificielle").await;
    signed_in(&world, "contributor-acieries", ACIERIES).await;
    let text = FOUNDING.replacen("[\"pilot:intelligence-artificielle\"]", "[]", 1);
    assert_ne!(text, FOUNDING);

    let (said, entries) = apply(&world, &text).await;

    assert_eq!((said.len(), entries), (1, 2), "{said:?}: the workstream, the person");
    assert!(world.person("pilot-ia").await.credentials.is_empty());
    assert!(!world.person("pilot-ia").await.disabled);
    assert_eq!(world.person("contributor-acieries").await.credentials.len(), 1);
}

#[tokio::test]
async fn where_an_auditor_leaves_the_tags_of_every_party_turn_once() {
    let world = World::start().await;
    let text = FOUNDING.replacen(
        "[\"auditor\"]",
        "[\"auditor\", \"auditor:company:acieries-du-ponant\"]",
        1,
    );
    apply(&world, &text).await;
    let parties = world.mission().await.parties.clone();

    apply(&world, &without("auditor")).await;

    for entry in parties {
        let party = world.party(&entry.handle).await;
        let turns: Vec<_> = party.tag_keys.iter().map(|key| key.turn).collect();
        assert_eq!(turns, [0, 1], "{}", entry.handle);
    }
}

#[tokio::test]
async fn another_name_is_sealed_anew_and_a_file_without_one_keeps_it() {
    let world = World::start().await;
    let text = FOUNDING.replacen(
        "id = \"pilot-ia\"\n",
        "id = \"pilot-ia\"\nname = \"Camille Exemple\"\naddress = \"camille@example.org\"\n",
        1,
    );

    let (said, entries) = apply(&world, &text).await;
    let (kept, _) = apply(&world, FOUNDING).await;

    assert_eq!(
        (said, entries),
        (vec!["~ person:pilot-ia name, address: as the file says".into()], 1)
    );
    assert_eq!(kept, Vec::<String>::new());
    let named = world.person("pilot-ia").await.named(&world.keys).await.unwrap();
    let all =
        Named { name: Some("Camille Exemple".into()), address: Some("camille@example.org".into()) };
    assert!(named == all);
}

#[tokio::test]
async fn a_company_that_owns_documents_stays_and_nothing_is_written() {
    let world = World::start().await;
    document(&world, ACIERIES).await;
    let text = without("contributor-acieries")
        .replace("company = \"acieries-du-ponant\"", "company = \"dge\"");
    let text =
        text.replacen("[[company]]\nid = \"acieries-du-ponant\"", "[[company]]\nid = \"other\"", 1);
    let text = text.replace("kind]]\nid = \"diagnostic\"", "kind]]\nid = \"diagnosis\"");
    let text = text.replace("id = \"mission-numerique\"", "id = \"another-mission\"");
    let before = world.count("select next from sequence").await;
    let parties = world.count("select count(*) from head").await;

    let refused = plan(&world, &text).await.unwrap_err().to_string();

    assert!(refused.contains("company:acieries-du-ponant owns 1 documents"), "{refused}");
    assert!(refused.contains("1 documents are of kind diagnostic"), "{refused}");
    assert!(refused.contains("the file of another-mission"), "{refused}");
    assert_eq!(world.count("select next from sequence").await, before);
    assert_eq!(world.count("select count(*) from head").await, parties);
    assert!(world.mission().await.party_named("company:other").is_none());
}

#[tokio::test]
async fn a_company_without_documents_is_closed_and_comes_back_as_the_same() {
    let world = World::start().await;
    let with = format!("{FOUNDING}{NEWCOMERS}");
    apply(&world, &with).await;
    let company = world.party_id("company:neu").await;

    let (said, _) = apply(&world, FOUNDING).await;

    assert_eq!(said.iter().filter(|line| line.starts_with("- ")).count(), 3, "{said:?}");
    assert!(world.mission().await.party(company).unwrap().closed);
    assert!(world.party("company:neu").await.roles.is_empty());
    let (said, _) = apply(&world, &with).await;
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(!world.mission().await.party(company).unwrap().closed);
    assert_eq!(world.party_id("company:neu").await, company);
}

#[tokio::test]
async fn whoever_was_erased_does_not_come_back_under_the_same_id() {
    let world = World::start().await;
    let person = world.person_id("contributor-acieries").await;
    world.authority.erase_person(person).await.unwrap();
    apply(&world, &without("contributor-acieries")).await;
    let before = world.count("select next from sequence").await;

    let refused = plan(&world, FOUNDING).await;

    assert!(matches!(refused, Err(Error::Refused(says)) if says.contains("erased for ever")));
    assert_eq!(world.count("select next from sequence").await, before);
    assert!(world.person("contributor-acieries").await.disabled);
}
