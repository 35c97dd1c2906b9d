//! Standing grants: given in a party's name, effective at once, taken back.

use std::time::Duration;

use crate::{
    audit::{Reason, Share},
    id::GrantId,
    mission::{Grantee, Role, Sensitivity},
    policy::{
        NewStanding, Ungranted, Wanted,
        tests::live::{ACIERIES, AI, Live, Made, reason},
    },
};

fn to(grantee: Grantee) -> NewStanding {
    NewStanding {
        to: grantee,
        kind: Some("diagnostic".into()),
        workstream: None,
        sensitivity: Sensitivity::Confidential,
        until: None,
        purpose: Some("the workstream's diagnostic".into()),
    }
}

#[tokio::test]
async fn a_standing_grant_covers_what_matches_until_it_is_taken_back() {
    let live = Live::start().await;
    let diagnostic = live.document(Made::default(), Vec::new()).await;
    let other = live.document(Made { kind: "draft", ..Made::default() }, Vec::new()).await;
    let access = live.caller("access-acieries", ACIERIES).await;
    let pilot = live.caller("pilot-ia", AI).await;
    let (acieries, ai) = (live.world.party_id(ACIERIES).await, live.world.party_id(AI).await);
    let writer = live.world.authority.writer();
    assert!(!live.reads(&pilot, diagnostic).await);

    let permit = live.sharing(&access, acieries).await;
    let new = to(Grantee::Role(ai, Role::Pilot));
    let (grant, _) = live.policy.grant_standing(writer, permit, new).await.unwrap();

    assert!(live.reads(&pilot, diagnostic).await);
    assert!(!live.reads(&pilot, other).await);
    let listed = live.policy.list(&pilot, &Wanted::default(), None, 50).await.unwrap();
    assert_eq!(listed.documents.len(), 1);
    let party = live.world.party(ACIERIES).await;
    let given = &party.standing[0].grant;
    assert!(!given.purpose_sealed.contains("workstream"));
    let purpose = live.policy.standing_purpose(acieries, given).await.unwrap();
    assert_eq!(purpose.as_deref(), Some("the workstream's diagnostic"));

    let permit = live.sharing(&access, acieries).await;
    live.policy.take_back_standing(writer, permit, grant).await.unwrap();
    assert!(!live.reads(&pilot, diagnostic).await);
    assert_eq!(live.world.count("select count(*) from standing_grant").await, 0);
    let permit = live.sharing(&access, acieries).await;
    let again = live.policy.take_back_standing(writer, permit, grant).await;
    assert!(matches!(again, Err(Ungranted::NoGrant)));
}

#[tokio::test]
async fn a_standing_grant_that_could_not_hold_is_refused_and_leaves_nothing() {
    let live = Live::start().await;
    let access = live.caller("access-acieries", ACIERIES).await;
    let (acieries, ai) = (live.world.party_id(ACIERIES).await, live.world.party_id(AI).await);
    let mission = live.world.party_id("mission").await;
    let ended = live.world.clock.now();
    let nobody = crate::id::PartyId::random();
    let writer = live.world.authority.writer();
    for wrong in [
        to(Grantee::Party(nobody)),
        to(Grantee::Person(crate::id::PersonId::random())),
        to(Grantee::Role(mission, Role::Operator)),
        NewStanding { until: Some(ended), ..to(Grantee::Party(ai)) },
        NewStanding { kind: Some("novel".into()), ..to(Grantee::Party(ai)) },
        NewStanding { workstream: Some(nobody), ..to(Grantee::Party(ai)) },
        NewStanding { purpose: Some("a\u{202e}b".into()), ..to(Grantee::Party(ai)) },
    ] {
        let permit = live.sharing(&access, acieries).await;
        let given = live.policy.grant_standing(writer, permit, wrong.clone()).await;
        assert!(matches!(given, Err(Ungranted::Refused(_))), "{wrong:?}");
    }
    assert!(live.world.party(ACIERIES).await.standing.is_empty());
    assert_eq!(live.world.count("select count(*) from standing_grant").await, 0);
}

#[tokio::test]
async fn only_whoever_decides_for_a_party_gives_grants_in_its_name() {
    let live = Live::start().await;
    let (acieries, ai) = (live.world.party_id(ACIERIES).await, live.world.party_id(AI).await);
    let contributor = live.caller("contributor-acieries", ACIERIES).await;
    let access = live.caller("access-acieries", ACIERIES).await;

    for (caller, party) in [(&contributor, acieries), (&access, ai)] {
        let refused = live.permit::<Share>(caller, party).await;
        assert_eq!(reason(refused), Some(Reason::NoGrant));
    }
}

#[tokio::test]
async fn the_longest_grant_decides_when_a_right_ends() {
    let live = Live::start().await;
    let access = live.caller("access-acieries", ACIERIES).await;
    let pilot = live.caller("pilot-ia", AI).await;
    let (acieries, ai) = (live.world.party_id(ACIERIES).await, live.world.party_id(AI).await);
    let document = live.document(Made::default(), Vec::new()).await;
    let now = live.world.clock.now();
    let [soon, later] = [60, 120].map(|seconds| now.plus(Duration::from_secs(seconds)));
    let mut given = Vec::<GrantId>::new();
    for until in [later, soon] {
        let new = NewStanding { until: Some(until), ..to(Grantee::Party(ai)) };
        let permit = live.sharing(&access, acieries).await;
        let granted = live.policy.grant_standing(live.world.authority.writer(), permit, new).await;
        given.push(granted.unwrap().0);
    }

    let permit = live.permit::<crate::audit::Read>(&pilot, document).await.unwrap();

    assert_eq!(permit.grounds()[1], format!("grant:{}", given[0]));
}
