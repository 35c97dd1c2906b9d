//! What a decision reads from the registry, and the case that it makes of it.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{
    audit::{ActName, Draft, Reason, What as Stated},
    database::{self, Revisions, Trips, counted},
    id::{DocumentId, EntryId, PartyId, PersonId},
    identity::{self, Caller, Confirmed},
    mission::{self, DocumentRevision, MissionRevision, PartyRevision, PersonRevision, Role},
    policy::{
        Case, Circumstances, Decider, Decision, Error, Policy, Resource, Restriction, Target,
        case::roles_of, resource::What,
    },
    time::Instant,
};

/// Most round trips by which something is found: heads and revisions of a document, its owner and its workstream, and the
/// owner's text; slot and page of the key that opens that.
const MOST_TRIPS: Trips = Trips { database: 7, keys: 2 };

/// Everything that a decision read.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) confirmed: Confirmed,
    pub(super) mission: Arc<MissionRevision>,
    pub(super) subject: Subject,
    pub(super) owner: Option<Arc<PartyRevision>>,
    workstream: Option<Arc<PartyRevision>>,
    pub(super) restriction: Option<Arc<Restriction>>,
    /// What finding it cost.
    pub(super) trips: Trips,
}

/// Who asks, and in which mission.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) confirmed: Confirmed,
    pub(super) mission: Arc<MissionRevision>,
}

impl Asker {
    /// Which roles they hold in the party for which they act.
    pub(super) fn roles(&self) -> Vec<Role> {
        roles_of(&self.confirmed.person, &self.confirmed.party)
    }

    /// The entry of an act about `owner` and, if it is about one, a document.
    pub(super) fn draft(
        &self,
        act: ActName,
        owner: Option<PartyId>,
        detail: Map<String, Value>,
    ) -> Draft {
        draft(&self.confirmed, act, owner, detail)
    }
}

/// The entry of an act; the writer or the gate says what it states.
fn draft(
    confirmed: &Confirmed,
    act: ActName,
    owner: Option<PartyId>,
    detail: Map<String, Value>,
) -> Draft {
    Draft {
        id: EntryId::random(),
        what: Stated::Intent,
        act,
        actor: Some(confirmed.actor.clone()),
        owner,
        document: None,
        grounds: Vec::new(),
        reason: None,
        asked: None,
        detail,
        texts: Vec::new(),
    }
}

/// What the caller named, if it exists.
#[derive(Debug)]
pub(super) enum Subject {
    Document(Arc<DocumentRevision>),
    NewDocument,
    Party(Arc<PartyRevision>),
    Oneself,
    Person(Arc<PersonRevision>),
    Service,
    Missing,
}

impl Policy {
    /// Reads what a decision about `resource` is made on, and notes every head.
    pub(super) async fn read(
        &self,
        act: ActName,
        caller: &Caller,
        resource: &Resource,
        revisions: &mut Revisions,
    ) -> Result<Read, Error> {
        let Asker { confirmed, mission } = self.asker(caller, revisions).await?;
        let (owner, workstream, restriction) = (None, None, None);
        let (subject, trips) = (Subject::Missing, Trips::default());
        let mut read = Read { confirmed, mission, subject, owner, workstream, restriction, trips };
        let (filled, trips) = counted(self.fill(act, resource, &mut read, revisions)).await;
        filled?;
        Ok(Read { trips, ..read })
    }

    /// Reads what the caller named, and what its owner forbids.
    async fn fill(
        &self,
        act: ActName,
        resource: &Resource,
        read: &mut Read,
        revisions: &mut Revisions,
    ) -> Result<(), Error> {
        read.subject = self.find(act, resource, read, revisions).await?;
        if matches!(read.subject, Subject::Missing) {
            (read.owner, read.workstream) = (None, None);
        }
        if let (Subject::Document(_), Some(owner)) = (&read.subject, &read.owner) {
            read.restriction = self.restriction_of(owner).await?;
        }
        Ok(())
    }

    /// Confirms who asks, and reads the mission.
    pub(super) async fn asker(
        &self,
        caller: &Caller,
        revisions: &mut Revisions,
    ) -> Result<Asker, Error> {
        let confirmed = caller.confirm(&self.inner.registry, revisions).await;
        let confirmed = confirmed.map_err(|error| match error {
            identity::Error::Unknown => Error::Unknown,
            identity::Error::Authority(error) => Error::Authority(error),
            error => Error::Identity(error),
        })?;
        Ok(Asker { confirmed, mission: self.inner.registry.mission(revisions).await? })
    }

    /// The owner's restrictions, parsed; nothing if it has none, or they cannot be read as they were saved.
    pub(super) async fn restriction_of(
        &self,
        owner: &PartyRevision,
    ) -> Result<Option<Arc<Restriction>>, Error> {
        if owner.restriction.is_empty() {
            return Ok(None);
        }
        let text = self.inner.texts.restriction(owner.party, &owner.restriction).await;
        text.map_err(|error| Error::Text(Box::new(error)))
    }

    async fn find(
        &self,
        act: ActName,
        resource: &Resource,
        read: &mut Read,
        revisions: &mut Revisions,
    ) -> Result<Subject, Error> {
        let registry = &self.inner.registry;
        let (owner, workstream, subject) = match resource.what {
            What::Document(id) => {
                let document: Option<Arc<DocumentRevision>> =
                    present(registry.read(id, revisions).await)?;
                let Some(document) = document else { return Ok(Subject::Missing) };
                if resource.reference.as_ref().is_some_and(|name| *name != document.reference) {
                    tracing::error!(document = %id, "a row gives a document another's reference");
                    return Ok(Subject::Missing);
                }
                let workstream = (act == ActName::Deposit).then_some(document.workstream);
                (document.owner, workstream, Subject::Document(document))
            }
            What::NewDocument { owner, workstream } => {
                (owner, Some(workstream), Subject::NewDocument)
            }
            What::Party(id) => {
                let party = present(registry.read(id, revisions).await)?;
                read.owner.clone_from(&party);
                return Ok(party.map_or(Subject::Missing, Subject::Party));
            }
            What::Person(id) if id == read.confirmed.person.person => return Ok(Subject::Oneself),
            What::Person(id) => {
                let person = present(registry.read(id, revisions).await)?;
                return Ok(person.map_or(Subject::Missing, Subject::Person));
            }
            What::Service => return Ok(Subject::Service),
        };
        read.owner = present(registry.read(owner, revisions).await)?;
        if let Some(workstream) = workstream {
            read.workstream = present(registry.read(workstream, revisions).await)?;
        }
        let whole = read.owner.is_some() && (workstream.is_none() || read.workstream.is_some());
        Ok(if whole { subject } else { Subject::Missing })
    }

    /// Goes on looking until what is hidden, remembered or not, has cost what is missing costs.
    pub(super) async fn cost_the_same(&self, what: What, made: Trips) -> Result<(), Error> {
        let subject = match what {
            What::Document(document) => document.into(),
            What::Party(party) => party.into(),
            What::Person(person) => person.into(),
            What::NewDocument { owner, .. } => owner.into(),
            What::Service => return Ok(()),
        };
        for _ in made.database..MOST_TRIPS.database {
            self.refresh(&[subject]).await?;
        }
        for _ in made.keys..MOST_TRIPS.keys {
            let looked = self.inner.texts.keyset().look_for_nothing().await;
            looked.map_err(|error| Error::Text(Box::new(error)))?;
        }
        Ok(())
    }

    /// Reads heads anew.
    pub(super) async fn refresh(&self, subjects: &[database::Subject]) -> Result<(), Error> {
        let database = self.inner.registry.database();
        Ok(database.refresh(subjects).await.map_err(mission::Error::from)?)
    }
}

/// Nothing in place of what does not exist.
fn present<R>(read: Result<Arc<R>, mission::Error>) -> Result<Option<Arc<R>>, Error> {
    match read {
        Ok(revision) => Ok(Some(revision)),
        Err(mission::Error::Missing(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl Read {
    /// Decides `act`, and whether they may discover what it is about.
    pub(super) fn judge(&self, act: ActName, circumstances: &Circumstances) -> (Decision, bool) {
        let nobody;
        let target = match (&self.subject, &self.owner, &self.workstream) {
            (Subject::Document(document), Some(owner), workstream) => {
                Target::Document { document, owner, workstream: workstream.as_deref() }
            }
            (Subject::NewDocument, Some(owner), Some(workstream)) => {
                Target::NewDocument { owner, workstream }
            }
            (Subject::Party(party), ..) => Target::Party(party),
            (Subject::Oneself, ..) => Target::Person(&self.confirmed.person),
            (Subject::Person(person), ..) => Target::Person(person),
            (Subject::Service, ..) => Target::Service,
            _ => {
                nobody = Nobody::new();
                nobody.target()
            }
        };
        let decider = Decider::new(Case {
            mission: &self.mission,
            person: &self.confirmed.person,
            acting: &self.confirmed.party,
            target,
            restriction: self.restriction.as_deref(),
            circumstances,
        });
        let decision = decider.decide(act);
        // Only a refusal is told differently to whoever may know of it.
        let discovers = decision.permitted || decider.decide(ActName::Discover).permitted;
        if matches!(self.subject, Subject::Missing) {
            let grounds = Vec::new();
            let reason = Some(Reason::Missing);
            return (
                Decision { permitted: false, grounds, reason, until: None, ..decision },
                false,
            );
        }
        (decision, discovers)
    }

    /// Whom the entry concerns: about a person, their employer; about the service, whoever runs it.
    fn concerns(&self) -> Option<PartyId> {
        match &self.subject {
            Subject::Document(_) | Subject::NewDocument | Subject::Party(_) => {
                self.owner.as_ref().map(|owner| owner.party)
            }
            Subject::Oneself => Some(self.confirmed.person.employer),
            Subject::Person(person) => Some(person.employer),
            Subject::Service => Some(self.mission.operator),
            Subject::Missing => None,
        }
    }

    /// What a right is over, if that is one thing.
    pub(super) fn subject(&self) -> Option<database::Subject> {
        match &self.subject {
            Subject::Document(document) => Some(document.document.into()),
            Subject::Party(party) => Some(party.party.into()),
            Subject::Oneself => Some(self.confirmed.person.person.into()),
            Subject::Person(person) => Some(person.person.into()),
            Subject::NewDocument | Subject::Service | Subject::Missing => None,
        }
    }

    fn document(&self) -> Option<DocumentId> {
        match &self.subject {
            Subject::Document(document) => Some(document.document),
            _ => None,
        }
    }

    /// The entry of an act on it.
    pub(super) fn draft(
        &self,
        act: ActName,
        grounds: Vec<String>,
        detail: Map<String, Value>,
    ) -> Draft {
        let drafted = draft(&self.confirmed, act, self.concerns(), detail);
        Draft { document: self.document(), grounds, ..drafted }
    }
}

/// A document that nobody was granted, of a party without people: what is missing is decided as if it were one, so that
/// it costs what a hidden one costs.
struct Nobody {
    document: DocumentRevision,
    owner: PartyRevision,
}

impl Nobody {
    fn new() -> Self {
        let owner = PartyId::random();
        let document = DocumentRevision {
            v: mission::FORMAT,
            document: DocumentId::random(),
            owner,
            workstream: owner,
            kind: String::new(),
            reference: String::new(),
            protection: mission::Protection::Managed,
            sensitivity: mission::Sensitivity::BusinessSecret,
            stage: mission::Stage::Working,
            locations: Vec::new(),
            title: String::new(),
            grants: Vec::new(),
            hold: false,
            quarantined: false,
            versions: Vec::new(),
            created_by: PersonId::random(),
            created_at: Instant(0),
            shred_asked_by: None,
        };
        Self { document, owner: PartyRevision::new(owner) }
    }

    fn target(&self) -> Target<'_> {
        let (document, owner) = (&self.document, &self.owner);
        Target::Document { document, owner, workstream: Some(owner) }
    }
}
