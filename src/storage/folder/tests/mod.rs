//! The folder: durable, alone, its own, and what an attacker may put in it.

use std::{fs, process::Command, sync::Arc};

use futures::StreamExt as _;

use super::{Folder, marker};
use crate::storage::{
    Error, Name, Store,
    conformance::{check, collect, pattern, sealed},
    location::LocationId,
};

fn here() -> LocationId {
    "here".parse().unwrap()
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn established() -> (tempfile::TempDir, Folder) {
    let outer = tempfile::tempdir().unwrap();
    let path = outer.path().join("store");
    Folder::establish(&path, &here()).unwrap();
    let folder = Folder::open(&path, &here()).unwrap();
    (outer, folder)
}

/// Every file in the store but its marker.
fn files(outer: &tempfile::TempDir) -> Vec<String> {
    let mut left = vec![outer.path().join("store")];
    let mut files = Vec::new();
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                left.push(entry.path());
            } else if entry.file_name() != ".greffe-store" {
                files.push(entry.file_name().into_string().unwrap());
            }
        }
    }
    files
}

#[tokio::test]
async fn a_folder_keeps_the_contract_and_leaves_nothing() {
    let (outer, folder) = established();

    check(Arc::new(folder), &name("proof")).await.unwrap();

    assert_eq!(files(&outer), [""; 0]);
}

#[tokio::test]
async fn a_folder_that_is_not_its_own_is_refused_and_left_alone() {
    let outer = tempfile::tempdir().unwrap();
    fs::write(outer.path().join("thesis.tex"), "do not touch").unwrap();

    let opened = Folder::open(outer.path(), &here());
    let established = Folder::establish(outer.path(), &here());

    assert!(matches!(opened, Err(Error::Foreign { .. })), "{opened:?}");
    assert!(matches!(established, Err(Error::Foreign { .. })), "{established:?}");
    let left: Vec<_> =
        fs::read_dir(outer.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["thesis.tex"]);
}

#[tokio::test]
async fn the_folder_of_another_location_is_refused() {
    let (outer, folder) = established();
    drop(folder);

    let opened = Folder::open(&outer.path().join("store"), &"there".parse().unwrap());

    assert!(opened.unwrap_err().to_string().ends_with("it bears another marker"));
}

#[tokio::test]
async fn a_second_server_is_kept_out_until_the_first_ends() {
    let (outer, folder) = established();
    let path = outer.path().join("store");

    let second = Folder::open(&path, &here());
    drop(folder);

    assert!(matches!(second, Err(Error::Occupied(_))), "{second:?}");
    assert!(Folder::open(&path, &here()).is_ok());
}

#[tokio::test]
async fn what_a_crash_left_unfinished_is_removed_at_the_next_start() {
    let (outer, folder) = established();
    folder.create(&name("a/b"), sealed(&pattern(9)), None).await.unwrap();
    drop(folder);
    fs::write(outer.path().join("store/.unfinished/AAAA"), "half").unwrap();
    assert_eq!(files(&outer).len(), 2);

    Folder::open(&outer.path().join("store"), &here()).unwrap();

    assert_eq!(files(&outer), ["b.sealed"]);
}

#[test]
fn a_folder_half_marked_can_be_marked_again() {
    let outer = tempfile::tempdir().unwrap();
    fs::write(outer.path().join(".greffe-store.new"), "greffe st").unwrap();

    marker::write(outer.path(), &here()).unwrap();

    assert!(Folder::open(outer.path(), &here()).is_ok());
}

#[tokio::test]
async fn a_copy_is_looked_at_and_not_changed() {
    let (outer, folder) = established();
    folder.create(&name("a/b"), sealed(&pattern(9)), None).await.unwrap();
    fs::write(outer.path().join("store/.unfinished/AAAA"), "half").unwrap();

    let copy = Folder::open_read_only(&outer.path().join("store"), &here()).unwrap();

    let read = collect(copy.read(&name("a/b"), 0..9).await.unwrap()).await.unwrap();
    assert_eq!(read, pattern(9));
    let created = copy.create(&name("c"), sealed(&pattern(9)), None).await;
    assert!(matches!(created, Err(Error::ReadOnly)));
    assert!(matches!(copy.erase(&name("a/b")).await, Err(Error::ReadOnly)));
    assert_eq!(files(&outer).len(), 2);
}

#[tokio::test]
async fn links_pipes_and_folders_in_an_objects_place_are_not_opened() {
    let (outer, folder) = established();
    let secret = outer.path().join("secret");
    fs::write(&secret, "root:x").unwrap();
    std::os::unix::fs::symlink(&secret, folder.path_of(&name("link"))).unwrap();
    fs::create_dir(folder.path_of(&name("folder"))).unwrap();
    let made = Command::new("mkfifo").arg(folder.path_of(&name("pipe"))).status().unwrap();
    assert!(made.success());

    for there in ["link", "folder", "pipe"] {
        assert!(folder.read(&name(there), 0..1).await.is_err(), "{there}");
        assert_eq!(folder.head(&name(there)).await.unwrap(), None, "{there}");
    }
}

#[tokio::test]
async fn changed_bytes_are_given_as_they_are_and_cut_ones_are_short() {
    let (_outer, folder) = established();
    let (long, cut) = (name("long"), name("cut"));
    folder.create(&long, sealed(&pattern(2_000_000)), None).await.unwrap();
    folder.create(&cut, sealed(&pattern(2_000_000)), None).await.unwrap();
    let mut changed = pattern(2_000_000).to_vec();
    changed[1_234_567] ^= 1;
    fs::write(folder.path_of(&long), &changed).unwrap();

    let mut reading = folder.read(&cut, 0..2_000_000).await.unwrap();
    reading.next().await.unwrap().unwrap();
    fs::File::options().write(true).open(folder.path_of(&cut)).unwrap().set_len(70_000).unwrap();

    let read = collect(folder.read(&long, 0..2_000_000).await.unwrap()).await.unwrap();
    assert!(read == changed);
    // Blocks that were read ahead may still come; none after them.
    let end = collect(reading).await;
    assert!(matches!(end, Err(Error::Short { wanted_until: 2_000_000, .. })), "{end:?}");
}

#[tokio::test]
async fn a_reading_goes_on_when_its_object_is_erased() {
    let (_outer, folder) = established();
    folder.create(&name("a"), sealed(&pattern(3_000_000)), None).await.unwrap();

    let reading = folder.read(&name("a"), 0..3_000_000).await.unwrap();
    folder.erase(&name("a")).await.unwrap();

    assert!(collect(reading).await.unwrap() == pattern(3_000_000));
    assert_eq!(folder.head(&name("a")).await.unwrap(), None);
}

#[cfg(feature = "failpoints")]
mod faults;
