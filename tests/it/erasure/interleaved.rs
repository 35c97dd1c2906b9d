//! Turns, destructions and deposits at once, while steps of the key set and of custody fail now and then.
//!
//! `GREFFE_ROUNDS` says how many rounds (100 by hand).

use std::sync::Arc;

use futures::future::{join, join_all};
use greffe::{
    id::{DocumentId, VersionId},
    vault::{
        KeySet,
        custody::{FileCustody, Ground},
    },
};
use sqlx::Row as _;

use super::attacker::lay;
use crate::crashes::{
    alone::alone,
    calls::STEPS,
    instance::{Instance, Served},
    known::{Document, Fate, Known},
    settled::settled,
};

fn rounds() -> usize {
    let asked = std::env::var("GREFFE_ROUNDS").ok().and_then(|text| text.parse().ok());
    asked.unwrap_or(STEPS.len())
}

/// Everything as a crash would have left it after a round, and what was known then.
struct Image {
    instance: Instance,
    known: Known,
}

async fn deposited(served: &Served, number: usize) -> Option<Document> {
    let content = format!("the content of deposit {number}").into_bytes();
    let mut document = Document::create(&served.client, content).await?;
    document.deposit(&served.client).await;
    Some(document)
}

/// One round: deposits, destructions and turns at once, of which some fail.
async fn round(served: &Served, known: &mut Known, round: usize) {
    let deposits = (0..3).map(|at| deposited(served, round * 3 + at));
    let fresh = |document: &&mut Document| {
        document.deposit == Fate::Done && document.shred == Fate::NotAsked
    };
    let doomed: Vec<_> = known.documents.iter_mut().filter(fresh).take(2).collect();
    let shreds = doomed.into_iter().map(|document| document.shred(&served.client));
    let turns = (0..2).map(|_| served.app.keyset.rotate(2));
    let (made, _) = join(join_all(deposits), join(join_all(shreds), join_all(turns))).await;
    known.documents.extend(made.into_iter().flatten());
}

/// The ids of a document's first version.
async fn ids(served: &Served, document: &Document) -> Option<(DocumentId, VersionId)> {
    let sql = "select d.id, v.id from document d join version v on v.document = d.id \
               where d.reference = $1";
    let row = sqlx::query(sql).bind(document.reference.clone());
    let row = row.fetch_optional(served.app.writer.database().pool()).await.unwrap()?;
    let (document, version) = (row.get::<Vec<u8>, _>(0), row.get::<Vec<u8>, _>(1));
    Some((DocumentId::from_slice(&document).unwrap(), VersionId::from_slice(&version).unwrap()))
}

/// Whether either place of `set` gives the version's key under the custody of `custody`.
async fn gives(set: &Instance, custody: &Instance, of: (DocumentId, VersionId)) -> bool {
    let mut gives = false;
    for place in ["keys.sqlite", "second/keys.sqlite"] {
        let folder = tempfile::tempdir().unwrap();
        let (keys, taken) = (folder.path().join("keys.sqlite"), folder.path().join("custody"));
        let log = set.folder().join(place).with_extension("sqlite-wal");
        lay(&set.folder().join(place), Some(&log), &keys);
        std::fs::copy(custody.folder().join("custody/custody"), &taken).unwrap();
        let (custody, _) = FileCustody::open(&taken, Ground::Warn).unwrap();
        let set = KeySet::open_read_only(Arc::new(custody), &keys).await;
        if let Ok(set) = set {
            gives |= set.file_key(of.0, of.1).await.is_ok();
        }
    }
    gives
}

async fn interleaved() {
    let instance = Instance::create().await;
    let served = instance.serve().await;
    let (mut known, mut images) = (Known::default(), Vec::new());
    for number in 0..rounds() {
        let step = STEPS[number % STEPS.len()];
        fail::cfg(step, "40%return").unwrap();
        round(&served, &mut known, number).await;
        fail::remove(step);
        images.push(Image { instance: instance.copy(), known: known.clone() });
    }

    let (mut alive, mut gone) = (0, 0);
    let last = images.last().unwrap();
    for document in &known.documents {
        let Some(of) = ids(&served, document).await else { continue };
        for image in &images {
            let then = image.known.documents.iter();
            let then = then.clone().find(|then| then.reference == document.reference);
            let now = gives(&image.instance, &image.instance, of).await;
            match then.map(|then| (then.deposit, then.shred)) {
                Some((Fate::Done, Fate::NotAsked)) => {
                    assert!(now, "{} is lost", document.reference);
                    alive += 1;
                }
                Some((_, Fate::Done)) => {
                    assert!(!now, "the key of {} is back", document.reference);
                    gone += 1;
                }
                _ => {}
            }
            if document.shred == Fate::Done {
                let older = gives(&image.instance, &last.instance, of).await;
                assert!(!older, "{}: an older set opens under today's custody", document.reference);
            }
        }
    }
    eprintln!("{} rounds: {alive} times alive, {gone} times gone", rounds());
    assert!(alive > 0 && gone > 0, "nothing was deposited, or nothing destroyed");
    drop(served);
    instance.let_go().await;
    let served = instance.serve().await;
    settled(&served.app, instance.folder(), &known, "interleaved").await;
    for document in &mut known.documents {
        document.check(&served.client, "interleaved").await;
    }
}

#[test]
fn turns_destructions_and_deposits_at_once_bring_no_key_back_and_lose_none() {
    let name = "turns_destructions_and_deposits_at_once_bring_no_key_back_and_lose_none";
    alone(&format!("erasure::interleaved::{name}"), interleaved);
}
