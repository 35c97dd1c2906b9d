//! A process is killed again and again while it works: `GREFFE_KILLS` says how often (200 by hand).

use std::time::Duration;

use futures::future::join_all;

use crate::crashes::{
    client::{Client, OWNER, READER},
    instance::Instance,
    known::{Document, Fate, Known},
    settled::settled,
};

/// Clients that work at once.
const CLIENTS: u64 = 4;
/// The latest instant at which a process is killed, in milliseconds after it serves.
const KILLED_WITHIN: u64 = 700;
/// Between two looks at everything by a service that nobody kills.
const LOOKED_EVERY: usize = 10;

fn kills() -> usize {
    let asked = std::env::var("GREFFE_KILLS").ok().and_then(|text| text.parse().ok());
    asked.unwrap_or(8)
}

/// Numbers that look random, the same in each run (SplitMix64).
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// Works until the connection breaks: deposits, reads, grants, destroys.
async fn work(client: Client, mut draw: Draw) -> Known {
    let mut known = Known::default();
    loop {
        known.see(&client).await;
        let size = [1, 1_000, 65_536, 200_000][usize::try_from(draw.below(4)).unwrap()];
        let byte = u8::try_from(draw.below(256)).unwrap();
        let content = (0..size).map(|at| byte.wrapping_add(u8::try_from(at % 251).unwrap()));
        let Some(document) = Document::create(&client, content.collect()).await else {
            return known;
        };
        known.documents.push(document);
        let document = known.documents.last_mut().unwrap();
        document.deposit(&client).await;
        if document.deposit == Fate::Asked {
            return known;
        }
        document.grant(&client).await;
        for who in [OWNER, READER, OWNER] {
            let from = draw.below(size);
            let to = from + 1 + draw.below(size - from);
            if document.read(&client, who, from, to).await.is_none() {
                return known;
            }
        }
        let at = usize::try_from(draw.below(known.documents.len() as u64 * 2)).unwrap();
        if let Some(doomed) = known.documents.get_mut(at)
            && doomed.shred == Fate::NotAsked
        {
            doomed.shred(&client).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_killed_at_any_instant_loses_nothing_acknowledged() {
    let instance = Instance::create().await;
    let (mut all, mut draw, mut deposits) = (Known::default(), Draw(kills() as u64), 0);
    let mut last = Vec::new();
    for kill in 1..=kills() {
        let when = format!("kill {kill}");
        let mut child = instance.spawn().await;
        let client = instance.client(child.address);
        if all.checkpoint.is_some() {
            assert_eq!(all.present(&client).await, Some(200), "{when}: {}", child.said());
        }
        for document in &mut last {
            Document::check(document, &client, &when).await;
        }
        all.documents.append(&mut last);
        let work = (0..CLIENTS).map(|_| work(client.clone(), Draw(draw.below(u64::MAX))));
        let mut working = join_all(work.map(tokio::spawn));

        let end = tokio::time::Instant::now() + Duration::from_millis(draw.below(KILLED_WITHIN));
        let early = tokio::time::timeout_at(end, &mut working).await;
        assert!(early.is_err(), "{when}: it ended by itself: {}", child.said());
        child.kill().await;
        for known in working.await {
            all.keep(known.unwrap(), &mut last);
        }
        deposits += last.iter().filter(|document| document.deposit == Fate::Done).count();
        if kill % LOOKED_EVERY == 0 || kills() <= 2 * LOOKED_EVERY || kill == kills() {
            look(&instance, &all, &last, &when).await;
        }
    }
    eprintln!("{} kills, {deposits} acknowledged deposits", kills());
    assert!(deposits > 0, "nothing was deposited before a kill: this shows nothing");
}

/// Opens a copy of what the crash left, and looks at everything.
async fn look(crashed: &Instance, all: &Known, last: &[Document], when: &str) {
    let copy = crashed.copy();
    let served = copy.serve().await;
    let mut known = all.clone();
    known.documents.extend_from_slice(last);
    settled(&served.app, copy.folder(), &known, when).await;
    for document in &mut known.documents {
        document.check(&served.client, when).await;
        if document.deposit == Fate::Asked && document.shred == Fate::NotAsked {
            document.deposit_again(&served.client, when).await;
        }
    }
    served.ended().await;
}
