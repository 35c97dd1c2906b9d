//! Proofs that an entry is in the log, as files that anyone can verify offline (c2sp.org/tlog-proof).

use std::fmt;

use crate::audit::{
    encoding,
    merkle::{self, Hash, MAX_PROOF},
    note::{self, MAX_NOTE, Note},
    trust::{self, Policy, Trusted},
};

/// The first line of such a file.
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// Longest file that is read, in bytes.
pub const MAX_FILE: usize = 2 * MAX_NOTE;

/// What is wrong with a proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Longer than [`MAX_FILE`].
    #[error("a proof has at most {MAX_FILE} bytes")]
    TooLong,
    /// Not the lines of such a file.
    #[error("the proof is malformed: {0}")]
    Malformed(&'static str),
    /// What follows the empty line is no signed note.
    #[error("the proof's checkpoint is malformed")]
    Checkpoint(#[from] note::Error),
    /// The trust policy does not vouch for the checkpoint.
    #[error("the proof's checkpoint is not trusted")]
    Untrusted(#[from] trust::Error),
    /// The checkpoint does not cover the entry.
    #[error("the entry is not in the log")]
    NotIncluded(#[from] merkle::Error),
}

/// Where an entry stands, and what leads from it to a signed checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Whatever else goes with it; nothing signs it. Never empty.
    pub extra: Option<Vec<u8>>,
    /// The entry's place in the log, from 0.
    pub index: u64,
    /// The inclusion proof, the leaf's sibling first; at most [`MAX_PROOF`].
    pub hashes: Vec<Hash>,
    /// The checkpoint as it was signed, and perhaps cosigned.
    pub checkpoint: Note,
}

impl Proof {
    /// Reads a proof's file, without believing it.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`], [`Error::Malformed`] or [`Error::Checkpoint`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_FILE {
            return Err(Error::TooLong);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| Error::Malformed("not UTF-8"))?;
        let (head, checkpoint) =
            text.split_once("\n\n").ok_or(Error::Malformed("no empty line before a checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(Error::Malformed("the first line is not c2sp.org/tlog-proof@v1"));
        }
        let extra = lines.next_if(|line| line.starts_with("extra ")).map(|line| {
            let bytes = encoding::from_base64(&line["extra ".len()..]);
            bytes.filter(|bytes| !bytes.is_empty()).ok_or(Error::Malformed("extra is not base64"))
        });
        let index = lines
            .next()
            .and_then(|line| encoding::from_decimal(line.strip_prefix("index ")?))
            .ok_or(Error::Malformed("no line with the entry's index"))?;
        let hashes: Vec<Hash> = lines
            .map(|line| line.parse().map_err(|_| Error::Malformed("a line that is no hash")))
            .collect::<Result<_, _>>()?;
        if hashes.len() > MAX_PROOF {
            return Err(Error::Malformed("more hashes than any tree needs"));
        }
        let checkpoint = Note::parse(checkpoint.as_bytes())?;
        Ok(Self { extra: extra.transpose()?, index, hashes, checkpoint })
    }

    /// Verifies that `entry`, by its exact bytes, is in a log that `policy` vouches for.
    ///
    /// # Errors
    ///
    /// [`Error::Untrusted`] or [`Error::NotIncluded`].
    pub fn verify(&self, entry: &[u8], policy: &Policy) -> Result<Trusted, Error> {
        let trusted = policy.open_note(&self.checkpoint)?;
        let (size, root) = (trusted.checkpoint.size, trusted.checkpoint.root);
        let leaf = merkle::leaf_hash(entry);
        merkle::verify_inclusion(&leaf, self.index, size, &self.hashes, &root)?;
        Ok(trusted)
    }
}

impl fmt::Display for Proof {
    /// The proof's file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = self.extra.as_ref().filter(|extra| !extra.is_empty()) {
            writeln!(f, "extra {}", encoding::base64(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::Index};

    use super::*;
    use crate::audit::vectors::{entries, text as vector};

    fn published() -> Proof {
        Proof::parse(vector("/tlog_proof_index6_size15").as_bytes()).unwrap()
    }

    fn policy(quorum: &str) -> Policy {
        let (log, witness) = (vector("/log/vkey"), vector("/witness/vkey"));
        let text = format!("log {log}\nwitness w1 {witness}\nquorum {quorum}\n");
        Policy::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn the_published_proof_is_verified_and_written_again() {
        let proof = published();

        let trusted = proof.verify(b"seven", &policy("w1")).unwrap();

        assert_eq!((trusted.checkpoint.size, proof.index), (15, 6));
        assert_eq!(trusted.cosigned, [("w1".to_owned(), 1_767_225_600)]);
        assert_eq!(proof.to_string(), vector("/tlog_proof_index6_size15"));
        assert_eq!(proof.extra, None);
    }

    #[test]
    fn extra_is_carried_and_proves_nothing() {
        let mut proof = published();
        proof.extra = Some(b"seven".to_vec());

        let read = Proof::parse(proof.to_string().as_bytes()).unwrap();

        assert_eq!(read, proof);
        assert_eq!(proof.to_string().lines().nth(1), Some("extra c2V2ZW4="));
        assert!(read.verify(b"seven", &policy("none")).is_ok());
        assert!(read.verify(b"eight", &policy("none")).is_err());
    }

    #[test]
    fn another_entry_place_or_log_is_refused() {
        let proof = published();
        let unproven = Err(Error::NotIncluded(merkle::Error::Unproven));
        let outside = Err(Error::NotIncluded(merkle::Error::OutOfRange { wanted: 15, size: 15 }));
        let at = |index| Proof { index, ..published() };
        let other_log = "log PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n\
             quorum none\n";

        for entry in entries().iter().filter(|entry| *entry != "seven") {
            assert_eq!(proof.verify(entry.as_bytes(), &policy("none")), unproven);
        }
        assert_eq!(at(5).verify(b"seven", &policy("none")), unproven);
        assert_eq!(at(15).verify(b"seven", &policy("none")), outside);
        let other = Policy::parse(other_log.as_bytes()).unwrap();
        let answer = proof.verify(b"seven", &other);
        assert_eq!(answer, Err(Error::Untrusted(trust::Error::Note(note::Error::Unverified))));
    }

    #[test]
    fn a_malformed_proof_is_refused() {
        let good = vector("/tlog_proof_index6_size15");
        let hash = "ThcgoV2DYcK+VCxBUDWAlNxmLy2r7dq7dK7+OlgQKWs=\n";

        for (change, with) in [
            ("c2sp.org/tlog-proof@v1\n", ""),
            ("proof@v1", "proof@v2"),
            ("@v1\n", "@v1\n\n"),
            ("@v1\n", "@v1\r\n"),
            ("@v1\n", "@v1\nextra \n"),
            ("@v1\n", "@v1\nextra c2V2ZW4\n"),
            ("@v1\n", "@v1\nextra c2V2ZW4=\nextra c2V2ZW4=\n"),
            ("index 6\n", ""),
            ("index 6\n", "index 6\nextra c2V2ZW4=\n"),
            ("index 6", "index 06"),
            ("index 6", "index +6"),
            ("index 6", "index  6"),
            ("index 6", "index 9223372036854775808"),
            (hash, &hash[1..]),
            (hash, &format!(" {hash}")),
            (hash, &hash.repeat(61)),
            ("\n\nexchange", "\nexchange"),
        ] {
            let changed = good.replacen(change, with, 1);
            assert_ne!(changed, good);
            let answer = Proof::parse(changed.as_bytes());
            assert!(matches!(answer, Err(Error::Malformed(_))), "{change:?} {with:?} {answer:?}");
        }
        let (head, _) = good.split_once("\n\n").unwrap();
        let answer = Proof::parse(format!("{head}\n\n").as_bytes());
        assert_eq!(answer, Err(Error::Checkpoint(note::Error::NotText)));
        assert_eq!(Proof::parse(&vec![b'a'; MAX_FILE + 1]), Err(Error::TooLong));
    }

    proptest! {
        #[test]
        fn a_changed_proof_is_read_back_or_refused_and_proves_nothing_else(
            at: Index, with in "[\n A=+6]|\\PC",
        ) {
            let good = vector("/tlog_proof_index6_size15");
            let mut chars: Vec<String> = good.chars().map(String::from).collect();
            let at = at.index(chars.len());
            chars[at] = with;
            let changed = chars.concat();

            if let Ok(proof) = Proof::parse(changed.as_bytes()) {
                prop_assert_eq!(proof.to_string(), changed.clone());
                prop_assert_eq!(proof.verify(b"seven", &policy("w1")).is_ok(), changed == good);
            }
        }
    }
}
