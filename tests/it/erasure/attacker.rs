//! Somebody with today's custody, everything of today and copies of yesterday, who opens what opens by our own code.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use greffe::{
    id::{DocumentId, PersonId, VersionId},
    storage::Name,
    vault::{
        FileKey, KeySet, SymmetricKey,
        custody::{FileCustody, Ground},
        open_field,
        payload::{Nonce, Opener},
        record::open_record,
    },
};
use serde_json::Value;
use sqlx::{Connection as _, Row as _, SqliteConnection, sqlite::SqliteConnectOptions};

/// What is looked for, and where its keys would lie.
#[derive(Clone, Debug)]
pub struct Target {
    pub document: DocumentId,
    pub version: VersionId,
    pub person: PersonId,
    /// Of each thing that may be stolen: its name, and its bytes.
    pub wanted: Vec<(&'static str, Vec<u8>)>,
}

/// Keys that an attacker got out of a key set.
struct Keys {
    document: Option<SymmetricKey>,
    file: Option<FileKey>,
    person: Option<SymmetricKey>,
}

/// The folders of copies that he has; the first is today's.
pub struct Attacker {
    pub folders: Vec<PathBuf>,
}

/// How much was tried, and what was opened.
#[derive(Debug, Default)]
pub struct Loot {
    pub sets_tried: usize,
    pub sets_opened: usize,
    pub stolen: BTreeSet<&'static str>,
}

const PLACES: [&str; 2] = ["keys.sqlite", "second/keys.sqlite"];

impl Attacker {
    /// Tries every key-set file with every write-ahead log, both as they are and as a set of two places, under the
    /// custody at `custody`; and with the keys that come out of it every database and every store.
    pub async fn attack(&self, custody: &Path, target: &Target) -> Loot {
        let mut loot = Loot::default();
        let files = self.folders.iter().flat_map(|folder| PLACES.map(|place| folder.join(place)));
        let files: Vec<_> = files.collect();
        let logs: Vec<_> = files.iter().map(|file| file.with_extension("sqlite-wal")).collect();
        for file in &files {
            for log in std::iter::once(None).chain(logs.iter().map(Some)) {
                let place = tempfile::tempdir().unwrap();
                for name in ["first.sqlite", "second.sqlite"] {
                    lay(file, log, &place.path().join(name));
                }
                for lone in [true, false] {
                    loot.sets_tried += 1;
                    let Some(keys) = keys(custody, place.path(), lone, target).await else {
                        continue;
                    };
                    loot.sets_opened += 1;
                    self.open(&keys, target, &mut loot).await;
                }
            }
        }
        loot
    }

    async fn open(&self, keys: &Keys, target: &Target, loot: &mut Loot) {
        let mut opened: Vec<Vec<u8>> = Vec::new();
        for folder in &self.folders {
            let place = tempfile::tempdir().unwrap();
            let database = place.path().join("greffe.sqlite");
            let theirs = folder.join("greffe.sqlite");
            lay(&theirs, Some(&theirs.with_extension("sqlite-wal")), &database);
            let options = SqliteConnectOptions::new().filename(&database);
            let Ok(mut database) = SqliteConnection::connect_with(&options).await else { continue };
            opened.extend(fields(&mut database, keys, target).await);
            for store in &self.folders {
                opened.extend(objects(&mut database, &store.join("objects"), keys, target).await);
            }
        }
        for (name, bytes) in &target.wanted {
            if opened.iter().any(|text| text.windows(bytes.len()).any(|found| found == bytes)) {
                loot.stolen.insert(name);
            }
        }
    }
}

/// Copies a SQLite file, and a write-ahead log beside it.
pub fn lay(file: &Path, log: Option<&PathBuf>, to: &Path) {
    fs::copy(file, to).unwrap();
    if let Some(log) = log.filter(|log| log.exists()) {
        fs::copy(log, to.with_extension("sqlite-wal")).unwrap();
    }
}

/// The target's keys, if the set opens.
async fn keys(custody: &Path, place: &Path, lone: bool, target: &Target) -> Option<Keys> {
    let taken = place.join("custody");
    fs::copy(custody, &taken).unwrap();
    let (custody, _) = FileCustody::open(&taken, Ground::Warn).ok()?;
    let (first, second) = (place.join("first.sqlite"), place.join("second.sqlite"));
    let set = match lone {
        true => KeySet::open_read_only(Arc::new(custody), &first).await,
        false => KeySet::open(Arc::new(custody), &first, &second, 0).await,
    };
    let set = set.ok()?;
    let keys = Keys {
        document: set.document_key(target.document).await.ok(),
        file: set.file_key(target.document, target.version).await.ok(),
        person: set.person_key(target.person).await.ok(),
    };
    set.close().await;
    Some(keys)
}

/// Everything in the database that these keys open.
async fn fields(database: &mut SqliteConnection, keys: &Keys, target: &Target) -> Vec<Vec<u8>> {
    let mut opened = Vec::new();
    let document = target.document.as_bytes();
    let mut open = |key: &Option<SymmetricKey>, subject: &[u8], field, number, sealed: &[u8]| {
        let text =
            key.as_ref().and_then(|key| open_field(key, subject, field, number, sealed).ok());
        // An opening is base64url of JSON; both are what an attacker reads.
        if let Some(text) = text {
            let disclosures = serde_json::from_slice::<Value>(&text).ok();
            let disclosures = disclosures.as_ref().and_then(Value::as_object);
            for disclosure in disclosures.into_iter().flat_map(|map| map.values()) {
                let bytes = disclosure.as_str().map(greffe_base64);
                opened.extend(bytes.flatten());
            }
            opened.push(text.to_vec());
        }
    };
    let sql = "select id, title_sealed from document";
    for row in sqlx::query(sql).fetch_all(&mut *database).await.unwrap_or_default() {
        open(&keys.document, &row.get::<Vec<u8>, _>(0), "title", 0, &row.get::<Vec<u8>, _>(1));
    }
    let sql = "select id, texts_sealed from entry where length(texts_sealed) > 0";
    for row in sqlx::query(sql).fetch_all(&mut *database).await.unwrap_or_default() {
        open(&keys.document, &row.get::<Vec<u8>, _>(0), "texts", 0, &row.get::<Vec<u8>, _>(1));
    }
    let sql = "select answer from idempotency";
    for row in sqlx::query(sql).fetch_all(&mut *database).await.unwrap_or_default() {
        let answer = STANDARD.decode(row.get::<String, _>(0)).unwrap_or_default();
        open(&keys.document, document, "answer", 0, &answer);
    }
    let sql = "select subject, bytes from revision";
    for row in sqlx::query(sql).fetch_all(&mut *database).await.unwrap_or_default() {
        let subject: Vec<u8> = row.get(0);
        let Ok(revision) = serde_json::from_slice::<Value>(&row.get::<Vec<u8>, _>(1)) else {
            continue;
        };
        let sealed = |value: &Value| STANDARD.decode(value.as_str().unwrap_or_default());
        let number = revision["named_in"].as_u64().unwrap_or_default();
        for (field, name) in [("name", "name_sealed"), ("address", "address_sealed")] {
            open(
                &keys.person,
                &subject,
                field,
                number,
                &sealed(&revision[name]).unwrap_or_default(),
            );
        }
        for grant in revision["grants"].as_array().into_iter().flatten() {
            let Some(Ok(id)) = grant["id"].as_str().map(str::parse::<greffe::id::GrantId>) else {
                continue;
            };
            let sealed = sealed(&grant["purpose_sealed"]).unwrap_or_default();
            open(&keys.document, id.as_bytes(), "purpose", 0, &sealed);
        }
    }
    opened
}

/// A disclosure's JSON.
fn greffe_base64(text: &str) -> Option<Vec<u8>> {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok()
}

/// Everything in the store that these keys open: contents, and the records beside them.
async fn objects(
    database: &mut SqliteConnection,
    store: &Path,
    keys: &Keys,
    target: &Target,
) -> Vec<Vec<u8>> {
    let Some(key) = &keys.file else { return Vec::new() };
    let sql = "select record from version";
    let mut opened = Vec::new();
    for row in sqlx::query(sql).fetch_all(database).await.unwrap_or_default() {
        let Ok(record) = serde_json::from_str::<Value>(row.get::<&str, _>(0)) else { continue };
        let name: Name =
            record["copies"][0]["object"].as_str().unwrap_or_default().parse().unwrap();
        let read = |name: &Name| fs::read(store.join(format!("{name}.sealed"))).unwrap_or_default();
        let mut sealed = read(&name);
        if let Some((nonce, chunks)) = sealed.split_first_chunk_mut::<16>() {
            let length = 16 + chunks.len() as u64;
            if let Ok(mut opener) = Opener::new(key, &Nonce(*nonce), length, 0)
                && let Ok(text) = opener.open(chunks)
            {
                opened.push(text.to_vec());
            }
        }
        if let Ok(record) = open_record(key, &target.version, 1, &read(&name.of_its_record())) {
            opened.push(serde_json::to_vec(&record).unwrap());
        }
    }
    opened
}
