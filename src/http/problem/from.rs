//! From the errors of the rooms to problems: one exhaustive match each, so that a new situation is answered on purpose.
//!
//! `whole` is the outermost error, whose chain of causes is logged.

use std::error::Error;

use crate::{
    audit::{self, Reason, Verdict},
    documents,
    http::{
        problem::{Kind, Problem},
        request::unread,
    },
    identity, mission, policy, storage,
};

impl From<audit::Error> for Problem {
    fn from(error: audit::Error) -> Self {
        of_audit(&error, &error)
    }
}

impl From<mission::Error> for Problem {
    fn from(error: mission::Error) -> Self {
        of_mission(&error, &error)
    }
}

impl From<identity::Error> for Problem {
    fn from(error: identity::Error) -> Self {
        of_identity(&error, &error)
    }
}

impl From<policy::Error> for Problem {
    fn from(error: policy::Error) -> Self {
        of_policy(&error, &error)
    }
}

impl From<policy::Unsaved> for Problem {
    fn from(error: policy::Unsaved) -> Self {
        match &error {
            policy::Unsaved::Problems(problems) => {
                let listed = serde_json::to_value(problems).unwrap_or_default();
                Self::new(Kind::InvalidRestriction).with("problems", listed)
            }
            policy::Unsaved::Failed(inner) => of_policy(inner, &error),
            policy::Unsaved::NotTheirs => Self::internal(&error),
        }
    }
}

impl From<policy::Ungranted> for Problem {
    fn from(error: policy::Ungranted) -> Self {
        match &error {
            policy::Ungranted::Refused(says) => Self::new(Kind::Refused).with_detail(*says),
            policy::Ungranted::NoGrant => Self::missing(),
            policy::Ungranted::Failed(inner) => of_policy(inner, &error),
        }
    }
}

impl From<documents::Error> for Problem {
    fn from(error: documents::Error) -> Self {
        of_documents(&error, &error)
    }
}

impl From<audit::tree::Error> for Problem {
    fn from(error: audit::tree::Error) -> Self {
        use audit::{tile, tree::Error as E};
        match &error {
            E::Tiles(tile::Error::Elsewhere) => Self::missing(),
            E::Database(_) | E::Storage(_) | E::Forked(_) => Self::unavailable(&error),
            E::Write(inner) => of_audit(inner, &error),
            E::Batch(_)
            | E::Replaced(_)
            | E::Signer(_)
            | E::Contradiction(_)
            | E::Checkpoint(_)
            | E::Tiles(_)
            | E::Merkle(_)
            | E::Anchor(_) => Self::internal(&error),
        }
    }
}

impl From<audit::entries::Error> for Problem {
    fn from(error: audit::entries::Error) -> Self {
        match &error {
            audit::entries::Error::Database(_) | audit::entries::Error::Keys(_) => {
                Self::unavailable(&error)
            }
        }
    }
}

/// Refused: as hidden, or openly with its reason from the closed list.
pub(super) fn refused(verdict: Verdict) -> Problem {
    match verdict {
        Verdict::Hidden => Problem::missing(),
        Verdict::Forbidden(reason) => forbidden(reason),
    }
}

/// Refused to someone who may know that it exists.
pub(super) fn forbidden(reason: Reason) -> Problem {
    let code = serde_json::to_value(reason).unwrap_or_default();
    Problem::new(Kind::Forbidden).with("reason", code)
}

pub(super) fn of_audit(error: &audit::Error, whole: &(dyn Error + 'static)) -> Problem {
    use audit::Error as E;
    match error {
        E::Refused(verdict) => refused(*verdict),
        E::Unavailable(_)
        | E::Stopped
        | E::Unsigned
        | E::ClockLeapt { .. }
        | E::Unknown
        | E::Moved
        | E::Unsettled
        | E::Stale
        | E::Undecided(_)
        | E::Keys(_) => Problem::unavailable(whole),
        E::Work(_) => Problem::internal(whole),
    }
}

pub(super) fn of_mission(error: &mission::Error, whole: &(dyn Error + 'static)) -> Problem {
    use mission::Error as E;
    match error {
        E::Missing(_) => Problem::missing(),
        E::Refused(says) => Problem::new(Kind::Refused).with_detail(says),
        E::TooLong { .. } => {
            let says = "it would no longer fit: take away what is no longer needed";
            Problem::new(Kind::Refused).with_detail(says)
        }
        E::Audit(error) => of_audit(error, whole),
        E::Database(_) | E::Keys(_) => Problem::unavailable(whole),
        E::Exists(_) | E::Forged(_) | E::Unreadable { .. } | E::RootDiffers | E::NotTheirs => {
            Problem::internal(whole)
        }
    }
}

pub(super) fn of_identity(error: &identity::Error, whole: &(dyn Error + 'static)) -> Problem {
    use identity::Error as E;
    match error {
        E::Unknown => Problem::unknown_caller(),
        E::Choose(handles) => {
            Problem::new(Kind::ChooseCapacity).with("capacities", handles.clone())
        }
        E::Limited { wait_seconds } => {
            Problem::new(Kind::TooManyFailures).retry_after(*wait_seconds)
        }
        E::Refused(says) => Problem::new(Kind::Refused).with_detail(says),
        E::Authority(error) => of_mission(error, whole),
        E::Database(_) => Problem::unavailable(whole),
    }
}

pub(super) fn of_policy(error: &policy::Error, whole: &(dyn Error + 'static)) -> Problem {
    use policy::Error as E;
    match error {
        E::Hidden => Problem::missing(),
        E::Forbidden(reason) => forbidden(*reason),
        E::Unknown => Problem::unknown_caller(),
        // What a decision needs and does not find is nothing that the caller named.
        E::Authority(mission::Error::Missing(_)) | E::Text(_) => Problem::internal(whole),
        E::Authority(error) => of_mission(error, whole),
        E::Identity(error) => of_identity(error, whole),
        E::Cursor => Problem::malformed(error.to_string()),
        E::Rows(_) => Problem::unavailable(whole),
        E::Audit(error) => of_audit(error, whole),
    }
}

pub(super) fn of_documents(error: &documents::Error, whole: &(dyn Error + 'static)) -> Problem {
    use documents::Error as E;
    let refused = |kind: Kind| Problem::new(kind).with_detail(error.to_string());
    match error {
        E::Audit(error) => of_audit(error, whole),
        E::Policy(error) => of_policy(error, whole),
        E::Mission(error) => of_mission(error, whole),
        E::Storage(error) => of_storage(error, whole),
        E::Database(_) | E::Keys(_) | E::Log(_) => Problem::unavailable(whole),
        E::Stopped(_) => Problem::new(Kind::PlaceStopped).because(whole),
        E::NoRecovery => Problem::new(Kind::NoRecoveryCopy).because(whole),
        E::NotErased(_) => Problem::unavailable(whole),
        E::Integrity(_) | E::Altered | E::NoLocation => Problem::internal(whole),
        E::NoVersion | E::NoGrant => Problem::missing(),
        E::NoPlace(_) => forbidden(Reason::NoPlacement).with_detail(error.to_string()),
        E::Digest { .. } => refused(Kind::OtherContent),
        E::Length { .. } => refused(Kind::Incomplete),
        E::Body(cause) => unread(&**cause),
        E::Precondition => Problem::new(Kind::Moved),
        E::Running => Problem::new(Kind::Running),
        E::Reused => Problem::new(Kind::KeyReused),
        E::Stage(_) => refused(Kind::Conflict),
        E::NotAge | E::Unusable(_) | E::TooMany(_) => refused(Kind::Refused),
    }
}

/// A catalogued document whose bytes are gone is our loss, no 404.
fn of_storage(error: &storage::Error, whole: &(dyn Error + 'static)) -> Problem {
    use storage::Error as E;
    match error {
        E::Full => Problem::new(Kind::Full).because(whole),
        E::Source(cause) => unread(&**cause),
        // Whoever deposits or reads can only wait; what the operator can do is in the log.
        E::Unreachable { .. }
        | E::Credentials { .. }
        | E::NoBucket { .. }
        | E::OtherTime { .. }
        | E::Certificate { .. }
        | E::Elsewhere { .. }
        | E::Folder { .. } => Problem::unavailable(whole),
        E::Missing(_)
        | E::Short { .. }
        | E::Length { .. }
        | E::Foreign { .. }
        | E::Occupied(_)
        | E::TooLong { .. }
        | E::Configured(_)
        | E::Unusable { .. }
        | E::Refused { .. }
        | E::Contradiction { .. }
        | E::ReadOnly => Problem::internal(whole),
    }
}
