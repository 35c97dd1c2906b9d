//! `greffe audit entries`: entries of the log, opened for whoever may see them.

use crate::cli::{
    accesses,
    client::api::Entries as Page,
    error::{Error, Exit},
    session::Session,
};

/// Lists entries that one may see, opened.
#[derive(clap::Args)]
pub struct Entries {
    /// Only those about this document.
    #[arg(long, value_name = "DOCUMENT")]
    document: Option<String>,
    /// Only this act, e.g. read, deposit, share.
    #[arg(long, value_name = "ACT")]
    act: Option<String>,
    /// Only those of this person.
    #[arg(long, value_name = "PERSON")]
    person: Option<String>,
    /// Only from this instant on (RFC 3339).
    #[arg(long, value_name = "INSTANT")]
    since: Option<String>,
    /// Only before this instant (RFC 3339).
    #[arg(long, value_name = "INSTANT")]
    until: Option<String>,
    /// Only those that were decided so: permitted or refused.
    #[arg(long, value_name = "DECISION")]
    decision: Option<String>,
    /// At most so many.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

impl Entries {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let client = session.client()?;
        let (mut cursor, mut all): (Option<String>, Vec<_>) = (None, Vec::new());
        let wanted = self.limit.unwrap_or(usize::MAX);
        while all.len() < wanted {
            let page: Page = client
                .get(&["api", "v1", "audit", "entries"])
                .query("document", self.document.as_ref())
                .query("act", self.act.as_ref())
                .query("person", self.person.as_ref())
                .query("since", self.since.as_ref())
                .query("until", self.until.as_ref())
                .query("decision", self.decision.as_ref())
                .query("cursor", cursor.as_ref())
                .read()
                .await?;
            all.extend(page.entries);
            if page.next.is_none() || page.next == cursor {
                break;
            }
            cursor = page.next;
        }
        all.truncate(wanted);
        accesses::show(session, &all)?;
        Ok(Exit::Done)
    }
}
