//! Checkpoints: what a log signs of its tree (c2sp.org/tlog-checkpoint v1.0.0), three lines and no more.
//!
//! Extension lines are refused: witnesses do not agree on whether a cosignature covers them.

use std::{fmt, str::FromStr};

use crate::audit::{
    encoding,
    merkle::{Hash, Tree},
    note::{self, KeyName, Note, Signer, Verifier},
};

/// What is wrong with a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not origin, size and root, each on a line, and nothing else.
    #[error("a checkpoint is three lines: origin, size and root")]
    Malformed,
    /// A tree without entries has one root only.
    #[error("the checkpoint of an empty tree has another root than that of the empty tree")]
    NotEmpty,
    /// Of another log than the key's.
    #[error("the checkpoint is of {origin}, the key of {key}")]
    OtherLog {
        /// Which log the checkpoint names.
        origin: String,
        /// Which log the key belongs to.
        key: KeyName,
    },
    /// The note around it is malformed, or not signed by the log.
    #[error("the checkpoint's signature does not hold")]
    Note(#[from] note::Error),
}

/// The state of a log: its name, how many entries it has, and the root over them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name, equal to its key's.
    pub origin: String,
    /// How many entries.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

impl Checkpoint {
    /// Signs it as its log.
    ///
    /// Nothing here remembers what was signed before: [`crate::audit::merkle`] proves growth, the caller demands it.
    ///
    /// # Errors
    ///
    /// [`Error::OtherLog`] if the signer has another name than the origin.
    pub fn sign(&self, signer: &Signer) -> Result<Note, Error> {
        self.is_of(signer.verifier().name())?;
        Ok(Note::sign(&self.to_string(), signer)?)
    }

    /// Reads a signed checkpoint of the log whose key is `log`; other signatures are ignored.
    ///
    /// # Errors
    ///
    /// [`Error::Note`] if the log did not sign it, [`Error::OtherLog`], [`Error::Malformed`] or [`Error::NotEmpty`].
    pub fn open(bytes: &[u8], log: &Verifier) -> Result<Self, Error> {
        let note = Note::parse(bytes)?;
        note.open(std::slice::from_ref(log))?;
        let checkpoint: Self = note.text().parse()?;
        checkpoint.is_of(log.name())?;
        Ok(checkpoint)
    }

    /// The tree that it is of.
    #[must_use]
    pub fn tree(&self) -> Tree {
        Tree { size: self.size, root: self.root }
    }

    fn is_of(&self, key: &KeyName) -> Result<(), Error> {
        if self.origin == key.as_str() {
            return Ok(());
        }
        Err(Error::OtherLog { origin: self.origin.clone(), key: key.clone() })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, self.root)
    }
}

impl FromStr for Checkpoint {
    type Err = Error;

    /// Reads the text of a note, which means nothing before its signature is verified.
    fn from_str(text: &str) -> Result<Self, Error> {
        let lines: Vec<&str> = text.split('\n').collect();
        let [origin, size, root, ""] = lines[..] else {
            return Err(Error::Malformed);
        };
        if origin.is_empty() || origin.bytes().any(|byte| byte < b' ') {
            return Err(Error::Malformed);
        }
        let size = encoding::from_decimal(size).ok_or(Error::Malformed)?;
        let root = root.parse().map_err(|_| Error::Malformed)?;
        if size == 0 && root != Hash::EMPTY {
            return Err(Error::NotEmpty);
        }
        Ok(Self { origin: origin.to_owned(), size, root })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audit::vectors::{hex_hash, text as vector, vectors};

    fn log() -> Signer {
        let seed = hex::decode(vector("/log/seed_hex")).unwrap();
        Signer::from_seed(vector("/log/origin").parse().unwrap(), &seed).unwrap()
    }

    #[test]
    fn the_published_checkpoints_are_opened_and_signed_again() {
        let file = vectors();

        for (size, note) in file["checkpoints"].as_object().unwrap() {
            let note = note.as_str().unwrap();
            let opened = Checkpoint::open(note.as_bytes(), log().verifier()).unwrap();
            assert_eq!(opened.size.to_string(), *size);
            assert_eq!(opened.root, hex_hash(&file["roots_by_size"][size]));
            assert_eq!(opened.origin, vector("/log/origin"));
            assert_eq!(opened.sign(&log()).unwrap().to_string(), note);
        }
        let cosigned = vector("/cosigned_checkpoint_15");
        assert_eq!(Checkpoint::open(cosigned.as_bytes(), log().verifier()).unwrap().size, 15);
    }

    #[test]
    fn a_malformed_body_is_refused() {
        let (origin, root) = (vector("/log/origin"), Hash([7; 32]));

        for text in [
            String::new(),
            "\n".into(),
            format!("{origin}\n"),
            format!("{origin}\n15\n"),
            format!("{origin}\n15\n{root}"),
            format!("\n15\n{root}\n"),
            format!("{origin}\n15\n{root}\n\n"),
            format!("{origin}\n15\n{root}\nextension\n"),
            format!("\n{origin}\n15\n{root}\n"),
            format!("{origin}\n+15\n{root}\n"),
            format!("{origin}\n015\n{root}\n"),
            format!("{origin}\n 15\n{root}\n"),
            format!("{origin}\n9223372036854775808\n{root}\n"),
            format!("{origin}\n15\n{root} \n"),
            format!("{origin}\n15\n{}\n", &root.to_string()[1..]),
            format!("{origin}\n15\n{}\n", root.to_hex()),
            format!("{origin}\r\n15\n{root}\n"),
        ] {
            assert_eq!(text.parse::<Checkpoint>(), Err(Error::Malformed), "{text:?}");
            // The signature alone does not make it one.
            if let Ok(note) = Note::sign(&text, &log()) {
                let answer = Checkpoint::open(note.to_string().as_bytes(), log().verifier());
                assert!(answer.is_err(), "{text:?}");
            }
        }
        assert_eq!(format!("{origin}\n0\n{root}\n").parse::<Checkpoint>(), Err(Error::NotEmpty));
    }

    #[test]
    fn a_checkpoint_is_signed_and_opened_by_its_own_log_only() {
        let other = Signer::from_seed("other.example".parse().unwrap(), &[9; 32]).unwrap();
        let origin = vector("/log/origin");
        let ours = Checkpoint { origin: origin.clone(), size: 1, root: Hash([1; 32]) };
        let other_log =
            Error::OtherLog { origin: origin.clone(), key: "other.example".parse().unwrap() };

        assert_eq!(ours.sign(&other), Err(other_log.clone()));
        let theirs = Note::sign(&ours.to_string(), &other).unwrap().to_string();
        let answer = Checkpoint::open(theirs.as_bytes(), other.verifier());
        assert_eq!(answer, Err(other_log));
        let answer = Checkpoint::open(theirs.as_bytes(), log().verifier());
        assert_eq!(answer, Err(Error::Note(note::Error::Unverified)));
        let changed = ours.sign(&log()).unwrap().to_string().replace("\n1\n", "\n2\n");
        let answer = Checkpoint::open(changed.as_bytes(), log().verifier());
        assert!(matches!(answer, Err(Error::Note(note::Error::Forged { .. }))));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(\\PC{0,9}\n[0-9+ ]{0,20}\n[A-Za-z0-9+/]{42,43}=\n)?\\PC{0,9}") {
            if let Ok(checkpoint) = text.parse::<Checkpoint>() {
                prop_assert_eq!(checkpoint.to_string(), text);
            }
        }

        #[test]
        fn what_is_signed_is_opened(size in 1..=i64::MAX as u64, root: [u8; 32]) {
            let made = Checkpoint { origin: vector("/log/origin"), size, root: Hash(root) };

            let note = made.sign(&log()).unwrap().to_string();

            prop_assert_eq!(Checkpoint::open(note.as_bytes(), log().verifier()), Ok(made));
        }
    }
}
