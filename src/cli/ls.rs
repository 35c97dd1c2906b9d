//! `greffe ls`: the documents that one may know of.

use crate::cli::{
    client::api::{Document, Documents},
    error::{Error, Exit},
    session::Session,
    terminal::{local, size},
};

/// Lists the documents that one may know of, newest first.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe ls
  greffe ls --workstream e-paiement --kind diagnostic
  greffe ls --stage final --json | jq -r .reference")]
pub struct Ls {
    /// Only those of this workstream.
    #[arg(long, value_name = "SLUG")]
    workstream: Option<String>,
    /// Only those of this kind, e.g. diagnostic, draft, recommendation.
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Only those at this stage: empty, working, final, shredding or shredded.
    #[arg(long, value_name = "STAGE")]
    stage: Option<String>,
    /// At most so many.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// Most documents that are asked for at once.
const PAGE: usize = 100;

impl Ls {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let client = session.client()?;
        let mut left = self.limit.unwrap_or(usize::MAX);
        let mut cursor: Option<String> = None;
        let mut shown: Vec<Document> = Vec::new();
        while left > 0 {
            let page: Documents = client
                .get(&["api", "v1", "documents"])
                .query("workstream", self.workstream.as_ref())
                .query("kind", self.kind.as_ref())
                .query("stage", self.stage.as_ref())
                .query("limit", Some(left.min(PAGE)))
                .query("cursor", cursor.as_ref())
                .read()
                .await?;
            left = left.saturating_sub(page.documents.len());
            shown.extend(page.documents);
            // A cursor that does not move would ask for ever.
            if page.next.is_none() || page.next == cursor {
                break;
            }
            cursor = page.next;
        }
        let headings = [
            "head-reference",
            "head-title",
            "head-kind",
            "head-owner",
            "head-stage",
            "head-size",
            "head-created",
        ];
        session.terminal.table(headings, &shown, |document| {
            [
                document.reference.clone(),
                document.title.clone(),
                document.kind.clone(),
                document.owner.clone(),
                document.stage.clone(),
                document.size.map(size).unwrap_or_default(),
                local(&document.created_at),
            ]
        })?;
        Ok(Exit::Done)
    }
}
