//! Two places: either may lag, be away, be put back or be replaced.

use std::{fs, sync::Arc};

use super::{Deposit, Error, Instance, KeySet, PartyId, Slot, party};
use crate::vault::custody::{self, FileCustody, Ground};

#[tokio::test]
async fn a_set_is_made_only_where_nothing_is_and_leaves_nothing_when_refused() {
    let (instance, set) = Instance::create().await;
    set.close().await;
    let (custody, _) = FileCustody::open(&instance.custody(), Ground::Warn).unwrap();
    let custody: Arc<FileCustody> = Arc::new(custody);
    let (fresh, nowhere) = (
        instance.folder.path().join("fresh.sqlite"),
        instance.folder.path().join("no/such.sqlite"),
    );

    let over = KeySet::create(custody.clone(), &fresh, &instance.second()).await;
    let away = KeySet::create(custody, &fresh, &nowhere).await;

    assert!(matches!(over, Err(Error::Exists(path)) if path == instance.second()));
    assert!(matches!(away, Err(Error::SecondPlaceAway { .. })));
    assert!(!fresh.exists() && !nowhere.exists());
}

#[tokio::test]
async fn a_missing_set_is_not_made_anew() {
    let (instance, set) = Instance::create().await;
    set.close().await;
    let backup = instance.copy();

    fs::remove_file(instance.second()).unwrap();
    assert!(matches!(instance.open().await, Err(Error::SecondPlaceAway { .. })));
    assert!(!instance.second().exists());

    instance.take(&backup, "second.sqlite");
    fs::remove_file(instance.first()).unwrap();
    assert!(matches!(instance.open().await, Err(Error::FirstPlaceAway { .. })));

    fs::remove_file(instance.second()).unwrap();
    assert!(matches!(instance.open().await, Err(Error::NoSet(_))));
    assert!(!instance.first().exists() && !instance.second().exists());
}

#[tokio::test]
async fn a_set_older_than_what_was_recorded_is_refused() {
    let (instance, set) = Instance::create().await;
    party(&set).await;
    set.close().await;
    let backup = instance.copy();
    let set = instance.open().await.unwrap();
    party(&set).await;
    let generation = set.generation();
    set.close().await;

    for name in ["keys.sqlite", "second.sqlite"] {
        instance.take(&backup, name);
    }

    let opened = instance.open_at_least(generation).await;
    assert!(
        matches!(opened, Err(Error::Older { found, wanted }) if found < wanted && wanted == generation)
    );
    assert!(instance.open_at_least(generation - 1).await.is_ok());
}

#[tokio::test]
async fn the_place_that_lags_is_brought_up_to_the_other() {
    for behind in ["keys.sqlite", "second.sqlite"] {
        for turned in [false, true] {
            let (instance, set) = Instance::create().await;
            let party = party(&set).await;
            let before = Deposit::make(&set, party).await;
            set.close().await;
            let backup = instance.copy();
            let set = instance.open().await.unwrap();
            let after = Deposit::make(&set, party).await;
            if turned {
                set.erase(&[Slot::Document(before.document)]).await.unwrap();
            }
            let generation = set.generation();
            set.close().await;
            instance.take(&backup, behind);

            let set = instance.open_at_least(generation).await.unwrap();
            assert!(after.lives(&set).await);
            assert_eq!(before.lives(&set).await, !turned);
            set.close().await;

            // Both places hold all of it now: each alone serves as both.
            for (name, other) in
                [("keys.sqlite", "second.sqlite"), ("second.sqlite", "keys.sqlite")]
            {
                let copy = instance.copy();
                fs::copy(copy.folder.path().join(name), copy.folder.path().join(other)).unwrap();
                let set = copy.open_at_least(generation).await.unwrap();
                assert!(after.lives(&set).await, "{behind} {name}");
                assert_eq!(before.lives(&set).await, !turned);
            }
        }
    }
}

#[tokio::test]
async fn two_places_that_differ_at_one_generation_are_a_contradiction() {
    let (instance, set) = Instance::create().await;
    set.close().await;
    let fork = instance.copy();
    for (instance, party) in [(&instance, PartyId::random()), (&fork, PartyId::random())] {
        let set = instance.open().await.unwrap();
        set.add_party(party).await.unwrap();
        set.close().await;
    }

    instance.take(&fork, "second.sqlite");

    assert!(matches!(instance.open().await, Err(Error::Contradiction(_))));
}

#[tokio::test]
async fn while_the_second_place_is_away_nothing_is_acknowledged_and_reading_goes_on() {
    let (instance, set) = Instance::create().await;
    let party = party(&set).await;
    let deposit = Deposit::make(&set, party).await;
    let generation = set.generation();
    let away = instance.folder.path().join("away.sqlite");
    fs::rename(instance.second(), &away).unwrap();

    let added = set.add_party(PartyId::random()).await;
    let erased = set.erase(&[Slot::Document(deposit.document)]).await;

    assert!(matches!(added, Err(Error::SecondPlaceAway { .. })), "{added:?}");
    assert!(matches!(erased, Err(Error::SecondPlaceAway { .. })), "{erased:?}");
    assert_eq!(set.generation(), generation);
    assert!(deposit.lives(&set).await);
    assert!(!instance.second().exists(), "no other file is taken for it");

    fs::rename(&away, instance.second()).unwrap();
    set.erase(&[Slot::Document(deposit.document)]).await.unwrap();
    assert!(!deposit.lives(&set).await);
}

#[tokio::test]
async fn another_file_under_the_second_places_name_is_not_it() {
    let (instance, set) = Instance::create().await;
    let party = party(&set).await;
    let backup = instance.copy();
    instance.take(&backup, "second.sqlite");

    let added = set.add_document(party, super::DocumentId::random()).await;

    assert!(matches!(added, Err(Error::SecondPlaceAway { .. })));
}

#[tokio::test]
async fn a_set_under_another_custody_does_not_open() {
    let (instance, set) = Instance::create().await;
    set.close().await;
    let (other, other_set) = Instance::create().await;
    other_set.close().await;
    let (custody, _) = FileCustody::open(&other.custody(), Ground::Warn).unwrap();

    let opened = KeySet::open(Arc::new(custody), &instance.first(), &instance.second(), 0).await;

    assert!(matches!(opened, Err(Error::Custody(custody::Error::Forged))), "{opened:?}");
}

#[tokio::test]
async fn a_second_set_on_the_same_files_cannot_change_them_under_the_first() {
    let (instance, set) = Instance::create().await;
    party(&set).await;

    let opened = instance.open().await;

    assert!(matches!(opened, Err(Error::SecondPlaceAway { .. })), "it is held by the first");
    party(&set).await;
}
