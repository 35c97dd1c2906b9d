//! Copies of what was destroyed are erased wherever they are; what does not answer is asked again.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::{Map, json};
use sqlx::Row as _;

use crate::{
    audit::Draft,
    database,
    documents::{Documents, Error},
    id::DocumentId,
    mission::{CopyEntry, DocumentRevision, Stage},
};

impl Documents {
    /// Erases what a crash or an absent store left of documents that are shredded already.
    pub(in crate::documents) async fn finish_erasing(&self) -> Result<(), Error> {
        let sql = "select distinct v.document from copy c join version v on v.id = c.version \
                   join document d on d.id = v.document where d.stage = 'shredded'";
        let rows = sqlx::query(sql).fetch_all(self.inner.registry.database().pool()).await;
        for row in rows.map_err(database::Error::from)? {
            let id: Vec<u8> = row.try_get(0).map_err(database::Error::from)?;
            let id = DocumentId::from_slice(&id).map_err(|_| database::Error::Row("version"))?;
            // A row alone says nothing: the revision does.
            if self.revision(id).await?.stage == Stage::Shredded {
                self.erase_objects(id).await?;
            }
        }
        Ok(())
    }

    /// Erases every copy of its versions, as their records and the revision name them: a row alone cannot name another's
    /// object. The rows of what is erased are forgotten, with an entry; what is left is tried again. Gives the locations
    /// that have not yet answered.
    pub(in crate::documents) async fn erase_objects(
        &self,
        document: DocumentId,
    ) -> Result<Vec<String>, Error> {
        let revision = self.revision(document).await?;
        let (mut erased, mut unanswered) = (Vec::new(), BTreeSet::new());
        for entry in &revision.versions {
            let record = match self.catalogued(document, entry).await {
                Ok(row) => Arc::clone(&row.record),
                Err(Error::Integrity(version)) => {
                    tracing::error!(%version, "its record is altered: what is left opens with no key");
                    continue;
                }
                Err(error) => return Err(error),
            };
            for copy in record.copies(entry) {
                if unanswered.contains(&copy.location) {
                    continue;
                }
                match self.erase_copy(copy).await {
                    Ok(()) => erased.push(copy.clone()),
                    Err(error) => {
                        tracing::warn!(location = copy.location, %error, "it is asked to erase again");
                        unanswered.insert(copy.location.clone());
                    }
                }
            }
        }
        let unanswered: Vec<_> = unanswered.into_iter().collect();
        self.say_erased(&revision, &erased, &unanswered).await?;
        Ok(unanswered)
    }

    /// Forgets the rows of copies that are erased; an entry says where, and where not yet.
    async fn say_erased(
        &self,
        document: &DocumentRevision,
        erased: &[CopyEntry],
        unanswered: &[String],
    ) -> Result<(), Error> {
        let listed = self.listed(document.document).await?;
        let names: Vec<_> = erased.iter().map(|copy| copy.object.as_str().to_owned()).collect();
        let rows = listed.into_iter().filter(|(_, name)| names.contains(name));
        let (locations, names): (BTreeSet<_>, Vec<_>) = rows.unzip();
        if names.is_empty() {
            return Ok(());
        }
        let mut draft = Draft::system(Map::from_iter([
            ("system".to_owned(), json!("erased")),
            ("locations".to_owned(), json!(locations)),
            ("unanswered".to_owned(), json!(unanswered)),
        ]));
        draft.document = Some(document.document);
        draft.owner = Some(document.owner);
        let forgotten = self.inner.writer.system(draft, move |change| {
            let names = names.clone();
            Box::pin(async move {
                for name in names {
                    sqlx::query("delete from copy where name = $1")
                        .bind(name)
                        .execute(&mut *change.sql())
                        .await?;
                }
                Ok(())
            })
        });
        forgotten.await?;
        Ok(())
    }

    /// Location and name of every copy of the document that has a row.
    async fn listed(&self, document: DocumentId) -> Result<Vec<(String, String)>, Error> {
        let sql = "select copy.location, copy.name from copy \
                   join version on version.id = copy.version where version.document = $1";
        let rows = sqlx::query(sql)
            .bind(document.as_bytes().to_vec())
            .fetch_all(self.inner.registry.database().pool())
            .await;
        let named = |row: &sqlx::any::AnyRow| Ok((row.try_get(0)?, row.try_get(1)?));
        let rows: Result<_, sqlx::Error> = rows.and_then(|rows| rows.iter().map(named).collect());
        Ok(rows.map_err(database::Error::from)?)
    }
}
