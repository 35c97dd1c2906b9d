//! A whole file system is searched, with what it freed: nothing of a destroyed key, whoever held its files open.
//!
//! It takes root and a loop device: asked for with `GREFFE_LOOP=1`; elsewhere there is nothing to search.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use greffe::{
    id::{DocumentId, PartyId, VersionId},
    vault::{
        KeySet,
        custody::{FileCustody, Ground},
    },
};
use sqlx::{Connection as _, Row as _, SqliteConnection, sqlite::SqliteConnectOptions};

/// An ext4 file system in a file, mounted until it is dropped.
struct Disk {
    _folder: tempfile::TempDir,
    image: PathBuf,
    mounted: PathBuf,
}

fn run(program: &str, arguments: &[&Path]) {
    let status = Command::new(program).args(arguments).status().unwrap();
    assert!(status.success(), "{program} {arguments:?}: {status}");
}

impl Disk {
    fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (image, mounted) = (folder.path().join("image"), folder.path().join("mounted"));
        fs::File::create(&image).unwrap().set_len(16 << 20).unwrap();
        fs::create_dir(&mounted).unwrap();
        run("mkfs.ext4", &["-q".as_ref(), "-F".as_ref(), &image]);
        run("mount", &["-o".as_ref(), "loop".as_ref(), &image, &mounted]);
        Self { _folder: folder, image, mounted }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.mounted.join(name)
    }

    /// Every byte of the device, once all that was written has reached it.
    fn raw(&self) -> Vec<u8> {
        run("sync", &["-f".as_ref(), &self.mounted]);
        fs::read(&self.image).unwrap()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        run("umount", &[&self.mounted]);
    }
}

/// How often `wanted` stands in `bytes`.
fn count(bytes: &[u8], wanted: &[u8]) -> usize {
    let starts = bytes.iter().enumerate().filter(|(_, byte)| **byte == wanted[0]);
    starts.filter(|(at, _)| bytes[*at..].starts_with(wanted)).count()
}

/// The wrapping keys that stand in custody's two blocks of 4 KiB: from their 56th byte on, where there is one.
fn wrapping(custody: &Path) -> Vec<Vec<u8>> {
    let bytes = fs::read(custody).unwrap();
    let keys = bytes.chunks(4096).map(|block| block[56..88].to_vec());
    keys.filter(|key| key.iter().any(|byte| *byte != 0)).collect()
}

#[tokio::test]
async fn no_wrapping_key_and_no_file_key_is_left_on_the_raw_disk() {
    if env::var_os("GREFFE_LOOP").is_none() {
        return;
    }
    let disk = Disk::make();
    let (custody, first) = (disk.path("custody"), disk.path("keys.sqlite"));
    let (kept, _) = FileCustody::create(&custody, Ground::Demand).unwrap();
    let set = KeySet::create(std::sync::Arc::new(kept), &first, &disk.path("second.sqlite")).await;
    let (set, party) = (set.unwrap(), PartyId::random());
    set.add_party(party).await.unwrap();
    let mut keys = Vec::new();
    for _ in 0..20 {
        let (document, version) = (DocumentId::random(), VersionId::random());
        set.add_document(party, document).await.unwrap();
        keys.push((document, set.add_version(document, version).await.unwrap()));
    }
    // Somebody reads all along, so that nothing of the write-ahead log is cleared away.
    let options = SqliteConnectOptions::new().filename(&first).read_only(true);
    let mut reader = SqliteConnection::connect_with(&options).await.unwrap();
    let begun = sqlx::raw_sql("begin; select count(*) from slot").execute(&mut reader).await;
    begun.unwrap();
    let slots = sqlx::query("select sealed from slot").fetch_all(&mut reader).await.unwrap();
    let slots: Vec<Vec<u8>> = slots.iter().map(|row| row.get(0)).collect();
    let before = disk.raw();

    let mut wrapped = wrapping(&custody);
    let present = wrapped.clone();
    for (document, _) in &keys {
        let slot = greffe::vault::keyset::Slot::Document(*document);
        set.erase(&[slot]).await.unwrap();
        wrapped.extend(wrapping(&custody));
    }

    let after = disk.raw();
    // The search is one that finds: what is sealed is there before, and some of it stays, being sealed for ever.
    assert!(slots.iter().all(|slot| count(&before, &slot[..32]) > 0));
    let stays = slots.iter().filter(|slot| count(&after, &slot[..32]) > 0).count();
    eprintln!(
        "{stays} of {} slots are still on the disk, sealed under keys that are gone",
        slots.len()
    );
    assert!(present.iter().all(|key| count(&before, key) > 0), "the search finds what is there");
    let lives = wrapping(&custody);
    assert!(wrapped.len() > keys.len() && lives.len() == 1 && count(&after, &lives[0]) == 1);
    for key in wrapped.iter().filter(|key| !lives.contains(key)) {
        assert_eq!(count(&after, key), 0, "a destroyed wrapping key is left on the raw disk");
    }
    for (_, key) in &keys {
        assert_eq!(count(&after, key.expose()) + count(&before, key.expose()), 0, "a key, open");
    }
    drop(reader);
    set.close().await;
}
