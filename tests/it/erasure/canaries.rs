//! Words that are found nowhere: neither in what rests on disk, nor in what is logged, nor, once their document was
//! shredded, in the server's memory. `GREFFE_MEMORY_SECONDS` says how long after that is looked for them (120 by hand).

use std::{env, fs, os::unix::fs::FileExt as _, path::Path, time::Duration};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use greffe::vault::payload::sha256;
use serde_json::json;

use crate::crashes::{
    client::{Client, OWNER, READER, with_status},
    instance::Instance,
};

const TITLE: &str = "canari-titre-obsidienne-1847";
const CONTENT: &str = "canari-contenu-tourmaline-9023";
const PURPOSE: &str = "canari-motif-malachite-5512";
const REASON: &str = "canari-raison-serpentine-3380";
const RESTRICTION: &str = "canari-restriction-cornaline-7764";
const DEVICE: &str = "canari-appareil-chalcedoine-2091";
const ASKED: &str = "canari-demande-rhodonite-6658";
const MEDIA: &str = "application/x-canari-sodalite-4471";
const NAME: &str = "Ruth Vogel";
const ADDRESS: &str = "ruth.vogel@rhein.example";

/// Bytes of a thread's stack, and of the page before it that nobody may touch.
const STACK: u64 = 2 << 20;
const GUARD: u64 = 4096;

/// What goes with a document.
const OF_THE_DOCUMENT: [&str; 4] = [TITLE, CONTENT, PURPOSE, REASON];
const ALL: [&str; 10] =
    [TITLE, CONTENT, PURPOSE, REASON, RESTRICTION, DEVICE, ASKED, MEDIA, NAME, ADDRESS];

/// Bytes that are looked for, and what they are.
struct Pattern {
    says: String,
    bytes: Vec<u8>,
}

/// Patterns by their first two bytes.
struct Search {
    patterns: Vec<Pattern>,
    by_start: Vec<Vec<usize>>,
}

impl Search {
    fn of(words: &[&str]) -> Self {
        let mut patterns: Vec<_> = words.iter().flat_map(|word| encodings(word)).collect();
        if words.contains(&CONTENT) {
            let digest = sha256(&content());
            patterns.push(Pattern { says: "the digest".into(), bytes: digest.to_vec() });
            let hex = hex::encode(digest).into_bytes();
            patterns.push(Pattern { says: "the digest in hex".into(), bytes: hex });
        }
        let mut by_start = vec![Vec::new(); 1 << 16];
        for (at, pattern) in patterns.iter().enumerate() {
            by_start[start(&pattern.bytes)].push(at);
        }
        Self { patterns, by_start }
    }

    /// What of it stands in `bytes`.
    fn found(&self, bytes: &[u8]) -> Vec<&str> {
        let mut found = Vec::new();
        for at in 0..bytes.len().saturating_sub(1) {
            for pattern in &self.by_start[start(&bytes[at..])] {
                let pattern = &self.patterns[*pattern];
                if bytes[at..].starts_with(&pattern.bytes) {
                    found.push(pattern.says.as_str());
                }
            }
        }
        found
    }
}

fn start(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
}

/// The word as it is, in hexadecimal, base64 at each alignment, UTF-16 and percent-encoded.
fn encodings(word: &str) -> Vec<Pattern> {
    let bytes = word.as_bytes();
    let mut all = vec![
        ("as it is", bytes.to_vec()),
        ("in hex", hex::encode(bytes).into_bytes()),
        ("in upper hex", hex::encode_upper(bytes).into_bytes()),
        ("in UTF-16 LE", word.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("in UTF-16 BE", word.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ("percent-encoded", bytes.iter().flat_map(|b| format!("%{b:02X}").into_bytes()).collect()),
    ];
    for before in 0..3 {
        let padded = [&vec![0; before], bytes].concat();
        // Characters that no byte before or after the word has a part in.
        let whole = (before * 8).div_ceil(6)..(padded.len() * 8) / 6;
        for text in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            all.push(("in base64", text.as_bytes()[whole.clone()].to_vec()));
        }
    }
    let named = |(how, bytes)| Pattern { says: format!("{word} {how}"), bytes };
    all.into_iter().map(named).collect()
}

/// A content that bears its canary in every chunk.
fn content() -> Vec<u8> {
    format!("{CONTENT}, and more of it. ").into_bytes().repeat(5_000)
}

/// Puts every canary in, reads what can be read, and destroys the document.
async fn sing(client: &Client) {
    let device = ("user-agent", DEVICE);
    let new = json!({
        "workstream": "intelligence-artificielle", "kind": "diagnostic", "title": TITLE,
    });
    let headers = [device, ("content-type", "application/json")];
    let created = client.ask(OWNER, "POST", "/api/v1/documents", &headers, new.to_string()).await;
    let reference = with_status(created, 201).unwrap()["reference"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/documents/{reference}");
    let inside = format!("{path}/content");
    let headers = [device, ("content-type", MEDIA), ("idempotency-key", "one")];
    let put = client.ask(OWNER, "PUT", &inside, &headers, content()).await;
    assert_eq!(put.unwrap().status, 201);
    let grant = json!({"to": "company:caisse-du-littoral", "purpose": PURPOSE});
    let granted = client.json(OWNER, "POST", &format!("{path}/grants"), &grant).await;
    assert_eq!(granted.unwrap().status, 201);
    let read = client.get(READER, &inside).await.unwrap();
    assert!(read.body == content());
    for told in ["", "/grants", "/versions", "/accesses", "/age?recipient=vault"] {
        let told = client.get(OWNER, &format!("{path}{told}")).await.unwrap();
        assert_eq!(told.status, 200, "{told:?}");
    }
    let listed = client.get(OWNER, "/api/v1/documents").await.unwrap();
    assert!(String::from_utf8_lossy(&listed.body).contains(TITLE));
    let asked = format!("/api/v1/documents/{ASKED}");
    let hidden = client.ask(READER, "GET", &asked, &[device], "").await.unwrap();
    assert_eq!(hidden.status, 404);
    let text = format!(
        "// {RESTRICTION}\n@id(\"a\")\nforbid (principal, action == Action::\"export\", resource) \
         when {{ context has purpose && context.purpose == \"{RESTRICTION}\" }};\n"
    );
    let restrictions = "/api/v1/parties/company:rhein-energie/restrictions";
    let headers = [("content-type", "text/plain")];
    let put = client.ask(OWNER, "PUT", restrictions, &headers, text).await.unwrap();
    assert_eq!(put.status, 200, "{put:?}");
    let gone = client.json(OWNER, "DELETE", &path, &json!({"reason": REASON})).await.unwrap();
    assert_eq!(gone.status, 200, "{gone:?}");
}

/// Which canaries stand in a file below `folder`.
fn on_disk(folder: &Path, search: &Search, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            on_disk(&path, search, found);
        } else {
            let bytes = fs::read(&path).unwrap();
            let words = search.found(&bytes).into_iter();
            found.extend(words.map(|word| format!("{}: {word}", path.display())));
        }
    }
}

/// What is remembered: in thread stacks, which are overwritten only as their threads go on, and elsewhere.
#[derive(Default)]
struct Remembered {
    on_stacks: Vec<String>,
    elsewhere: Vec<String>,
}

/// Which canaries stand in memory that the process can write.
fn in_memory(process: u32, search: &Search) -> Remembered {
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let memory = fs::File::open(format!("/proc/{process}/mem")).unwrap();
    let (mut remembered, mut looked_at, mut guarded) = (Remembered::default(), 0, false);
    for line in maps.lines() {
        let columns: Vec<_> = line.split_whitespace().collect();
        let (from, to) = columns[0].split_once('-').unwrap();
        let number = |text| u64::from_str_radix(text, 16).unwrap();
        let (from, length) = (number(from), number(to) - number(from));
        let place = columns.get(5).copied().unwrap_or("anonymous");
        let is_stack = place == "[stack]" || guarded && length == STACK;
        guarded = columns[1].starts_with("---") && length == GUARD;
        let mut bytes = vec![0; usize::try_from(length).unwrap()];
        // A mapping may be gone since; of what is left, every byte is looked at.
        if !columns[1].starts_with("rw") || memory.read_exact_at(&mut bytes, from).is_err() {
            continue;
        }
        looked_at += bytes.len();
        let found = search.found(&bytes).into_iter().map(|word| format!("{place}: {word}"));
        match is_stack {
            true => remembered.on_stacks.extend(found),
            false => remembered.elsewhere.extend(found),
        }
    }
    assert!(looked_at > 1 << 20, "{looked_at} bytes are not a server's memory");
    remembered
}

/// A list with equal lines counted.
fn counted(mut found: Vec<String>) -> String {
    found.sort();
    let lines = found.chunk_by(|one, other| one == other);
    lines.map(|same| format!("{} × {}\n", same.len(), same[0])).collect()
}

fn memory_for() -> Duration {
    let asked = env::var("GREFFE_MEMORY_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(asked.unwrap_or(15))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_canary_rests_on_disk_in_logs_or_in_the_memory_of_the_server() {
    let instance = Instance::create().await;
    let mut child = instance.spawn().await;
    {
        // With the client go its connections, and what the server buffers for them.
        let client = instance.client(child.address);
        sing(&client).await;
    }

    let everything = Search::of(&ALL);
    let mut rests = Vec::new();
    on_disk(instance.folder(), &everything, &mut rests);
    // The configuration's folder is searched well: what is known to be there is found.
    let mut control = Vec::new();
    on_disk(instance.folder(), &Search::of(&["caisse-du-littoral"]), &mut control);
    let document = Search::of(&OF_THE_DOCUMENT);
    let begun = tokio::time::Instant::now();
    let (most, mut tick) = (memory_for(), tokio::time::interval(Duration::from_secs(1)));
    let mut remembered = Remembered::default();
    while begun.elapsed() <= most {
        tick.tick().await;
        // By hand what counts is what was left at the end.
        if env::var_os("GREFFE_MEMORY_SECONDS").is_none() || begun.elapsed() >= most {
            remembered = in_memory(child.id(), &document);
            if remembered.elsewhere.is_empty() {
                break;
            }
        }
    }
    eprintln!("on stacks: {}", counted(remembered.on_stacks));
    child.kill().await;
    let said = child.said();

    assert_eq!(counted(rests), "", "on disk");
    assert!(!control.is_empty(), "a word that is on disk is not found there");
    assert_eq!(everything.found(said.as_bytes()), Vec::<&str>::new(), "in the log: {said}");
    assert_eq!(counted(remembered.elsewhere), "", "in memory");
}

#[test]
fn a_canary_is_found_however_it_is_encoded() {
    let search = Search::of(&[TITLE]);
    for before in 0..3 {
        let text = format!("{}{TITLE} and more", &"xyz"[..before]);
        for encoded in [
            text.clone(),
            hex::encode(&text),
            STANDARD_NO_PAD.encode(&text),
            URL_SAFE_NO_PAD.encode(&text),
        ] {
            assert!(!search.found(encoded.as_bytes()).is_empty(), "{encoded}");
        }
    }
    assert!(search.found(b"canari-titre-obsidienne-1846").is_empty());
}
