//! `greffe check`: a sound copy is left as it is, byte for byte; whatever was changed in one is named.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use hyper::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use tempfile::TempDir;

use crate::{
    api::service::{Service, configuration},
    command_line::walk::{Ended, command},
    witness,
};

const OWNER: &str = "contributor-rhein";

/// An instance that was stopped, and the objects of two of its documents.
struct Stopped {
    service: Service,
    objects: [PathBuf; 2],
}

impl Stopped {
    async fn start() -> Self {
        let service = Service::start().await;
        let one = service.deposited(OWNER, "one", &[1; 200_000]).await;
        let other = service.deposited("contributor-littoral", "other", &[2; 200_000]).await;
        let gone = service.deposited("contributor-littoral", "gone", b"gone").await;
        let path = format!("/api/v1/documents/{gone}");
        let shredded = service.ask("contributor-littoral", Method::DELETE, &path);
        let shredded = shredded.json(json!({"reason": "a test"})).send().await;
        assert_eq!(shredded.status, 200, "{shredded:?}");
        let mut objects = Vec::new();
        for reference in [one, other] {
            let found = witness::objects(&service, &reference).await;
            objects.push(found[0].strip_prefix(service.folder()).unwrap().to_owned());
        }
        service.app.close().await;
        Self { service, objects: objects.try_into().unwrap() }
    }

    /// A copy of it, with its configuration.
    fn copied(&self) -> TempDir {
        let copy = self.service.copied();
        fs::write(copy.path().join("greffe.toml"), configuration()).unwrap();
        copy
    }
}

/// Every file below `folder`, with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            all.extend(files(&entry.path()));
            all.insert(entry.path(), Vec::new());
        } else {
            all.insert(entry.path(), fs::read(entry.path()).unwrap());
        }
    }
    all
}

fn check(copy: &Path) -> Ended {
    let home = tempfile::tempdir().unwrap();
    let data = copy.to_str().unwrap();
    command(home.path(), home.path(), &["check", "--data", data, "--json"])
}

/// What was named, in words of the closed list.
fn named(ended: &Ended) -> Vec<String> {
    let lines = ended.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut named: Vec<_> =
        lines.map(|line| line["contradiction"].as_str().unwrap().to_owned()).collect();
    named.dedup();
    named
}

async fn sql(path: &Path, statement: &str) {
    let mut database = SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
    let changed = sqlx::query(AssertSqlSafe(statement)).execute(&mut database).await.unwrap();
    assert!(changed.rows_affected() > 0, "{statement}");
    database.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_copy_is_found_so_and_not_a_byte_of_it_changes() {
    let stopped = Stopped::start().await;
    let copy = stopped.copied();
    let before = files(copy.path());

    let ended = check(copy.path());

    assert_eq!(ended.exit, 0, "{ended:?}");
    let told: Value = serde_json::from_str(ended.out.trim()).unwrap();
    assert_eq!(told["sound"], true);
    assert!(told["sealed_bytes"].as_u64().unwrap() > 400_000, "{told}");
    assert!(files(copy.path()) == before, "a file of the copy was changed, made or removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_was_changed_in_a_copy_is_named() {
    let stopped = Stopped::start().await;
    let rows: &[(&str, &[&str])] = &[
        ("update entry set act = 'discover' where act = 'deposit'", &["found-entry-altered"]),
        ("update entry set facts = '' where position = 2", &["found-facts-gone"]),
        ("delete from entry where position = 5", &["found-entry-missing"]),
        (
            "delete from batch where start = (select min(start) from batch where start > 3)",
            &["found-batch", "found-entries-missing", "found-sequence"],
        ),
        ("update batch set mac = randomblob(32) where start = 0", &["found-batch"]),
        ("update sequence set next = next - 1", &["found-sequence"]),
        ("update tile set hashes = zeroblob(length(hashes))", &["found-tile"]),
        ("update tree set size = size - 1", &["found-checkpoint"]),
        ("update revision set bytes = x'00' where number = 1", &["found-revision"]),
        ("delete from head where substr(subject, 1, 1) = x'64'", &["found-authority"]),
        ("update document set owner = randomblob(16)", &["found-document-row"]),
        ("update version set record = replace(record, '\"v\":1', '\"v\": 1')", &["found-record"]),
        ("delete from member where rowid = 1", &["found-rows"]),
        (
            "insert into document_grant (id, document, owner, grantee, until, created_at) \
             select randomblob(16), id, owner, 'party:x', 1, created_at from document limit 1",
            &["found-rows"],
        ),
        ("update credential set capacity = person", &["found-rows"]),
        ("update document set created_at = 1", &["found-document-row"]),
        ("update copy set name = 'object/' || hex(randomblob(8))", &["found-copy-row"]),
    ];
    for (statement, wanted) in rows {
        let copy = stopped.copied();
        sql(&copy.path().join("greffe.sqlite"), statement).await;

        let ended = check(copy.path());

        assert_eq!(ended.exit, 8, "{statement}: {ended:?}");
        let named = named(&ended);
        assert!(
            wanted.iter().all(|word| named.iter().any(|name| name == word)),
            "{statement}: {ended:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_and_keys_that_were_changed_in_a_copy_are_named() {
    let stopped = Stopped::start().await;
    let [one, other] = &stopped.objects;

    let copy = stopped.copied();
    let path = copy.path().join(one);
    let mut bytes = fs::read(&path).unwrap();
    bytes[100_000] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert_eq!(named(&check(copy.path())), ["found-object"]);

    // What no reading looks at: the object's own nonce, and what follows its end.
    let changes: [fn(&mut Vec<u8>); 2] =
        [|bytes| bytes[0] ^= 1, |bytes| bytes.extend_from_slice(b"more")];
    for change in changes {
        let copy = stopped.copied();
        let path = copy.path().join(one);
        let mut bytes = fs::read(&path).unwrap();
        change(&mut bytes);
        fs::write(&path, bytes).unwrap();
        assert_eq!(named(&check(copy.path())), ["found-object"]);
    }

    let copy = stopped.copied();
    let [one, other] = [one, other].map(|path| copy.path().join(path));
    let between = copy.path().join("between");
    fs::rename(&one, &between).unwrap();
    fs::rename(&other, &one).unwrap();
    fs::rename(&between, &other).unwrap();
    let swapped = check(copy.path());
    assert_eq!((swapped.exit, swapped.out.lines().count()), (8, 2), "{swapped:?}");

    let copy = stopped.copied();
    let beside = files(&copy.path().join("objects/record"));
    let mut beside = beside.keys().filter(|path| path.is_file());
    let (first, second) = (beside.next().unwrap(), beside.next().unwrap());
    fs::copy(first, second).unwrap();
    assert_eq!(named(&check(copy.path())), ["found-beside"]);

    let copy = stopped.copied();
    let altered = "update slot set sealed = randomblob(length(sealed)) where kind = 1";
    sql(&copy.path().join("keys.sqlite"), altered).await;
    let found = check(copy.path());
    assert_eq!(
        (found.exit, &named(&found)[..]),
        (8, &["found-slot".to_owned(), "found-key-missing".to_owned()][..]),
        "{found:?}"
    );

    let copy = stopped.copied();
    fs::remove_file(copy.path().join("custody/custody")).unwrap();
    let without = check(copy.path());
    assert_eq!((without.exit, &without.out[..]), (1, ""), "{without:?}");
    assert!(!copy.path().join("custody/custody").exists());
}
