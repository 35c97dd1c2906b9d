//! A service that cannot start says why, ends with a code for scripts, and has done nothing.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};

use serde_json::json;
use sqlx::{Connection as _, Row as _, SqliteConnection};

use crate::crashes::{
    client::OWNER,
    instance::Instance,
    known::{Document, Known},
};

/// A start that does not end by itself by then has been let through.
const BY_THEN: Duration = Duration::from_secs(60);

/// What is wrong, how it came to be, the code of the end, what is said, and what must not have been made.
type Case = (&'static str, fn(&Path), i32, &'static [&'static str], &'static [&'static str]);

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn append(path: &Path, text: &str) {
    let before = fs::read_to_string(path).unwrap();
    fs::write(path, text.to_owned() + &before).unwrap();
}

const CASES: [Case; 9] = [
    (
        "custody missing while documents exist",
        |folder| fs::remove_file(folder.join("custody/custody")).unwrap(),
        1,
        &["custody is missing", "custody/custody", "put it back"],
        &["custody/custody"],
    ),
    (
        "database away",
        |folder| {
            for name in ["greffe.sqlite", "greffe.sqlite-wal", "greffe.sqlite-shm"] {
                let _absent = fs::remove_file(folder.join(name));
            }
        },
        1,
        &["the database", "unable to open database file"],
        &["greffe.sqlite"],
    ),
    (
        "second place away",
        |folder| fs::rename(folder.join("second"), folder.join("unmounted")).unwrap(),
        1,
        &["second", "keys.sqlite"],
        &["second"],
    ),
    (
        "first place away",
        |folder| fs::remove_file(folder.join("keys.sqlite")).unwrap(),
        1,
        &["keys.sqlite"],
        &["keys.sqlite"],
    ),
    (
        "store away",
        |folder| fs::rename(folder.join("objects"), folder.join("unmounted")).unwrap(),
        1,
        &["objects"],
        &["objects"],
    ),
    (
        "unknown configuration key",
        |folder| append(&folder.join("greffe.toml"), "colour = \"red\"\n"),
        1,
        &["unknown field `colour`", "line 1", "greffe check-config"],
        &[],
    ),
    (
        "wrong mode on the TLS key",
        |folder| mode(&folder.join("key.pem"), 0o640),
        1,
        &["key.pem", "can be read by others", "0600"],
        &[],
    ),
    (
        "wrong mode on custody",
        |folder| mode(&folder.join("custody/custody"), 0o644),
        1,
        &["custody/custody has mode 644", "chmod 600"],
        &[],
    ),
    (
        "a log that was written in the future, as it was before the clock was set back",
        |folder| in_the_future(&folder.join("greffe.sqlite")),
        1,
        &["the clock is", "behind the log's last entry"],
        &[],
    ),
];

/// The last entry was made an hour from now, as far as the sequence tells.
fn in_the_future(path: &Path) {
    let sql = "update sequence set appended_at = appended_at + 3600000000";
    let path = path.to_owned();
    let changed = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut database = SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
            sqlx::query(sql).execute(&mut database).await.unwrap();
            database.close().await.unwrap();
        });
    });
    changed.join().unwrap();
}

/// Runs the service until it ends by itself.
async fn serve(folder: &Path) -> Output {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_greffe"));
    command.args(["serve", "--config", "greffe.toml"]).current_dir(folder).env_clear();
    command.env("HOME", folder).env("LANG", "en_GB.UTF-8").kill_on_drop(true);
    let output = command.stdin(Stdio::null()).output();
    tokio::time::timeout(BY_THEN, output).await.expect("it serves").unwrap()
}

/// How many entries the log has; none if there is no log.
async fn entries(folder: &Path) -> Option<i64> {
    let path = folder.join("greffe.sqlite");
    if !path.exists() {
        return None;
    }
    let mut database = SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
    let row = sqlx::query("select count(*) from entry").fetch_one(&mut database).await.unwrap();
    database.close().await.unwrap();
    Some(row.get(0))
}

async fn refused(instance: &Instance, case: &str, exit: i32, says: &[&str], absent: &[&str]) {
    let folder = instance.folder();
    let before = entries(folder).await;

    let ended = serve(folder).await;

    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(exit), "{case}: {said}");
    assert!(!said.contains("serving on") && !said.contains("panicked"), "{case}: {said}");
    for words in says {
        assert!(said.contains(words), "{case}: {words:?} is not said: {said}");
    }
    for name in absent {
        assert!(!folder.join(name).exists(), "{case}: {name} was made");
    }
    assert_eq!(entries(folder).await, before, "{case}: something was recorded");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_or_wrong_is_said_and_nothing_is_made_in_its_place() {
    let template = Instance::create().await;
    for (case, spoil, exit, says, absent) in CASES {
        let instance = template.copy();
        spoil(instance.folder());

        refused(&instance, case, exit, says, absent).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_set_that_is_older_than_the_database_is_evidence() {
    let instance = Instance::create().await;
    let earlier = instance.copy();
    let served = instance.serve().await;
    let mut document = Document::create(&served.client, b"sealed".to_vec()).await.unwrap();
    document.deposit(&served.client).await;
    served.ended().await;
    let spoilt = instance.copy();
    for name in ["keys.sqlite", "second/keys.sqlite"] {
        spoilt.take(&earlier, name);
    }

    refused(&spoilt, "an older key set", 8, &["the key set was put back"], &[]).await;

    let served = instance.serve().await;
    document.check(&served.client, "with its own key set").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_the_same_folder_ends_and_the_first_goes_on() {
    let instance = Instance::create().await;
    let first = instance.spawn().await;
    let client = instance.client(first.address);
    let mut document = Document::create(&client, b"sealed".to_vec()).await.unwrap();
    document.deposit(&client).await;
    let mut known = Known::default();
    known.see(&client).await;

    let says = ["another process has this instance open", "stop it first"];
    refused(&instance, "a second server", 1, &says, &[]).await;

    document.check(&client, "after a second server was tried").await;
    let mut other = Document::create(&client, b"sealed later".to_vec()).await.unwrap();
    other.deposit(&client).await;
    assert!(other.entry.is_some());
    assert_eq!(known.present(&client).await, Some(200));
    let own = client.get(OWNER, "/api/v1/me").await.unwrap();
    assert_eq!(own.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_recovery_copy_that_was_read_back_a_deposit_is_told_why_it_waits() {
    let instance = Instance::create().await;
    let path = instance.folder().join("greffe.toml");
    let text = fs::read_to_string(&path).unwrap();
    let without: Vec<_> = text.lines().filter(|line| !line.starts_with("recovery_")).collect();
    fs::write(&path, without.join("\n")).unwrap();
    let served = instance.serve().await;
    let document = Document::create(&served.client, vec![7; 10]).await.unwrap();
    let before = entries(instance.folder()).await;

    let answer = document.put(&served.client).await.unwrap();

    let says = answer.json();
    assert_eq!((answer.status, &says["type"]), (503, &json!("/problems/no-recovery-copy")));
    assert_eq!(entries(instance.folder()).await, before, "something was recorded");
    assert!(!instance.folder().join("objects/object").exists(), "something was kept");
}
