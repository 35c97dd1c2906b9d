//! Failures at each step; in a process of its own, since fail points are everybody's.

use std::{env, process::Command};

use fail::{FailScenario, cfg};

use super::{established, files, name};
use crate::storage::{
    Error, Store,
    conformance::{collect, pattern, sealed},
};

/// True in the process that is to run `test`; elsewhere starts that process and demands that it succeeds.
fn alone(test: &str) -> bool {
    if env::var_os("GREFFE_TEST_ALONE").is_some() {
        return true;
    }
    let path = format!("storage::folder::tests::faults::{test}");
    let mut child = Command::new(env::current_exe().unwrap());
    let run = child.args(["--exact", &path]).env("GREFFE_TEST_ALONE", "1").output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
    false
}

#[tokio::test]
async fn a_fault_at_any_step_of_writing_leaves_nothing_or_all() {
    if !alone("a_fault_at_any_step_of_writing_leaves_nothing_or_all") {
        return;
    }
    let _scenario = FailScenario::setup();
    for (step, left) in [("create", 0), ("write", 0), ("sync", 0), ("rename", 0)]
        .into_iter()
        .chain([("sync_folder", 1), ("kept", 1)])
    {
        for kind in ["full", "broken"] {
            let (outer, folder) = established();
            cfg(format!("storage::{step}"), &format!("return({kind})")).unwrap();

            let kept = folder.create(&name("a/b"), sealed(&pattern(2_000_000)), None).await;

            fail::remove(format!("storage::{step}"));
            match kind {
                "full" => assert!(matches!(kept, Err(Error::Full)), "{step}: {kept:?}"),
                _ => assert!(matches!(kept, Err(Error::Folder { .. })), "{step}: {kept:?}"),
            }
            assert_eq!(files(&outer).len(), left, "{step}");
            folder.create(&name("a/b"), sealed(&pattern(2_000_000)), None).await.unwrap();
            assert_eq!(files(&outer), ["b.sealed"], "{step}");
        }
    }
}

#[tokio::test]
async fn an_early_sync_that_fails_is_not_made_good_by_the_last_one() {
    if !alone("an_early_sync_that_fails_is_not_made_good_by_the_last_one") {
        return;
    }
    let _scenario = FailScenario::setup();
    let (outer, folder) = established();
    let long = pattern(40_000_000);

    cfg("storage::sync", "1*return->off").unwrap();
    let kept = folder.create(&name("a"), sealed(&long), None).await;

    assert!(matches!(kept, Err(Error::Folder { what: "sync", .. })), "{kept:?}");
    assert_eq!(files(&outer), [""; 0]);
    folder.create(&name("a"), sealed(&long), None).await.unwrap();
    assert!(collect(folder.read(&name("a"), 0..40_000_000).await.unwrap()).await.unwrap() == long);
}

#[tokio::test]
async fn a_fault_while_reading_ends_the_reading() {
    if !alone("a_fault_while_reading_ends_the_reading") {
        return;
    }
    let _scenario = FailScenario::setup();
    let (_outer, folder) = established();
    folder.create(&name("a"), sealed(&pattern(3_000_000)), None).await.unwrap();

    cfg("storage::read", "3*off->return").unwrap();
    let cut = collect(folder.read(&name("a"), 0..3_000_000).await.unwrap()).await;
    let refused = folder.read(&name("a"), 0..1).await.map(drop);
    fail::remove("storage::read");

    assert!(matches!(cut, Err(Error::Folder { what: "read", .. })), "{cut:?}");
    assert!(matches!(refused, Err(Error::Folder { what: "open", .. })), "{refused:?}");
    let whole = collect(folder.read(&name("a"), 0..3_000_000).await.unwrap()).await.unwrap();
    assert!(whole == pattern(3_000_000));
}

#[tokio::test]
async fn an_erasure_that_fails_erases_nothing() {
    if !alone("an_erasure_that_fails_erases_nothing") {
        return;
    }
    let _scenario = FailScenario::setup();
    let (outer, folder) = established();
    folder.create(&name("a"), sealed(&pattern(3)), None).await.unwrap();

    cfg("storage::erase", "return").unwrap();
    let erased = folder.erase(&name("a")).await;
    fail::remove("storage::erase");

    assert!(matches!(erased, Err(Error::Folder { what: "erase", .. })), "{erased:?}");
    assert_eq!(files(&outer), ["a.sealed"]);
    folder.erase(&name("a")).await.unwrap();
    assert_eq!(files(&outer), [""; 0]);
}
