//! What stood at an instant: found by rows, borne out by the signed tree.

use crate::{
    audit::tree::{Attested, Tree},
    database::Subject,
    documents::{
        Documents,
        residency::{Entered, Made, fault::Fault},
    },
    id::EntryId,
    mission::{Past, Registry, Revision},
    time::Instant,
};

/// How one looks back to an instant.
pub(super) struct Look<'l> {
    pub documents: &'l Documents,
    pub tree: &'l Tree,
    pub at: Instant,
}

/// The revision of a subject that stood, or its first one, which came after.
pub(super) enum Stood<R> {
    At(Past<R>, Made),
    NotYet(Past<R>, Made),
}

impl From<&Attested> for Entered {
    fn from(entry: &Attested) -> Self {
        let Attested { entry, position, at, signed, .. } = *entry;
        Self { entry, position, at, signed }
    }
}

impl Look<'_> {
    pub(super) fn registry(&self) -> &Registry {
        &self.documents.inner.registry
    }

    /// An entry that a revision names, which so came before the instant.
    pub(super) async fn attested(&self, entry: EntryId) -> Result<Attested, Fault> {
        let attested = self.held(entry).await?;
        if attested.at > self.at {
            return Err(Fault::found("found-entry-altered", attested.position));
        }
        Ok(attested)
    }

    /// An entry held against the signed tree. What it states is gone only where the configuration lets that run out.
    async fn held(&self, entry: EntryId) -> Result<Attested, Fault> {
        let attested = self.tree.attest(entry).await?;
        if attested.facts().is_none() && !self.documents.facts_run_out() {
            return Err(Fault::found("found-entry-altered", attested.position));
        }
        Ok(attested)
    }

    /// Revision `number`, with its entry, which must state that it wrote it.
    pub(super) async fn numbered<R: Revision>(
        &self,
        subject: Subject,
        number: i64,
    ) -> Result<(Past<R>, Made), Fault> {
        let past: Past<R> = self.registry().numbered(subject, number).await?;
        let attested = self.held(past.entry).await?;
        let stated = match attested.wrote(past.head) {
            Some(false) => return Err(Fault::found("found-revision", subject)),
            stated => stated.is_some(),
        };
        let made = Made { number, entered: Entered::from(&attested), stated };
        Ok((past, made))
    }

    /// What stood: its entry is not after the instant, and the next one's is.
    pub(super) async fn stood<R: Revision>(&self, subject: Subject) -> Result<Stood<R>, Fault> {
        let (number, latest) = self.registry().number_at(subject, self.at).await?;
        if number < latest {
            let (next, made) = self.numbered::<R>(subject, number + 1).await?;
            if made.entered.at <= self.at {
                return Err(Fault::found("found-entry-altered", made.entered.position));
            }
            if number == 0 {
                return Ok(Stood::NotYet(next, made));
            }
        }
        let (past, made) = self.numbered::<R>(subject, number).await?;
        if made.entered.at > self.at {
            return Err(Fault::found("found-entry-altered", made.entered.position));
        }
        Ok(Stood::At(past, made))
    }

    /// Every revision up to `last` with which `said` changes, the first among them, each with what it says. What was said
    /// once and no more is never said again, so where both ends say the same nothing changed between.
    pub(super) async fn changes<R: Revision, S: PartialEq + Clone>(
        &self,
        subject: Subject,
        last: i64,
        said: impl Fn(&R) -> S,
    ) -> Result<Vec<(i64, S)>, Fault> {
        let at = async |number| -> Result<S, Fault> {
            Ok(said(&self.registry().numbered::<R>(subject, number).await?.revision))
        };
        let (first, end) = (at(1).await?, at(last).await?);
        let mut changes = vec![(1, first.clone())];
        let mut spans = vec![((1, first), (last, end))];
        while let Some((low, high)) = spans.pop() {
            if low.1 == high.1 {
                continue;
            }
            if high.0 == low.0 + 1 {
                changes.push(high);
                continue;
            }
            let middle = low.0 + (high.0 - low.0) / 2;
            let middle = (middle, at(middle).await?);
            spans.push((middle.clone(), high));
            spans.push((low, middle));
        }
        Ok(changes)
    }

    /// The first revision up to `last` of which `is_so`; of `last` it is, and it stays so once it is.
    pub(super) async fn first<R: Revision>(
        &self,
        subject: Subject,
        last: i64,
        is_so: impl Fn(&R) -> bool,
    ) -> Result<Made, Fault> {
        let (mut low, mut high) = (1, last);
        while low < high {
            let middle = low + (high - low) / 2;
            let past: Past<R> = self.registry().numbered(subject, middle).await?;
            if is_so(&past.revision) { high = middle } else { low = middle + 1 }
        }
        Ok(self.numbered::<R>(subject, low).await?.1)
    }
}
