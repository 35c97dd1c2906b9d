//! Every table is typed into: nobody gains a right, and what each script states is so, at the next request, at the next
//! comparison, and after the next start.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures::{FutureExt as _, StreamExt as _};
use greffe::database::{CLASSES, Class};

use crate::{
    administrator::{
        bounds::{AS_EVER, Answers, Bound},
        scene::{Scene, Seen},
        scripts::{Deed, SCRIPTS, Script},
    },
    api::service::Service,
    crashes::instance::causes,
};

/// How many scripts are played at once.
const AT_ONCE: usize = 4;

#[test]
fn every_table_of_authority_is_inserted_into_changed_deleted_from_and_put_back() {
    let deeds = |table: &str, deed: Deed| {
        SCRIPTS.iter().any(|script| script.table == table && script.deed == deed)
    };
    for (table, class) in CLASSES {
        match class {
            Class::Revision | Class::Projection | Class::Sealed => {
                for deed in [Deed::Inserted, Deed::Changed, Deed::Deleted, Deed::PutBack] {
                    assert!(deeds(table, deed), "no script says what {table} {deed:?} does");
                }
            }
            Class::Log => {
                assert!(deeds(table, Deed::Changed), "no script changes {table}");
            }
            Class::NoAuthority => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gains_a_right_by_what_is_typed_into_the_database() {
    let scene = Scene::set().await;

    let played = futures::stream::iter(SCRIPTS);
    let played = played.map(|script| AssertUnwindSafe(play(&scene, script)).catch_unwind());
    let played: Vec<_> = played.buffer_unordered(AT_ONCE).collect().await;

    let failed = played.iter().filter(|played| played.is_err()).count();
    assert_eq!((failed, played.len()), (0, SCRIPTS.len()), "each says above what it is");
}

/// Types a script into a running copy, and holds what it states.
async fn play(scene: &Scene, script: &Script) {
    let case = format!("{} {:?}: {}", script.table, script.deed, script.typed[0]);
    let running = scene.service.again(scene.service.copied()).await.unwrap();
    assert_seen(&scene.look(&running, &case).await, AS_EVER, &case);

    for statement in script.typed {
        assert!(scene.types(&running, statement).await > 0, "{statement}: no row changed");
    }

    match script.bound {
        Bound::Harmless(now, _) => assert_seen(&scene.look(&running, &case).await, now, &case),
        Bound::NextRequest(now, _) | Bound::Unrecorded(now, _) => {
            assert_seen(&scene.look(&running, &case).await, now, &case)
        }
        Bound::NextComparison(_) | Bound::NextStart(_) => {
            assert_seen(&scene.look(&running, &case).await, AS_EVER, &case);
        }
        // Until then some are answered as ever, and some are not answered any more.
        Bound::NextSignature(_) => {
            let _until_then = scene.look(&running, &case).await;
            let mut ended = running.app.writer.ended();
            let ended = ended.wait_for(Option::is_some);
            let _or_at_the_comparison = tokio::time::timeout(Duration::from_secs(2), ended).await;
        }
    }
    running.app.compare_or_stop().await;
    let ended = running.app.writer.ended().borrow().is_some();
    let goes_on =
        |bound| matches!(bound, Bound::Harmless(..) | Bound::Unrecorded(..) | Bound::NextStart(_));
    let ends = !goes_on(script.bound);
    assert_eq!(ended, ends, "{case}: the log's end after the comparison");
    if ended {
        let seen = scene.look(&running, &case).await;
        let statuses = seen.stranger.iter().chain([&seen.owner, &seen.reader]);
        // Authority that is not ours is seen before the log is asked.
        assert!(statuses.into_iter().all(|status| matches!(status, 500 | 503)), "{case}: {seen:?}");
    }
    running.app.close().await;
    start(scene, script, &running, &case).await;
}

/// Starts what was typed into.
async fn start(scene: &Scene, script: &Script, stopped: &Service, case: &str) {
    let started = scene.service.again(stopped.copied()).await;
    match (script.bound, started) {
        (Bound::Harmless(_, then), Ok(started)) => {
            assert_seen(&scene.look(&started, case).await, then, case);
            started.app.close().await;
        }
        (
            Bound::NextRequest(_, says)
            | Bound::Unrecorded(_, says)
            | Bound::NextComparison(says)
            | Bound::NextSignature(says)
            | Bound::NextStart(says),
            Err(refused),
        ) => assert!(causes(&refused).contains(says), "{case}: {}", causes(&refused)),
        (bound, Ok(_)) => panic!("{case}: it starts, against {bound:?}"),
        (_, Err(refused)) => panic!("{case}: {}", causes(&refused)),
    }
}

fn assert_seen(seen: &Seen, wanted: Answers, case: &str) {
    assert_eq!(*seen, Seen::of(wanted), "{case}");
}
