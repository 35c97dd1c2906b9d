//! An entry before it is sealed: who, what, why.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    audit::ActName,
    database::Revisions,
    id::{CredentialId, DocumentId, EntryId, PartyId, PersonId},
    time::Instant,
};

/// How someone authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// A bearer token.
    Token,
    /// A TLS client certificate.
    Certificate,
}

/// Who acts, in which capacity, from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub person: PersonId,
    /// For which party.
    pub capacity: PartyId,
    /// With which credential.
    pub credential: CredentialId,
    /// How.
    pub method: Method,
    /// When the credential was issued.
    pub authenticated_at: Instant,
    /// Whether the connection bears a client certificate.
    pub certificate: bool,
    /// The name of the capacity's declared network from which the request came.
    pub network: Option<String>,
    /// The peer's address.
    pub address: IpAddr,
    /// What the client calls itself; at most 200 characters.
    pub device: String,
}

/// What an entry states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Something changed.
    Change,
    /// Something is about to be disclosed.
    Intent,
    /// What was really sent.
    Outcome,
    /// It was refused.
    Refusal,
    /// The service itself did something.
    System,
}

/// Why it was refused, from a closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Nothing permits it.
    NoGrant,
    /// A restriction of the owner forbids it.
    Restricted,
    /// A declared conflict forbids the person.
    Conflict,
    /// The document is being destroyed, or was.
    Shredded,
    /// Its bytes contradicted its record.
    Quarantined,
    /// It may not be destroyed.
    Held,
    /// A policy could not be evaluated.
    Undecidable,
    /// No permitted location is configured.
    NoPlacement,
    /// The party or workstream has nobody who could decide for it.
    Closed,
    /// There is no such thing.
    Missing,
}

/// What a refused caller may see of the refusal: the same for hidden and missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The act.
    pub act: ActName,
    /// What was named, in the caller's words; at most 200 characters.
    pub subject: String,
    /// 404 or 403.
    pub status: u16,
}

/// An entry before it is sealed.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Chosen before, so that rows can name it.
    pub id: EntryId,
    /// What it states.
    pub what: What,
    /// About which act.
    pub act: ActName,
    /// By whom; nobody if the service itself.
    pub actor: Option<Actor>,
    /// Whose document or party it concerns: an entry concerns one owner.
    pub owner: Option<PartyId>,
    /// Which document.
    pub document: Option<DocumentId>,
    /// Why it was permitted: `@id`s of the baseline; digest and number for a party's text.
    pub grounds: Vec<String>,
    /// Why it was refused.
    pub reason: Option<Reason>,
    /// What a refused caller may see.
    pub asked: Option<Asked>,
    /// Further facts, of opaque ids only: never a name, a title or free text.
    pub detail: Map<String, Value>,
    /// Free text (purpose, reason), each as an opening of its own under the document's key.
    pub texts: Vec<(&'static str, String)>,
}

impl Draft {
    /// An entry of the service itself.
    #[must_use]
    pub fn system(detail: Map<String, Value>) -> Self {
        Self {
            id: EntryId::random(),
            what: What::System,
            act: ActName::Administer,
            actor: None,
            owner: None,
            document: None,
            grounds: Vec::new(),
            reason: None,
            asked: None,
            detail,
            texts: Vec::new(),
        }
    }
}

/// How a refusal is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As if it were missing: 404.
    Hidden,
    /// 403, to who may discover it.
    Forbidden(Reason),
}

/// A refusal, before it is recorded.
#[derive(Clone, Debug)]
pub struct Denial {
    /// On what it was decided.
    pub revisions: Revisions,
    /// Its entry.
    pub draft: Draft,
    /// How it is answered.
    pub verdict: Verdict,
}
