//! A stopped instance, of which something is put back to a copy of an earlier state.

use std::{fs, path::Path, process::Output};

use crate::{
    api::service::Answer,
    crashes::{
        child::Child,
        client::OWNER,
        instance::{Instance, Served},
        known::{Document, Known},
    },
};

/// What can be put back, its files, and a sentence that names it as the cause.
const PARTS: [(&str, &[&str], &str); 4] = [
    ("database", &["greffe.sqlite"], "the database was put back"),
    ("store", &["objects"], "the store was put back"),
    ("signer", &["custody/signer"], "the signer was put back"),
    ("key set", &["keys.sqlite", "second/keys.sqlite"], "the key set was put back"),
];

/// Each part alone, and each two.
fn combinations() -> impl Iterator<Item = Vec<usize>> {
    (0..PARTS.len()).flat_map(|one| {
        let pairs = (one + 1..PARTS.len()).map(move |other| vec![one, other]);
        std::iter::once(vec![one]).chain(pairs)
    })
}

/// What is done between the copy and the stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meanwhile {
    Created,
    Deposited,
    Shredded,
}

/// An instance, stopped; a copy of what it was before; what its clients know.
struct Story {
    present: Instance,
    earlier: Instance,
    known: Known,
    receipt: Vec<u8>,
}

impl Story {
    async fn tell(meanwhile: Meanwhile) -> Self {
        let present = Instance::create().await;
        let served = present.serve().await;
        let mut known = Known::default();
        for content in [b"first", b"other"] {
            known.documents.push(deposited(&served, content).await);
        }
        served.ended().await;
        present.let_go().await;
        let earlier = present.copy();
        let served = present.serve().await;
        let mut receipt = Vec::new();
        match meanwhile {
            Meanwhile::Created => {
                let made = Document::create(&served.client, b"never sent".to_vec()).await;
                known.documents.push(made.unwrap());
            }
            Meanwhile::Deposited => {
                known.documents.push(deposited(&served, b"later").await);
                receipt = received(&served, known.documents.last().unwrap()).await.body.to_vec();
            }
            Meanwhile::Shredded => known.documents[1].shred(&served.client).await,
        }
        grown(&served).await;
        known.see(&served.client).await;
        // It stops as if killed: a stop puts in order what a start would have to.
        drop(served);
        present.let_go().await;
        Self { present, earlier, known, receipt }
    }

    fn put_back(&self, parts: &[usize]) -> Instance {
        let instance = self.present.copy();
        for name in parts.iter().flat_map(|part| PARTS[*part].1) {
            instance.take(&self.earlier, name);
        }
        instance
    }
}

async fn deposited(served: &Served, content: &[u8]) -> Document {
    let mut document = Document::create(&served.client, content.to_vec()).await.unwrap();
    document.deposit(&served.client).await;
    assert!(document.entry.is_some(), "{document:?}");
    document
}

/// The receipt of a deposit, once the log is signed.
async fn received(served: &Served, document: &Document) -> Answer {
    let path = format!("/api/v1/receipts/{}", document.entry.as_ref().unwrap());
    let mut published = served.app.tree.watch();
    loop {
        let receipt = served.client.get(OWNER, &path).await.unwrap();
        match receipt.status {
            202 => published.changed().await.unwrap(),
            status => {
                assert_eq!(status, 200, "{receipt:?}");
                return receipt;
            }
        }
    }
}

/// Waits until all that was appended is signed and published.
async fn grown(served: &Served) {
    let mut published = served.app.tree.watch();
    let count = "select count(*) from entry";
    let entries = served.app.writer.database().count(count).await.unwrap();
    let all = published.wait_for(|now| now.tree.size >= entries.unsigned_abs());
    all.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_put_back_alone_or_in_pairs_is_refused_by_name() {
    for meanwhile in [Meanwhile::Created, Meanwhile::Deposited, Meanwhile::Shredded] {
        let mut story = Story::tell(meanwhile).await;
        for parts in combinations() {
            let instance = story.put_back(&parts);
            let names: Vec<_> = parts.iter().map(|part| PARTS[*part].0).collect();

            let Err(said) = Child::try_spawn(instance.folder()).await else {
                panic!("{meanwhile:?}: {names:?} put back, and it serves");
            };

            let named = parts.iter().any(|part| said.contains(PARTS[*part].2));
            assert!(named, "{meanwhile:?}: {names:?} put back: {said}");
        }

        // With everything in its place again it serves as if nothing had been tried.
        let whole = story.put_back(&[]);
        let served = whole.serve().await;
        assert_eq!(story.known.present(&served.client).await, Some(200), "{meanwhile:?}");
        for document in &mut story.known.documents {
            document.check(&served.client, "with everything in its place").await;
        }
    }
}

fn greffe(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_greffe"));
    command.args(arguments).current_dir(folder).env_clear().env("HOME", folder);
    command.env("LANG", "en_GB.UTF-8").output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_put_back_as_a_whole_is_caught_by_what_clients_hold() {
    let story = Story::tell(Meanwhile::Deposited).await;
    let rewound = story.earlier.copy();
    let served = rewound.serve().await;

    // Nothing on the machine says so: it serves, deposits, and signs another history.
    let other = deposited(&served, b"instead of it").await;
    let receipt = received(&served, &other).await;
    let folder = tempfile::tempdir().unwrap();
    let key = served.client.get(OWNER, "/log/vkey").await.unwrap();
    let key = String::from_utf8(key.body.to_vec()).unwrap();
    let policy = format!("log {}\nquorum none\n", key.trim());
    for (name, bytes) in
        [("policy", policy.as_bytes()), ("lost", &story.receipt), ("new", &receipt.body)]
    {
        fs::write(folder.path().join(name), bytes).unwrap();
    }

    // The lost deposit's receipt is evidence by itself, and two receipts show two histories.
    for one in ["lost", "new"] {
        let verified = greffe(folder.path(), &["receipt", "verify", one, "--policy", "policy"]);
        assert_eq!(verified.status.code(), Some(0), "{one}: {verified:?}");
    }
    let gather = ["audit", "gather", "lost", "new", "--offline", "--policy", "policy"];
    let gathered = greffe(folder.path(), &gather);
    assert_eq!(gathered.status.code(), Some(8), "{gathered:?}");

    // The first client who holds a checkpoint against it ends it for everybody.
    assert_eq!(story.known.present(&served.client).await, Some(503));
    let path = other.path("/content");
    let after = served.client.get(OWNER, &path).await.unwrap();
    assert_eq!(after.status, 503, "{after:?}");
    let new = Document::create(&served.client, b"no more".to_vec()).await;
    assert!(new.is_none());
}
