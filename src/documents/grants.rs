//! Grants on a document: given and taken back, effective at the next request.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    audit::{Discover, Share, Stopped},
    documents::{Documents, Error, GrantDescription, unwrapped},
    id::{DocumentId, EntryId, GrantId},
    mission::{DocumentRevision, Grant, Grantee, MOST_GRANTS},
    policy::{Permit, grantee_key},
    time::Instant,
    vault::{open_field, seal_field},
};

/// Longest purpose or reason, in characters.
pub(super) const LONGEST_TEXT: usize = 1_000;

/// A grant to be given.
#[derive(Clone, Debug)]
pub struct NewGrant {
    /// To whom.
    pub to: Grantee,
    /// Until when; without end if none.
    pub until: Option<Instant>,
    /// What for, in words.
    pub purpose: Option<String>,
}

impl Documents {
    /// Gives a grant.
    ///
    /// # Errors
    ///
    /// [`Error::TooMany`] if the document has as many as it holds; [`Error::Unusable`] for an instant that has passed.
    pub async fn share(
        &self,
        permit: Permit<Share>,
        new: NewGrant,
    ) -> Result<(GrantId, EntryId), Error> {
        let document = permit.document().ok_or(Error::NoVersion)?.document;
        if new.until.is_some_and(|until| until <= self.inner.writer.clock().now()) {
            return Err(Error::Unusable("the grant's end has passed already"));
        }
        check_text(new.purpose.as_deref())?;
        let id = GrantId::random();
        let grant = Grant {
            id,
            to: new.to,
            until: new.until,
            purpose_sealed: self.seal_purpose(document, id, new.purpose.as_deref()).await?,
            given_at: self.inner.writer.clock().now(),
            given_by: permit.actor().person,
        };
        let (registry, purpose) = (self.inner.registry.clone(), new.purpose);
        let changed = self.inner.writer.change(permit, move |change| {
            let (registry, grant, purpose) = (registry.clone(), grant.clone(), purpose.clone());
            Box::pin(async move {
                change.detail("step", "grant");
                change.detail("grant", grant.id);
                change.detail("to", grant.to);
                change.detail("until", grant.until);
                if let Some(purpose) = purpose {
                    change.text("purpose", purpose);
                }
                let (_, mut revision) =
                    registry.current::<DocumentRevision>(change, document).await?;
                if revision.grants.len() >= MOST_GRANTS {
                    return Err(Stopped::failed(Error::TooMany(MOST_GRANTS)));
                }
                revision.grants.push(grant.clone());
                let head = registry.write(change, &revision).await?;
                sqlx::query(
                    "insert into document_grant (id, document, owner, grantee, until, created_at) \
                     values ($1, $2, $3, $4, $5, $6)",
                )
                .bind(grant.id.as_bytes().to_vec())
                .bind(document.as_bytes().to_vec())
                .bind(revision.owner.as_bytes().to_vec())
                .bind(grantee_key(grant.to))
                .bind(grant.until.map_or(i64::MAX, |until| until.0))
                .bind(revision.created_at.0)
                .execute(&mut *change.sql())
                .await?;
                project(change.sql(), &revision, head.number).await
            })
        });
        Ok((id, changed.await.map_err(unwrapped)?.1))
    }

    /// Takes a grant back.
    ///
    /// # Errors
    ///
    /// [`Error::NoGrant`] if the document has none of that id.
    pub async fn unshare(&self, permit: Permit<Share>, grant: GrantId) -> Result<EntryId, Error> {
        let document = permit.document().ok_or(Error::NoVersion)?.document;
        let registry = self.inner.registry.clone();
        let changed = self.inner.writer.change(permit, move |change| {
            let registry = registry.clone();
            Box::pin(async move {
                change.detail("step", "take back");
                change.detail("grant", grant);
                let (_, mut revision) =
                    registry.current::<DocumentRevision>(change, document).await?;
                let before = revision.grants.len();
                revision.grants.retain(|held| held.id != grant);
                if revision.grants.len() == before {
                    return Err(Stopped::failed(Error::NoGrant));
                }
                let head = registry.write(change, &revision).await?;
                sqlx::query("delete from document_grant where id = $1")
                    .bind(grant.as_bytes().to_vec())
                    .execute(&mut *change.sql())
                    .await?;
                project(change.sql(), &revision, head.number).await
            })
        });
        Ok(changed.await.map_err(unwrapped)?.1)
    }

    /// The document's grants.
    ///
    /// # Errors
    ///
    /// A failure of the key set.
    pub async fn grants(&self, permit: &Permit<Discover>) -> Result<Vec<GrantDescription>, Error> {
        let document = permit.document().ok_or(Error::NoVersion)?;
        let mission = self.mission().await?;
        let mut grants = Vec::with_capacity(document.grants.len());
        for grant in &document.grants {
            grants.push(self.granted(&mission, document.document, grant).await?);
        }
        Ok(grants)
    }

    async fn seal_purpose(
        &self,
        document: DocumentId,
        grant: GrantId,
        purpose: Option<&str>,
    ) -> Result<String, Error> {
        let Some(purpose) = purpose else { return Ok(String::new()) };
        let key = self.inner.keyset.document_key(document).await?;
        let sealed = seal_field(&key, grant.as_bytes(), "purpose", 0, purpose.as_bytes());
        Ok(STANDARD.encode(sealed))
    }

    pub(super) async fn open_purpose(
        &self,
        document: DocumentId,
        grant: &Grant,
    ) -> Result<Option<String>, Error> {
        let sealed = STANDARD.decode(&grant.purpose_sealed).unwrap_or_default();
        if sealed.is_empty() {
            return Ok(None);
        }
        let key = self.inner.keyset.document_key(document).await?;
        let opened = open_field(&key, grant.id.as_bytes(), "purpose", 0, &sealed).ok();
        Ok(opened.and_then(|text| String::from_utf8(text.to_vec()).ok()))
    }
}

/// A purpose or reason that can be kept.
pub(super) fn check_text(text: Option<&str>) -> Result<(), Error> {
    match text {
        Some(text) => crate::mission::plain(text, LONGEST_TEXT).map_err(|_| {
            Error::Unusable(
                "a purpose or reason has at most 1,000 characters, none of them a control",
            )
        }),
        None => Ok(()),
    }
}

/// Brings the row by which lists find a document up to its revision.
pub(super) async fn project(
    sql: &mut sqlx::AnyConnection,
    revision: &DocumentRevision,
    number: i64,
) -> Result<(), Stopped> {
    let stage = serde_json::to_value(revision.stage).map_err(Stopped::failed)?;
    sqlx::query("update document set number = $1, stage = $2 where id = $3")
        .bind(number)
        .bind(stage.as_str().unwrap_or_default().to_owned())
        .bind(revision.document.as_bytes().to_vec())
        .execute(sql)
        .await?;
    Ok(())
}
