//! Client certificates: several capacities, one person.

use super::{DAY, Doorway, RHEIN, is_unknown};
use crate::{
    audit::Method,
    identity::{Error, Presented, authenticate::fingerprint},
};

#[tokio::test]
async fn of_a_certificates_capacities_the_header_chooses() {
    let door = Doorway::start().await;
    let (world, identity) = (&door.world, &door.identity);
    let person = world.person_id("contributor-rhein").await;
    let (rhein, mission) = (world.party_id(RHEIN).await, world.party_id("mission").await);
    let der = b"a certificate's DER".as_slice();
    let ask = |capacity| Presented { certificate: Some(der), capacity, ..door.presented(None) };
    let unknown = identity.authenticate(ask(None)).await;
    identity.issue_certificate(person, rhein, der, "card", DAY).await.unwrap();
    let one = identity.authenticate(ask(None)).await.unwrap();
    let right = world.right("coordinator", "mission", Some("mission")).await;
    world.authority.give_role(right, person, crate::mission::Role::Committee).await.unwrap();
    identity.issue_certificate(person, mission, der, "card", DAY).await.unwrap();

    let several = identity.authenticate(ask(None)).await;
    let chosen = identity.authenticate(ask(Some("mission"))).await.unwrap();
    let foreign = identity.authenticate(ask(Some("workstream:e-paiement"))).await;
    let twice = identity.issue_certificate(person, mission, der, "card", DAY).await;
    let other = world.person_id("coordinator").await;
    let stolen = identity.issue_certificate(other, mission, der, "card", DAY).await;

    assert!(is_unknown(unknown));
    assert_eq!((one.actor.capacity, one.actor.method), (rhein, Method::Certificate));
    assert!(one.actor.certificate);
    let both = ["company:rhein-energie", "mission"];
    assert!(matches!(several, Err(Error::Choose(handles)) if handles == both));
    assert_eq!(chosen.actor.capacity, mission);
    assert!(matches!(foreign, Err(Error::Choose(handles)) if handles == both));
    assert!(matches!(twice, Err(Error::Refused(_))) && matches!(stolen, Err(Error::Refused(_))));
}

#[tokio::test]
async fn a_certificate_row_pointed_at_another_person_or_certificate_authenticates_nobody() {
    let changes = [
        "update credential set fingerprint = $1",
        "update credential set fingerprint = $1, verifier = randomblob(32)",
        "update credential set fingerprint = $1, person = (select substr(subject, 2) from head \
         where substr(subject, 1, 1) = x'75' and substr(subject, 2) <> person limit 1)",
    ];
    for sql in changes {
        let door = Doorway::start().await;
        let person = door.world.person_id("contributor-rhein").await;
        let rhein = door.world.party_id(RHEIN).await;
        door.identity.issue_certificate(person, rhein, b"his", "card", DAY).await.unwrap();
        let mine = fingerprint(b"mine");

        let changed =
            sqlx::query(sql).bind(mine.to_vec()).execute(door.world.database.pool()).await;
        assert_eq!(changed.unwrap().rows_affected(), 1);
        let presented = Presented { certificate: Some(b"mine"), ..door.presented(None) };

        assert!(is_unknown(door.identity.authenticate(presented).await), "{sql}");
    }
}

#[tokio::test]
async fn anothers_certificate_beside_a_token_proves_nothing() {
    let door = Doorway::start().await;
    let token = door.token("contributor-rhein", RHEIN).await;
    let bearer = token.expose();
    let rhein = door.world.party_id(RHEIN).await;
    let (own, other) = ("contributor-rhein", "coordinator");
    let mission = door.world.party_id("mission").await;
    let (own, other) = (door.world.person_id(own).await, door.world.person_id(other).await);
    door.identity.issue_certificate(own, rhein, b"own", "card", DAY).await.unwrap();
    door.identity.issue_certificate(other, mission, b"other", "card", DAY).await.unwrap();
    let ask = |der| Presented { certificate: Some(der), ..door.presented(Some(bearer.as_str())) };

    let with_own = door.identity.authenticate(ask(b"own".as_slice())).await.unwrap();
    let with_other = door.identity.authenticate(ask(b"other".as_slice())).await.unwrap();

    assert!(with_own.actor.certificate && !with_other.actor.certificate);
    assert_eq!(with_other.actor.person, own);
}
