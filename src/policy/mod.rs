//! May they, and why; where may it rest: makes the rights that the rest demands.
//!
//! The baseline (`config/policies/`) is the only thing that permits; a party's own text can only forbid. Cedar skips a
//! policy that it cannot evaluate, so whatever could not be evaluated refuses.
//!
//! **Invariant:** nothing but [`Policy::permit`] makes a [`Permit`], and it is the only [`crate::audit::Warrant`].

mod resource;
mod permit;
mod narrow;
mod read;
mod restrict;
mod standing;
mod list;
mod readers;
mod texts;
mod case;
mod decide;
mod directory;
mod grants;
mod placement;
mod entities;
mod spoken;
mod names;
mod rules;
mod baseline;
mod restriction;
mod templates;

pub use baseline::baseline_digest;
pub use case::{Case, Circumstances, Target};
pub use decide::{Decider, Decision};
pub use grants::grantee_key;
pub use list::{Listed, MOST_CANDIDATES, Wanted};
pub use permit::{Error, Permit, Policy};
pub use placement::{
    Judged, Judgement, NoPlace, Placed, Rule as PlacementRule, Sought, Unplaced, Whose,
};
pub use readers::{Capacities, Reader, Roll, capacities, readers};
pub use resource::Resource;
pub use restrict::Unsaved;
pub use restriction::{
    LONGEST_TEXT_BYTES, MOST_UNDER_ONE_SCOPE, Problem, Problems, RESTRICTABLE, Restriction, Rule,
    text_digest,
};
pub use standing::{NewStanding, Ungranted};
pub use templates::{TEMPLATES, Template};

#[cfg(test)]
mod tests;
