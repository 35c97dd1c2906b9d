//! What forbids a reading, raced against readings: judged from the log, none is recorded after it.
//!
//! `GREFFE_RACES` says how often each is raced; 20 times if it does not.

use std::{env, future::Future, sync::Arc, time::Duration};

use serde_json::Map;
use tokio::{sync::watch, task::JoinSet};

use crate::{
    audit::{self, Administer, Read},
    id::{DocumentId, EntryId},
    identity::Caller,
    mission::{Conflict, Grantee, Role},
    policy::{
        Error,
        tests::{
            live::{ACIERIES, AI, Live, Made},
            world::grant,
        },
    },
};

/// Clients that read in a closed loop.
const CLIENTS: usize = 3;

fn rounds() -> usize {
    env::var("GREFFE_RACES").map_or(20, |rounds| rounds.parse().expect("a number"))
}

/// Reads until it is refused; tells each intent that was recorded.
async fn read(live: Arc<Live>, caller: Caller, document: DocumentId, told: watch::Sender<usize>) {
    loop {
        match live.policy.permit::<Read>(&caller, document).await {
            Ok(permit) => match live.world.gate.note(permit, Map::new()).await {
                Ok(_) => told.send_modify(|recorded| *recorded += 1),
                Err(audit::Error::Refused(_)) => return,
                // Nobody signs here, and the machine may stand still for longer than entries may wait for it.
                Err(audit::Error::Unsigned) => {
                    live.world.authority.writer().unsigned().signed(u64::MAX);
                }
                Err(error) => panic!("{error}"),
            },
            Err(Error::Hidden | Error::Forbidden(_) | Error::Unknown) => return,
            // It kept moving: the change is being made.
            Err(Error::Audit(audit::Error::Unsettled)) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Races `forbid` against readings of `document`, and counts the intents after the entry that it gives.
async fn race(
    live: &Arc<Live>,
    caller: &Caller,
    document: DocumentId,
    forbid: impl Future<Output = EntryId>,
) -> i64 {
    live.world.authority.writer().unsigned().signed(u64::MAX);
    let (told, mut recorded) = watch::channel(0);
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(read(Arc::clone(live), caller.clone(), document, told.clone()));
    }
    recorded.wait_for(|recorded| *recorded >= CLIENTS).await.unwrap();

    let entry = forbid.await;
    while let Some(ended) = clients.join_next().await {
        ended.unwrap();
    }

    let after = "select count(*) from entry where document = $1 and act = 'read' \
                 and decision = 'intent' and position > (select position from entry where id = $2)";
    sqlx::query_scalar(after)
        .bind(document.as_bytes().to_vec())
        .bind(entry.as_bytes().to_vec())
        .fetch_one(live.world.database.pool())
        .await
        .unwrap()
}

async fn granted(live: &Live) -> DocumentId {
    let ai = Grantee::Party(live.world.party_id(AI).await);
    live.document(Made::default(), vec![grant(ai, None)]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_after_they_were_removed_from_their_party() {
    let live = Arc::new(Live::start().await);
    let document = live.document(Made::default(), Vec::new()).await;
    let access = live.caller("access-acieries", ACIERIES).await;
    let party = live.world.party_id(ACIERIES).await;
    for _ in 0..rounds() {
        let caller = live.caller("contributor-acieries", ACIERIES).await;
        let person = caller.actor.person;
        let administer = live.permit::<Administer>(&access, party).await.unwrap();
        let authority = live.world.authority.clone();

        let late = race(&live, &caller, document, async move {
            authority.remove(administer, person).await.unwrap()
        });

        assert_eq!(late.await, 0);
        let administer = live.permit::<Administer>(&access, party).await.unwrap();
        live.world.authority.give_role(administer, person, Role::Contributor).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_after_a_conflict_was_declared() {
    let live = Arc::new(Live::start().await);
    let document = granted(&live).await;
    let coordinator = live.caller("coordinator", "mission").await;
    let (mission, with) =
        (live.world.party_id("mission").await, live.world.party_id(ACIERIES).await);
    let caller = live.caller("pilot-ia", AI).await;
    for _ in 0..rounds() {
        let (person, capacity, says) = (caller.actor.person, None, "raced".to_owned());
        let conflict = Conflict { person, with, capacity, says };
        let administer = live.permit::<Administer>(&coordinator, mission).await.unwrap();
        let (authority, declared) = (live.world.authority.clone(), conflict.clone());

        let late = race(&live, &caller, document, async move {
            authority.add_conflict(administer, declared).await.unwrap()
        });

        assert_eq!(late.await, 0);
        let administer = live.permit::<Administer>(&coordinator, mission).await.unwrap();
        live.world.authority.end_conflict(administer, conflict).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_after_their_token_was_revoked() {
    let live = Arc::new(Live::start().await);
    let document = granted(&live).await;
    for _ in 0..rounds() {
        let caller = live.caller("pilot-ia", AI).await;
        let person = caller.actor.person;
        let own = live.permit::<Administer>(&caller, person).await.unwrap();
        let (ending, used) = (Arc::clone(&live), caller.actor.credential);

        let late = race(&live, &caller, document, async move {
            ending.identity.revoke(own, used).await.unwrap()
        });

        assert_eq!(late.await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_after_a_restriction_was_saved() {
    let live = Arc::new(Live::start().await);
    let document = granted(&live).await;
    let access = live.caller("access-acieries", ACIERIES).await;
    let party = live.world.party_id(ACIERIES).await;
    let caller = live.caller("pilot-ia", AI).await;
    let text = "forbid (principal, action == Action::\"read\", resource)\n\
                unless { principal in Party::\"company:acieries-du-ponant\" };";
    for _ in 0..rounds() {
        let administer = live.permit::<Administer>(&access, party).await.unwrap();
        let saving = Arc::clone(&live);

        let late = race(&live, &caller, document, async move {
            let writer = saving.world.authority.writer();
            saving.policy.restrict(writer, administer, text.to_owned()).await.unwrap()
        });

        assert_eq!(late.await, 0);
        live.restrict(&access, party, "").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_after_the_end_of_a_grant() {
    let live = Arc::new(Live::start().await);
    let ai = Grantee::Party(live.world.party_id(AI).await);
    let caller = live.caller("pilot-ia", AI).await;
    let mut read_in_time = 0;
    for _ in 0..rounds() {
        live.world.authority.writer().unsigned().signed(u64::MAX);
        let until = live.world.clock.now().plus(Duration::from_millis(60));
        let document = live.document(Made::default(), vec![grant(ai, Some(until))]).await;
        let (told, recorded) = watch::channel(0);

        read(Arc::clone(&live), caller.clone(), document, told).await;

        read_in_time += *recorded.borrow();
        let late = "select count(*) from entry where document = $1 and act = 'read' \
                    and decision = 'intent' and at >= $2";
        let late: i64 = sqlx::query_scalar(late)
            .bind(document.as_bytes().to_vec())
            .bind(until.0)
            .fetch_one(live.world.database.pool())
            .await
            .unwrap();
        assert_eq!(late, 0);
    }
    assert!(read_in_time >= rounds(), "it was read while the grants lasted: {read_in_time}");
}
