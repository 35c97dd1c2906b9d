//! Changes of authority over the founding mission.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use ring::digest::{SHA256, digest};
use sqlx::Row as _;

use crate::{
    audit::{bundle, leaf::Leaf},
    id::{PartyId, PersonId},
    mission::{
        Conflict, Error, Import, MissionFile, Named, Network, Placement, Recipient, Role, Setting,
        TagKey, differences, tests::World,
    },
    vault::keyset::TagSubject,
};

const RHEIN: &str = "company:rhein-energie";
const ACIERIES: &str = "company:acieries-du-ponant";

/// What the last entry's facts hold.
async fn last_facts(world: &World) -> String {
    let sql = "select facts from entry order by position desc limit 1";
    let facts: String = sqlx::query(sql).fetch_one(world.database.pool()).await.unwrap().get(0);
    String::from_utf8(URL_SAFE_NO_PAD.decode(facts).unwrap()).unwrap()
}

async fn entries(world: &World) -> i64 {
    world.count("select next from sequence").await
}

#[tokio::test]
async fn the_founding_mission_stands_as_its_file_says_one_entry_each() {
    let world = World::start().await;
    let file = MissionFile::parse(include_str!("../../../config/mission.toml")).unwrap();
    let mission = world.mission().await;
    let (mut parties, mut people) = (Vec::new(), Vec::new());
    for entry in &mission.parties {
        parties.push(world.registry.read(entry.party, &mut world.revisions()).await.unwrap());
    }
    for entry in &mission.people {
        people.push(world.registry.read(entry.person, &mut world.revisions()).await.unwrap());
    }

    let stands = MissionFile::of(&mission, &parties, &people);

    assert_eq!(stands, file);
    assert_eq!(differences(&stands, &file), []);
    assert_eq!(entries(&world).await, 15 + 9 + 1);
    assert_eq!(world.count("select count(*) from member").await, 9);
    assert!(world.party("company:hebergeur-exemple").await.roles.is_empty());
    let coordinator = world.person_id("coordinator").await;
    let capacities = world.registry.capacities(coordinator, &mut world.revisions()).await.unwrap();
    assert_eq!(capacities.iter().map(|held| held.handle.as_str()).collect::<Vec<_>>(), ["mission"]);
    assert_eq!(
        world.person("coordinator").await.employer,
        world.party_id("company:conseil-et-cie").await
    );
}

#[tokio::test]
async fn a_mission_is_imported_once() {
    let world = World::start().await;
    let before = entries(&world).await;
    let file = MissionFile::parse(include_str!("../../../config/mission.toml")).unwrap();

    let again = Import::new(&file, Setting::default()).write(&world.authority, &world.keys).await;

    assert!(matches!(again, Err(Error::Exists(_))));
    assert_eq!(entries(&world).await, before);
}

#[tokio::test]
async fn names_are_sealed_under_the_persons_key_and_gone_with_it() {
    let world = World::empty().await;
    let file = MissionFile::parse(include_str!("../../../config/mission.toml")).unwrap();
    let mut import = Import::new(&file, Setting::default());
    import.name("pilot-ia", "Camille Exemple", "camille@example.org");
    import.write(&world.authority, &world.keys).await.unwrap();

    let pilot = world.person("pilot-ia").await;
    let named = pilot.named(&world.keys).await.unwrap();
    let nobody = world.person("auditor").await.named(&world.keys).await.unwrap();
    world.keys.erase(&[crate::vault::keyset::Slot::Person(pilot.person)]).await.unwrap();
    let erased = pilot.named(&world.keys).await.unwrap();

    assert_eq!(named.name.as_deref(), Some("Camille Exemple"));
    assert_eq!(named.address.as_deref(), Some("camille@example.org"));
    assert_eq!((nobody, erased), (Named::default(), Named::default()));
    for table in [
        "select count(*) from revision where instr(bytes, 'amille') > 0",
        "select count(*) from entry where instr(facts, 'amille') > 0",
    ] {
        assert_eq!(world.count(table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_role_is_given_and_taken_and_the_entry_says_so() {
    let world = World::start().await;
    let person = world.person_id("contributor-acieries").await;
    let right = || world.right("access-acieries", ACIERIES, Some(ACIERIES));

    world.authority.give_role(right().await, person, Role::AccessManager).await.unwrap();
    let given = world.party(ACIERIES).await;
    let facts = last_facts(&world).await;
    world.authority.take_role(right().await, person, Role::AccessManager).await.unwrap();
    let taken = world.party(ACIERIES).await;
    let twice = world.authority.take_role(right().await, person, Role::AccessManager).await;

    assert!(given.holds(person, Role::AccessManager));
    assert!(facts.contains("role-given") && facts.contains(&person.to_string()), "{facts}");
    assert!(!taken.holds(person, Role::AccessManager) && taken.holds(person, Role::Contributor));
    assert!(matches!(twice, Err(Error::Refused(_))));
}

#[tokio::test]
async fn a_role_that_does_not_fit_is_refused_and_leaves_no_entry() {
    let world = World::start().await;
    let before = entries(&world).await;
    let own = world.person_id("contributor-acieries").await;
    let foreign = world.person_id("contributor-rhein").await;
    let right = || world.right("access-acieries", ACIERIES, Some(ACIERIES));

    let pilot = world.authority.give_role(right().await, own, Role::Pilot).await;
    let stranger = world.authority.give_role(right().await, foreign, Role::Contributor).await;
    let nobody =
        world.authority.give_role(right().await, PersonId::random(), Role::Contributor).await;

    assert!(matches!(pilot, Err(Error::Refused(_))), "{pilot:?}");
    assert!(matches!(stranger, Err(Error::Refused(_))), "{stranger:?}");
    assert!(matches!(nobody, Err(Error::Missing(_))), "{nobody:?}");
    assert_eq!(entries(&world).await, before);
}

#[tokio::test]
async fn a_right_over_one_party_changes_no_other() {
    let world = World::start().await;
    let person = world.person_id("contributor-rhein").await;
    let conflict = Conflict {
        person: world.person_id("pilot-ia").await,
        with: world.party_id(RHEIN).await,
        capacity: None,
        says: "competitors".into(),
    };

    let removed = world.right("access-acieries", ACIERIES, Some(ACIERIES)).await;
    let removed = world.authority.remove(removed, person).await;
    let declared = world.right("access-acieries", ACIERIES, Some(ACIERIES)).await;
    let declared = world.authority.add_conflict(declared, conflict.clone()).await;
    let own = world.right("access-acieries", ACIERIES, None).await;
    let own = world.authority.set_two_to_shred(own, true).await;

    assert!(matches!(removed, Err(Error::Refused(_))), "{removed:?}");
    assert!(matches!(declared, Err(Error::NotTheirs)), "{declared:?}");
    assert!(matches!(own, Err(Error::NotTheirs)), "{own:?}");
    assert!(world.party(RHEIN).await.includes(person));
    assert_eq!(world.mission().await.conflicts.len(), 1);
}

#[tokio::test]
async fn whoever_leaves_holds_no_role_and_stands_in_no_projection() {
    let world = World::start().await;
    let person = world.person_id("contributor-rhein").await;

    let right = world.right("contributor-rhein", RHEIN, None).await;
    world.authority.leave(right).await.unwrap();

    assert!(!world.party(RHEIN).await.includes(person));
    assert_eq!(world.count("select count(*) from member").await, 8);
    assert_eq!(world.registry.capacities(person, &mut world.revisions()).await.unwrap(), []);
    assert!(last_facts(&world).await.contains("\"left\""));
}

#[tokio::test]
async fn a_conflict_is_declared_once_and_ended() {
    let world = World::start().await;
    let right = || world.right("coordinator", "mission", Some("mission"));
    let conflict = Conflict {
        person: world.person_id("pilot-ia").await,
        with: world.party_id(RHEIN).await,
        capacity: Some(world.party_id("workstream:intelligence-artificielle").await),
        says: "partners in a bid".into(),
    };
    let employer = Conflict { with: world.party_id("company:lumen-ia").await, ..conflict.clone() };
    let unknown = Conflict { with: PartyId::random(), ..conflict.clone() };

    world.authority.add_conflict(right().await, conflict.clone()).await.unwrap();
    let twice = world.authority.add_conflict(right().await, conflict.clone()).await;
    let employer = world.authority.add_conflict(right().await, employer).await;
    let unknown = world.authority.add_conflict(right().await, unknown).await;
    let declared = world.mission().await.conflicts.len();
    world.authority.end_conflict(right().await, conflict.clone()).await.unwrap();
    let gone = world.authority.end_conflict(right().await, conflict).await;

    assert_eq!((declared, world.mission().await.conflicts.len()), (2, 1));
    assert!(matches!(twice, Err(Error::Refused(_))));
    assert!(matches!(employer, Err(Error::Refused(_))));
    assert!(matches!(unknown, Err(Error::Missing(_))));
    assert!(matches!(gone, Err(Error::Refused(_))));
}

#[tokio::test]
async fn a_party_sets_recipients_networks_placement_and_two_to_shred() {
    let world = World::start().await;
    let right = || world.right("contributor-rhein", RHEIN, Some(RHEIN));
    let recipient = age::x25519::Identity::generate().to_public().to_string();
    let named =
        |name: &str, recipient: &str| Recipient { name: name.into(), recipient: recipient.into() };
    let network = |prefix: &str| vec![Network { name: "office".into(), prefix: prefix.into() }];
    let placement = Placement { countries: vec!["DE".into()], ..Placement::default() };
    let wrong = Placement { countries: vec!["Germany".into()], ..Placement::default() };

    let authority = &world.authority;
    authority.add_recipient(right().await, named("safe", &recipient)).await.unwrap();
    let twice = authority.add_recipient(right().await, named("safe", &recipient)).await;
    let plugin = authority.add_recipient(right().await, named("key", "age1yubikey1qqqq")).await;
    authority.set_networks(right().await, network("192.0.2.0/24")).await.unwrap();
    let wide = authority.set_networks(right().await, network("0.0.0.0/0")).await;
    authority.set_placement(right().await, Some(placement.clone())).await.unwrap();
    let nowhere = authority.set_placement(right().await, Some(wrong)).await;
    authority.set_two_to_shred(right().await, true).await.unwrap();

    let party = world.party(RHEIN).await;
    assert_eq!(party.recipients, [named("safe", &recipient)]);
    assert_eq!(party.networks, network("192.0.2.0/24"));
    assert_eq!(party.placement, Some(placement));
    assert!(party.two_to_shred);
    for refused in [twice, plugin, wide, nowhere] {
        assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    }
    authority.remove_recipient(right().await, "safe".into()).await.unwrap();
    assert_eq!(world.party(RHEIN).await.recipients, []);
}

#[tokio::test]
async fn a_tag_key_is_committed_to_once() {
    let world = World::start().await;
    let party = world.party_id(RHEIN).await;
    let key = TagKey { year: 2100, turn: 0, commitment: "aa".repeat(32) };
    let other = TagKey { commitment: "bb".repeat(32), ..key.clone() };

    world.authority.commit_tag_key(party, key.clone()).await.unwrap();
    let refused = world.authority.commit_tag_key(party, other).await;

    assert!(matches!(refused, Err(Error::Refused(_))));
    assert_eq!(world.party(RHEIN).await.tag_keys[1..], [key]);
}

#[tokio::test]
async fn the_configuration_is_taken_over_when_it_differs() {
    let world = World::start().await;
    let setting = Setting { baseline: "cc".repeat(32), locations: Vec::new() };

    let changed = world.authority.configure(setting.clone()).await.unwrap();
    let same = world.authority.configure(setting.clone()).await.unwrap();

    assert!(changed.is_some() && same.is_none());
    assert_eq!(world.mission().await.baseline, setting.baseline);
}

/// The last leaf of the log.
async fn last_leaf(world: &World) -> Leaf {
    let sql = "select payload from batch order by start desc limit 1";
    let row = sqlx::query(sql).fetch_one(world.database.pool()).await.unwrap();
    let payload: Vec<u8> = row.get(0);
    Leaf::parse(bundle::entries(&payload).unwrap().last().unwrap()).unwrap()
}

#[tokio::test]
async fn an_auditor_who_left_finds_nothing_later_by_the_tag_key_they_knew() {
    let world = World::start().await;
    let year = world.clock.now().year();
    let party = world.party_id("mission").await;
    let auditor = world.person_id("auditor").await;
    let key = |turn| world.keys.tag_key(TagSubject::Party(party), year, turn);
    let keys = [key(0).await.unwrap(), key(1).await.unwrap()];
    let commitment = hex::encode(digest(&SHA256, keys[1].expose()));
    let [known, next] = keys;
    let right = || world.right("coordinator", "mission", Some("mission"));
    world.authority.set_two_to_shred(right().await, true).await.unwrap();
    assert!(last_leaf(&world).await.is_tagged_for(&known));

    world.authority.remove(right().await, auditor).await.unwrap();
    world.authority.set_two_to_shred(right().await, false).await.unwrap();

    let later = last_leaf(&world).await;
    assert!(!later.is_tagged_for(&known) && later.is_tagged_for(&next));
    let [first, second] = &world.party("mission").await.tag_keys[..] else { panic!("two keys") };
    assert_eq!((first.turn, second.turn), (0, 1));
    assert_eq!((second.year, &second.commitment), (year, &commitment));
    // A server that starts later goes on with the same key.
    assert_eq!(world.authority.commit_tag_keys().await.unwrap(), 0);
    world.authority.set_two_to_shred(right().await, true).await.unwrap();
    assert!(last_leaf(&world).await.is_tagged_for(&next));
}

#[tokio::test]
async fn an_auditor_of_the_mission_who_left_knows_no_partys_next_key() {
    let world = World::start().await;
    let year = world.clock.now().year();
    let auditor = world.person_id("auditor").await;
    let party = world.party_id(RHEIN).await;
    let known = world.keys.tag_key(TagSubject::Party(party), year, 0).await.unwrap();
    let right = || world.right("contributor-rhein", RHEIN, Some(RHEIN));
    world.authority.set_two_to_shred(right().await, true).await.unwrap();
    assert!(last_leaf(&world).await.is_tagged_for(&known));

    let remove = world.right("coordinator", "mission", Some("mission")).await;
    world.authority.remove(remove, auditor).await.unwrap();
    world.authority.set_two_to_shred(right().await, false).await.unwrap();

    assert!(!last_leaf(&world).await.is_tagged_for(&known));
    for handle in [RHEIN, ACIERIES] {
        let turns: Vec<_> = world.party(handle).await.tag_keys.iter().map(|key| key.turn).collect();
        assert_eq!(turns, [0, 1], "{handle}");
    }
}

#[tokio::test]
async fn each_year_every_party_commits_to_its_tag_key_once() {
    let world = World::start().await;
    world.clock.pass_seconds(366 * 24 * 3600);
    let entries = entries(&world).await;

    let size = u64::try_from(entries).unwrap();
    world.authority.writer().unsigned().signed(size);
    let committed = world.authority.commit_tag_keys().await.unwrap();
    let again = world.authority.commit_tag_keys().await.unwrap();

    assert_eq!((committed, again), (15, 0));
    let keys = &world.party(RHEIN).await.tag_keys;
    assert_eq!(keys[1].year, keys[0].year + 1);
}
