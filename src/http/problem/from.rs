//! From the errors of the rooms to problems: one exhaustive match each, so that a new situation is answered on purpose.
//!
//! `whole` is the outermost error, whose chain of causes is logged.

use std::error::Error;

use crate::{
    audit::{self, Reason, Verdict},
    http::problem::{Kind, Problem},
    identity, mission,
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
