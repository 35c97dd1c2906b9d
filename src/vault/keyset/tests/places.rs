//! Two places: either may lag, be away, be put back or be replaced.

use std::{fs, sync::Arc};

use sqlx::{Connection, SqliteConnection, query, sqlite::SqliteConnectOptions};

use super::{Deposit, Error, Instance, KeySet, PartyId, Slot, party};
use crate::vault::{
    custody::{self, FileCustody, Ground},
    keyset::Verified,
};

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

#[tokio::test]
async fn a_copy_is_looked_at_without_being_changed_and_what_is_broken_is_named() {
    let (instance, set) = Instance::create().await;
    let party = party(&set).await;
    let person = super::person(&set).await;
    set.ensure_months(&[person], "2026-11").await.unwrap();
    let [a, b] = [Deposit::make(&set, party).await, Deposit::make(&set, party).await];
    let generation = set.generation();
    assert_eq!(set.verify().await.unwrap(), Verified { slots: 6, broken: Vec::new() });
    set.close().await;
    let copy = instance.copy();
    let (custody, _) = FileCustody::open(&copy.custody(), Ground::Warn).unwrap();
    let custody: Arc<FileCustody> = Arc::new(custody);

    let set = KeySet::open_read_only(custody.clone(), &copy.first()).await.unwrap();
    assert!(a.lives(&set).await && set.generation() == generation);
    assert!(matches!(set.add_party(PartyId::random()).await, Err(Error::ReadOnly)));
    assert!(matches!(set.erase(&[Slot::Address]).await, Err(Error::ReadOnly)));
    set.close().await;

    let options = SqliteConnectOptions::new().filename(copy.second());
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let sql = "update slot set sealed = zeroblob(92) where subject = $1";
    query(sql).bind(b.document.as_bytes()).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let set = KeySet::open_read_only(custody, &copy.second()).await.unwrap();
    let broken = vec![Slot::Document(b.document)];
    assert_eq!(set.verify().await.unwrap(), Verified { slots: 5, broken });
    assert_eq!(fs::read(copy.custody()).unwrap(), fs::read(instance.custody()).unwrap());
}

#[tokio::test]
async fn a_lost_place_is_made_anew_from_the_other_and_from_nothing_else() {
    for lost_first in [true, false] {
        let (instance, set) = Instance::create().await;
        let deposit = Deposit::make(&set, party(&set).await).await;
        let generation = set.generation();
        set.close().await;
        let (custody, _) = FileCustody::open(&instance.custody(), Ground::Warn).unwrap();
        let (left, lost) = match lost_first {
            true => (instance.second(), instance.first()),
            false => (instance.first(), instance.second()),
        };
        let over = KeySet::mend(&custody, &left, &lost).await;
        assert!(matches!(over, Err(Error::Exists(_))), "a place that is there is not lost");
        fs::remove_file(&lost).unwrap();
        let stranger = FileCustody::create(&instance.folder.path().join("other"), Ground::Warn);
        let foreign = KeySet::mend(&stranger.unwrap().0, &left, &lost).await;
        assert!(matches!(foreign, Err(Error::Custody(_))) && !lost.exists());

        assert_eq!(KeySet::mend(&custody, &left, &lost).await.unwrap(), generation);

        let set = instance.open_at_least(generation).await.unwrap();
        assert!(deposit.lives(&set).await);
        assert!(set.add_party(PartyId::random()).await.is_ok());
    }
}
