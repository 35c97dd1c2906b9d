use std::path::Path;

use super::*;
use crate::{
    audit::{
        Draft, Gate, Keyring, Written, merkle::verify_consistency, merkle::verify_inclusion, note,
    },
    database::{Address, Database},
    storage::folder::Folder,
    time::Clock,
    vault::{
        KeySet,
        custody::{FileCustody, Ground},
    },
};

/// A log in a folder, that can be closed and opened again.
struct Log {
    writer: Writer,
    _gate: Gate,
    tree: Tree,
}

fn key() -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, &[7; 32])
}

fn signing_key() -> note::Signer {
    note::Signer::from_seed("greffe.example/log".parse().unwrap(), &[5; 32]).unwrap()
}

async fn writer(folder: &Path) -> (Writer, Gate) {
    let address = Address::Sqlite(folder.join("greffe.sqlite"));
    let custody = folder.join("custody");
    let (first, second) = (folder.join("keys.sqlite"), folder.join("second.sqlite"));
    let (database, keyset) = if custody.exists() {
        let custody = Arc::new(FileCustody::open(&custody, Ground::Warn).unwrap().0);
        let keyset = KeySet::open(custody, &first, &second, 0).await.unwrap();
        (Database::open(&address).await.unwrap(), keyset)
    } else {
        let custody = Arc::new(FileCustody::create(&custody, Ground::Warn).unwrap().0);
        let keyset = KeySet::create(custody, &first, &second).await.unwrap();
        (Database::create(&address).await.unwrap(), keyset)
    };
    let keyring = Keyring::new(Arc::new(keyset));
    Writer::start(database, keyring, key(), Clock::system()).await.unwrap()
}

impl Log {
    async fn create(folder: &Path) -> Self {
        let (writer, _gate) = writer(folder).await;
        let authority = Authority { root: [0; 32], position: 0 };
        let path = folder.join("signer");
        let mut signer = Signer::create(&path, signing_key(), authority).unwrap();
        Tree::create(&writer, &mut signer).await.unwrap();
        let tree = Tree::open(writer.clone(), key(), signer, store(folder)).await.unwrap();
        Self { writer, _gate, tree }
    }

    async fn open(folder: &Path) -> Result<Self, Error> {
        let (writer, _gate) = writer(folder).await;
        let signer = Signer::open(&folder.join("signer"), signing_key()).unwrap();
        let tree = Tree::open(writer.clone(), key(), signer, store(folder)).await?;
        Ok(Self { writer, _gate, tree })
    }

    async fn close(self) {
        self.writer.keyring().keyset().close().await;
        self.writer.database().pool().close().await;
    }

    async fn append(&self, n: usize) {
        for _ in 0..n {
            let draft = Draft::system(serde_json::Map::new());
            self.writer.enter(draft).await.unwrap();
        }
    }

    async fn sql(&self, sql: &'static str) {
        sqlx::query(sql).execute(self.writer.database().pool()).await.unwrap();
    }
}

fn store(folder: &Path) -> Arc<dyn Store> {
    let path = folder.join("store");
    let location = "here".parse().unwrap();
    if !path.exists() {
        std::fs::create_dir(&path).unwrap();
        Folder::establish(&path, &location).unwrap();
    }
    Arc::new(Folder::open(&path, &location).unwrap())
}

fn copy(from: &Path, to: &Path) {
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        let target = to.join(file.file_name());
        if file.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&file.path(), &target);
        } else {
            std::fs::copy(file.path(), target).unwrap();
        }
    }
}

#[tokio::test]
async fn every_entry_is_proved_in_a_tree_that_grows_by_proof() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::create(folder.path()).await;

    let mut old = log.tree.published().tree;
    for n in [1, 2, 255, 3] {
        log.append(n).await;
        assert!(log.tree.round(None).await.unwrap());
        let (proof, published) = log.tree.prove_growth(old.size).await.unwrap();
        verify_consistency(old.size, &old.root, published.tree.size, &published.tree.root, &proof)
            .unwrap();
        old = published.tree;
    }

    assert_eq!(old.size, 261);
    let leaves = log.tree.leaves(0, 261).await.unwrap();
    for (position, leaf) in leaves.iter().enumerate() {
        let Covered::Yes(proof) = log.tree.prove(position as u64).await.unwrap() else {
            panic!("not covered")
        };
        let hash = merkle::leaf_hash(leaf);
        verify_inclusion(&hash, position as u64, 261, &proof.hashes, &old.root).unwrap();
    }
    assert!(matches!(log.tree.prove(261).await.unwrap(), Covered::NotYet));
}

#[tokio::test]
async fn a_crash_after_the_signature_is_finished_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::create(folder.path()).await;
    log.append(5).await;
    let frontier = log.tree.inner.frontier.lock().await.clone();
    let leaves = log.tree.sequenced(0, None).await.unwrap();
    let (grown, completed) = log.tree.grow(&frontier, &leaves).unwrap();
    let proof = log.tree.consistency(0, 5, &completed).await.unwrap();
    let old = log.tree.published().tree;
    let new = Size { size: grown.size(), root: grown.root() };

    let signer::Answer::Signed(signed) = log.tree.sign(old, new, proof).await.unwrap() else {
        panic!("it is ahead of itself")
    };
    log.close().await;
    let log = Log::open(folder.path()).await.unwrap();

    assert_eq!(log.tree.published().note.to_string(), signed.to_string());
}

#[tokio::test]
async fn a_tree_that_was_signed_and_could_not_be_kept_is_kept_first() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::create(folder.path()).await;
    log.append(2).await;
    log.sql("create trigger held before update on tree begin select raise(abort, 'held'); end")
        .await;

    let held = log.tree.round(None).await.unwrap_err();
    log.append(3).await;
    let still = log.tree.round(None).await.unwrap_err();
    log.sql("drop trigger held").await;

    assert!(held.is_transient() && still.is_transient(), "{held:?}, {still:?}");
    assert_eq!(log.tree.published().tree.size, 0);
    assert!(log.tree.round(None).await.unwrap());
    assert_eq!(log.tree.published().tree.size, 2);
    assert!(log.tree.round(None).await.unwrap());
    assert_eq!(log.tree.published().tree.size, 5);
}

#[tokio::test]
async fn foreign_bytes_under_the_next_names_stop_neither_the_log_nor_a_start() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::create(folder.path()).await;
    log.append(300).await;
    let foreign = folder.path().join("store/anchor");
    std::fs::create_dir_all(&foreign).unwrap();
    let mut next = Vec::new();
    for limit in [None, Some(1)] {
        let leaves = log.tree.sequenced(0, limit).await.unwrap();
        let (grown, _) = log.tree.grow(&Frontier::default(), &leaves).unwrap();
        next.push(anchor::Anchor(Size { size: grown.size(), root: grown.root() }).to_string());
    }
    // The next anchor's own name, a larger one's, and a tile's, as the public route calls it.
    let larger = format!("anchor/{}-{}", "0".repeat(19), "ab".repeat(32));
    for name in [&next[0], &next[1], &larger, "tile/0/000", "tile/entries/000"] {
        let path = folder.path().join("store").join(format!("{name}.sealed"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, b"foreign bytes").unwrap();
    }

    while log.tree.round(None).await.unwrap() {}
    log.append(1).await;
    assert!(log.tree.round(None).await.unwrap());
    log.close().await;
    let log = Log::open(folder.path()).await.unwrap();

    assert_eq!(log.tree.published().tree.size, 301);
    log.append(1).await;
    assert!(log.tree.round(None).await.unwrap());
    let path = folder.path().join("store").join(format!("{}.sealed", next[0]));
    assert_ne!(std::fs::read(path).unwrap(), b"foreign bytes", "ours stands there");
}

#[tokio::test]
async fn a_database_put_back_refuses_to_serve() {
    let (folder, copied) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let log = Log::create(folder.path()).await;
    log.append(2).await;
    log.tree.round(None).await.unwrap();
    log.close().await;
    copy(folder.path(), copied.path());
    let log = Log::open(folder.path()).await.unwrap();
    log.append(2).await;
    log.tree.round(None).await.unwrap();
    log.close().await;

    for file in ["greffe.sqlite", "greffe.sqlite-wal", "greffe.sqlite-shm"] {
        let _absent = std::fs::remove_file(folder.path().join(file));
        if copied.path().join(file).exists() {
            std::fs::copy(copied.path().join(file), folder.path().join(file)).unwrap();
        }
    }

    let refused = Log::open(folder.path()).await.err().unwrap();
    assert!(matches!(
        refused,
        Error::Contradiction(Contradiction::DatabasePutBack { anchored: 4, row: 2 })
    ));
}

#[tokio::test]
async fn what_sql_alters_before_it_is_signed_is_noticed() {
    for sql in [
        "update batch set payload = (select payload from batch where start = 0) where start = 1",
        "delete from batch where start = 0",
        "update batch set mac = x'' where start = 1",
        "insert into batch (start, n, batch_id, appended_at, payload, mac) \
         values (2, 1, x'30313233343536373839303132333435', 0, x'', x'')",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::create(folder.path()).await;
        log.append(2).await;
        log.sql(sql).await;

        let refused = log.tree.round(None).await.unwrap_err();

        assert!(matches!(refused, Error::Batch(_)), "{sql}");
        assert_eq!(log.tree.published().tree.size, 0, "{sql}");
    }
}

#[tokio::test]
async fn a_checkpoint_of_another_history_ends_the_log() {
    let (folder, copied) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let log = Log::create(folder.path()).await;
    log.append(2).await;
    log.tree.round(None).await.unwrap();
    let ours = log.tree.published().note.to_string();
    log.close().await;
    copy(folder.path(), copied.path());
    // The whole machine rewound: nothing inside can tell, but a client that kept a checkpoint can.
    let ahead = Log::open(folder.path()).await.unwrap();
    ahead.append(1).await;
    ahead.tree.round(None).await.unwrap();
    let kept = ahead.tree.published().note.to_string();
    let rewound = Log::open(copied.path()).await.unwrap();

    rewound.tree.presented(ours.as_bytes()).await.unwrap();
    rewound.tree.presented(b"nonsense").await.unwrap();
    let refused = rewound.tree.presented(kept.as_bytes()).await;

    assert!(matches!(refused, Err(Error::Forked(3))));
    assert!(rewound.writer.ended().borrow().is_some());
}

/// Writes head `number` of the mission, as a change does.
async fn write_head(log: &Log, number: i64) -> crate::database::Head {
    let head = |number| crate::database::Head {
        subject: crate::database::Subject::MISSION,
        number,
        digest: [u8::try_from(number).unwrap(); 32],
    };
    let previous = (number > 1).then(|| head(number - 1));
    let draft = Draft::system(serde_json::Map::new());
    let written = log.writer.system(draft, move |change| {
        Box::pin(async move { change.replace(previous, head(number)).await })
    });
    written.await.unwrap();
    head(number)
}

#[tokio::test]
async fn the_heads_that_entries_wrote_are_proved_by_the_signed_root() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::create(folder.path()).await;
    log.append(3).await;
    let first = write_head(&log, 1).await;
    log.append(300).await;
    let second = write_head(&log, 2).await;
    while log.tree.round(None).await.unwrap() {}

    let all = log.tree.written(0, 305).await.unwrap();
    let later = log.tree.written(5, 305).await.unwrap();
    let none = log.tree.written(5, 304).await.unwrap();

    let later_one = Written { previous: Some(first), head: second };
    assert_eq!(all, [Written { previous: None, head: first }, later_one]);
    assert_eq!((later, none), (vec![later_one], vec![]));
}

#[tokio::test]
async fn a_change_is_neither_hidden_nor_made_up_by_whoever_writes_the_database() {
    let cases = [
        "delete from entry where position = 3",
        "update entry set facts = (select facts from entry e where e.position = 2) where position = 3",
        "update entry set position = 100 where position = 3",
        "update batch set payload = (select payload from batch b where b.start = 2) where start = 3",
        "delete from batch where start = 3",
        "update batch set start = start + 1000 where start in (2, 3)",
    ];
    for sql in cases {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::create(folder.path()).await;
        log.append(3).await;
        write_head(&log, 1).await;
        log.append(1).await;
        while log.tree.round(None).await.unwrap() {}
        assert_eq!(log.tree.written(1, 5).await.unwrap().len(), 1);

        log.sql(sql).await;

        assert!(matches!(log.tree.written(1, 5).await, Err(Error::Batch(_))), "{sql}");
    }
}
