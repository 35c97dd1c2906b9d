//! The signer: the only one that signs the log's tree, with a memory of its own that never goes back.
//!
//! Its state lies in custody's folder, so that neither the database nor the store, put back to an earlier day, can make
//! it sign a second history. What it signed is durable before it is answered.

mod file;
mod standing;
mod state;

use std::path::{Path, PathBuf};

use crate::audit::{
    anchor::Anchor,
    checkpoint::{self, Checkpoint},
    merkle::{self, Hash, Tree, verify_consistency},
    note::{self, Note},
};

pub use standing::{Contradiction, Standing, standing};
pub use state::{Authority, State};

/// Why the signer did not sign.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no state file: nothing makes one but [`Signer::create`].
    #[error("the signer's state is missing at {0}")]
    Missing(PathBuf),
    /// There is one already, which is never replaced.
    #[error("the signer's state exists already at {0}")]
    Exists(PathBuf),
    /// It is not what a signer with this key wrote.
    #[error("the signer's state at {0} is damaged or of another log")]
    Damaged(PathBuf),
    /// It could not be read or written; what was asked may be on disk, but nothing was answered.
    #[error("could not {act} the signer's state")]
    File {
        /// What was tried.
        act: &'static str,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// Another tree of a size that was signed already.
    #[error("another tree of {} entries was signed already", .signed.size)]
    Forked {
        /// What was signed.
        signed: Tree,
        /// What was asked.
        asked: Tree,
    },
    /// The database holds a signed tree that this signer does not know: its state was put back.
    #[error("the signer knows {known} signed entries, the database {row}: its state was put back")]
    Behind {
        /// The entries of the last tree this signer knows.
        known: u64,
        /// The entries of the tree that the database holds as signed.
        row: u64,
    },
    /// The new tree does not begin with the old one.
    #[error("the new tree does not continue the one that was signed")]
    Unproven(#[from] merkle::Error),
    /// An anchor that this signer never signed.
    #[error("the anchor of {} entries is of no tree that was signed", .0.0.size)]
    Unsigned(Anchor),
    /// The log's own name or key does not do.
    #[error("could not make the checkpoint")]
    Checkpoint(#[from] checkpoint::Error),
}

/// What the integrator asks to be signed.
#[derive(Debug, Clone, Copy)]
pub struct Request<'r> {
    /// The tree that the database holds as signed.
    pub old: Tree,
    /// The tree to sign.
    pub new: Tree,
    /// That `new` begins with `old`.
    pub proof: &'r [Hash],
    /// The latest root over all heads of authority, to be kept with the state.
    pub authority: Authority,
}

/// What the signer answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The checkpoint of the tree that was asked; the same bytes each time.
    Signed(Note),
    /// The last signed checkpoint, which is ahead of the database's: that one is to be finished first.
    Ahead(Note),
}

/// Signs ever larger trees, each the beginning of the next.
#[derive(Debug)]
pub struct Signer {
    key: note::Signer,
    path: PathBuf,
    /// None after a failed write: what is on disk then is read again before anything else.
    state: Option<State>,
}

impl Signer {
    /// The signer of a new log: signs the tree without entries, and keeps its state at `path`, which must not exist.
    ///
    /// # Errors
    ///
    /// [`Error::Exists`] or [`Error::File`].
    pub fn create(path: &Path, key: note::Signer, authority: Authority) -> Result<Self, Error> {
        let origin = key.verifier().name().to_string();
        let note = Checkpoint { origin, size: 0, root: Hash::EMPTY }.sign(&key)?;
        let tree = Tree { size: 0, root: Hash::EMPTY };
        let state = State { tree, note, acknowledged: None, authority };
        file::create(path, &state.to_bytes())?;
        Ok(Self { key, path: path.to_owned(), state: Some(state) })
    }

    /// The signer with the state that it left at `path`.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`], [`Error::Damaged`] or [`Error::File`].
    pub fn open(path: &Path, key: note::Signer) -> Result<Self, Error> {
        let mut signer = Self { key, path: path.to_owned(), state: None };
        signer.state()?;
        Ok(signer)
    }

    /// Signs `request.new`, if it continues what was signed last; durable before it is answered.
    ///
    /// # Errors
    ///
    /// [`Error::Forked`], [`Error::Behind`] or [`Error::Unproven`], which only people can resolve; [`Error::File`],
    /// after which the same may be asked again.
    pub fn sign(&mut self, request: &Request<'_>) -> Result<Answer, Error> {
        let Request { old, new, proof, authority } = *request;
        let state = self.state()?.clone();
        let last = state.tree;
        if old.size > last.size {
            return Err(Error::Behind { known: last.size, row: old.size });
        }
        for asked in [old, new] {
            if asked.size == last.size && asked.root != last.root {
                return Err(Error::Forked { signed: last, asked });
            }
        }
        if new == last {
            self.keep(State { authority: authority.later_of(state.authority), ..state.clone() })?;
            return Ok(Answer::Signed(state.note));
        }
        if old != last {
            return Ok(Answer::Ahead(state.note));
        }
        verify_consistency(old.size, &old.root, new.size, &new.root, proof)?;
        let origin = self.key.verifier().name().to_string();
        let note = Checkpoint { origin, size: new.size, root: new.root }.sign(&self.key)?;
        let authority = authority.later_of(state.authority);
        self.keep(State { tree: new, note: note.clone(), authority, ..state })?;
        Ok(Answer::Signed(note))
    }

    /// Remembers that the store holds this anchor durably, so that a store put back to before it is noticed.
    ///
    /// Anchors smaller than one acknowledged already change nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Unsigned`] for an anchor beyond the signed tree, or of another tree; [`Error::File`].
    pub fn acknowledge(&mut self, anchor: Anchor) -> Result<(), Error> {
        let state = self.state()?.clone();
        let Tree { size, root } = anchor.0;
        let known = state.acknowledged.into_iter().map(|anchor| anchor.0).chain([state.tree]);
        let contradicts = |tree: Tree| tree.size == size && tree.root != root;
        if size > state.tree.size || known.into_iter().any(contradicts) {
            return Err(Error::Unsigned(anchor));
        }
        if state.acknowledged.is_some_and(|largest| largest.0.size >= size) {
            return Ok(());
        }
        self.keep(State { acknowledged: Some(anchor), ..state })
    }

    /// What it knows: the last signed tree, the largest acknowledged anchor, the last authority root.
    ///
    /// # Errors
    ///
    /// After a failed write it is read again: [`Error::Missing`], [`Error::Damaged`] or [`Error::File`].
    pub fn state(&mut self) -> Result<&State, Error> {
        let state = match self.state.take() {
            Some(state) => state,
            None => {
                let bytes = file::read(&self.path)?;
                State::from_bytes(&bytes, self.key.verifier())
                    .ok_or_else(|| Error::Damaged(self.path.clone()))?
            }
        };
        Ok(self.state.insert(state))
    }

    /// The public half of its key.
    #[must_use]
    pub fn verifier(&self) -> &note::Verifier {
        self.key.verifier()
    }

    /// Makes `state` durable, unless it is what is on disk already.
    fn keep(&mut self, state: State) -> Result<(), Error> {
        if self.state.as_ref() == Some(&state) {
            return Ok(());
        }
        // Forgotten until the write is known to be durable: a failed one may have reached the disk, or not.
        self.state = None;
        file::replace(&self.path, &state.to_bytes())?;
        self.state = Some(state);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
