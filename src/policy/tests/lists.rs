//! Lists: what may be discovered, page by page, and nothing else.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    audit::Discover,
    id::DocumentId,
    identity::Caller,
    mission::{Grantee, Stage},
    policy::{
        Error, Wanted,
        tests::{
            live::{ACIERIES, AI, Live, Made, RHEIN},
            world::grant,
        },
    },
};

/// Everything listed, over as many pages as it takes, newest first.
async fn all(live: &Live, caller: &Caller, wanted: &Wanted, most: usize) -> Vec<DocumentId> {
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = live.policy.list(caller, wanted, after.as_deref(), most).await.unwrap();
        assert!(page.documents.len() <= most);
        listed.extend(page.documents.iter().map(|document| document.document));
        after = page.next;
        if after.is_none() {
            return listed;
        }
    }
}

/// Documents of every owner and stage, some of them granted to Rhein Energie.
async fn shelves(live: &Live) -> Vec<DocumentId> {
    let rhein = Grantee::Party(live.world.party_id(RHEIN).await);
    let mut made = Vec::new();
    for (nth, owner) in [ACIERIES, RHEIN, AI].into_iter().cycle().take(24).enumerate() {
        let created_at = 1 + i64::try_from(nth / 2).unwrap();
        let stage = if nth % 4 == 0 { Stage::Final } else { Stage::Working };
        let kind = if nth % 5 == 0 { "recommendation" } else { "diagnostic" };
        let granted = owner == ACIERIES && nth % 2 == 0;
        let grants = if granted { vec![grant(rhein, None)] } else { Vec::new() };
        made.push(live.document(Made { owner, kind, stage, created_at }, grants).await);
    }
    made
}

#[tokio::test]
async fn a_list_shows_exactly_what_may_be_discovered() {
    let live = Live::start().await;
    let made = shelves(&live).await;
    for (slug, capacity) in [
        ("contributor-rhein", RHEIN),
        ("contributor-acieries", ACIERIES),
        ("pilot-ia", AI),
        ("coordinator", "mission"),
        ("committee", "mission"),
        ("auditor", "mission"),
    ] {
        let caller = live.caller(slug, capacity).await;
        let mut may = BTreeSet::new();
        for document in &made {
            if live.permit::<Discover>(&caller, *document).await.is_ok() {
                may.insert(*document);
            }
        }

        for most in [1, 5, 50] {
            let listed = all(&live, &caller, &Wanted::default(), most).await;

            assert_eq!(listed.len(), may.len(), "{slug} by {most}: each once");
            assert_eq!(BTreeSet::from_iter(listed), may, "{slug} by {most}");
        }
    }
}

#[tokio::test]
async fn a_list_is_newest_first_and_has_one_entry_for_each_owner() {
    let live = Live::start().await;
    shelves(&live).await;
    let caller = live.caller("contributor-rhein", RHEIN).await;

    let page = live.policy.list(&caller, &Wanted::default(), None, 50).await.unwrap();

    let created: Vec<_> = page.documents.iter().map(|document| document.created_at).collect();
    assert!(created.is_sorted_by(|newer, older| newer >= older), "{created:?}");
    let owners: BTreeSet<_> = page.documents.iter().map(|document| document.owner).collect();
    assert_eq!(page.entries.len(), owners.len());
    for (draft, revisions) in &page.entries {
        let of_owner = page.documents.iter().filter(|document| Some(document.owner) == draft.owner);
        for document in of_owner {
            let subject = document.document.into();
            assert!(revisions.heads().iter().any(|head| head.subject == subject));
            assert!(draft.detail["documents"].to_string().contains(&document.document.to_string()));
        }
    }
    live.world.gate.together(page.entries).await.unwrap();
}

#[tokio::test]
async fn documents_that_look_alike_are_told_apart_by_what_names_one_and_by_their_grants() {
    let live = Live::start().await;
    let rhein = Grantee::Party(live.world.party_id(RHEIN).await);
    let until = live.world.clock.now().plus(Duration::from_secs(3_600));
    let mut made = Vec::new();
    for nth in 0..12 {
        let grants = match nth % 3 {
            0 => vec![grant(rhein, None)],
            1 => vec![grant(rhein, Some(until))],
            _ => Vec::new(),
        };
        made.push(live.document(Made { created_at: nth, ..Made::default() }, grants).await);
    }
    let caller = live.caller("contributor-rhein", RHEIN).await;
    let access = live.caller("access-acieries", ACIERIES).await;
    let party = live.world.party_id(ACIERIES).await;
    let discovered = live.permit::<Discover>(&access, made[3]).await.unwrap();
    let named = discovered.document().unwrap().reference.clone();
    let text = format!(
        "forbid (principal, action == Action::\"discover\", resource) when {{ resource == Document::\"{named}\" }} \
         unless {{ principal in Party::\"company:acieries-du-ponant\" }};"
    );
    for (text, hidden) in [("", None), (&text[..], Some(made[3]))] {
        live.restrict(&access, party, text).await;

        let page = live.policy.list(&caller, &Wanted::default(), None, 50).await.unwrap();

        let shown: Vec<_> = page.documents.iter().map(|document| document.document).collect();
        let may = (0..12).rev().filter(|nth| nth % 3 != 2).map(|nth| made[nth]);
        let may: Vec<_> = may.filter(|document| Some(*document) != hidden).collect();
        assert_eq!(shown, may, "{text}");
        assert_eq!(page.entries[0].1.until, Some(until), "{text}");
        let grounds = page.entries[0].0.grounds.iter();
        assert_eq!(grounds.filter(|ground| ground.starts_with("grant:")).count(), may.len());
    }
}

#[tokio::test]
async fn filters_narrow_and_a_long_shelf_is_read_in_bounded_pages() {
    let live = Live::start().await;
    for nth in 0..230 {
        let kind = if nth == 3 { "recommendation" } else { "diagnostic" };
        live.document(Made { kind, created_at: nth, ..Made::default() }, Vec::new()).await;
    }
    let caller = live.caller("contributor-acieries", ACIERIES).await;
    let wanted = Wanted { kind: Some("recommendation".into()), ..Wanted::default() };

    let first = live.policy.list(&caller, &wanted, None, 50).await.unwrap();
    let found = all(&live, &caller, &wanted, 50).await;

    assert!(first.documents.is_empty() && first.next.is_some(), "it looks no further in one page");
    assert_eq!(found.len(), 1);
    assert_eq!(all(&live, &caller, &Wanted::default(), 100).await.len(), 230);
}

#[tokio::test]
async fn a_cursor_is_good_for_whom_it_was_given_to() {
    let live = Live::start().await;
    shelves(&live).await;
    let caller = live.caller("contributor-rhein", RHEIN).await;
    let other = live.caller("contributor-acieries", ACIERIES).await;
    let wanted = Wanted::default();
    let next = live.policy.list(&caller, &wanted, None, 1).await.unwrap().next.unwrap();

    assert!(live.policy.list(&caller, &wanted, Some(&next), 1).await.is_ok());
    let stolen = live.policy.list(&other, &wanted, Some(&next), 1).await;
    assert!(matches!(stolen, Err(Error::Cursor)));
    for forged in ["", "AAAA", &next[1..], "é"] {
        let listed = live.policy.list(&caller, &wanted, Some(forged), 1).await;
        assert!(matches!(listed, Err(Error::Cursor)), "{forged}");
    }
}
