//! What must hold of an instance that was opened after a crash, whatever its clients saw.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use greffe::{
    app::App,
    audit::{
        leaf::Leaf,
        merkle::{leaf_hash, root},
        opening::Opening,
    },
    storage::Name,
    vault::custody::Custody as _,
};
use serde_json::Value;
use sqlx::Row as _;

use crate::crashes::known::Known;

/// Nothing half-done is left, nothing known is missing.
pub async fn settled(app: &App, folder: &Path, known: &Known, when: &str) {
    recorded(app, known, when).await;
    for (left, sql) in [
        ("a pending row", "select count(*) from pending"),
        ("a key in use", "select count(*) from idempotency where answer = ''"),
        ("a destruction", "select count(*) from document where stage = 'shredding'"),
    ] {
        let count = app.writer.database().count(sql).await.unwrap();
        assert_eq!(count, 0, "{when}: {left} is left");
    }
    slots(app, when).await;
    let turning = app.custody.turning().await.unwrap();
    assert!(!turning, "{when}: two wrapping keys are left");
    objects(app, folder, when).await;
}

/// The log is whole, and holds what it must.
pub async fn recorded(app: &App, known: &Known, when: &str) {
    log(app, known, when).await;
    readings(app, known, when).await;
}

/// The log holds, from its first entry to its last, what the signed root says, and goes on from what a client saw.
async fn log(app: &App, known: &Known, when: &str) {
    let signed = app.tree.published().tree;
    let leaves = app.tree.leaves(0, signed.size).await.unwrap();
    let found = root(leaves.iter().map(|leaf| leaf_hash(leaf)));
    assert_eq!(found, signed.root, "{when}: the leaves are not the signed tree's");
    let rows = sqlx::query("select facts from entry order by position");
    let rows = rows.fetch_all(app.writer.database().pool()).await.unwrap();
    assert!(rows.len() >= leaves.len(), "{when}: an entry has no row");
    for (leaf, row) in leaves.iter().zip(&rows) {
        let leaf = Leaf::parse(leaf).unwrap();
        let opened = Opening::open(row.get::<&str, _>(0), leaf.facts());
        assert!(opened.is_ok(), "{when}: a row is not its leaf's");
    }
    if let Some(checkpoint) = &known.checkpoint {
        let same = app.tree.presented(checkpoint).await;
        assert!(same.is_ok(), "{when}: {same:?}");
    }
}

/// Every byte that a client received has its intent in the log.
async fn readings(app: &App, known: &Known, when: &str) {
    for document in &known.documents {
        let sql = "select e.facts from entry e join document d on d.id = e.document \
                   where d.reference = $1 and e.act = 'read'";
        let rows = sqlx::query(sql).bind(document.reference.clone());
        let rows = rows.fetch_all(app.writer.database().pool()).await.unwrap();
        let facts = rows
            .iter()
            .map(|row| Opening::parse(row.get::<&str, _>(0)).unwrap().value::<Value>().unwrap());
        let intents = facts.filter(|facts| facts["what"] == "intent");
        let mut ranges: Vec<_> = intents.map(|facts| range(&facts)).collect();
        for received in &document.received {
            let at = ranges.iter().position(|range| range == received);
            let at = at.unwrap_or_else(|| {
                panic!("{when}: {} gave {received:?} unrecorded: {ranges:?}", document.reference)
            });
            ranges.swap_remove(at);
        }
    }
}

/// The range of an intent; nothing of nothing for the whole.
fn range(facts: &Value) -> (u64, u64) {
    let bound = |at: usize| facts["range"][at].as_u64().unwrap_or_default();
    (bound(0), bound(1))
}

/// The key set holds keys of what stands, and no others.
async fn slots(app: &App, when: &str) {
    let verified = app.keyset.verify().await.unwrap();
    assert!(verified.broken.is_empty(), "{when}: {verified:?}");
    let pending = app.keyset.pending().await.unwrap();
    assert!(pending.is_empty(), "{when}: unused slots are left: {pending:?}");
}

/// The store holds the objects of what stands, and no others.
async fn objects(app: &App, folder: &Path, when: &str) {
    let sql = "select c.name from copy c join version v on v.id = c.version \
               join document d on d.id = v.document where d.stage <> 'shredded'";
    let rows = sqlx::query(sql).fetch_all(app.writer.database().pool()).await.unwrap();
    let both = |row: &sqlx::any::AnyRow| {
        let object: Name = row.get::<String, _>(0).parse().unwrap();
        [object.to_string(), object.of_its_record().to_string()]
    };
    let named: BTreeSet<_> = rows.iter().flat_map(both).collect();
    let mut found = BTreeSet::new();
    let root = folder.join("objects");
    files(&root, &root, "object", &mut found);
    files(&root, &root, "record", &mut found);
    assert_eq!(found, named, "{when}: the store holds something else than the catalogue says");
    // An anchor is just being written now and then; what a crash left would stay.
    let mut tick = tokio::time::interval(Duration::from_millis(50));
    let mut unfinished = BTreeSet::new();
    for _ in 0..100 {
        tick.tick().await;
        unfinished.clear();
        files(&root, &root, ".unfinished", &mut unfinished);
        if unfinished.is_empty() {
            return;
        }
    }
    panic!("{when}: {unfinished:?}");
}

fn files(root: &Path, folder: &Path, within: &str, found: &mut BTreeSet<String>) {
    let Ok(entries) = fs::read_dir(folder.join(within)) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(root, &path, "", found);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            found.insert(name.trim_end_matches(".sealed").to_owned());
        }
    }
}
