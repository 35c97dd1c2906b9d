//! The log's formats, verified by the Go project's own code: `tests/go`, with Debian's `golang-golang-x-mod-dev`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use greffe::audit::{
    bundle,
    checkpoint::Checkpoint,
    merkle::{Frontier, Hash, Node, Plan, leaf_hash},
    note::Signer,
    proof::Proof,
    tile::{Level, Tile},
};
use tempfile::TempDir;

/// The verifier, compiled once.
fn verifier() -> &'static Path {
    static BUILT: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_folder, binary) = BUILT.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let binary = folder.path().join("verify");
        let mut build = Command::new("go");
        build.args(["build", "-o"]).arg(&binary).arg("./tests/go");
        build.current_dir(env!("CARGO_MANIFEST_DIR"));
        build.envs([("GO111MODULE", "off"), ("GOPATH", "/usr/share/gocode"), ("GOFLAGS", "")]);
        build.env("GOCACHE", folder.path().join("cache"));
        let built = build.output().expect(
            "Go is needed: apt-get install --no-install-recommends golang-go golang-golang-x-mod-dev",
        );
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        (folder, binary)
    });
    binary
}

fn verify(what: &str, path: &Path) -> Output {
    Command::new(verifier()).arg(what).arg(path).output().unwrap()
}

/// What a log of so many entries serves, and what its clients kept of it at half that size.
fn published(size: u64) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, bytes: &[u8]| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    let signer = Signer::from_seed("log.example".parse().unwrap(), &[7; 32]).unwrap();
    let entries: Vec<String> = (0..size).map(|index| format!("entry {index}")).collect();
    let (mut nodes, mut frontier) = (std::collections::HashMap::new(), Frontier::default());
    for entry in &entries {
        let leaf = leaf_hash(entry.as_bytes());
        frontier.append_each(leaf, |node, hash| assert!(nodes.insert(node, hash).is_none()));
    }
    let known = |node: Node| Ok::<Hash, std::convert::Infallible>(nodes[&node]);

    write("vkey", format!("{}\n", signer.verifier()).as_bytes());
    for tile in Tile::written(0, size) {
        let places = tile.index * 256..tile.index * 256 + u64::from(tile.width);
        let bytes = match tile.level {
            Level::Entries => {
                let entries = places.map(|index| entries[index as usize].as_bytes());
                bundle::write(entries).unwrap()
            }
            Level::Hashes(level) => {
                let hash = |index| nodes[&Node { level: level * 8, index }].0;
                places.flat_map(hash).collect()
            }
        };
        write(&tile.to_string(), &bytes);
    }
    for (path, size) in [("checkpoint", size), ("checkpoints/kept", size / 2)] {
        let root = Plan::root(size).fill(known).unwrap()[0];
        let checkpoint = Checkpoint { origin: "log.example".into(), size, root };
        write(path, checkpoint.sign(&signer).unwrap().to_string().as_bytes());
    }
    let kept = fs::read(folder.path().join("checkpoints/kept")).unwrap();
    let receipt = Proof {
        extra: Some(b"{}".to_vec()),
        index: size / 3,
        hashes: Plan::inclusion(size / 3, size / 2).unwrap().fill(known).unwrap(),
        checkpoint: greffe::audit::note::Note::parse(&kept).unwrap(),
    };
    write("proofs/kept.tlog-proof", receipt.to_string().as_bytes());
    folder
}

#[test]
fn go_accepts_every_item_of_the_vectors() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/tlog.json");

    let answer = verify("vectors", &file);

    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
}

#[test]
fn go_accepts_what_we_publish() {
    for (size, tiles) in [(2, 1), (256, 2), (257, 3), (1000, 5)] {
        let answer = verify("log", published(size).path());

        let said = String::from_utf8_lossy(&answer.stdout);
        assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
        let expected = format!("{tiles} tiles, 1 older checkpoints, 1 proofs\n");
        assert!(said.contains(&format!("{size} entries")) && said.ends_with(&expected), "{said}");
    }
}

#[test]
fn go_refuses_what_was_changed() {
    for path in [
        "vkey",
        "checkpoint",
        "checkpoints/kept",
        "proofs/kept.tlog-proof",
        "tile/entries/000",
        "tile/entries/002.p/88",
        "tile/0/001",
        "tile/1/000.p/2",
    ] {
        let folder = published(600);
        let file = folder.path().join(path);
        let mut bytes = fs::read(&file).unwrap();
        let last = bytes.len() - 8;
        bytes[last] ^= 1;
        fs::write(file, bytes).unwrap();

        let answer = verify("log", folder.path());

        assert_eq!(answer.status.code(), Some(1), "{path}");
        assert!(answer.stdout.is_empty(), "{path}");
    }
    let folder = published(600);
    fs::remove_file(folder.path().join("tile/entries/001")).unwrap();
    assert_eq!(verify("log", folder.path()).status.code(), Some(1));
}
