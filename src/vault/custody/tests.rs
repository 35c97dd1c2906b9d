//! Custody in a file: its mode and place, its turns, and what a crash leaves.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use ring::signature::Ed25519KeyPair;
use tempfile::TempDir;

use super::{Custody, Error, FileCustody, Ground, Wrapped};
use crate::vault::secret::Secret;

fn create() -> (TempDir, PathBuf, FileCustody) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("custody");
    let (custody, _) = FileCustody::create(&path, Ground::Warn).unwrap();
    (folder, path, custody)
}

fn open(path: &Path) -> FileCustody {
    FileCustody::open(path, Ground::Warn).unwrap().0
}

/// Whether the bytes of `wrapped`'s secret can still be had.
async fn opens(custody: &FileCustody, wrapped: &Wrapped) -> bool {
    custody.unwrap(b"context", wrapped).await.is_ok()
}

async fn wrap(custody: &FileCustody) -> Wrapped {
    custody.wrap(b"context", &Secret::random()).await.unwrap()
}

#[tokio::test]
async fn what_was_wrapped_opens_after_custody_is_opened_again() {
    let (_folder, path, custody) = create();
    let secret = Secret::random();
    let wrapped = custody.wrap(b"context", &secret).await.unwrap();
    let (label, log) = ("greffe/append/v1", custody.log_key().await.unwrap());
    let derived = custody.derive(label).await.unwrap();

    let again = open(&path);

    let opened = again.unwrap(b"context", &wrapped).await.unwrap();
    assert_eq!(opened.expose(), secret.expose());
    assert_eq!(again.derive(label).await.unwrap().expose(), derived.expose());
    assert_ne!(again.derive("greffe/token/v1").await.unwrap().expose(), derived.expose());
    assert_eq!(again.log_key().await.unwrap().pkcs8(), log.pkcs8());
    Ed25519KeyPair::from_pkcs8(log.pkcs8()).expect("the log key signs");
    assert!(matches!(again.unwrap(b"another", &wrapped).await, Err(Error::Forged)));
    assert!(matches!(again.unwrap(b"context", &Wrapped(vec![1])).await, Err(Error::Forged)));
}

#[test]
fn the_file_is_its_owners_only_and_never_overwritten() {
    let (_folder, path, _custody) = create();

    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(matches!(FileCustody::create(&path, Ground::Warn), Err(Error::Exists(_))));
    for mode in [0o640, 0o604, 0o660, 0o700] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = FileCustody::open(&path, Ground::Warn).unwrap_err();
        assert!(matches!(error, Error::Mode { mode: found, .. } if found == mode));
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
}

#[test]
fn custody_that_is_missing_or_damaged_is_said_to_be() {
    let (folder, path, custody) = create();
    drop(custody);
    let elsewhere = folder.path().join("elsewhere");

    assert!(matches!(FileCustody::open(&elsewhere, Ground::Warn), Err(Error::Missing(_))));
    assert!(!elsewhere.exists(), "nothing is made because it was missing");

    let mut bytes = fs::read(&path).unwrap();
    bytes[30] ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(FileCustody::open(&path, Ground::Warn), Err(Error::Damaged(_))));
    fs::write(&path, &bytes[..5000]).unwrap();
    assert!(matches!(FileCustody::open(&path, Ground::Warn), Err(Error::Damaged(_))));
}

#[tokio::test]
async fn a_turn_keeps_both_keys_until_it_ends_and_one_after() {
    let (_folder, path, custody) = create();
    let (old, inode) = (wrap(&custody).await, fs::metadata(&path).unwrap().ino());

    custody.begin().await.unwrap();
    let new = wrap(&custody).await;

    for custody in [&custody, &open(&path)] {
        assert!(custody.turning().await.unwrap());
        assert!(opens(custody, &old).await && opens(custody, &new).await);
        assert!(matches!(custody.begin().await, Err(Error::Turning)));
    }
    custody.end(&new).await.unwrap();
    for custody in [&custody, &open(&path)] {
        assert!(!custody.turning().await.unwrap());
        assert!(opens(custody, &new).await && !opens(custody, &old).await);
        assert!(matches!(custody.end(&old).await, Err(Error::Gone)));
    }
    assert_eq!(fs::metadata(&path).unwrap().ino(), inode, "the file was never replaced");
}

#[tokio::test]
async fn a_turn_can_be_dropped() {
    let (_folder, path, custody) = create();
    let old = wrap(&custody).await;
    custody.begin().await.unwrap();
    let new = wrap(&custody).await;

    open(&path).end(&old).await.unwrap();

    let custody = open(&path);
    assert!(opens(&custody, &old).await && !opens(&custody, &new).await);
}

#[tokio::test]
async fn nothing_of_a_destroyed_key_stays_in_the_file() {
    let (_folder, path, custody) = create();
    let key = custody.block().wrapping.expose().to_vec();
    let holds = |bytes: &[u8]| bytes.windows(key.len()).any(|window| window == key);
    assert!(holds(&fs::read(&path).unwrap()));

    for _ in 0..3 {
        custody.begin().await.unwrap();
        let kept = wrap(&custody).await;
        custody.end(&kept).await.unwrap();

        assert!(!holds(&fs::read(&path).unwrap()));
    }
}

#[tokio::test]
async fn a_write_that_was_cut_is_passed_over_and_wiped_at_the_next_end() {
    let (_folder, path, custody) = create();
    let old = wrap(&custody).await;
    let before = fs::read(&path).unwrap();
    custody.begin().await.unwrap();
    let after = fs::read(&path).unwrap();
    drop(custody);

    for cut in [1, 20, 60, 512, 4_095] {
        let torn = [&before[..4_096], &after[4_096..4_096 + cut], &before[4_096 + cut..]].concat();
        fs::write(&path, torn).unwrap();
        let custody = open(&path);

        assert!(custody.turning().await.unwrap(), "something is to be wiped");
        assert!(opens(&custody, &old).await);
        custody.end(&old).await.unwrap();
        assert!(fs::read(&path).unwrap()[4_096..].iter().all(|byte| *byte == 0), "{cut}");
    }
}

#[tokio::test]
async fn an_end_that_was_cut_leaves_the_new_key_and_is_finished() {
    let (_folder, path, custody) = create();
    custody.begin().await.unwrap();
    let new = wrap(&custody).await;
    let mut torn = fs::read(&path).unwrap();
    drop(custody);
    torn[..2_000].fill(0);
    fs::write(&path, torn).unwrap();

    let custody = open(&path);

    assert!(opens(&custody, &new).await && custody.turning().await.unwrap());
    custody.end(&new).await.unwrap();
    assert!(fs::read(&path).unwrap()[..4_096].iter().all(|byte| *byte == 0));
    assert!(opens(&open(&path), &new).await);
}

#[test]
fn custody_shows_nothing() {
    let (_folder, _path, custody) = create();

    assert_eq!(format!("{custody:?}"), "FileCustody");
}
