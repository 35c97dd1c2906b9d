//! Trust policies: which logs and witnesses someone believes, and how many of them (c2sp.org/tlog-policy).
//!
//! The one file that a verifier must have from elsewhere than the log. Two differences from the standard, both towards
//! refusing: the file must be UTF-8, and its last line must be ended, so that a cut file is no weaker policy.

mod parse;

use std::{collections::HashSet, fmt};

use crate::audit::{
    checkpoint::{self, Checkpoint},
    note::{self, Note, Verifier},
};

pub use parse::Problem;

/// Longest policy that is read, in bytes.
pub const MAX_POLICY: usize = 1 << 20;

/// What is wrong with a policy, or with a checkpoint under it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Longer than [`MAX_POLICY`].
    #[error("a trust policy has at most {MAX_POLICY} bytes")]
    TooLong,
    /// The last line has no newline: the file may be cut.
    #[error("the last line of the trust policy is not ended by a newline")]
    Unended,
    /// A line that says nothing, or contradicts an earlier one.
    #[error("line {line} of the trust policy is wrong")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        problem: Problem,
    },
    /// No line says which witnesses suffice; `quorum none` says that none is needed.
    #[error("the trust policy has no quorum line")]
    NoQuorum,
    /// The checkpoint's note is malformed, or a known key did not make a signature that bears its name.
    #[error("the checkpoint's signatures do not hold")]
    Note(#[from] note::Error),
    /// The text that was signed is no checkpoint.
    #[error("what was signed is no checkpoint")]
    Checkpoint(#[from] checkpoint::Error),
    /// No log of the policy signed it under its own name.
    #[error("the trust policy does not name a log {0} that signed the checkpoint")]
    UnknownLog(String),
    /// Too few of the policy's witnesses cosigned.
    #[error("the witnesses that cosigned ({0:?}) are not the quorum of the trust policy")]
    NoQuorumReached(Vec<String>),
}

/// A log that is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Its key, whose name is the log's origin.
    pub key: Verifier,
    /// Where it is served.
    pub url: Option<String>,
}

/// A witness that is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// How this policy calls it.
    pub name: String,
    /// Its key.
    pub key: Verifier,
    /// Where it is asked.
    pub url: Option<String>,
}

/// How many members of a group suffice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threshold {
    /// Every one.
    All,
    /// One.
    Any,
    /// So many; at least 1, at most as many as there are.
    Some(usize),
}

/// Witnesses and other groups that count as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// How this policy calls it.
    pub name: String,
    /// How many members make it count.
    pub threshold: Threshold,
    /// Names of witnesses and of earlier groups; none is a member of another group.
    pub members: Vec<String>,
}

/// Whom to believe. Any of the logs may have signed; the quorum must have cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    /// A witness or a group; none if no witness is needed.
    quorum: Option<String>,
}

/// A checkpoint that a policy vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trusted {
    /// What was signed.
    pub checkpoint: Checkpoint,
    /// Which of the policy's witnesses cosigned it, and when (seconds since 1970).
    pub cosigned: Vec<(String, u64)>,
}

impl Policy {
    /// Believes one log, without witnesses.
    ///
    /// # Errors
    ///
    /// [`Problem::WrongAlgorithm`] if `key` is not one that a log signs with.
    pub fn of_log(key: Verifier, url: Option<String>) -> Result<Self, Problem> {
        let mut policy = Self::empty();
        policy.add_log(Log { key, url })?;
        Ok(policy)
    }

    /// Reads a signed checkpoint, if this policy vouches for it.
    ///
    /// # Errors
    ///
    /// [`Error::Note`], [`Error::Checkpoint`], [`Error::UnknownLog`] or [`Error::NoQuorumReached`].
    pub fn open(&self, bytes: &[u8]) -> Result<Trusted, Error> {
        self.open_note(&Note::parse(bytes)?)
    }

    /// As [`Policy::open`], for a note that was read already.
    ///
    /// # Errors
    ///
    /// As [`Policy::open`].
    pub fn open_note(&self, note: &Note) -> Result<Trusted, Error> {
        let logs = self.logs.iter().map(|log| &log.key);
        let keys: Vec<Verifier> =
            logs.chain(self.witnesses.iter().map(|witness| &witness.key)).cloned().collect();
        let verified = note.open(&keys)?;
        let checkpoint: Checkpoint = note.text().parse()?;

        let is_log = |key: &Verifier| self.logs.iter().any(|log| log.key == *key);
        let by_origin = |key: &Verifier| key.name().as_str() == checkpoint.origin && is_log(key);
        if !verified.iter().any(|signature| by_origin(signature.verifier)) {
            return Err(Error::UnknownLog(checkpoint.origin));
        }
        let cosigned: Vec<(String, u64)> = verified
            .iter()
            .filter_map(|signature| {
                let is_its = |witness: &&Witness| witness.key == *signature.verifier;
                Some((self.witnesses.iter().find(is_its)?.name.clone(), signature.time?))
            })
            .collect();
        if !self.suffices(cosigned.iter().map(|(name, _)| name.as_str())) {
            let names = cosigned.into_iter().map(|(name, _)| name).collect();
            return Err(Error::NoQuorumReached(names));
        }
        Ok(Trusted { checkpoint, cosigned })
    }

    /// Whether these witnesses, named as this policy calls them, are its quorum.
    #[must_use]
    pub fn suffices<'w>(&self, cosigned: impl IntoIterator<Item = &'w str>) -> bool {
        let Some(quorum) = &self.quorum else { return true };
        let is_witness = |name: &&str| self.witnesses.iter().any(|witness| witness.name == *name);
        let mut counted: HashSet<&str> = cosigned.into_iter().filter(is_witness).collect();
        // A group names only what stands before it, so one pass in order decides them all.
        for Group { name, threshold, members } in &self.groups {
            let present = members.iter().filter(|member| counted.contains(member.as_str())).count();
            if present >= threshold.of(members.len()) {
                counted.insert(name);
            }
        }
        counted.contains(quorum.as_str())
    }

    /// The logs that are believed.
    #[must_use]
    pub fn logs(&self) -> &[Log] {
        &self.logs
    }

    /// The witnesses that are believed.
    #[must_use]
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    fn empty() -> Self {
        Self { logs: Vec::new(), witnesses: Vec::new(), groups: Vec::new(), quorum: None }
    }
}

impl Threshold {
    fn of(self, members: usize) -> usize {
        match self {
            Self::All => members,
            Self::Any => 1,
            Self::Some(count) => count,
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Any => f.write_str("any"),
            Self::Some(count) => count.fmt(f),
        }
    }
}

impl fmt::Display for Policy {
    /// The policy's file, without the comments that it was read with.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url =
            |url: &Option<String>| url.as_ref().map_or(String::new(), |url| format!(" {url}"));
        for log in &self.logs {
            writeln!(f, "log {}{}", log.key, url(&log.url))?;
        }
        for witness in &self.witnesses {
            writeln!(f, "witness {} {}{}", witness.name, witness.key, url(&witness.url))?;
        }
        for group in &self.groups {
            writeln!(f, "group {} {} {}", group.name, group.threshold, group.members.join(" "))?;
        }
        writeln!(f, "quorum {}", self.quorum.as_deref().unwrap_or("none"))
    }
}

#[cfg(test)]
mod tests;
