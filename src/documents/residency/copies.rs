//! The copies of one sealed object: those that its revision names, and those that it named once.

use crate::{
    documents::{
        VersionRecord,
        residency::{Copy, Entered, erased::Erasures, fault::Fault, stood::Look},
    },
    mission::{CopyEntry, DocumentRevision, Past, VersionEntry},
};

/// Which copies there were from an entry on.
type Since = (Entered, Vec<CopyEntry>);

impl Look<'_> {
    /// Where copies rested, each since when; then where they rested before they were moved.
    pub(super) async fn copies(
        &self,
        past: &Past<DocumentRevision>,
        entry: &VersionEntry,
        record: &VersionRecord,
        deposited: Entered,
        erasures: &Erasures,
    ) -> Result<Vec<Copy>, Fault> {
        let history = match entry.moved.is_empty() {
            true => vec![(deposited, record.copies.clone())],
            false => self.history(past, entry, record).await?,
        };
        let mut copies: Vec<CopyEntry> = record.copies(entry).to_vec();
        for copy in history.iter().flat_map(|(_, copies)| copies) {
            if !copies.contains(copy) {
                copies.push(copy.clone());
            }
        }
        Ok(copies.iter().filter_map(|copy| told(copy, &history, erasures)).collect())
    }

    /// Every change of where the version's copies rest, with the entry that made it.
    async fn history(
        &self,
        past: &Past<DocumentRevision>,
        entry: &VersionEntry,
        record: &VersionRecord,
    ) -> Result<Vec<Since>, Fault> {
        let copies = |revision: &DocumentRevision| {
            let mut versions = revision.versions.iter();
            let version = versions.find(|known| known.version == entry.version);
            version.map(|version| record.copies(version).to_vec()).unwrap_or_default()
        };
        let (subject, last) = (past.head.subject, past.head.number);
        let mut history = Vec::new();
        for (number, copies) in self.changes(subject, last, copies).await? {
            let (_, made) = self.numbered::<DocumentRevision>(subject, number).await?;
            history.push((made.entered, copies));
        }
        Ok(history)
    }
}

/// Since when a copy is there, and until when it was one.
fn told(copy: &CopyEntry, history: &[Since], erasures: &Erasures) -> Option<Copy> {
    let first = history.iter().position(|(_, copies)| copies.contains(copy))?;
    let mut later = history[first..].iter();
    let left = later.find(|(_, copies)| !copies.contains(copy)).map(|(entered, _)| *entered);
    let erased = erasures.of(copy, left.is_some());
    Some(Copy { location: copy.location.clone(), since: history[first].0, left, erased })
}
