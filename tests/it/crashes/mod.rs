//! Whatever ends the service, and whatever is put back behind its back: nothing acknowledged is lost, nothing forks.

pub mod alone;
#[cfg(feature = "failpoints")]
pub mod calls;
pub mod child;
pub mod client;
pub mod instance;
mod kills;
pub mod known;
mod rewinds;
pub mod settled;
