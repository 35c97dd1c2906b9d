//! Acts: what is asked, from a closed list.

use serde::{Deserialize, Serialize};

/// The name of an act, as entries and policies write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActName {
    /// Learn that something exists, and its title.
    Discover,
    /// Read content.
    Read,
    /// Add a document or a version.
    Deposit,
    /// Give or take back a grant.
    Share,
    /// Declare a version final.
    Finalise,
    /// Take away an `.age` file.
    Export,
    /// Destroy.
    Shred,
    /// Forbid destruction, or permit it again.
    Hold,
    /// Change parties, people, roles, credentials or settings.
    Administer,
    /// Read the log opened.
    Audit,
}

impl ActName {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Discover,
        Self::Read,
        Self::Deposit,
        Self::Share,
        Self::Finalise,
        Self::Export,
        Self::Shred,
        Self::Hold,
        Self::Administer,
        Self::Audit,
    ];

    /// As entries and policies write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Discover => "discover",
            Self::Read => "read",
            Self::Deposit => "deposit",
            Self::Share => "share",
            Self::Finalise => "finalise",
            Self::Export => "export",
            Self::Shred => "shred",
            Self::Hold => "hold",
            Self::Administer => "administer",
            Self::Audit => "audit",
        }
    }
}

/// An act as a type, so that a right to one is no right to another.
pub trait Act: Send + Sync + 'static {
    /// Its name.
    const NAME: ActName;
}

macro_rules! acts {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name;

        impl Act for $name {
            const NAME: ActName = ActName::$name;
        }
    )*};
}

acts! {
    /// See [`ActName::Discover`].
    Discover;
    /// See [`ActName::Read`].
    Read;
    /// See [`ActName::Deposit`].
    Deposit;
    /// See [`ActName::Share`].
    Share;
    /// See [`ActName::Finalise`].
    Finalise;
    /// See [`ActName::Export`].
    Export;
    /// See [`ActName::Shred`].
    Shred;
    /// See [`ActName::Hold`].
    Hold;
    /// See [`ActName::Administer`].
    Administer;
    /// See [`ActName::Audit`].
    Audit;
}
