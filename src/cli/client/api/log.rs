//! The log: entries, and the keys of their tags.

use std::collections::BTreeMap;

answers! {
    /// An entry of the log, opened.
    Entry {
        /// Its id.
        entry: String,
        /// Its position in the log, once it has one.
        position: Option<u64>,
        /// When.
        at: String,
        /// Which act.
        act: String,
        /// Its class: change, intent, outcome, refusal or system.
        class: Option<String>,
        /// What was decided.
        decision: Option<String>,
        /// The capacity of whoever acted.
        capacity: Option<String>,
        /// Who acted, while that is known.
        person: Option<String>,
        /// Whether somebody acted of whom nothing is known any more.
        personal_expired: bool,
        /// The document's reference.
        reference: Option<String>,
        /// What they said: `purpose`, `reason`.
        texts: BTreeMap<String, String>,
    }

    /// `GET …/accesses` and `GET /api/v1/audit/entries`.
    Entries {
        /// One page of them.
        entries: Vec<Entry>,
        /// Where the next page begins.
        next: Option<String>,
    }

    /// A tag key.
    TagKey {
        /// Calendar year.
        year: u16,
        /// Counted from 0.
        turn: u32,
        /// 32 bytes in base64url.
        key: String,
    }

    /// `GET /api/v1/parties/{party}/tag-keys`.
    TagKeys {
        /// All that the party committed to.
        keys: Vec<TagKey>,
    }

    /// An entry as its leaf commits to it.
    Tagged {
        /// Its position in the log.
        position: u64,
        /// The disclosure of its facts, while they are kept.
        facts: Option<String>,
    }

    /// `GET /api/v1/audit/tags`.
    TagPage {
        /// One page of entries.
        entries: Vec<Tagged>,
        /// Of each party and document that they name.
        keys: BTreeMap<String, Vec<TagKey>>,
        /// Where the next page begins.
        next: Option<String>,
    }
}
