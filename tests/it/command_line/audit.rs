//! `greffe audit`, `greffe receipt`: an honest log is believed, and each lie is evidence.

use std::fs;

use greffe::{
    audit::{
        bundle,
        checkpoint::Checkpoint,
        encoding,
        leaf::Tag,
        merkle::{Frontier, Hash, leaf_hash},
        note::Signer,
        tile::{Level, Tile},
    },
    vault::{Secret, TagKey},
};
use ring::digest::{SHA256, digest};
use serde_json::json;

use super::{Asked, Desk, Reply, json, problem};

/// A log of made-up entries, always the same for one seed, which may say something else than it signed.
#[derive(Clone)]
pub struct Forger {
    seed: u8,
    entries: Vec<Vec<u8>>,
    signed: Vec<Vec<u8>>,
}

/// Bytes that are always the same for these inputs.
fn bytes(seed: u8, index: usize, purpose: u8) -> Vec<u8> {
    digest(&SHA256, format!("{seed} {index} {purpose}").as_bytes()).as_ref().to_vec()
}

pub fn tag_key() -> [u8; 32] {
    [9; 32]
}

impl Forger {
    pub fn new(seed: u8) -> Self {
        Self { seed, entries: Vec::new(), signed: Vec::new() }
    }

    /// With so many entries, each third of which is tagged for [`tag_key`].
    pub fn grown(self, size: usize) -> Self {
        let entries: Vec<_> = (0..size).map(|index| entry(self.seed, index)).collect();
        Self { signed: entries.clone(), entries, ..self }
    }

    /// Serves other entries than were signed.
    fn serving(mut self, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Self {
        change(&mut self.entries);
        self
    }

    fn signer(&self) -> Signer {
        Signer::from_seed("log.example/1".parse().unwrap(), &[self.seed; 32]).unwrap()
    }

    pub fn vkey(&self) -> String {
        self.signer().verifier().to_string()
    }

    fn policy(&self) -> String {
        format!("log {}\nquorum none\n", self.vkey())
    }

    pub fn checkpoint(&self) -> String {
        let (origin, size) = ("log.example/1".to_owned(), self.signed.len() as u64);
        let checkpoint = Checkpoint { origin, size, root: root(&self.signed) };
        checkpoint.sign(&self.signer()).unwrap().to_string()
    }

    /// What it answers under `/log`.
    fn answer(&self, asked: &Asked) -> Reply {
        let Some(path) = asked.path.strip_prefix("/log/") else { return problem(404, &json!({})) };
        if path == "checkpoint" {
            return Reply::new(200).body(self.checkpoint());
        }
        let tile: Tile = path.parse().unwrap();
        let first = usize::try_from(tile.index * 256).unwrap();
        let places = first..first + usize::from(tile.width);
        let body = match tile.level {
            Level::Entries => {
                let entries = self.entries[places].iter().map(|entry| &entry[..]);
                bundle::write(entries).unwrap()
            }
            Level::Hashes(level) => {
                let span = 256_usize.pow(level.into());
                let hash = |place| root(&self.entries[place * span..(place + 1) * span]);
                places.flat_map(|place| hash(place).as_bytes().to_vec()).collect()
            }
        };
        Reply::new(200).body(body)
    }
}

fn root(entries: &[Vec<u8>]) -> Hash {
    let mut tree = Frontier::default();
    entries.iter().for_each(|entry| tree.append(leaf_hash(entry)));
    tree.root()
}

fn entry(seed: u8, index: usize) -> Vec<u8> {
    let id: [u8; 16] = bytes(seed, index, 0)[..16].try_into().unwrap();
    let id = greffe::id::EntryId(greffe::id::Id(id));
    let mut tags: Vec<_> =
        (1..5).map(|purpose| encoding::base64url(&bytes(seed, index, purpose)[..16])).collect();
    if index.is_multiple_of(3) {
        let key = TagKey::new(Secret::from_slice(&tag_key()).unwrap());
        tags[0] = Tag::of(&key, &id).to_string();
    }
    tags.sort();
    let digests = (5..8).map(|purpose| encoding::base64url(&bytes(seed, index, purpose)));
    let digests: Vec<_> = digests.collect();
    let text = format!(
        r#"{{"v":1,"t":"2026-01-01T00:00:00Z","id":"{id}","tags":{},"facts":"{}","asked":"{}","personal":"{}"}}"#,
        json!(tags),
        digests[0],
        digests[1],
        digests[2],
    );
    text.into_bytes()
}

/// Somebody who believes the log of `seed` 1, in front of a service with this log.
async fn desk(log: Forger) -> Desk {
    let desk = Desk::signed_in(move |asked| log.answer(asked)).await;
    fs::write(desk.profile().join("policy"), Forger::new(1).policy()).unwrap();
    desk
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_log_is_verified_over_http_and_again_from_what_was_kept() {
    let desk = desk(Forger::new(1).grown(600)).await;

    let online = desk.run(&["audit", "verify", "--keep", "mirror"]).await;
    assert_eq!(online.exit, 0, "{online:?}");

    let asked = desk.service.paths().len();
    let offline = desk.run(&["audit", "verify", "--folder", "mirror", "--json"]).await;
    assert_eq!(offline.exit, 0, "{offline:?}");
    assert!(offline.out.contains("\"size\":600"), "{offline:?}");
    assert_eq!(desk.service.paths().len(), asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_a_log_behind_its_signature_is_evidence() {
    let changes: [fn(&mut Vec<Vec<u8>>); 5] = [
        |entries| entries[3] = entry(2, 3),
        |entries| entries.swap(0, 1),
        |entries| entries[299] = entries[0].clone(),
        |entries| entries[7] = b"{}".to_vec(),
        |entries| {
            let late = String::from_utf8(entries[250].clone()).unwrap();
            entries[250] = late.replace("2026-01-01", "2025-01-01").into_bytes();
        },
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let desk = desk(Forger::new(1).grown(300).serving(change)).await;

        let ended = desk.run(&["audit", "verify", "--keep", "mirror"]).await;

        assert_eq!((ended.exit, &ended.out[..]), (8, ""), "{number} {ended:?}");
        assert_eq!(desk.files(), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_another_key_is_not_believed() {
    let desk = desk(Forger::new(2).grown(3)).await;

    let ended = desk.run(&["audit", "verify"]).await;

    assert_eq!(ended.exit, 8, "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_rewritten_since_it_was_seen_is_evidence() {
    for seen in [Forger::new(1).grown(5), Forger::new(1).grown(5).rewritten(2)] {
        let honest = seen.signed == Forger::new(1).grown(5).signed;
        let desk = desk(Forger::new(1).grown(9)).await;
        fs::write(desk.profile().join("checkpoint"), seen.checkpoint()).unwrap();

        let ended = desk.run(&["audit", "verify"]).await;

        assert_eq!(ended.exit, if honest { 0 } else { 8 }, "{ended:?}");
    }
}

impl Forger {
    /// Another history, under the same key.
    fn rewritten(mut self, index: usize) -> Self {
        self.entries[index] = entry(3, index);
        self.signed = self.entries.clone();
        self
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_proved_from_tiles_and_the_proof_is_verified_offline() {
    let desk = desk(Forger::new(1).grown(300)).await;

    let proved = desk.run(&["audit", "prove", "257", "-o", "p"]).await;
    let verified = desk.run(&["receipt", "verify", "p"]).await;
    let missing = desk.run(&["audit", "prove", "300", "-o", "q"]).await;

    assert_eq!((proved.exit, verified.exit), (0, 0), "{proved:?} {verified:?}");
    assert_eq!((missing.exit, desk.files()), (4, vec!["p".to_owned()]), "{missing:?}");
    let text = fs::read_to_string(desk.folder().join("p")).unwrap();
    fs::write(desk.folder().join("p"), text.replacen("index 257", "index 256", 1)).unwrap();
    assert_eq!(desk.run(&["receipt", "verify", "p"]).await.exit, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_party_finds_its_entries_and_which_of_them_are_hidden_from_it() {
    let log = Forger::new(1).grown(9);
    let shown: Vec<_> = [0, 3].map(|index| log.id(index)).into();
    let desk = Desk::signed_in(move |asked| {
        if asked.path.starts_with("/api/v1/audit/entries") {
            let entries: Vec<_> = shown.iter().map(|id| json!({"entry": id})).collect();
            return json(200, &json!({"entries": entries, "next": null}));
        }
        log.answer(asked)
    })
    .await;
    fs::write(desk.profile().join("policy"), Forger::new(1).policy()).unwrap();
    fs::write(desk.folder().join("keys"), format!("# ours\n2026 {}\n", hex::encode(tag_key())))
        .unwrap();

    let found = desk.run(&["audit", "scan", "--key-file", "keys"]).await;
    let compared = desk.run(&["audit", "scan", "--key-file", "keys", "--compare"]).await;

    assert_eq!((found.exit, found.out.lines().count()), (0, 3), "{found:?}");
    assert_eq!(compared.exit, 8, "{compared:?}");
    assert_eq!(compared.out.lines().filter(|line| line.ends_with("HIDDEN")).count(), 1);
}

impl Forger {
    fn id(&self, index: usize) -> String {
        let entry: serde_json::Value = serde_json::from_slice(&self.entries[index]).unwrap();
        entry["id"].as_str().unwrap().to_owned()
    }

    /// A receipt of entry `index`, made as the service would.
    async fn receipt(&self, index: usize) -> String {
        let desk = desk(self.clone()).await;
        let ended = desk.run(&["audit", "prove", &index.to_string(), "-o", "p"]).await;
        assert_eq!(ended.exit, 0, "{ended:?}");
        fs::read_to_string(desk.folder().join("p")).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_of_one_history_are_told_from_those_of_two() {
    let desk = desk(Forger::new(1).grown(9)).await;
    let forked = Forger::new(1).grown(5).rewritten(2);
    for (name, receipt) in [
        ("a", Forger::new(1).grown(5).receipt(1).await),
        ("b", Forger::new(1).grown(9).receipt(8).await),
        ("c", forked.receipt(2).await),
    ] {
        fs::write(desk.folder().join(name), receipt).unwrap();
    }

    let one = desk.run(&["audit", "gather", "a", "b"]).await;
    let offline = desk.run(&["audit", "gather", "a", "b", "--offline"]).await;
    let two = desk.run(&["audit", "gather", "a", "c", "--offline"]).await;
    let online = desk.run(&["audit", "gather", "b", "c"]).await;

    assert_eq!((one.exit, offline.exit), (0, 3), "{one:?} {offline:?}");
    assert_eq!((two.exit, online.exit), (8, 8), "{two:?} {online:?}");
}
