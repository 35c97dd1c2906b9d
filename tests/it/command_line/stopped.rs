//! What an operator does with a stopped instance.

use std::{fs, path::Path, sync::Arc};

use greffe::{
    config::Config,
    database::{Address, Database},
    id::PersonId,
    vault::{
        KeySet,
        custody::{FileCustody, Ground},
    },
};
use serde_json::Value;
use tempfile::TempDir;

use super::walk::{Ended, arranged, command};
use crate::tree::root;

/// An instance that was made and never served.
struct Stopped {
    folder: TempDir,
}

impl Stopped {
    /// With this at the end of its configuration.
    fn with(retention: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = arranged(folder.path());
        let shipped = fs::read_to_string(&path).unwrap();
        let (before, _) = shipped.split_once("[retention]").unwrap();
        fs::write(&path, format!("{before}[retention]\n{retention}")).unwrap();
        let stopped = Self { folder };
        let mission = root().join("config/mission.toml");
        stopped.done(&["init", "--mission", mission.to_str().unwrap()]);
        stopped.done(&["keys", "copy"]);
        stopped.done(&["keys", "recover", "--check", "--identity", "recovery.key"]);
        stopped
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let folder = self.folder.path();
        command(folder, folder, &[arguments, &["--config", "greffe.toml"]].concat())
    }

    fn done(&self, arguments: &[&str]) -> Value {
        let ended = self.run(arguments);
        assert_eq!(ended.exit, 0, "{arguments:?} {ended:?}");
        serde_json::from_str(&ended.out).unwrap_or_default()
    }

    /// Somebody of the mission has a key of a month that is long over.
    fn was_here_in(&self, month: &str) {
        let (folder, month) = (self.folder.path().to_owned(), month.to_owned());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async move {
            let keyset = keyset(&folder).await;
            let node = PersonId::random();
            keyset.add_person(node).await.unwrap();
            keyset.ensure_months(&[node], &month).await.unwrap();
            keyset.close().await;
        });
    }

    /// The keys of months that are there from before `month`.
    fn months_before(&self, month: &str) -> usize {
        let folder = self.folder.path().to_owned();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async move {
            let keyset = keyset(&folder).await;
            let months = keyset.months_before(month).await.unwrap().len();
            keyset.close().await;
            months
        })
    }

    /// How many entries there are, and how many of them say something.
    fn entries(&self) -> (i64, i64) {
        let path = self.folder.path().join("lib/greffe.sqlite");
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async move {
            let database = Database::open(&Address::Sqlite(path)).await.unwrap();
            let all = database.count("select count(*) from entry").await.unwrap();
            let sql = "select count(*) from entry where facts <> ''";
            (all, database.count(sql).await.unwrap())
        })
    }
}

async fn keyset(folder: &Path) -> KeySet {
    let config = Config::read(&folder.join("greffe.toml")).unwrap();
    let (custody, _) = FileCustody::open(&config.custody.file, Ground::Warn).unwrap();
    let keys = &config.keys;
    KeySet::open(Arc::new(custody), &keys.first, &keys.second, 0).await.unwrap()
}

#[test]
fn what_has_run_out_is_said_before_it_is_erased() {
    let stopped = Stopped::with("personal_months = 12\n");
    let nothing = stopped.run(&["expire", "--json"]);
    stopped.was_here_in("2020-05");
    let entries = stopped.entries();

    let would = stopped.done(&["expire", "--dry-run", "--json"]);
    assert_eq!((&would["months"], &would["erased"]), (&1.into(), &false.into()));
    assert_eq!((stopped.entries(), stopped.months_before("2021-01")), (entries, 1));

    let done = stopped.done(&["expire", "--json"]);
    let again = stopped.run(&["expire", "--dry-run"]);

    assert_eq!((nothing.exit, again.exit), (9, 9), "{nothing:?} {again:?}");
    assert_eq!((&done["months"], &done["erased"]), (&1.into(), &true.into()));
    assert_eq!(stopped.months_before("2021-01"), 0);
}

#[test]
fn an_instance_whose_facts_have_run_out_starts_as_before() {
    let stopped = Stopped::with("facts_years = 0\nmission_ended_on = \"2020-12-31\"\n");
    stopped.done(&["expire"]);
    let (all, saying) = stopped.entries();
    assert!(saying < all, "{saying} of {all}");

    let link = ["link", "--person", "auditor", "--capacity", "mission"];
    stopped.done(&link);
    let found = stopped.run(&["expire", "--json"]);

    assert_eq!(found.exit, 0, "{found:?}");
    stopped.done(&link);
}

#[test]
fn a_changed_mission_file_is_said_then_applied_and_counts_at_the_next_start() {
    let stopped = Stopped::with("personal_months = 12\n");
    let shipped = fs::read_to_string(root().join("config/mission.toml")).unwrap();
    let newcomer = "\n[[person]]\nid = \"access-lumen\"\ncompany = \"lumen-ia\"\n\
                    roles = [\"access-manager\"]\n";
    let write = |name: &str, text: String| fs::write(stopped.folder.path().join(name), text);
    write("changed.toml", shipped.clone() + newcomer).unwrap();
    write("wrong.toml", shipped.replace("pilot:intelligence-artificielle", "pilot:nothing"))
        .unwrap();
    write("other.toml", shipped.replace("id = \"mission-numerique\"", "id = \"another\"")).unwrap();
    let before = stopped.done(&["mission", "show", "--json"]);

    let asked = stopped.run(&["mission", "apply", "changed.toml"]);
    let wrong = stopped.run(&["mission", "apply", "wrong.toml", "--yes"]);
    let other = stopped.run(&["mission", "apply", "other.toml", "--yes"]);

    assert_eq!((asked.exit, wrong.exit, other.exit), (2, 1, 1), "{asked:?} {wrong:?} {other:?}");
    assert!(
        asked.out.contains("+ person:access-lumen") && asked.err.contains("--yes"),
        "{asked:?}"
    );
    assert!(wrong.err.contains("workstream:nothing"), "{wrong:?}");
    assert!(other.err.contains("the file of another"), "{other:?}");
    assert_eq!(stopped.done(&["mission", "show", "--json"]), before);

    let applied = stopped.run(&["mission", "apply", "changed.toml", "--yes"]);
    let again = stopped.run(&["mission", "apply", "changed.toml", "--yes"]);

    assert_eq!((applied.exit, again.exit), (0, 9), "{applied:?} {again:?}");
    assert!(applied.out.contains("3 entries"), "{applied:?}");
    stopped.done(&["link", "--person", "access-lumen", "--capacity", "company:lumen-ia"]);
}
