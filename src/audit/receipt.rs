//! Receipts: a proof that an entry is in the log, with the entry opened in it, as one file.
//!
//! The proof is a tlog-proof; its `extra`, which nothing signs, is base64 of
//! `{"leaf":"…","openings":["…"]}`: the leaf's text and disclosures. What a receipt says is therefore recomputed: the
//! leaf must be in the tree, and each disclosure must open a digest of the leaf, or one that the opened facts name.

use serde::{Deserialize, Serialize};

use crate::audit::{
    leaf::{self, Leaf},
    opening::{self, Opening},
    proof::{self, Proof},
    trust::{Policy, Trusted},
};

/// What is wrong with a receipt.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The proof is malformed, or does not hold.
    #[error("the proof does not hold")]
    Proof(#[from] proof::Error),
    /// The proof bears no entry.
    #[error("the proof bears no opened entry")]
    Unopened,
    /// What the proof bears is no entry.
    #[error("what the proof bears is no opened entry")]
    Malformed(#[source] serde_json::Error),
    /// The leaf is none.
    #[error("the receipt's leaf is malformed")]
    Leaf(#[from] leaf::Error),
    /// A disclosure is malformed.
    #[error("a disclosure of the receipt is malformed")]
    Opening(#[from] opening::Error),
    /// A disclosure opens nothing that the entry commits to.
    #[error("the receipt says of its entry what the entry does not: {0}")]
    Contradicted(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Extra {
    leaf: String,
    openings: Vec<String>,
}

/// A receipt that was read, and not yet verified.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// Where the entry stands.
    pub proof: Proof,
    /// What stands in the tree.
    pub leaf: Leaf,
    bytes: Vec<u8>,
    openings: Vec<Opening>,
}

/// What a proof's `extra` holds for a leaf and the disclosures that its holder may have.
#[must_use]
pub fn extra(leaf: &[u8], disclosures: impl IntoIterator<Item = impl Into<String>>) -> Vec<u8> {
    let extra = Extra {
        leaf: String::from_utf8_lossy(leaf).into_owned(),
        openings: disclosures.into_iter().map(Into::into).collect(),
    };
    serde_json::to_vec(&extra).expect("a receipt is made of texts")
}

impl Receipt {
    /// Reads a receipt.
    ///
    /// # Errors
    ///
    /// All of [`Error`] but [`Error::Contradicted`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let proof = Proof::parse(bytes)?;
        let extra = proof.extra.as_deref().ok_or(Error::Unopened)?;
        let extra: Extra = serde_json::from_slice(extra).map_err(Error::Malformed)?;
        let leaf = Leaf::parse(extra.leaf.as_bytes())?;
        let openings = extra.openings.iter().map(|disclosure| Opening::parse(disclosure));
        let openings = openings.collect::<Result<_, _>>()?;
        Ok(Self { proof, leaf, bytes: extra.leaf.into_bytes(), openings })
    }

    /// Verifies that the entry is in a log that `policy` believes, and says what the receipt says.
    ///
    /// # Errors
    ///
    /// [`Error::Proof`] or [`Error::Contradicted`].
    pub fn verify(&self, policy: &Policy) -> Result<Trusted, Error> {
        let trusted = self.proof.verify(&self.bytes, policy)?;
        let committed = |name: &str| match name {
            "facts" => Some(self.leaf.facts()),
            "asked" => Some(self.leaf.asked()),
            "personal" => Some(self.leaf.personal()),
            _ => None,
        };
        let names_itself = |opening: &Opening| {
            let facts = self.opening("facts").map(Opening::json).unwrap_or_default();
            facts.contains(&format!("\"{}\"", opening.digest()))
        };
        for opening in &self.openings {
            let holds = match committed(opening.name()) {
                Some(digest) => opening.digest() == *digest,
                None => names_itself(opening),
            };
            if !holds {
                return Err(Error::Contradicted(opening.name().to_owned()));
            }
        }
        Ok(trusted)
    }

    /// The opening of this name. Do not believe it before [`Receipt::verify`].
    #[must_use]
    pub fn opening(&self, name: &str) -> Option<&Opening> {
        self.openings.iter().find(|opening| opening.name() == name)
    }

    /// All of them, as above.
    #[must_use]
    pub fn openings(&self) -> &[Opening] {
        &self.openings
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        audit::{
            checkpoint::Checkpoint,
            leaf::Commitments,
            merkle::{Frontier, leaf_hash},
            note::Signer,
        },
        id::EntryId,
        time::Clock,
    };

    struct Log {
        signer: Signer,
        policy: Policy,
    }

    fn log() -> Log {
        let signer = Signer::from_seed("log.example/1".parse().unwrap(), &[7; 32]).unwrap();
        let text = format!("log {}\nquorum none\n", signer.verifier());
        let policy = Policy::parse(text.as_bytes()).unwrap();
        Log { signer, policy }
    }

    /// The receipt of a log's only entry.
    fn receipt(log: &Log, leaf: &[u8], openings: &[&Opening]) -> String {
        let mut tree = Frontier::default();
        tree.append(leaf_hash(leaf));
        let checkpoint = Checkpoint { origin: "log.example/1".into(), size: 1, root: tree.root() };
        let proof = Proof {
            extra: Some(extra(leaf, openings.iter().map(|opening| opening.disclosure()))),
            index: 0,
            hashes: Vec::new(),
            checkpoint: checkpoint.sign(&log.signer).unwrap(),
        };
        proof.to_string()
    }

    fn facts_naming(text: &Opening) -> Opening {
        Opening::new("facts", &json!({"act": "read", "purpose": text.digest()})).unwrap()
    }

    fn leaf(facts: &Opening) -> Vec<u8> {
        let commitments = Commitments { facts: Some(facts.digest()), ..Commitments::default() };
        Leaf::new(Clock::system().now(), EntryId::random(), &[], commitments).to_bytes()
    }

    #[test]
    fn a_receipt_says_what_its_entry_commits_to() {
        let (log, purpose) = (log(), Opening::new("purpose", &"to advise").unwrap());
        let facts = facts_naming(&purpose);

        let read = Receipt::parse(receipt(&log, &leaf(&facts), &[&facts, &purpose]).as_bytes());
        let read = read.unwrap();

        assert_eq!(read.verify(&log.policy).unwrap().checkpoint.size, 1);
        assert_eq!(read.opening("purpose").unwrap().json(), "\"to advise\"");
    }

    #[test]
    fn a_receipt_that_says_something_else_is_refused() {
        let (log, purpose) = (log(), Opening::new("purpose", &"to advise").unwrap());
        let facts = facts_naming(&purpose);
        let other = Opening::new("purpose", &"to copy").unwrap();
        let invented = Opening::new("facts", &json!({"purpose": other.digest()})).unwrap();
        let leaf = leaf(&facts);

        for said in [vec![&facts, &other], vec![&invented], vec![&invented, &other], vec![&purpose]]
        {
            let read = Receipt::parse(receipt(&log, &leaf, &said).as_bytes()).unwrap();
            assert!(matches!(read.verify(&log.policy), Err(Error::Contradicted(_))));
        }
    }

    #[test]
    fn another_leaf_than_the_proven_one_is_refused() {
        let (log, purpose) = (log(), Opening::new("purpose", &"to advise").unwrap());
        let facts = facts_naming(&purpose);
        let mut proof = Proof::parse(receipt(&log, &leaf(&facts), &[&facts]).as_bytes()).unwrap();
        proof.extra = Some(extra(&leaf(&facts), [facts.disclosure()]));

        let read = Receipt::parse(proof.to_string().as_bytes()).unwrap();

        assert!(matches!(read.verify(&log.policy), Err(Error::Proof(_))));
    }

    #[test]
    fn a_proof_without_its_entry_is_no_receipt() {
        let (log, facts) = (log(), Opening::new("facts", &json!({})).unwrap());
        let mut proof = Proof::parse(receipt(&log, &leaf(&facts), &[&facts]).as_bytes()).unwrap();
        for (extra, wanted) in [(None, "Unopened"), (Some(b"[]".to_vec()), "Malformed")] {
            proof.extra = extra;

            let error = Receipt::parse(proof.to_string().as_bytes()).unwrap_err();

            assert!(format!("{error:?}").starts_with(wanted), "{error:?}");
        }
    }
}
