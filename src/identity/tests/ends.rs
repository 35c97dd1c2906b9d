//! What ends credentials, and what they may not be.

use super::{DAY, Doorway, RHEIN, is_unknown};
use crate::{
    id::{CredentialId, PersonId},
    identity::{Error, LONGEST_LIFE},
    mission::MOST_CREDENTIALS,
};

#[tokio::test]
async fn whoever_left_the_party_or_is_signed_out_everywhere_is_unknown() {
    let door = Doorway::start().await;
    let leaves = door.token("contributor-rhein", RHEIN).await;
    let stays = door.token("coordinator", "mission").await;
    let ends = door.token("pilot-ia", "workstream:intelligence-artificielle").await;
    for token in [&leaves, &stays, &ends] {
        assert!(door.ask(token).await.is_ok());
    }

    let right = door.world.right("contributor-rhein", RHEIN, None).await;
    door.world.authority.leave(right).await.unwrap();
    let pilot = "workstream:intelligence-artificielle";
    let right = door.world.right("pilot-ia", pilot, None).await;
    door.identity.sign_out_elsewhere(right).await.unwrap();

    assert!(is_unknown(door.ask(&leaves).await) && is_unknown(door.ask(&ends).await));
    assert!(door.ask(&stays).await.is_ok());
    assert_eq!(door.world.count("select count(*) from credential").await, 1);
    let again = door.token("pilot-ia", pilot).await;
    assert!(door.ask(&again).await.is_ok(), "a new link signs in again");
}

#[tokio::test]
async fn an_employer_ends_the_credentials_of_whoever_may_no_longer_act() {
    let door = Doorway::start().await;
    let token = door.token("contributor-acieries", "company:acieries-du-ponant").await;
    let employer = "company:acieries-du-ponant";
    let over = || door.world.right_over("access-acieries", employer, "contributor-acieries");
    let own = door.world.right("contributor-acieries", employer, None).await;

    let own = door.world.authority.set_disabled(own, true).await;
    assert!(door.ask(&token).await.is_ok());
    door.world.authority.set_disabled(over().await, true).await.unwrap();
    let person = door.world.person("contributor-acieries").await;
    let link = door.identity.issue_link(person.person, door.world.party_id(employer).await).await;

    assert!(matches!(own, Err(crate::mission::Error::Refused(_))));
    assert!(is_unknown(door.ask(&token).await));
    assert!(matches!(link, Err(Error::Refused(_))));
    door.world.authority.set_disabled(over().await, false).await.unwrap();
    assert!(is_unknown(door.ask(&token).await), "what ended stays ended");
    let again = door.token("contributor-acieries", employer).await;
    assert!(door.ask(&again).await.is_ok());
}

#[tokio::test]
async fn a_role_given_back_does_not_revive_the_tokens_of_before() {
    let door = Doorway::start().await;
    let token = door.token("contributor-rhein", RHEIN).await;
    let person = door.world.person_id("contributor-rhein").await;
    let right = door.world.right("contributor-rhein", RHEIN, None).await;
    door.world.authority.leave(right).await.unwrap();

    let right = door.world.right("coordinator", "mission", Some(RHEIN)).await;
    let role = crate::mission::Role::Contributor;
    door.world.authority.give_role(right, person, role).await.unwrap();

    assert!(is_unknown(door.ask(&token).await));
}

#[tokio::test]
async fn a_person_has_32_credentials_at_most_and_expired_ones_make_room() {
    let door = Doorway::start().await;
    let right = || door.world.right("contributor-rhein", RHEIN, None);
    let identity = &door.identity;
    for _ in 0..MOST_CREDENTIALS {
        identity.issue_token(right().await, "script", DAY).await.unwrap();
    }
    let entries = door.world.count("select next from sequence").await;

    let one_more = identity.issue_token(right().await, "script", DAY).await;
    let link = identity
        .issue_link(
            door.world.person_id("contributor-rhein").await,
            door.world.party_id(RHEIN).await,
        )
        .await;

    assert!(matches!(&one_more, Err(Error::Refused(says)) if says.contains("revoke one")));
    assert!(matches!(link, Err(Error::Refused(_))));
    assert_eq!(door.world.count("select next from sequence").await, entries);
    assert_eq!(door.world.count("select count(*) from credential").await, 32);

    door.world.clock.pass_seconds(24 * 3600 + 1);
    door.world.authority.writer().unsigned().signed(u64::try_from(entries).unwrap());
    identity.issue_token(right().await, "script", DAY).await.unwrap();
    assert_eq!(door.world.person("contributor-rhein").await.credentials.len(), 1);
    assert_eq!(door.world.count("select count(*) from credential").await, 1);
}

#[tokio::test]
async fn no_credential_is_made_for_a_capacity_that_is_not_theirs_or_for_too_long() {
    let door = Doorway::start().await;
    let person = door.world.person_id("contributor-rhein").await;
    let mission = door.world.party_id("mission").await;
    let rhein = door.world.party_id(RHEIN).await;
    let right = || door.world.right("contributor-rhein", RHEIN, None);
    let foreign = door.world.right("contributor-rhein", "mission", None).await;
    let over_party = door.world.right("contributor-rhein", RHEIN, Some(RHEIN)).await;
    let over_other = door.world.right_over("contributor-rhein", RHEIN, "coordinator").await;

    let link = door.identity.issue_link(person, mission).await;
    let nobody = door.identity.issue_link(PersonId::random(), rhein).await;
    let token = door.identity.issue_token(foreign, "script", DAY).await;
    let long = door.identity.issue_token(right().await, "script", LONGEST_LIFE + DAY).await;
    let label = door.identity.issue_token(right().await, "a\0b", DAY).await;
    let revoked = door.identity.revoke(right().await, CredentialId::random()).await;

    for refused in [link.err(), token.err(), long.err(), label.err(), revoked.err()] {
        assert!(matches!(refused, Some(Error::Refused(_))), "{refused:?}");
    }
    let over_party = door.identity.issue_token(over_party, "script", DAY).await;
    let over_other = door.identity.issue_token(over_other, "script", DAY).await;
    for not_theirs in [nobody.err(), over_party.err(), over_other.err()] {
        assert!(matches!(not_theirs, Some(Error::Authority(_))), "{not_theirs:?}");
    }
    assert_eq!(door.world.count("select count(*) from credential").await, 0);
    assert_eq!(door.world.person("contributor-rhein").await.credentials, []);
}
