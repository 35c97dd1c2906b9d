//! `greffe audit tags`: whether every entry is tagged for whom it concerns, recomputed from its facts.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use crate::{
    audit::{encoding, leaf::Leaf, opening::Opening},
    cli::{
        audit::Reading,
        client::api::{TagKey as Told, TagPage},
        error::{Error, Exit},
        log::{self, Log},
        session::Session,
        terminal::local,
    },
    vault::{Secret, TagKey},
};

/// Recomputes the tags of every entry from its facts, and lists those that are not tagged for whom they concern: a party
/// that scans the log finds only what was tagged for it. For the mission's auditor.
///
/// Every entry is hashed into the signed log on the way, its facts must be what its leaf commits to, and a party's key the
/// one that the party committed to in the log. What cannot be told any more, because a document was destroyed or facts have
/// run out, is counted as unproved.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe audit tags
  greffe audit tags --json | jq -r .entry

Exit codes: 0 every entry is tagged as far as it can be told, 8 one is not.")]
pub struct Tags {
    #[command(flatten)]
    reading: Reading,
}

/// What facts say of whom an entry concerns.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Facts {
    owner: Option<String>,
    capacity: Option<String>,
    document: Option<String>,
    tag_key: Option<Committed>,
}

/// A commitment to a tag key, as an entry states it.
#[derive(Deserialize)]
struct Committed {
    year: u16,
    turn: u32,
    commitment: String,
}

/// An entry that is not tagged as it should be.
#[derive(serde::Serialize)]
struct Untagged {
    index: u64,
    entry: String,
    at: String,
    /// `owner`, `capacity`, `document`; `facts` if they are not those of the leaf; `hidden` if they were not shown.
    lacks: &'static str,
}

/// What was found.
#[derive(Default)]
struct Compared {
    untagged: Vec<Untagged>,
    unproved: u64,
    /// Each key that was used, with what the log should commit to it by.
    used: BTreeMap<(String, u16, u32), TagKey>,
    committed: BTreeMap<(String, u16, u32), String>,
}

impl Tags {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// [`Exit::Tampered`] if an entry is not tagged, or the log is not what was signed.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let policy = log::policy(self.reading.policy.as_deref(), &session.profile()?)?;
        let log = Log::newest(self.reading.source(session)?, &policy).await?;
        let mut leaves = Vec::new();
        log.leaves(&session.terminal, |_, leaf| leaves.push(leaf)).await?;
        let mut compared = Compared::default();
        let mut shown = vec![false; leaves.len()];
        let client = session.client()?;
        let mut cursor = log.size().to_string();
        loop {
            let asked = client.get(&["api", "v1", "audit", "tags"]).query("cursor", Some(&cursor));
            let page: TagPage = asked.read().await?;
            for entry in &page.entries {
                let Ok(index) = usize::try_from(entry.position) else { continue };
                let (Some(leaf), Some(seen)) = (leaves.get(index), shown.get_mut(index)) else {
                    continue;
                };
                *seen = true;
                compared.entry(entry.position, leaf, entry.facts.as_deref(), &page.keys)?;
            }
            match page.next {
                Some(next) if next != cursor => cursor = next,
                _ => break,
            }
        }
        for (index, leaf) in leaves.iter().enumerate().filter(|(index, _)| !shown[*index]) {
            compared.lacks(index as u64, leaf, "hidden");
        }
        compared.tell(session, log.size())
    }
}

impl Compared {
    fn lacks(&mut self, index: u64, leaf: &Leaf, lacks: &'static str) {
        let (entry, at) = (leaf.id().to_string(), leaf.at().to_string());
        self.untagged.push(Untagged { index, entry, at, lacks });
    }

    fn entry(
        &mut self,
        index: u64,
        leaf: &Leaf,
        disclosure: Option<&str>,
        keys: &BTreeMap<String, Vec<Told>>,
    ) -> Result<(), Error> {
        let Some(disclosure) = disclosure else {
            self.unproved += 1;
            return Ok(());
        };
        let opened = Opening::open(disclosure, leaf.facts());
        let Some(facts) = opened.ok().and_then(|opening| opening.value::<Facts>().ok()) else {
            self.lacks(index, leaf, "facts");
            return Ok(());
        };
        if let (Some(key), Some(owner)) = (&facts.tag_key, &facts.owner) {
            let name = (owner.clone(), key.year, key.turn);
            self.committed.insert(name, key.commitment.clone());
        }
        let mut unproved = false;
        for (lacks, subject) in
            [("owner", facts.owner), ("capacity", facts.capacity), ("document", facts.document)]
        {
            let Some(subject) = subject else { continue };
            let mut of = Vec::new();
            for told in keys.get(&subject).into_iter().flatten() {
                of.push((told, read(told)?));
            }
            if of.is_empty() {
                unproved = true;
            } else if let Some((told, key)) =
                of.into_iter().find(|(_, key)| leaf.is_tagged_for(key))
            {
                self.used.insert((subject, told.year, told.turn), key);
            } else {
                self.lacks(index, leaf, lacks);
            }
        }
        self.unproved += u64::from(unproved);
        Ok(())
    }

    fn tell(mut self, session: &Session, size: u64) -> Result<Exit, Error> {
        self.untagged.sort_by_key(|one| one.index);
        let other = self.used.iter().find(|(name, key)| {
            self.committed.get(*name).is_some_and(|committed| *committed != key.commitment())
        });
        if let Some(((party, year, _), _)) = other {
            let told = Error::new(Exit::Tampered, "tag-key-other");
            return Err(told.with("party", party).with("year", year));
        }
        let headings = ["head-number", "head-entry", "head-when", "head-lacks"];
        session.terminal.table(headings, &self.untagged, |one| {
            let lacks = session.terminal.say(&format!("lacks-{}", one.lacks), &[]);
            [one.index.to_string(), one.entry.clone(), local(&one.at), lacks]
        })?;
        if !self.untagged.is_empty() {
            let count = self.untagged.len();
            return Err(Error::new(Exit::Tampered, "entries-untagged").with("count", count));
        }
        let shown = json!({"tagged": true, "entries": size, "unproved": self.unproved});
        session.terminal.show(&shown, || {
            let values = [("size", &size.to_string()[..]), ("count", &self.unproved.to_string())];
            session.terminal.say("entries-tagged", &values)
        })?;
        Ok(Exit::Done)
    }
}

fn read(told: &Told) -> Result<TagKey, Error> {
    let bytes = encoding::from_base64url(&told.key).map(zeroize::Zeroizing::new);
    let secret = bytes.and_then(|bytes| Secret::from_slice(&bytes));
    secret.map(TagKey::new).ok_or(Error::new(Exit::Failed, "unreadable"))
}
