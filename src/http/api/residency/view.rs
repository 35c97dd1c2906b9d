//! Evidence of residency, as its JSON says it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    audit::tree::Found,
    documents::{
        Holder, Place,
        residency::{Copy, Destruction, Entered, Made, Residency, Rested, Sealed},
    },
    http::api::naming::word,
    storage::Facts,
};

/// Where documents rested at an instant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Residency)]
pub(super) struct ResidencyView {
    /// The instant.
    #[schema(format = DateTime)]
    at: String,
    /// The mission's revision of that instant, whose facts these are.
    mission: Option<MadeView>,
    /// Every place at which one of these documents rested.
    places: Vec<PlaceView>,
    /// The documents.
    documents: Vec<RestedView>,
    /// Where the next page begins; nothing if this is the last.
    next: Option<String>,
    /// What contradicts and belongs to no one document.
    contradictions: Vec<ContradictionView>,
}

/// A place of storage, as the mission's revision of the instant knew it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlaceThen)]
struct PlaceView {
    /// Its name.
    location: String,
    /// Each fact (`country`, `region`, `city`, `operator`, `seat`, `control`, `qualification`, `access_logs`) has its
    /// value, its basis (declared, verified or unknown), who says so and when; nothing if that revision does not name it.
    #[schema(value_type = Option<Object>)]
    facts: Option<Facts>,
    /// What whoever controls it can do with what rests there.
    can: String,
}

/// One document at an instant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rested)]
struct RestedView {
    /// Its id.
    document: String,
    /// Its reference.
    reference: String,
    /// The owner's handle.
    owner: String,
    /// Its first revision.
    created: Option<MadeView>,
    /// Its revision of that instant; nothing if it was not there yet.
    revision: Option<MadeView>,
    /// `not-yet`, `empty`, `working`, `final`, `shredding`, `shredded`, or `unknown` where something contradicts.
    state: String,
    /// `managed` or `end-to-end`.
    protection: Option<String>,
    /// Whether its bytes had contradicted their record.
    quarantined: bool,
    /// Its sealed objects, oldest first.
    versions: Vec<SealedView>,
    /// Who can technically open it; nobody once it is being destroyed and its keys are gone.
    openers: Vec<HolderView>,
    /// Its destruction, if that was begun.
    destruction: Option<DestructionView>,
    /// What contradicts; then what else is said may be less than the whole.
    contradictions: Vec<ContradictionView>,
}

/// A sealed object: the same bytes at each place.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SealedObject)]
struct SealedView {
    /// The version's id.
    version: String,
    /// The version's number.
    number: i64,
    /// The sealed object's length in bytes.
    sealed_len: u64,
    /// SHA-256 of the sealed object, base64url.
    sealed_sha256: String,
    /// The entry of its deposit, which commits to them.
    #[schema(value_type = EnteredView)]
    deposited: Entered,
    /// Where it rested.
    copies: Vec<CopyView>,
}

/// A sealed object at one place.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CopyThen)]
struct CopyView {
    /// The place.
    location: String,
    /// The entry since which it is there.
    #[schema(value_type = EnteredView)]
    since: Entered,
    /// The entry with which it was moved on to another place.
    #[schema(value_type = Option<EnteredView>)]
    left: Option<Entered>,
    /// The entry that says that it was erased and seen to be gone.
    #[schema(value_type = Option<EnteredView>)]
    erased: Option<Entered>,
    /// `rests`, `erased`, or `to-be-erased` if it was moved on or destroyed, and the place has not answered yet.
    state: String,
}

/// A destruction that was begun.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Destruction)]
struct DestructionView {
    /// Since then nothing reads it.
    #[schema(value_type = EnteredView)]
    begun: Entered,
    /// Since then its keys are gone.
    #[schema(value_type = Option<EnteredView>)]
    done: Option<Entered>,
}

/// Somebody who can technically open.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeyHolder)]
struct HolderView {
    /// Who.
    who: String,
    /// With what.
    with: String,
    /// Whether opening leaves an entry of the log.
    logged: bool,
}

/// An entry that bears something out; its receipt is a proof for anybody.
#[derive(Debug, ToSchema)]
#[schema(as = Entered)]
#[expect(dead_code, reason = "it describes another room's type")]
struct EnteredView {
    /// Its id.
    entry: String,
    /// Its position in the log.
    position: u64,
    /// When; the log bears that out to the second.
    #[schema(format = DateTime)]
    at: String,
    /// Whether the published checkpoint covers it: within a second or two.
    signed: bool,
}

/// A revision, and the entry that made it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RevisionMade)]
struct MadeView {
    /// Its number.
    number: i64,
    /// The entry.
    #[schema(value_type = EnteredView)]
    entered: Entered,
    /// Whether the entry still states the revision's digest; if not, what it states has run out, and the revision stands by
    /// the service's own code.
    stated: bool,
}

/// A contradiction: somebody wrote behind the log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Contradiction)]
struct ContradictionView {
    /// Which: `found-revision`, `found-entry-altered`, `found-entry-gone`, `found-entries-missing` or `found-record`.
    what: String,
    /// Of what.
    of: String,
}

impl From<Residency> for ResidencyView {
    fn from(told: Residency) -> Self {
        Self {
            at: told.at.to_string(),
            mission: told.mission.map(Into::into),
            places: told.places.into_iter().map(Into::into).collect(),
            documents: told.documents.into_iter().map(Into::into).collect(),
            next: told.next.map(|position| position.to_string()),
            contradictions: told.found.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Place> for PlaceView {
    fn from(Place { location, facts, can }: Place) -> Self {
        Self { location, facts, can: can.to_owned() }
    }
}

impl From<Rested> for RestedView {
    fn from(told: Rested) -> Self {
        let state = match told.stage {
            Some(stage) => word(stage),
            None if told.found.is_empty() => "not-yet".to_owned(),
            None => "unknown".to_owned(),
        };
        let destroyed = told.destruction.is_some();
        let sealed = |sealed| SealedView::of(sealed, destroyed);
        Self {
            document: told.document.map(|id| id.to_string()).unwrap_or_default(),
            reference: told.reference,
            owner: told.owner,
            created: told.created.map(Into::into),
            revision: told.revision.map(Into::into),
            state,
            protection: told.protection.map(word),
            quarantined: told.quarantined,
            versions: told.versions.into_iter().map(sealed).collect(),
            openers: told.holders.into_iter().map(Into::into).collect(),
            destruction: told.destruction.map(Into::into),
            contradictions: told.found.into_iter().map(Into::into).collect(),
        }
    }
}

impl SealedView {
    fn of(told: Sealed, destroyed: bool) -> Self {
        let Sealed { version, number, sealed_len, sealed_sha256, deposited, copies } = told;
        let copy = |Copy { location, since, left, erased }| {
            let state = match (erased, destroyed || left.is_some()) {
                (Some(_), _) => "erased",
                (None, true) => "to-be-erased",
                (None, false) => "rests",
            };
            CopyView { location, since, left, erased, state: state.to_owned() }
        };
        let copies = copies.into_iter().map(copy).collect();
        let version = version.to_string();
        Self { version, number, sealed_len, sealed_sha256, deposited, copies }
    }
}

impl From<Destruction> for DestructionView {
    fn from(Destruction { begun, done }: Destruction) -> Self {
        Self { begun, done }
    }
}

impl From<Holder> for HolderView {
    fn from(holder: Holder) -> Self {
        let who = holder.party.unwrap_or_else(|| holder.who.to_owned());
        Self { who, with: holder.with.to_owned(), logged: holder.logged }
    }
}

impl From<Made> for MadeView {
    fn from(Made { number, entered, stated }: Made) -> Self {
        Self { number, entered, stated }
    }
}

impl From<Found> for ContradictionView {
    fn from(Found { what, of }: Found) -> Self {
        Self { what: what.to_owned(), of }
    }
}
