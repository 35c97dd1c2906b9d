//! The founding mission with real database, key set, writer and gate, and people who ask.

use std::{sync::Arc, time::Duration};

use crate::{
    audit::{Act, Administer, Read, Reason, Share},
    id::{DocumentId, PartyId},
    identity::{Caller, Identity, Presented},
    mission::{
        DocumentRevision, Grant, Protection, Sensitivity, Stage,
        tests::{World, hmac_key},
    },
    policy::{Error, Permit, Policy, Resource, grantee_key},
    time::Instant,
};

pub(super) const ACIERIES: &str = "company:acieries-du-ponant";
pub(super) const RHEIN: &str = "company:rhein-energie";
pub(super) const AI: &str = "workstream:intelligence-artificielle";

/// The mission, and whoever asks.
pub(super) struct Live {
    pub(super) world: World,
    pub(super) identity: Identity,
    pub(super) policy: Policy,
}

/// A document as a test wants it.
pub(super) struct Made {
    pub(super) owner: &'static str,
    pub(super) kind: &'static str,
    pub(super) stage: Stage,
    pub(super) created_at: i64,
}

impl Default for Made {
    fn default() -> Self {
        Self { owner: ACIERIES, kind: "diagnostic", stage: Stage::Working, created_at: 1 }
    }
}

impl Live {
    pub(super) async fn start() -> Self {
        let world = World::start().await;
        let identity = Identity::new(world.authority.clone(), hmac_key(3), 1_000);
        let (registry, keys) = (world.registry.clone(), Arc::clone(&world.keys));
        let policy = Policy::new(registry, world.gate.clone(), keys);
        Self { world, identity, policy }
    }

    /// Someone who has signed in to act for a party.
    pub(super) async fn caller(&self, slug: &str, capacity: &str) -> Caller {
        let (person, party) =
            (self.world.person_id(slug).await, self.world.party_id(capacity).await);
        let link = self.identity.issue_link(person, party).await.unwrap().expose();
        let day = Duration::from_secs(24 * 3_600);
        let token = self.identity.redeem(self.presented(&link), "laptop", day).await.unwrap();
        let token = token.expose();
        self.identity.authenticate(self.presented(&token)).await.unwrap()
    }

    fn presented<'r>(&self, bearer: &'r str) -> Presented<'r> {
        Presented {
            bearer: Some(bearer),
            certificate: None,
            capacity: None,
            address: "192.0.2.7".parse().unwrap(),
            device: "greffe/0.1",
            now: self.world.clock.now(),
        }
    }

    /// Makes a document, with its projection and the grants given.
    pub(super) async fn document(&self, made: Made, grants: Vec<Grant>) -> DocumentId {
        let (owner, workstream) =
            (self.world.party_id(made.owner).await, self.world.party_id(AI).await);
        let document = DocumentId::random();
        let workstream = if made.owner.starts_with("workstream:") { owner } else { workstream };
        let revision = DocumentRevision {
            v: 1,
            document,
            owner,
            workstream,
            kind: made.kind.into(),
            reference: document.to_string(),
            protection: Protection::Managed,
            sensitivity: Sensitivity::Confidential,
            stage: made.stage,
            locations: Vec::new(),
            title: String::new(),
            grants,
            hold: false,
            quarantined: false,
            versions: Vec::new(),
            created_by: self.world.person_id("access-acieries").await,
            created_at: Instant(made.created_at),
            shred_asked_by: None,
        };
        self.insert(revision).await;
        document
    }

    async fn insert(&self, revision: DocumentRevision) {
        self.world.keys.add_document(revision.owner, revision.document).await.unwrap();
        let registry = self.world.registry.clone();
        let draft = crate::audit::Draft::system(serde_json::Map::new());
        let made = self.world.authority.system(draft, move |change| {
            let (registry, revision) = (registry.clone(), revision.clone());
            Box::pin(async move {
                registry.create(change, &revision).await?;
                project(change.sql(), &revision).await?;
                Ok(())
            })
        });
        made.await.unwrap();
    }

    pub(super) async fn permit<A: Act>(
        &self,
        caller: &Caller,
        about: impl Into<Resource>,
    ) -> Result<Permit<A>, Error> {
        self.policy.permit::<A>(caller, about).await
    }

    pub(super) async fn reads(&self, caller: &Caller, document: DocumentId) -> bool {
        match self.permit::<Read>(caller, document).await {
            Ok(_) => true,
            Err(Error::Hidden | Error::Forbidden(_)) => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// Saves a text for the party that `access` decides for.
    pub(super) async fn restrict(&self, access: &Caller, party: PartyId, text: &str) {
        let permit = self.permit::<Administer>(access, party).await.unwrap();
        let writer = self.world.authority.writer();
        self.policy.restrict(writer, permit, text.to_owned()).await.unwrap();
    }

    pub(super) async fn sharing(&self, access: &Caller, party: PartyId) -> Permit<Share> {
        self.permit::<Share>(access, party).await.unwrap()
    }

    /// What the log says of refusals, oldest first: act, status as the caller may see it, reason.
    pub(super) async fn refusals(&self) -> i64 {
        self.world.count("select count(*) from entry where decision = 'refusal'").await
    }
}

async fn project(
    sql: &mut sqlx::AnyConnection,
    revision: &DocumentRevision,
) -> Result<(), sqlx::Error> {
    let word = |stage: Stage| serde_json::to_value(stage).unwrap().as_str().unwrap().to_owned();
    sqlx::query(
        "insert into document (id, number, owner, workstream, kind, sensitivity, stage, reference, \
         created_at, title_sealed) values ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(revision.document.as_bytes().to_vec())
    .bind(revision.owner.as_bytes().to_vec())
    .bind(revision.workstream.as_bytes().to_vec())
    .bind(revision.kind.clone())
    .bind(revision.sensitivity as i64)
    .bind(word(revision.stage))
    .bind(revision.reference.clone())
    .bind(revision.created_at.0)
    .bind(Vec::<u8>::new())
    .execute(&mut *sql)
    .await?;
    for grant in &revision.grants {
        sqlx::query(
            "insert into document_grant (id, document, owner, grantee, until, created_at) \
             values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(grant.id.as_bytes().to_vec())
        .bind(revision.document.as_bytes().to_vec())
        .bind(revision.owner.as_bytes().to_vec())
        .bind(grantee_key(grant.to))
        .bind(grant.until.map_or(i64::MAX, |until| until.0))
        .bind(revision.created_at.0)
        .execute(&mut *sql)
        .await?;
    }
    Ok(())
}

/// Why something was refused.
pub(super) fn reason<A: Act>(permitted: Result<Permit<A>, Error>) -> Option<Reason> {
    match permitted {
        Err(Error::Forbidden(reason)) => Some(reason),
        Err(Error::Hidden) => None,
        other => panic!("{:?}", other.map(|_| "permitted")),
    }
}
