//! Lists: one page of what someone may discover, shown after its entries are durable.

use crate::{
    audit,
    documents::{Description, Documents, Error},
    identity::Caller,
    policy::Wanted,
};

/// How often a page is decided again while heads move.
const TRIES: usize = 3;
/// Most documents on one page.
const MOST: usize = 50;

/// Some documents, newest first.
#[derive(Clone, Debug)]
pub struct Page {
    /// At most 50.
    pub documents: Vec<Description>,
    /// Where the next page begins; a page may be empty and have one.
    pub next: Option<String>,
}

impl Documents {
    /// A page of the documents that `caller` may discover: one entry for each owner shown, all in one batch.
    ///
    /// # Errors
    ///
    /// A cursor of somebody else; a failure to read or to record, after which nothing may be shown.
    pub async fn list(
        &self,
        caller: &Caller,
        wanted: &Wanted,
        after: Option<&str>,
        most: usize,
    ) -> Result<Page, Error> {
        for _ in 0..TRIES {
            let listed = self.inner.policy.list(caller, wanted, after, most.min(MOST)).await?;
            match self.inner.gate.together(listed.entries).await {
                Ok(()) => {}
                Err(audit::Error::Moved) => continue,
                Err(error) => return Err(error.into()),
            }
            let mission = self.mission().await?;
            let mut documents = Vec::with_capacity(listed.documents.len());
            for document in &listed.documents {
                let title = self.title_of(document).await?;
                documents.push(self.described(&mission, document, title).await?);
            }
            return Ok(Page { documents, next: listed.next });
        }
        Err(audit::Error::Unsettled.into())
    }
}
