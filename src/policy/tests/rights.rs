//! Rights: made by a decision, decided again, refused only after the refusal is durable.

use std::time::Duration;

use crate::{
    audit::{Administer, Again, Audit, Deposit, Discover, Read, Reason, Share, Warrant as _},
    id::DocumentId,
    mission::{Grantee, Role},
    policy::{
        Error, Resource,
        tests::{
            live::{ACIERIES, AI, Live, Made, RHEIN, reason},
            world::grant,
        },
    },
};

#[tokio::test]
async fn an_owner_reads_and_the_right_says_why() {
    let live = Live::start().await;
    let document = live.document(Made::default(), Vec::new()).await;
    let caller = live.caller("contributor-acieries", ACIERIES).await;

    let permit = live.permit::<Read>(&caller, document).await.unwrap();

    assert_eq!(permit.grounds(), ["owner-reads"]);
    assert_eq!(permit.document().map(|read| read.document), Some(document));
    let heads = permit.revisions().heads().len();
    assert_eq!(heads, 4, "mission, person, acting party (the owner too) and document");
    let draft = permit.draft();
    assert_eq!(draft.document, Some(document));
    assert_eq!(draft.owner, Some(live.world.party_id(ACIERIES).await));
    assert_eq!(live.refusals().await, 0);
}

#[tokio::test]
async fn hidden_and_missing_are_one_answer_and_both_are_recorded() {
    let live = Live::start().await;
    let hidden = live.document(Made::default(), Vec::new()).await;
    let caller = live.caller("contributor-rhein", RHEIN).await;

    let hidden = live.permit::<Read>(&caller, hidden).await;
    let missing = live.permit::<Read>(&caller, DocumentId::random()).await;

    assert!(matches!(hidden, Err(Error::Hidden)));
    assert!(matches!(missing, Err(Error::Hidden)));
    assert_eq!(live.refusals().await, 2);
    let shapes =
        "select count(distinct length(asked_sealed)) from entry where decision = 'refusal'";
    assert_eq!(live.world.count(shapes).await, 1, "what they may see of both has one length");
}

#[tokio::test]
async fn whoever_may_discover_is_told_why_they_may_not() {
    let live = Live::start().await;
    let rhein = Grantee::Party(live.world.party_id(RHEIN).await);
    let document = live.document(Made::default(), vec![grant(rhein, None)]).await;
    let caller = live.caller("contributor-rhein", RHEIN).await;

    assert_eq!(reason(live.permit::<Share>(&caller, document).await), Some(Reason::NoGrant));
    assert_eq!(live.refusals().await, 1);
}

#[tokio::test]
async fn a_right_under_a_grant_ends_with_the_grant() {
    let live = Live::start().await;
    let until = live.world.clock.now().plus(Duration::from_secs(5));
    let rhein = Grantee::Party(live.world.party_id(RHEIN).await);
    let given = grant(rhein, Some(until));
    let document = live.document(Made::default(), vec![given.clone()]).await;
    let caller = live.caller("contributor-rhein", RHEIN).await;

    let permit = live.permit::<Read>(&caller, document).await.unwrap();

    assert_eq!(permit.grounds(), ["granted".to_owned(), format!("grant:{}", given.id)]);
    assert_eq!(permit.revisions().until, Some(until));
    live.world.clock.step_seconds(5);
    assert!(matches!(permit.again().await, Err(Again::Refused(_))));
    assert!(!live.reads(&caller, document).await, "it ends at its end, not after");
}

#[tokio::test]
async fn a_right_whose_credential_ended_is_refused_when_it_is_decided_again() {
    let live = Live::start().await;
    let document = live.document(Made::default(), Vec::new()).await;
    let caller = live.caller("contributor-acieries", ACIERIES).await;
    let permit = live.permit::<Read>(&caller, document).await.unwrap();
    let own = live.permit::<Administer>(&caller, caller.actor.person).await.unwrap();

    live.identity.revoke(own, caller.actor.credential).await.unwrap();
    live.world.clock.step_seconds(6);

    let Err(Again::Refused(denial)) = permit.again().await else { panic!("still permitted") };
    live.world.gate.refuse(*denial).await.unwrap();
    assert_eq!(live.refusals().await, 1);
    assert!(matches!(live.permit::<Read>(&caller, document).await, Err(Error::Unknown)));
}

#[tokio::test]
async fn a_right_over_oneself_is_over_no_party() {
    let live = Live::start().await;
    let caller = live.caller("contributor-acieries", ACIERIES).await;
    let party = live.world.party_id(ACIERIES).await;

    let own = live.permit::<Administer>(&caller, caller.actor.person).await.unwrap();

    assert_eq!(own.subject(), Some(caller.actor.person.into()));
    let writer = live.world.authority.writer();
    let unsaved = live.policy.restrict(writer, own, String::new()).await;
    assert!(matches!(unsaved, Err(crate::policy::Unsaved::NotTheirs)));
    assert_eq!(reason(live.permit::<Administer>(&caller, party).await), Some(Reason::NoGrant));
}

#[tokio::test]
async fn a_restriction_forbids_from_the_next_request_on_and_no_longer_when_it_is_taken_away() {
    let live = Live::start().await;
    let (acieries, rhein) = (live.world.party_id(ACIERIES).await, live.world.party_id(RHEIN).await);
    let granted = vec![grant(Grantee::Party(rhein), None)];
    let document = live.document(Made::default(), granted).await;
    let reader = live.caller("contributor-rhein", RHEIN).await;
    let access = live.caller("access-acieries", ACIERIES).await;
    assert!(live.reads(&reader, document).await);

    let text = "@id(\"certificate\")\nforbid (principal, action == Action::\"read\", resource)\n\
                unless { context.certificate };";
    live.restrict(&access, acieries, text).await;

    assert_eq!(reason(live.permit::<Read>(&reader, document).await), Some(Reason::Restricted));
    assert!(live.permit::<Discover>(&reader, document).await.is_ok());
    let administer = live.permit::<Administer>(&access, acieries).await.unwrap();
    assert_eq!(live.policy.restriction_text(&administer).await.unwrap(), text);
    let plain = "select count(*) from party_text where instr(cast(sealed as text), 'forbid') > 0";
    assert_eq!(live.world.count(plain).await, 0, "texts are sealed");

    live.restrict(&access, acieries, "").await;
    assert!(live.reads(&reader, document).await);
}

#[tokio::test]
async fn a_restriction_that_cannot_be_read_refuses_what_it_may_forbid_and_nothing_else() {
    let live = Live::start().await;
    let (acieries, rhein) = (live.world.party_id(ACIERIES).await, live.world.party_id(RHEIN).await);
    let granted = vec![grant(Grantee::Party(rhein), None)];
    let document = live.document(Made::default(), granted).await;
    let access = live.caller("access-acieries", ACIERIES).await;
    live.restrict(&access, acieries, "// nothing yet\n").await;
    let reader = live.caller("contributor-rhein", RHEIN).await;
    assert!(live.reads(&reader, document).await);

    live.world.by_sql("delete from party_text").await;
    let (registry, keys) = (live.world.registry.clone(), live.world.keys.clone());
    let anew = crate::policy::Policy::new(registry, live.world.gate.clone(), keys);

    assert!(matches!(anew.permit::<Read>(&reader, document).await, Err(Error::Hidden)));
    assert!(anew.permit::<Audit>(&access, document).await.is_ok());
    assert!(anew.permit::<Administer>(&access, acieries).await.is_ok());
}

#[tokio::test]
async fn two_parties_may_save_the_same_text() {
    let live = Live::start().await;
    let text = "forbid (principal, action == Action::\"export\", resource);";
    for (slug, handle) in [("access-acieries", ACIERIES), ("contributor-rhein", RHEIN)] {
        let access = live.caller(slug, handle).await;
        let party = live.world.party_id(handle).await;

        live.restrict(&access, party, text).await;

        let permit = live.permit::<Administer>(&access, party).await.unwrap();
        assert_eq!(live.policy.restriction_text(&permit).await.unwrap(), text);
    }
}

#[tokio::test]
async fn nobody_deposits_where_nobody_decides() {
    let live = Live::start().await;
    let (acieries, workstream) =
        (live.world.party_id(ACIERIES).await, live.world.party_id(AI).await);
    let closed = live.world.party_id("workstream:competences").await;
    let caller = live.caller("contributor-acieries", ACIERIES).await;
    let deposit = |workstream| Resource::new_document(acieries, workstream);

    assert!(live.permit::<Deposit>(&caller, deposit(workstream)).await.is_ok());
    let refused = live.permit::<Deposit>(&caller, deposit(closed)).await;
    assert_eq!(reason(refused), Some(Reason::Closed), "that workstream has no pilot");
}

#[tokio::test]
async fn a_grant_row_that_sql_alone_wrote_permits_nothing() {
    let live = Live::start().await;
    let document = live.document(Made::default(), Vec::new()).await;
    let caller = live.caller("contributor-rhein", RHEIN).await;
    let rhein = live.world.party_id(RHEIN).await;
    let forged = Grantee::Role(rhein, Role::Contributor);

    sqlx::query("insert into document_grant values ($1, $2, $3, $4, $5, 1)")
        .bind(vec![7_u8; 16])
        .bind(document.as_bytes().to_vec())
        .bind(live.world.party_id(ACIERIES).await.as_bytes().to_vec())
        .bind(crate::policy::grantee_key(forged))
        .bind(i64::MAX)
        .execute(live.world.database.pool())
        .await
        .unwrap();

    assert!(!live.reads(&caller, document).await);
    let listed = live.policy.list(&caller, &Default::default(), None, 50).await.unwrap();
    assert!(listed.documents.is_empty() && listed.entries.is_empty());
}
