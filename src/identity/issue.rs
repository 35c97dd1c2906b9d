//! Credentials made: tokens, sign-in links, certificates.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use crate::{
    audit::{Administer, Change, Draft, Stopped, Warrant},
    database::Revisions,
    id::{CredentialId, PartyId, PersonId},
    identity::{
        Error, Identity, Token,
        authenticate::fingerprint,
        rows::{self, Row},
        verifier::Claim,
    },
    mission::{
        Credential, CredentialKind, MOST_CREDENTIALS, PartyRevision, PersonRevision, facts, plain,
        self_of,
    },
    vault::Secret,
};

/// How long a sign-in link lives.
pub const LINK_LIFE: Duration = Duration::from_secs(15 * 60);
/// How long a token lives if nothing else is asked for.
pub const TOKEN_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);
/// The longest that a token or certificate lives.
pub const LONGEST_LIFE: Duration = Duration::from_secs(366 * 24 * 3600);
/// Longest label, in characters.
const LONGEST_LABEL: usize = 100;

/// A credential before it is written.
#[derive(Clone, Debug)]
pub(super) struct New {
    pub id: CredentialId,
    pub kind: CredentialKind,
    pub person: PersonId,
    pub capacity: PartyId,
    pub life: Duration,
    pub label: String,
    /// For a certificate, the SHA-256 of its DER.
    pub secret: Secret<32>,
}

impl New {
    /// A token or link.
    pub(super) fn token(
        token: &Token,
        person: PersonId,
        capacity: PartyId,
        label: &str,
        life: Duration,
    ) -> Result<Self, Error> {
        Self::checked(token.id, token.kind, person, capacity, label, life, token.secret().clone())
    }

    fn certificate(
        der: &[u8],
        person: PersonId,
        capacity: PartyId,
        label: &str,
        life: Duration,
    ) -> Result<Self, Error> {
        let secret = Secret::from_slice(&fingerprint(der)).expect("SHA-256 has 32 bytes");
        let (id, kind) = (CredentialId::random(), CredentialKind::Certificate);
        Self::checked(id, kind, person, capacity, label, life, secret)
    }

    fn checked(
        id: CredentialId,
        kind: CredentialKind,
        person: PersonId,
        capacity: PartyId,
        label: &str,
        life: Duration,
        secret: Secret<32>,
    ) -> Result<Self, Error> {
        plain(label, LONGEST_LABEL).map_err(|why| Error::Refused(format!("the label {why}")))?;
        if life.is_zero() || life > LONGEST_LIFE {
            return Err(Error::Refused("a credential lives for 366 days at most".to_owned()));
        }
        Ok(Self { id, kind, person, capacity, life, label: label.to_owned(), secret })
    }

    /// What the table keeps beside, to find a certificate by.
    fn fingerprint(&self) -> &[u8] {
        match self.kind {
            CredentialKind::Certificate => self.secret.expose(),
            CredentialKind::Token | CredentialKind::Link => &[],
        }
    }
}

impl Identity {
    /// Makes a sign-in link for `person` in one capacity: single use, good for [`LINK_LIFE`]. An
    /// entry of the service itself: for the operator's commands. Whoever redeems it gets a token;
    /// this never makes one.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if the person has no role in that party, may no longer act, or has too
    /// many credentials.
    pub async fn issue_link(&self, person: PersonId, capacity: PartyId) -> Result<Token, Error> {
        let token = Token::random(CredentialKind::Link);
        let new = New::token(&token, person, capacity, "sign-in link", LINK_LIFE)?;
        self.issue_by_service(new, "link-issued").await?;
        Ok(token)
    }

    /// Lists a client certificate as `person`'s in one capacity. An entry of the service itself:
    /// for the operator's commands. One certificate may be listed once for each of its person's
    /// capacities.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] as for [`Identity::issue_link`], or if it is another person's.
    pub async fn issue_certificate(
        &self,
        person: PersonId,
        capacity: PartyId,
        der: &[u8],
        label: &str,
        life: Duration,
    ) -> Result<CredentialId, Error> {
        let new = New::certificate(der, person, capacity, label, life)?;
        let id = new.id;
        self.issue_by_service(new, "certificate-listed").await?;
        Ok(id)
    }

    /// Makes a further token for the actor, in the capacity in which they act. It takes a right
    /// over oneself.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if there are [`MOST_CREDENTIALS`] already, or `life` is longer than
    /// [`LONGEST_LIFE`].
    pub async fn issue_token<W: Warrant<Act = Administer>>(
        &self,
        warrant: W,
        label: &str,
        life: Duration,
    ) -> Result<Token, Error> {
        let actor = self_of(&warrant)?;
        let token = Token::random(CredentialKind::Token);
        let new = New::token(&token, actor.person, actor.capacity, label, life)?;
        self.issue_by_person(warrant, new, "token-issued").await?;
        Ok(token)
    }

    /// Lists a client certificate as the actor's, in the capacity in which they act. It takes a
    /// right over oneself, and the certificate of which this very connection has proved to have the
    /// key: never one that was sent.
    ///
    /// # Errors
    ///
    /// As [`Identity::issue_token`], or if it is another person's.
    pub async fn list_certificate<W: Warrant<Act = Administer>>(
        &self,
        warrant: W,
        der: &[u8],
        label: &str,
        life: Duration,
    ) -> Result<CredentialId, Error> {
        let actor = self_of(&warrant)?;
        let new = New::certificate(der, actor.person, actor.capacity, label, life)?;
        let id = new.id;
        self.issue_by_person(warrant, new, "certificate-listed").await?;
        Ok(id)
    }

    async fn issue_by_service(&self, new: New, did: &str) -> Result<(), Error> {
        let mut revisions = Revisions::new(self.authority.writer().clock().now());
        let person: Arc<PersonRevision> = self.registry.read(new.person, &mut revisions).await?;
        let named = json!({ "person": new.person, "credential": new.id, "party": new.capacity });
        let draft = Draft { owner: Some(person.employer), ..Draft::system(facts(did, named)) };
        let identity = self.clone();
        let issued = self.authority.system(draft, move |change| {
            let (identity, new) = (identity.clone(), new.clone());
            Box::pin(async move { identity.add(change, &new, |_| Ok(())).await })
        });
        issued.await?;
        Ok(())
    }

    async fn issue_by_person<W: Warrant<Act = Administer>>(
        &self,
        warrant: W,
        new: New,
        did: &str,
    ) -> Result<(), Error> {
        let detail = facts(did, json!({ "credential": new.id }));
        let identity = self.clone();
        let issued = self.authority.change(warrant, detail, move |change| {
            let (identity, new) = (identity.clone(), new.clone());
            Box::pin(async move { identity.add(change, &new, |_| Ok(())).await })
        });
        issued.await?;
        Ok(())
    }

    /// Lists a credential in its person's revision and adds its row, after `edit` changed the
    /// revision.
    pub(super) async fn add(
        &self,
        change: &mut Change<'_>,
        new: &New,
        edit: impl FnOnce(&mut PersonRevision) -> Result<(), Error>,
    ) -> Result<(), Stopped> {
        let (_, party): (_, PartyRevision) = self.registry.current(change, new.capacity).await?;
        if !party.includes(new.person) {
            let says = "they have no role in that party, so never act for it";
            return Err(Stopped::failed(Error::Refused(says.to_owned())));
        }
        self.check_certificate(change, new).await?;
        let now = change.now;
        let (_, mut person): (_, PersonRevision) =
            self.registry.current(change, new.person).await?;
        edit(&mut person).map_err(Stopped::failed)?;
        let expires_at = now.plus(new.life);
        let generation = person.generation;
        person.credentials.retain(|listed| now < listed.expires_at);
        if person.disabled {
            return Err(Stopped::failed(Error::Refused("they may no longer act".to_owned())));
        }
        if person.credentials.len() >= MOST_CREDENTIALS {
            let says = format!("{MOST_CREDENTIALS} credentials are the most: revoke one first");
            return Err(Stopped::failed(Error::Refused(says)));
        }
        person.credentials.push(Credential {
            id: new.id,
            kind: new.kind,
            capacity: new.capacity,
            expires_at,
            generation,
            label: new.label.clone(),
            issued_at: now,
            certificate: hex::encode(new.fingerprint()),
        });
        self.registry.write(change, &person).await?;
        let (id, kind) = (new.id, new.kind);
        let (person, capacity) = (new.person, new.capacity);
        let claim = Claim { id, kind, person, capacity, expires_at, generation };
        let verifier = self.inner.pepper.verifier(new.secret.expose(), &claim);
        rows::insert(change.sql(), &Row { claim, verifier }, new.fingerprint(), now).await?;
        Ok(())
    }

    /// A certificate is one person's, and listed once for each capacity.
    async fn check_certificate(&self, change: &mut Change<'_>, new: &New) -> Result<(), Stopped> {
        let Some(fingerprint) = new.fingerprint().first_chunk::<32>() else { return Ok(()) };
        let rows = rows::by_certificate(change.sql(), fingerprint).await;
        for row in rows.map_err(Stopped::failed)? {
            let says = match (row.claim.person == new.person, row.claim.capacity == new.capacity) {
                (false, _) => "this certificate is listed as another person's",
                (true, true) => "this certificate is listed in this capacity already",
                (true, false) => continue,
            };
            return Err(Stopped::failed(Error::Refused(says.to_owned())));
        }
        Ok(())
    }
}
