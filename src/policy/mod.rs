//! May they, and why; where may it rest: makes the rights that the rest demands.
//!
//! The baseline (`config/policies/`) is the only thing that permits; a party's own text can only forbid. Cedar skips a
//! policy that it cannot evaluate, so whatever could not be evaluated refuses.

mod baseline;
mod case;
mod decide;
mod directory;
mod entities;
mod grants;
mod names;
mod network;
mod permit;
mod resource;
mod restrict;
mod restriction;
mod rules;
mod spoken;
mod texts;
mod placement_stub;
pub use placement_stub::{NoPlace, Placed, grantee_key};

pub use baseline::baseline_digest;
pub use case::{Case, Circumstances, Target};
pub use decide::{Decider, Decision};
pub use permit::{Error, Permit, Policy};
pub use resource::Resource;
pub use restrict::Unsaved;
pub use restriction::{
    LONGEST_TEXT_BYTES, MOST_UNDER_ONE_SCOPE, Problem, Problems, RESTRICTABLE, Restriction, Rule,
    text_digest,
};

#[cfg(test)]
mod tests;
