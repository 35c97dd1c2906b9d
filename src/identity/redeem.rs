//! A sign-in link exchanged for a token, once.

use std::time::Duration;

use serde_json::json;

use crate::{
    audit::{Draft, What},
    database::Revisions,
    identity::{
        Error, Identity, Presented, Token,
        authenticate::caller,
        caller::{Live, confirm},
        issue::New,
        rows::Row,
    },
    mission::{CredentialKind, PersonRevision, facts},
};

impl Identity {
    /// Exchanges the link whose code is presented as bearer for a token that lives for `life`; the
    /// link is gone in the same change. A change of the person, recorded as such.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if the link was used, revoked, or is past its end; [`Error::Limited`] if
    /// this source failed too often; [`Error::Refused`] if the label or life is not to be had.
    pub async fn redeem(
        &self,
        presented: Presented<'_>,
        label: &str,
        life: Duration,
    ) -> Result<Token, Error> {
        match self.exchange(&presented, label, life).await {
            Err(Error::Unknown) => Err(self.failed(presented.address, presented.now)),
            redeemed => redeemed,
        }
    }

    async fn exchange(
        &self,
        presented: &Presented<'_>,
        label: &str,
        life: Duration,
    ) -> Result<Token, Error> {
        let (row, live) = self.link(presented).await?;
        let claim = row.claim;
        let token = Token::random(CredentialKind::Token);
        let new = New::token(&token, claim.person, claim.capacity, label, life)?;
        let detail = facts("link-redeemed", json!({ "link": claim.id, "credential": new.id }));
        let draft = Draft {
            what: What::Change,
            actor: Some(caller(presented, claim, &live).actor),
            owner: Some(live.person.employer),
            ..Draft::system(detail)
        };
        let identity = self.clone();
        let redeemed = self.authority.system(draft, move |change| {
            let (identity, new) = (identity.clone(), new.clone());
            Box::pin(async move {
                let now = change.now;
                let used = |person: &mut PersonRevision| {
                    // Of two who redeem it at once, the second finds it gone.
                    let lives = |generation| {
                        person.credential(claim.id).is_some_and(|listed| {
                            listed.kind == CredentialKind::Link
                                && listed.generation == generation
                                && now < listed.expires_at
                        })
                    };
                    if !lives(person.generation) {
                        return Err(Error::Unknown);
                    }
                    person.credentials.retain(|listed| listed.id != claim.id);
                    Ok(())
                };
                identity.add(change, &new, used).await
            })
        });
        redeemed.await?;
        self.inner.rows.forget(claim.id);
        Ok(token)
    }

    async fn link(&self, presented: &Presented<'_>) -> Result<(Row, Live), Error> {
        let code =
            Token::parse(presented.bearer.unwrap_or_default()).map_err(|_| Error::Unknown)?;
        if code.kind != CredentialKind::Link {
            return Err(Error::Unknown);
        }
        let row = self.verified(&code, presented.address, presented.now).await?;
        let row = row.ok_or(Error::Unknown)?;
        let mut revisions = Revisions::new(presented.now);
        let live = confirm(&self.registry, &row.claim, &mut revisions).await?;
        Ok((row, live))
    }
}
