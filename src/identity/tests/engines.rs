//! Credentials on both engines.

use super::{Doorway, RHEIN, is_unknown};
use crate::{
    identity::Identity,
    mission::tests::{World, hmac_key},
};

async fn on_each_engine() -> Vec<Doorway> {
    let worlds = World::on_each_engine().await.into_iter();
    let door = |world: World| {
        let identity = Identity::new(world.authority.clone(), hmac_key(3), 10);
        Doorway { world, identity }
    };
    worlds.map(door).collect()
}

#[tokio::test]
async fn sqlite_and_postgres_redeem_a_link_once_and_end_what_is_revoked() {
    for door in on_each_engine().await {
        let link = door.link("contributor-rhein", RHEIN).await;
        let (one, two) = futures::join!(door.redeem(&link), door.redeem(&link));
        assert!(one.is_ok() != two.is_ok());
        let token = one.or(two).unwrap();
        assert!(door.ask(&token).await.is_ok());

        let right = door.world.right("contributor-rhein", RHEIN, None).await;
        door.identity.revoke(right, token.id).await.unwrap();

        assert!(is_unknown(door.ask(&token).await));
        assert!(is_unknown(door.ask_anew(&token).await));
        assert_eq!(door.world.count("select count(*) from credential").await, 0);
    }
}

#[tokio::test]
async fn sqlite_and_postgres_know_nobody_by_a_row_that_was_rewritten() {
    let changes = [
        "update credential set person = (select person from member m \
         where m.person <> credential.person limit 1)",
        "update credential set capacity = (select party from member m \
         where m.party <> credential.capacity limit 1)",
        "update credential set expires_at = expires_at + 1",
        "update credential set generation = 1",
        "update credential set kind = 'certificate'",
    ];
    for sql in changes {
        for door in on_each_engine().await {
            let token = door.token("contributor-rhein", RHEIN).await;
            assert!(door.ask_anew(&token).await.is_ok(), "{sql}");

            assert_eq!(door.world.by_sql(sql).await, 1, "{sql}");

            assert!(is_unknown(door.ask_anew(&token).await), "{sql}");
        }
    }
}

#[tokio::test]
async fn sqlite_and_postgres_find_a_certificate_and_let_its_person_leave() {
    for door in on_each_engine().await {
        let (world, der) = (&door.world, b"a certificate".as_slice());
        let person = world.person_id("contributor-rhein").await;
        let rhein = world.party_id(RHEIN).await;
        door.identity.issue_certificate(person, rhein, der, "card", super::DAY).await.unwrap();
        let ask = || super::Presented { certificate: Some(der), ..door.presented(None) };
        assert!(door.identity.authenticate(ask()).await.is_ok());

        let right = world.right("contributor-rhein", RHEIN, None).await;
        world.authority.leave(right).await.unwrap();

        assert!(is_unknown(door.identity.authenticate(ask()).await));
        assert_eq!(world.count("select count(*) from credential").await, 0);
        assert_eq!(world.registry.capacities(person, &mut world.revisions()).await.unwrap(), []);
    }
}
