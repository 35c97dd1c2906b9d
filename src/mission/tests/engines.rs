//! Authority on both engines: the same changes, the same attacks.

use std::{collections::HashSet, sync::Arc};

use serde_json::Map;
use sqlx::Row as _;

use super::World;
use crate::{
    audit::{
        entries::{Index, expiry},
        merkle::{Frontier, leaf_hash},
    },
    database,
    id::PartyId,
    mission::{Error, PartyRevision, Scanned, TagKey},
};

const RHEIN: &str = "company:rhein-energie";

async fn further(world: &World, party: PartyId, turn: u32) -> Result<(), Error> {
    let key = TagKey { year: 2100, turn, commitment: "00".repeat(32) };
    world.authority.commit_tag_key(party, key).await.map(|_| ())
}

async fn read_anew(world: &World, party: PartyId) -> Result<Arc<PartyRevision>, Error> {
    world.restarted().await.read(party, &mut world.revisions()).await
}

#[tokio::test]
async fn sqlite_and_postgres_lose_nothing_when_many_write_one_subject() {
    for world in World::on_each_engine().await {
        let party = world.party_id(RHEIN).await;

        futures::future::join_all((0..5).map(|turn| further(&world, party, turn))).await;

        let mut turns: Vec<_> =
            world.party(RHEIN).await.tag_keys.iter().map(|key| key.turn).collect();
        turns.sort_unstable();
        assert_eq!(turns, [0, 0, 1, 2, 3, 4]);
        assert_eq!(read_anew(&world, party).await.unwrap().tag_keys.len(), 6);
    }
}

#[tokio::test]
async fn sqlite_and_postgres_give_the_root_of_their_rows() {
    for world in World::on_each_engine().await {
        let party = world.party_id(RHEIN).await;
        further(&world, party, 0).await.unwrap();
        let mut tree = Frontier::default();
        let rows = sqlx::query("select subject, number, digest from head order by subject")
            .fetch_all(world.database.pool())
            .await
            .unwrap();
        for row in rows {
            let (subject, number, digest): (Vec<u8>, i64, Vec<u8>) =
                (row.get(0), row.get(1), row.get(2));
            tree.append(leaf_hash(&[&subject[..], &number.to_be_bytes(), &digest].concat()));
        }

        let scanned = Scanned::of(&world.database).await.unwrap();

        assert_eq!(scanned.position(), 26);
        assert_eq!(scanned.root().root, tree.root().0);
    }
}

#[tokio::test]
async fn sqlite_and_postgres_count_no_row_that_sql_changed() {
    let changes = [
        "update revision set mac = previous where number = 2",
        "update revision set bytes = digest where number = 2",
        "delete from revision where number = 2",
        "delete from entry where id = (select entry from revision where number = 2)",
        "update head set digest = (select digest from head h where h.number = 1 limit 1) \
         where number = 2",
    ];
    for sql in changes {
        for world in World::on_each_engine().await {
            let party = world.party_id(RHEIN).await;
            further(&world, party, 0).await.unwrap();
            assert!(read_anew(&world, party).await.is_ok());

            assert_eq!(world.by_sql(sql).await, 1, "{sql}");

            let read = read_anew(&world, party).await;
            assert!(matches!(read, Err(Error::Forged(_))), "{sql}: {read:?}");
        }
    }
}

#[tokio::test]
async fn sqlite_and_postgres_see_a_head_put_back_when_it_is_written_again() {
    for world in World::on_each_engine().await {
        let party = world.party_id(RHEIN).await;
        further(&world, party, 0).await.unwrap();
        let put_back = world.by_sql(
            "update head set number = 1, digest = (select digest from revision \
             where revision.subject = head.subject and revision.number = 1) where number = 2",
        );
        assert_eq!(put_back.await, 1);

        let seen = world.database.refresh(&[party.into()]).await;
        let written = further(&world, party, 1).await;

        assert!(matches!(seen, Err(database::Error::PutBack(_))));
        assert!(
            matches!(written, Err(Error::Database(database::Error::PutBack(_)))),
            "{written:?}"
        );
        assert_eq!(world.count("select count(*) from revision where number = 3").await, 0);
    }
}

#[tokio::test]
async fn sqlite_and_postgres_take_away_what_ran_out_and_no_more() {
    for world in World::on_each_engine().await {
        let writer = world.authority.writer();
        let note = async || {
            let right = world.right("contributor-rhein", RHEIN, Some(RHEIN)).await;
            world.gate.note(right, Map::new()).await.unwrap();
        };
        let imported = world.count("select count(*) from entry").await;
        note().await;
        let over = world.clock.now();
        note().await;
        let named = world.by_sql("update entry set document = id where length(person_index) > 0");
        assert_eq!(named.await, 2);

        let to = expiry::first_from(&world.database, over).await.unwrap();
        let found = expiry::named_about_documents(&world.database, to).await.unwrap();
        let indexes: HashSet<Index> = found.iter().map(|(_, index)| *index).collect();
        expiry::forget_personal(writer, to, &indexes).await.unwrap();

        assert_eq!((to, found.len()), (imported + 1, 1));
        let personal = "select count(*) from entry where length(personal_sealed) > 0";
        assert_eq!(world.count(personal).await, 1);
        let kept = world.count("select max(position) from entry where length(person_index) > 0");
        assert_eq!(kept.await, to);
        let said = expiry::with_facts(&world.database, to + 1).await.unwrap();
        expiry::forget_facts(writer, to).await.unwrap();
        assert_eq!(said, to.unsigned_abs() + 1);
        assert_eq!(expiry::with_facts(&world.database, to + 1).await.unwrap(), 1);
        assert_eq!(world.count("select count(*) from entry where length(document) > 0").await, 1);
        assert_eq!(world.count("select count(*) from entry").await, to + 1);
    }
}
