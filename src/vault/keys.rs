//! Every key that there is: from what, where it lives, under which label, and when it dies.

/// What the keys and associated data of each purpose are called; part of the format.
pub mod label {
    /// The key set: nodes, buckets, slots.
    pub const KEYSET: &str = "greffe/keyset/v1";
    /// A document's title, media type, purposes and reasons.
    pub const DOCUMENT: &str = "greffe/document/v1";
    /// The payload of a version, as age has it.
    pub const AGE_PAYLOAD: &str = "payload";
    /// The commitment to a version's file key.
    pub const COMMIT: &str = "greffe/commit/v1";
    /// The sealed record beside a version.
    pub const RECORD: &str = "greffe/record/v1";
    /// A person's name and address.
    pub const PERSON: &str = "greffe/person/v1";
    /// A person's openings of one month.
    pub const PERSONAL: &str = "greffe/personal/v1";
    /// Looking up a person by address.
    pub const ADDRESS: &str = "greffe/address/v1";
    /// Tags of entries.
    pub const TAG: &str = "greffe/tag/v1";
    /// A party's own names and texts.
    pub const PARTY: &str = "greffe/party/v1";
    /// Codes on revisions and heads.
    pub const AUTHORITY: &str = "greffe/authority/v1";
    /// Codes on batches.
    pub const APPEND: &str = "greffe/append/v1";
    /// Codes on the names of unfinished deposits.
    pub const PENDING: &str = "greffe/pending/v1";
    /// What is stored of a token.
    pub const TOKEN: &str = "greffe/token/v1";
}

/// One row of the table of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// What the key is, and what it seals.
    pub key: &'static str,
    /// What it is made from.
    pub from: &'static str,
    /// Where it lives.
    pub lives_in: &'static str,
    /// Its labels, as they enter what is made with it.
    pub labels: &'static [&'static str],
    /// What ends it.
    pub dies: &'static str,
}

const fn key(
    key: &'static str,
    from: &'static str,
    lives_in: &'static str,
    labels: &'static [&'static str],
    dies: &'static str,
) -> Key {
    Key { key, from, lives_in, labels, dies }
}

/// Every key; `docs/keys.md` shows the same table to people, and a test holds them equal.
pub const KEYS: &[Key] = &[
    key("root (derivations only)", "generator", "custody", &[], "mission's end"),
    key(
        "wrapping key",
        "generator",
        "custody, as its own object",
        &[label::KEYSET],
        "at each turn",
    ),
    key(
        "node (party, person), bucket",
        "generator",
        "key set, under its parent",
        &[label::KEYSET],
        "re-keyed at each erasure below it",
    ),
    key(
        "document key (title, purposes, reasons)",
        "generator",
        "document's leaf",
        &[label::DOCUMENT],
        "shred",
    ),
    key(
        "file key, by version",
        "generator",
        "document's leaf",
        &[label::AGE_PAYLOAD, label::COMMIT, label::RECORD],
        "shred",
    ),
    key(
        "person key (name, address)",
        "generator",
        "person's leaf",
        &[label::PERSON],
        "erasure of the person",
    ),
    key(
        "personal key, by (person, month); person index under it",
        "generator",
        "leaf",
        &[label::PERSONAL],
        "retention, erasure",
    ),
    key(
        "address look-up key",
        "generator",
        "leaf",
        &[label::ADDRESS],
        "turned and recomputed at each erasure",
    ),
    key(
        "tag key, by (subject, year, turn)",
        "HKDF of document, party or person key",
        "memory",
        &[label::TAG],
        "with its subject's key",
    ),
    key(
        "party key (its own names, tags)",
        "generator",
        "party's leaf",
        &[label::PARTY],
        "party leaves",
    ),
    key(
        "authority MAC, append HMAC, pending MAC, token pepper",
        "custody.derive",
        "memory",
        &[label::AUTHORITY, label::APPEND, label::PENDING, label::TOKEN],
        "with root",
    ),
    key(
        "log signing key",
        "generator (never derived: RGS)",
        "custody",
        &["Ed25519"],
        "origin's end",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_purposes_share_a_label_but_the_levels_of_the_tree() {
        let mut labels: Vec<_> = KEYS.iter().flat_map(|key| key.labels).collect();
        labels.sort_unstable();
        let twice: Vec<_> = labels.windows(2).filter(|pair| pair[0] == pair[1]).collect();

        assert_eq!(twice, [[&label::KEYSET, &label::KEYSET]]);
    }

    #[test]
    fn the_table_for_people_is_the_same() {
        let page = include_str!("../../docs/keys.md");
        let rows: Vec<Vec<&str>> = page
            .lines()
            .filter(|line| line.starts_with("| ") && !line.starts_with("| key "))
            .map(|line| line.trim_matches(['|', ' ']).split(" | ").collect())
            .collect();

        let written: Vec<Vec<String>> = KEYS.iter().map(written).collect();

        assert_eq!(rows, written);
    }

    fn written(key: &Key) -> Vec<String> {
        let label = |label: &&str| match *label {
            label::AGE_PAYLOAD => "age `payload`;".to_owned(),
            label if label.contains('/') => format!("`{label}`,"),
            label => label.to_owned(),
        };
        let labels: Vec<_> = key.labels.iter().map(label).collect();
        let labels = match labels.join(" ") {
            none if none.is_empty() => "-".to_owned(),
            labels => labels.trim_end_matches(',').to_owned(),
        };
        vec![key.key.into(), key.from.into(), key.lives_in.into(), labels, key.dies.into()]
    }
}
