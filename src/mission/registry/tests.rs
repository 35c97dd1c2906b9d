//! Whoever controls the database rewrites revisions and heads.

use std::sync::Arc;

use crate::{
    audit::{Draft, Stopped},
    database::{self, Head, Subject},
    id::{PartyId, PersonId},
    mission::{
        Error, LONGEST_BYTES, PartyRevision, PersonRevision, Registry, Role, TagKey,
        tests::{World, hmac_key},
    },
};

const RHEIN: &str = "company:rhein-energie";

/// Reads as a process does that was just started.
async fn read_anew(world: &World, party: PartyId) -> Result<Arc<PartyRevision>, Error> {
    world.restarted().await.read(party, &mut world.revisions()).await
}

/// Adds a tag key to a party, so that it has a further revision.
async fn further(world: &World, party: PartyId, turn: u32) {
    let key = TagKey { year: 2100, turn, commitment: "00".repeat(32) };
    world.authority.commit_tag_key(party, key).await.unwrap();
}

#[tokio::test]
async fn a_revision_is_read_as_it_was_written_and_names_its_head() {
    let world = World::start().await;
    let party = world.party_id(RHEIN).await;
    further(&world, party, 0).await;

    let mut revisions = world.revisions();
    let read: Arc<PartyRevision> = world.registry.read(party, &mut revisions).await.unwrap();

    assert_eq!(read.tag_keys.len(), 2);
    assert_eq!(read.roles.len(), 2);
    let [head] = revisions.heads() else { panic!("one head") };
    assert_eq!((head.subject, head.number), (party.into(), 2));
    assert_eq!(*read_anew(&world, party).await.unwrap(), *read);
}

#[tokio::test]
async fn what_is_not_there_is_missing_and_leaves_no_head() {
    let world = World::start().await;
    let mut revisions = world.revisions();

    let person = world.registry.read::<PersonRevision>(PersonId::random(), &mut revisions).await;
    let party = world.party_id("mission").await;
    let other_kind = world.registry.read::<PersonRevision>(party, &mut revisions).await;

    assert!(matches!(person, Err(Error::Missing(_))));
    assert!(matches!(other_kind, Err(Error::Missing(_))));
    assert_eq!(revisions.heads(), []);
}

#[tokio::test]
async fn a_row_that_sql_changed_counts_for_nothing() {
    let changes = [
        "update revision set bytes = replace(bytes, 'contributor', 'auditor') where number = 2",
        "update revision set bytes = cast(replace(bytes, 'contributor', 'auditor') as blob) \
         where number = 2",
        "update revision set bytes = cast(bytes || ' ' as blob) where number = 2",
        "update revision set digest = previous where number = 2",
        "update revision set previous = digest where number = 2",
        "update revision set entry = (select entry from revision r where r.number = 1 limit 1) \
         where number = 2",
        "update revision set mac = (select mac from revision r where r.number = 1 limit 1) \
         where number = 2",
        "delete from revision where number = 2",
        "update head set digest = (select digest from head h where h.number = 1 limit 1) \
         where number = 2",
        "update head set number = 3 where number = 2",
        "update revision set number = 3 where number = 2; update head set number = 3 where number = 2",
    ];
    for sql in changes {
        let world = World::start().await;
        let party = world.party_id(RHEIN).await;
        further(&world, party, 0).await;
        assert_eq!(*read_anew(&world, party).await.unwrap(), *world.party(RHEIN).await);

        for statement in sql.split("; ") {
            let changed = sqlx::query(sqlx::AssertSqlSafe(statement.to_owned()))
                .execute(world.database.pool())
                .await;
            assert_eq!(changed.unwrap().rows_affected(), 1, "{statement}");
        }

        let read = read_anew(&world, party).await;
        assert!(matches!(read, Err(Error::Forged(_))), "{sql}: {read:?}");
        // Who saw the head before goes by what he saw.
        assert_eq!(world.party(RHEIN).await.tag_keys.len(), 2, "{sql}");
    }
}

#[tokio::test]
async fn a_revision_moved_to_another_subject_counts_for_nothing() {
    let world = World::start().await;
    let (victim, donor) = ("company:caisse-du-littoral", "company:rhein-energie");
    let (victim, donor) = (world.party_id(victim).await, world.party_id(donor).await);
    for (table, columns) in
        [("revision", "digest, bytes, mac, entry, previous"), ("head", "digest")]
    {
        let sql = format!(
            "update {table} set ({columns}) = (select {columns} from {table} where subject = $1) \
             where subject = $2"
        );
        let moved = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(Subject::from(donor).key())
            .bind(Subject::from(victim).key())
            .execute(world.database.pool())
            .await;
        assert_eq!(moved.unwrap().rows_affected(), 1);
    }

    let read = read_anew(&world, victim).await;

    assert!(matches!(read, Err(Error::Forged(_))), "{read:?}");
}

#[tokio::test]
async fn an_inserted_subject_counts_for_nothing() {
    let world = World::start().await;
    let person = PersonId::random();
    let employer = world.party_id("mission").await;
    let bytes = serde_json::to_vec(&PersonRevision::new(person, employer)).unwrap();
    let digest = ring::digest::digest(&ring::digest::SHA256, &bytes);
    let subject = Subject::from(person).key();
    sqlx::query("insert into head (subject, number, digest) values ($1, 1, $2)")
        .bind(&subject)
        .bind(digest.as_ref())
        .execute(world.database.pool())
        .await
        .unwrap();
    sqlx::query(
        "insert into revision (subject, number, digest, previous, entry, bytes, mac) \
         select $1, 1, $2, previous, entry, $3, mac from revision limit 1",
    )
    .bind(&subject)
    .bind(digest.as_ref())
    .bind(&bytes)
    .execute(world.database.pool())
    .await
    .unwrap();

    let read = world.registry.read::<PersonRevision>(person, &mut world.revisions()).await;

    assert!(matches!(read, Err(Error::Forged(_))), "{read:?}");
}

#[tokio::test]
async fn a_revision_whose_entry_the_log_does_not_have_counts_for_nothing() {
    let world = World::start().await;
    let party = world.party_id(RHEIN).await;
    further(&world, party, 0).await;

    // As if its transaction had been rolled back, and its row kept by someone who saw it.
    let gone =
        world.by_sql("delete from entry where id = (select entry from revision where number = 2)");
    assert_eq!(gone.await, 1);

    assert!(matches!(read_anew(&world, party).await, Err(Error::Forged(_))));
}

#[tokio::test]
async fn a_head_put_back_is_seen_by_whoever_saw_the_later_one_also_when_it_is_written() {
    let world = World::start().await;
    let party = world.party_id(RHEIN).await;
    further(&world, party, 0).await;
    let put_back = world.by_sql(
        "update head set number = 1, digest = (select digest from revision \
         where revision.subject = head.subject and revision.number = 1) where number = 2",
    );
    assert_eq!(put_back.await, 1);

    let seen = world.database.refresh(&[party.into()]).await;
    let key = TagKey { year: 2100, turn: 1, commitment: String::new() };
    let written = world.authority.commit_tag_key(party, key).await;

    assert!(matches!(seen, Err(database::Error::PutBack(_))));
    assert!(matches!(written, Err(Error::Database(database::Error::PutBack(_)))), "{written:?}");
    assert_eq!(world.count("select count(*) from revision where number = 3").await, 0);
    assert_eq!(world.count("select max(number) from head").await, 1);
}

#[tokio::test]
async fn another_authority_key_reads_nothing() {
    let world = World::start().await;
    let other = Registry::new(world.database.clone(), hmac_key(9));

    let read = other.mission(&mut world.revisions()).await;

    assert!(matches!(read, Err(Error::Forged(Subject::MISSION))));
}

#[tokio::test]
async fn a_revision_that_is_too_long_is_refused_and_leaves_nothing() {
    let world = World::start().await;
    let party = world.party_id(RHEIN).await;
    let entries = world.count("select next from sequence").await;
    let key = TagKey { year: 2100, turn: 0, commitment: "0".repeat(LONGEST_BYTES) };

    let written = world.authority.commit_tag_key(party, key).await;

    let Err(error @ Error::TooLong { .. }) = written else { panic!("{written:?}") };
    assert!(error.to_string().contains("take away what is no longer needed"));
    assert_eq!(world.count("select next from sequence").await, entries);
    assert_eq!(world.party(RHEIN).await.tag_keys.len(), 1);
}

#[tokio::test]
async fn nothing_is_lost_when_many_write_the_same_subject_at_once() {
    let world = World::start().await;
    let party = world.party_id(RHEIN).await;

    futures::future::join_all((0..5).map(|turn| further(&world, party, turn))).await;

    let mut turns: Vec<_> = world.party(RHEIN).await.tag_keys.iter().map(|key| key.turn).collect();
    turns.sort_unstable();
    assert_eq!(turns, [0, 0, 1, 2, 3, 4]);
    assert_eq!(world.count("select max(number) from head").await, 6);
}

#[tokio::test]
async fn a_change_that_fails_after_writing_leaves_no_revision_head_or_member() {
    let world = World::start().await;
    let (registry, members) =
        (world.registry.clone(), world.count("select count(*) from member").await);
    let (party, person) = (PartyId::random(), PersonId::random());

    let failed = world
        .authority
        .system(Draft::system(Default::default()), move |change| {
            let registry = registry.clone();
            Box::pin(async move {
                let mut revision = PartyRevision::new(party);
                revision.roles.push(crate::mission::RoleHeld { person, role: Role::Auditor });
                registry.create(change, &revision).await?;
                Err::<(), _>(Stopped::failed(Error::NotTheirs))
            })
        })
        .await;

    assert!(matches!(failed, Err(Error::NotTheirs)));
    assert_eq!(world.database.head(party.into()).await.unwrap(), None);
    assert_eq!(world.count("select count(*) from member").await, members);
    let read = world.registry.at::<PartyRevision>(Head {
        subject: party.into(),
        number: 1,
        digest: [0; 32],
    });
    assert!(read.await.is_err());
}

#[tokio::test]
async fn capacities_come_from_revisions_whatever_the_projection_says() {
    let world = World::start().await;
    let person = world.person_id("contributor-rhein").await;
    let added = sqlx::query("insert into member (person, party, number) values ($1, $2, 1)")
        .bind(person.as_bytes())
        .bind(world.party_id("mission").await.as_bytes())
        .execute(world.database.pool())
        .await;
    assert_eq!(added.unwrap().rows_affected(), 1);

    let capacities = world.registry.capacities(person, &mut world.revisions()).await.unwrap();

    let [rhein] = capacities.as_slice() else { panic!("{capacities:?}") };
    assert_eq!(rhein.handle, "company:rhein-energie");
    assert_eq!(rhein.roles, [Role::Contributor, Role::AccessManager]);
}
