//! A policy read line by line; each line is checked against those before it.

use crate::audit::{
    encoding,
    note::{self, Algorithm, Verifier},
    trust::{Error, Group, Log, MAX_POLICY, Policy, Threshold, Witness},
};

/// What is wrong with one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Not UTF-8, or with control characters other than tabs.
    #[error("a line is UTF-8 without control characters")]
    NotText,
    /// None of the four words that a line may begin with.
    #[error("a line begins with log, witness, group or quorum, not {0}")]
    UnknownWord(String),
    /// Too few or too many items.
    #[error("not the items of such a line: {0}")]
    WrongItems(&'static str),
    /// Not a verifier key.
    #[error("the key is malformed")]
    Key(#[from] note::Error),
    /// A log's key for a witness, or a witness's for a log.
    #[error("a log signs with 0x01 or 0x06, a witness with 0x04 or 0x06")]
    WrongAlgorithm,
    /// One key for two logs or witnesses.
    #[error("the key stands on an earlier line already")]
    KeyTaken,
    /// One name for two witnesses or groups, or the name `none`.
    #[error("the name {0} is taken")]
    NameTaken(String),
    /// A name that no earlier line gives.
    #[error("no earlier line names {0}")]
    Unnamed(String),
    /// A second membership of one witness or group.
    #[error("{0} is a member of a group already")]
    MemberTaken(String),
    /// Not `all`, `any` or a number from 1 to that of the members.
    #[error("a group needs all, any, or a number from 1 to that of its members")]
    BadThreshold,
    /// A second quorum line.
    #[error("an earlier line gives the quorum already")]
    SecondQuorum,
}

impl Policy {
    /// Reads a policy's file.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`], [`Error::Unended`], [`Error::Line`] or [`Error::NoQuorum`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_POLICY {
            return Err(Error::TooLong);
        }
        let lines = match bytes {
            [] => return Err(Error::NoQuorum),
            [lines @ .., b'\n'] => lines.split(|byte| *byte == b'\n'),
            _ => return Err(Error::Unended),
        };
        let mut policy = Self::empty();
        let mut has_quorum = false;
        for (number, line) in lines.enumerate() {
            let read = policy.line(line, &mut has_quorum);
            read.map_err(|problem| Error::Line { line: number + 1, problem })?;
        }
        if has_quorum { Ok(policy) } else { Err(Error::NoQuorum) }
    }

    fn line(&mut self, line: &[u8], has_quorum: &mut bool) -> Result<(), Problem> {
        let line = std::str::from_utf8(line).map_err(|_| Problem::NotText)?;
        let allowed = |byte: u8| byte == b'\t' || byte >= b' ' && byte != 0x7f;
        if !line.bytes().all(allowed) {
            return Err(Problem::NotText);
        }
        let items: Vec<&str> = line.split([' ', '\t']).filter(|item| !item.is_empty()).collect();
        match items[..] {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", key] => self.add_log(Log { key: key.parse()?, url: None }),
            ["log", key, url] => self.add_log(Log { key: key.parse()?, url: Some(url.into()) }),
            ["log", ..] => Err(Problem::WrongItems("log <vkey> [<url>]")),
            ["witness", name, key] => self.add_witness(name, key.parse()?, None),
            ["witness", name, key, url] => self.add_witness(name, key.parse()?, Some(url.into())),
            ["witness", ..] => Err(Problem::WrongItems("witness <name> <vkey> [<url>]")),
            ["group", name, threshold, ref members @ ..] if !members.is_empty() => {
                self.add_group(name, threshold, members)
            }
            ["group", ..] => Err(Problem::WrongItems("group <name> all|any|<k> <member>...")),
            ["quorum", _] if *has_quorum => Err(Problem::SecondQuorum),
            ["quorum", name] => {
                *has_quorum = true;
                self.quorum = (name != "none").then(|| self.named(name)).transpose()?;
                Ok(())
            }
            ["quorum", ..] => Err(Problem::WrongItems("quorum <name>|none")),
            [word, ..] => Err(Problem::UnknownWord(word.to_owned())),
        }
    }

    pub(super) fn add_log(&mut self, log: Log) -> Result<(), Problem> {
        self.admits(&log.key, Algorithm::Ed25519)?;
        self.logs.push(log);
        Ok(())
    }

    fn add_witness(
        &mut self,
        name: &str,
        key: Verifier,
        url: Option<String>,
    ) -> Result<(), Problem> {
        self.admits(&key, Algorithm::Cosignature)?;
        self.witnesses.push(Witness { name: self.unused(name)?, key, url });
        Ok(())
    }

    fn add_group(&mut self, name: &str, threshold: &str, members: &[&str]) -> Result<(), Problem> {
        let name = self.unused(name)?;
        let threshold = match threshold {
            "all" => Threshold::All,
            "any" => Threshold::Any,
            number => encoding::from_decimal(number)
                .and_then(|number| usize::try_from(number).ok())
                .filter(|number| (1..=members.len()).contains(number))
                .map(Threshold::Some)
                .ok_or(Problem::BadThreshold)?,
        };
        let mut group = Group { name, threshold, members: Vec::new() };
        for member in members {
            let member = self.named(member)?;
            if self.groups.iter().chain([&group]).any(|group| group.members.contains(&member)) {
                return Err(Problem::MemberTaken(member));
            }
            group.members.push(member);
        }
        self.groups.push(group);
        Ok(())
    }

    /// Whether a key may stand on a further line, given what it is for.
    fn admits(&self, key: &Verifier, purpose: Algorithm) -> Result<(), Problem> {
        if ![purpose, Algorithm::MlDsa44].contains(&key.algorithm()) {
            return Err(Problem::WrongAlgorithm);
        }
        // Neither one key under two names, nor two keys that a signature cannot tell apart.
        let clashes = |other: &Verifier| {
            other.public_key() == key.public_key()
                || (other.name(), other.id()) == (key.name(), key.id())
        };
        let logs = self.logs.iter().map(|log| &log.key);
        if logs.chain(self.witnesses.iter().map(|witness| &witness.key)).any(clashes) {
            return Err(Problem::KeyTaken);
        }
        Ok(())
    }

    fn unused(&self, name: &str) -> Result<String, Problem> {
        if name == "none" || self.named(name).is_ok() {
            return Err(Problem::NameTaken(name.to_owned()));
        }
        Ok(name.to_owned())
    }

    /// A name that an earlier line gives.
    fn named(&self, name: &str) -> Result<String, Problem> {
        let mut names = self.witnesses.iter().map(|witness| &witness.name);
        let mut groups = self.groups.iter().map(|group| &group.name);
        let known = names.any(|known| known == name) || groups.any(|known| known == name);
        known.then(|| name.to_owned()).ok_or_else(|| Problem::Unnamed(name.to_owned()))
    }
}
